# SPDX-License-Identifier: MIT
"""Models from and to PyTorch: SurrogateModel.fromTorch(), toTorch() and openmmsurrogate.pytorch."""

import copy
import itertools
import pickle
import subprocess
import sys

import numpy as np
import pytest
from openmm import unit

from openmmsurrogate import PairNetwork, SurrogateModel

torch = pytest.importorskip("torch", reason="PyTorch is not installed (extra 'train')")
nn = torch.nn
pytorch = pytest.importorskip("openmmsurrogate.pytorch")

CUTOFF = 0.9
POLYNOMIAL = [1.875, 1.0, -2 / (3 * 1.875**2), 1 / (5 * 1.875**4)]
ACTIVATIONS = {"tanh": nn.Tanh, "silu": nn.SiLU, "polynomial": lambda: pytorch.ClampedPolynomial(POLYNOMIAL)}
# PyTorch says at each call that torch.jit is deprecated; users' files are TorchScript all the same.
pytestmark = pytest.mark.filterwarnings("ignore:.*torch.jit:FutureWarning")


def make_stack(activation="tanh", widths=(1, 16, 16, 1), seed=1):
    torch.manual_seed(seed)
    layers = []
    for inputs, outputs in itertools.pairwise(widths):
        layers += [nn.Linear(inputs, outputs), ACTIVATIONS[activation]()]
    return nn.Sequential(*layers[:-1])


class Functional(nn.Module):
    """An activation that is no submodule, inputs of shape (N,)."""

    def __init__(self):
        super().__init__()
        self.start, self.middle, self.end = nn.Linear(1, 8), nn.Linear(8, 8, bias=False), nn.Linear(8, 1)

    def forward(self, s):
        h = nn.functional.silu(self.start(s.unsqueeze(-1)))
        return self.end(nn.functional.silu(self.middle(h))).squeeze(-1)


def evaluate(module, s):
    """Compute a module in double precision."""
    with torch.no_grad():
        s = torch.from_numpy(np.asarray(s))
        return copy.deepcopy(module).double()(s if isinstance(module, Functional) else s[:, None]).reshape(-1).numpy()


def force_of(model, r, type1=0, type2=0):
    return model.computeForce(type1, type2, r).value_in_unit(unit.kilojoule_per_mole / unit.nanometer)


def expect_forces(model, module, type1=0, type2=0, mean=0.0, deviation=1.0):
    r = np.linspace(0.01, 0.99, 60) * CUTOFF
    expected = mean + deviation * evaluate(module, r / CUTOFF)
    error = np.abs(force_of(model, r, type1, type2) - expected).max() / np.abs(expected).max()
    print(f"largest error of forces / largest force: {error:.1e}")
    assert error < 1e-13


def make_model():
    """Make a model with all that a file can hold; A-A and B-B share a network, A-C does not interact."""
    model = SurrogateModel(["A", "B", "C"], CUTOFF)
    for seed, (activation, output) in enumerate(itertools.product(ACTIVATIONS, ["forceWeight", "energy"])):
        name = "clampedPolynomial" if activation == "polynomial" else activation
        stack = make_stack(activation, (1, 6, 5, 1), seed)
        weights = [layer.weight.detach().numpy() for layer in stack if isinstance(layer, nn.Linear)]
        biases = [layer.bias.detach().numpy() for layer in stack if isinstance(layer, nn.Linear)]
        network = PairNetwork([1, 6, 5, 1], weights, biases, name, output)
        if activation == "polynomial":
            network.setActivationCoefficients(POLYNOMIAL)
        network.setOutputStandardization(0.1 + seed, 20.0 / 3.0)
        network.setCore(0.3, 11.0)
        network.setTrainingHistogram([0, 1, 2])
        model.addNetwork(network)
    network.setLayerQuantization(1, np.full((5, 1), 0.25), [0.5], [3])
    model.addNetwork(network)
    for (type1, type2), index in zip(["AA", "BB", "AB", "BC", "CC"], [0, 0, 1, 2, 6], strict=True):
        model.setPairNetwork(type1, type2, index)
    model.setPairNetwork("A", "C", SurrogateModel.NonInteracting)
    model.setEnergyOffset("B", -0.7)
    model.setFormat("int8")
    model.setEndLayersSingle(False)
    model.setProvenance('{"source":"a test"}')
    return model


def save_bytes(model, folder):
    model.save(folder / "model.safetensors")
    return (folder / "model.safetensors").read_bytes()


@pytest.mark.parametrize("form", ["module", "script", "trace", "state dict"])
@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_a_network_in_any_form_has_the_forces_of_pytorch(activation, form):
    stack = make_stack(activation)
    given = {
        "module": lambda: stack,
        "script": lambda: torch.jit.script(stack),
        "trace": lambda: torch.jit.trace(stack, torch.zeros(2, 1)),
        "state dict": stack.state_dict,
    }[form]()
    options = {"outputMean": -2.0, "outputStandardDeviation": 30.0, "minimumDistance": 0.25 * unit.angstrom}
    if form == "state dict":
        options["activation"] = "tanh" if activation == "polynomial" else activation
    model = SurrogateModel.fromTorch(given, CUTOFF, ["Ar"], **options)
    network = model.getNetwork(0)
    assert network.getMinimumDistance() == 0.025 * unit.nanometer
    network.setCore(0.0)
    model.setNetwork(0, network)
    expect_forces(model, stack, mean=-2.0, deviation=30.0)


def test_energies_of_an_energy_network_are_those_of_pytorch_and_forces_those_of_autograd():
    stack = make_stack("silu").double()
    model = SurrogateModel.fromTorch(stack, CUTOFF, ["Ar"], output="energy", outputStandardDeviation=7.0)
    stack.load_state_dict({name: value.float().double() for name, value in stack.state_dict().items()})
    r = torch.linspace(0.1, 0.85, 40, dtype=torch.float64, requires_grad=True)
    energy = 7.0 * (stack(r[:, None] / CUTOFF)[:, 0] - stack(torch.ones(1, dtype=torch.float64))[0])
    (gradient,) = torch.autograd.grad(energy.sum(), r)
    ours = model.computeEnergy(0, 0, r.detach().numpy()).value_in_unit(unit.kilojoule_per_mole)
    np.testing.assert_allclose(ours, energy.detach().numpy(), rtol=0, atol=1e-13 * np.abs(ours).max())
    np.testing.assert_allclose(force_of(model, r.detach().numpy()), -gradient.numpy(), rtol=1e-12)


@pytest.mark.parametrize("script", [False, True])
def test_an_activation_called_in_forward_is_found(script):
    module = Functional()
    model = SurrogateModel.fromTorch(torch.jit.script(module) if script else module, CUTOFF, ["Ar"])
    assert model.getNetwork(0).getActivation() == PairNetwork.SiLU
    expect_forces(model, module)


def test_double_parameters_are_rounded_to_single():
    stack = make_stack().double()
    with torch.no_grad():
        stack[0].weight += 1e-13
    network = pytorch.importNetwork(stack)
    np.testing.assert_array_equal(network.getWeights(0), stack[0].weight.detach().float().numpy())


@pytest.mark.parametrize("form", ["tuples", "state dicts", "module", "script", "state dict"])
def test_a_network_for_each_pair_of_types(form):
    names = {("Ar", "Ar"): 1, ("Kr", "Ar"): 2, ("Kr", "Kr"): 3}
    pairs = {pair: make_stack("tanh", (1, 7, 1), seed) for pair, seed in names.items()}
    container = nn.Module()
    container.networks = nn.ModuleDict({"-".join(pair): stack for pair, stack in pairs.items()})
    given = {
        "tuples": lambda: pairs,
        "state dicts": lambda: {pair: stack.state_dict() for pair, stack in pairs.items()},
        "module": lambda: container,
        "script": lambda: torch.jit.script(container),
        "state dict": container.state_dict,
    }[form]()
    model = SurrogateModel.fromTorch(given, CUTOFF * unit.nanometer, ["Ar", "Kr"])
    assert model.getNumNetworks() == 3
    for (type1, type2), stack in pairs.items():
        expect_forces(model, stack, type1, type2)


def test_names_with_numbers_are_ordered_by_these():
    """As safetensors.torch.load_file() returns them, sorted as texts: "10.weight" comes before "2.weight"."""
    stack = make_stack("tanh", (1, *[5] * 8, 1))
    state = dict(sorted(stack.state_dict().items()))
    assert list(state)[2].startswith("10.")
    expect_forces(SurrogateModel.fromTorch(state, CUTOFF, ["Ar"]), stack)


def test_round_trip_is_exact(tmp_path):
    model = make_model()
    assert save_bytes(SurrogateModel.fromTorch(model.toTorch()), tmp_path) == save_bytes(model, tmp_path)
    again = pickle.loads(pickle.dumps(model.toTorch()))
    assert save_bytes(SurrogateModel.fromTorch(again), tmp_path) == save_bytes(model, tmp_path)


def test_the_shipped_model_survives_the_round_trip(tmp_path):
    model = SurrogateModel.load("argon")
    assert save_bytes(SurrogateModel.fromTorch(model.toTorch()), tmp_path) == save_bytes(model, tmp_path)


def test_trained_parameters_come_back_and_quantization_of_others_goes(tmp_path):
    module = make_model().toTorch()
    with torch.no_grad():
        module.pairs["C-C"][0].bias += 1.0
        module.pairs["A-A"][2].weight *= 2.0
    model = SurrogateModel.fromTorch(module)
    assert model.getPairNetwork("A", "A") == model.getPairNetwork("B", "B") == 0
    np.testing.assert_array_equal(model.getNetwork(0).getWeights(1), module.pairs["B-B"][2].weight.detach().numpy())
    np.testing.assert_array_equal(model.getNetwork(6).getBiases(0), module.pairs["C-C"][0].bias.detach().numpy())
    assert all(scales.size == 0 for scales in model.getNetwork(6).getLayerQuantization(1))
    assert model.getNetwork(6).getCoreStiffness() == 11.0
    assert model.getNetwork(5).getOutput() == PairNetwork.Energy
    assert model.getProvenance() == make_model().getProvenance()


@pytest.mark.parametrize("script", [False, True])
def test_the_module_computes_the_networks_outputs(script):
    model = make_model()
    module = model.toTorch().double()
    if script:
        module = torch.jit.script(module)
    type1, type2 = (torch.tensor(indices) for indices in zip(*itertools.product(range(3), repeat=2), strict=True))
    r = torch.linspace(0.35, 0.85, 9, dtype=torch.float64, requires_grad=True)
    values = module(type1, type2, r)
    (slopes,) = torch.autograd.grad(values.sum(), r)
    for i, (a, b) in enumerate(zip(type1.tolist(), type2.tolist(), strict=True)):
        index = model.getPairNetwork(a, b)
        energy = index >= 0 and model.getNetwork(index).getOutput() == PairNetwork.Energy
        expected = force_of(model, r[i].item(), a, b)
        assert (-slopes[i] if energy else values[i]).item() == pytest.approx(expected, rel=1e-12, abs=1e-12)
    assert not module(type1, type2, torch.full((9,), 0.95, dtype=torch.float64)).any()


def test_a_scripted_module_of_a_model_is_read_by_its_pairs(tmp_path):
    model = SurrogateModel(["Na", "Cl"], CUTOFF)
    stacks = [make_stack("tanh", (1, 4, 1), seed) for seed in range(3)]
    for pair, stack in zip([(0, 0), (0, 1), (1, 1)], stacks, strict=True):
        model.setPairNetwork(*pair, model.addNetwork(pytorch.importNetwork(stack)))
    torch.jit.script(model.toTorch()).save(tmp_path / "pairs.pt")
    again = SurrogateModel.fromTorch(torch.jit.load(tmp_path / "pairs.pt"), CUTOFF, ["Cl", "Na"])
    expect_forces(again, stacks[1], "Na", "Cl")
    expect_forces(again, stacks[2], "Cl", "Cl")


def scaled():
    module = nn.Module()
    module.net, module.scale = make_stack(), nn.Parameter(torch.ones(()))
    return module


class Residual(nn.Module):
    def __init__(self):
        super().__init__()
        self.a, self.b, self.c = nn.Linear(1, 4), nn.Linear(4, 4), nn.Linear(4, 1)

    def forward(self, s):
        h = torch.tanh(self.a(s))
        return self.c(h + torch.tanh(self.b(h)))


def no_forward():
    module = nn.Module()
    module.layers = make_stack()
    return module


BAD = {
    "relu": (
        lambda: nn.Sequential(nn.Linear(1, 4), nn.ReLU(), nn.Linear(4, 1)),
        "submodule '1' is a ReLU; expected are",
    ),
    "mixed": (
        lambda: nn.Sequential(nn.Linear(1, 4), nn.Tanh(), nn.Linear(4, 4), nn.SiLU(), nn.Linear(4, 1)),
        "'1' and '3' are different activations",
    ),
    "batch norm": (
        lambda: nn.Sequential(nn.Linear(1, 4), nn.BatchNorm1d(4), nn.Tanh(), nn.Linear(4, 1)),
        r"entry '1.num_batches_tracked' is a tensor of torch.int64",
    ),
    "trailing": (lambda: nn.Sequential(make_stack(), nn.Tanh()), "forward pass of Sequential is not that of"),
    "two inputs": (lambda: make_stack(widths=(2, 4, 1)), r"do not form a network 1-...-1.*0 \(4, 2\), 2 \(1, 4\)"),
    "residual": (Residual, "forward pass of Residual is not that of"),
    "scaled": (scaled, r"the array 'scale' of shape \(\) is not part of a pair network"),
    "no forward": (no_forward, "forward pass of Module cannot be run"),
    "empty": (nn.Identity, "there is no layer with weights"),
    "checkpoint": (lambda: {"model": {}, "epoch": 3}, "the entry 'model' is a dict, not a tensor"),
    "lone bias": (lambda: {"0.bias": torch.zeros(3)}, "layer '0' has a bias, but no weight"),
    "bias shape": (
        lambda: {"0.weight": torch.zeros(1, 1), "0.bias": torch.zeros(3)},
        "the bias of layer '0' has shape",
    ),
    "integers": (lambda: {"0.weight": torch.zeros(1, 1, dtype=torch.int32)}, "is a tensor of torch.int32"),
}


@pytest.mark.parametrize("case", BAD)
def test_what_is_no_pair_network_is_refused_with_a_reason(case):
    make, message = BAD[case]
    with pytest.raises(ValueError, match=message) as raised:
        SurrogateModel.fromTorch(make(), CUTOFF, ["Ar"])
    assert "types Ar and Ar" in str(raised.value)


def test_wrong_arguments_are_refused():
    with pytest.raises(ValueError, match="types are: give cutoff="):
        SurrogateModel.fromTorch(make_stack())
    with pytest.raises(ValueError, match="carries cutoff, types and options itself"):
        SurrogateModel.fromTorch(make_model().toTorch(), CUTOFF)
    with pytest.raises(TypeError, match=r"a torch\.nn\.Module or a state dict is needed, but this is a str"):
        SurrogateModel.fromTorch("model.pt", CUTOFF, ["Ar"])
    with pytest.raises(ValueError, match="one network called 'Ar-Ar' or 'Ar-Ar', but there are 0"):
        SurrogateModel.fromTorch(make_stack(), CUTOFF, ["Ar", "Kr"])
    with pytest.raises(ValueError, match=r"\('Ar', 'Xe'\) is not a pair of the types Ar, Kr"):
        SurrogateModel.fromTorch({("Ar", "Xe"): make_stack()}, CUTOFF, ["Ar", "Kr"])
    with pytest.raises(ValueError, match=r"the type 'Ar\.1' has a '\.' in its name"):
        SurrogateModel(["Ar.1"], CUTOFF).toTorch()
    with pytest.raises(ValueError, match="stands for more than one pair"):
        SurrogateModel(["A-B", "C", "A", "B-C"], CUTOFF).toTorch()


def test_without_pytorch_the_error_says_how_to_get_it(tmp_path):
    (tmp_path / "torch.py").write_text("raise ImportError('no torch for this test')\n")
    program = (
        "import openmmsurrogate, sys\n"
        "assert 'torch' not in sys.modules\n"
        "try:\n    openmmsurrogate.SurrogateModel.load('argon').toTorch()\n"
        "except ImportError as error:\n    print(error)\n"
    )
    code = f"import sys; sys.path.insert(0, {str(tmp_path)!r})\n{program}"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120)
    assert "pip install '.[train]' in the folder of this package's source" in result.stdout, (
        result.stdout + result.stderr
    )
