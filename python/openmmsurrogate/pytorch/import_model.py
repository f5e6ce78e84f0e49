# SPDX-License-Identifier: MIT
"""Models and networks from PyTorch modules and state dicts."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from openmm import unit

from openmmsurrogate._torch import torch
from openmmsurrogate.model import SurrogateModel
from openmmsurrogate.network import PairNetwork
from openmmsurrogate.pytorch.assembly import Array, assemble
from openmmsurrogate.pytorch.modules import SurrogateModule, name_pairs

ACTIVATIONS = {
    "Tanh": PairNetwork.Tanh,
    "SiLU": PairNetwork.SiLU,
    "ClampedPolynomial": PairNetwork.ClampedPolynomial,
}
# Those change nothing in evaluation.
NEUTRAL = ("Linear", "Identity", "Dropout")
# Points of (0, 1), which s = r/rc comes from, where a network is compared with the module it was made of.
PROBES = np.arange(1, 64) / 64
# Rounding in double precision, relative to the largest output, stays far below; anything else far above.
PROBE_TOLERANCE = 1e-9


def importNetwork(
    module: Any,
    output: int | str = "forceWeight",
    outputMean: float | unit.Quantity = 0.0,
    outputStandardDeviation: float | unit.Quantity = 1.0,
    minimumDistance: float | unit.Quantity = 0.0,
    coreStiffness: float = 10.0,
    activation: int | str = "tanh",
) -> PairNetwork:
    """Make a network of a PyTorch module or state dict; see ``SurrogateModel.fromTorch()``, which describes them.

    Parameters
    ----------
    module : torch.nn.Module, torch.jit.ScriptModule or dict
    output : int or str
        what the network computes: "forceWeight", w(r) = -dU/dr, or "energy", U(r)
    outputMean, outputStandardDeviation : float or Quantity
        of the standardized output, kJ/mol/nm or kJ/mol
    minimumDistance : float or Quantity
        smallest distance seen in training, nm; the repulsive core is below it
    coreStiffness : float
        of the repulsive core
    activation : int or str
        of a state dict, which does not hold it; a module's is found

    Raises
    ------
    ValueError
        that names the part of the module that does not belong into such a network
    """
    if isinstance(module, torch.nn.Module):
        network = read_module(module, output)
    else:
        check_kind(module)
        network = assemble(module, activation, output)
    network.setOutputStandardization(outputMean, outputStandardDeviation)
    network.setCore(minimumDistance, coreStiffness)
    return network


def check_kind(module: Any) -> None:
    """Raise TypeError for what is neither a module nor a dict."""
    if not isinstance(module, (torch.nn.Module, Mapping)):
        raise TypeError(f"a torch.nn.Module or a state dict is needed, but this is a {type(module).__name__}")


def get_class_name(module: Any) -> str:
    """Return the name of a module's class, also after torch.jit.script() and torch.jit.trace()."""
    return getattr(module, "original_name", type(module).__name__)


def find_activations(module: Any) -> list[int]:
    """Return the activation that the submodules name, or, if there is none, those that forward() may call."""
    found: dict[str, int] = {}
    for name, part in module.named_modules():
        kind = get_class_name(part)
        if next(part.children(), None) is not None or part is module:
            continue
        if kind in ACTIVATIONS:
            found[name] = ACTIVATIONS[kind]
        elif kind not in NEUTRAL and next(part.parameters(), None) is None:
            raise ValueError(
                f"the submodule {name!r} is a {kind}; expected are Linear layers with Tanh, SiLU or ClampedPolynomial "
                "between them"
            )
    for name, activation in found.items():
        first = next(iter(found))
        if activation != found[first]:
            raise ValueError(
                f"the submodules {first!r} and {name!r} are different activations: all hidden layers of a pair network "
                "have the same"
            )
    return [next(iter(found.values()))] if found else [PairNetwork.Tanh, PairNetwork.SiLU]


def read_module(module: Any, output: int | str) -> PairNetwork:
    """Make a network of a module: layers in the order in which they were registered, if that is what it computes."""
    tensors = {**dict(module.named_parameters()), **dict(module.named_buffers())}
    networks = [assemble(tensors, activation, output) for activation in find_activations(module)]
    expected = run_forward(module)
    differences = [compare_outputs(network, expected) for network in networks]
    for network, difference in zip(networks, differences, strict=True):
        if difference <= PROBE_TOLERANCE:
            return network
    raise ValueError(
        f"the forward pass of {get_class_name(module)} is not that of its Linear layers, in the order in which they "
        "were registered, with tanh, SiLU or ClampedPolynomial after each but the last (difference relative to the "
        f"largest output: {min(differences):.1e})"
    )


def make_reference(module: Any) -> Any:
    """Return a copy for evaluation in double precision, whose parameters have the values that a PairNetwork keeps."""
    reference = copy.deepcopy(module).eval()
    for parameter in reference.parameters():
        parameter.data = parameter.data.cpu().float().double()
    for buffer in reference.buffers():
        buffer.data = buffer.data.cpu().double()
    return reference


def run_forward(module: Any) -> Array:
    """Return the output of a module at PROBES, given as shape (N, 1) or, if that does not work, (N,)."""
    reference = make_reference(module)
    s = torch.from_numpy(PROBES)
    reasons = []
    with torch.no_grad():
        for values in (s[:, None], s):
            try:
                result = reference(values)
                if isinstance(result, torch.Tensor) and result.numel() == len(PROBES):
                    outputs: Array = result.double().reshape(-1).numpy()
                    return outputs
                reasons.append(f"the output for shape {tuple(values.shape)} does not have one number for each input")
            except (RuntimeError, TypeError, ValueError, IndexError, NotImplementedError) as error:
                reasons.append(str(error))
    raise ValueError(
        f"the forward pass of {get_class_name(module)} cannot be run for an input of shape (N, 1) or (N,) in double "
        f"precision: {'; '.join(reasons)}"
    )


def compare_outputs(network: PairNetwork, expected: Array) -> float:
    """Return the largest difference of a network's y(s) from expected values, relative to the largest of these."""
    layers = range(network.getNumLayers())
    plain = PairNetwork(
        network.getWidths(),
        [network.getWeights(layer) for layer in layers],
        [network.getBiases(layer) for layer in layers],
        network.getActivation(),
    )
    plain.setActivationCoefficients(network.getActivationCoefficients())
    model = SurrogateModel(["any"], 1.0)
    model.setPairNetwork(0, 0, model.addNetwork(plain))
    values = model.computeForce(0, 0, PROBES)
    difference = np.abs(values / values.unit - expected).max()
    return float(difference / (np.abs(expected).max() or 1.0)) if np.isfinite(difference) else np.inf


def import_model(
    module: Any, cutoff: float | unit.Quantity | None, types: Sequence[str] | None, options: dict[str, Any]
) -> SurrogateModel:
    """See ``SurrogateModel.fromTorch()``."""
    if isinstance(module, SurrogateModule):
        if cutoff is not None or types is not None or options:
            raise ValueError("what toTorch() has made carries cutoff, types and options itself: give none")
        return restore_model(module)
    if cutoff is None or types is None:
        raise ValueError("a module does not say what its cutoff and types are: give cutoff=..., nm, and types=[...]")
    model = SurrogateModel(types, cutoff)
    find_part = choose_finder(module, types)
    for i, j in name_pairs(types):
        try:
            network = importNetwork(find_part(types[i], types[j]), **options)
        except ValueError as error:
            raise ValueError(f"fromTorch, types {types[i]} and {types[j]}: {error}") from error
        model.setPairNetwork(i, j, model.addNetwork(network))
    return model


def choose_finder(module: Any, types: Sequence[str]) -> Callable[[str, str], Any]:
    """Return the function that finds the part of a module, state dict or dict of networks for a pair of types."""
    only_pair = len(types) == 1
    if isinstance(module, torch.nn.Module):
        return lambda a, b: find_submodule(module, a, b, only_pair)
    check_kind(module)
    if any(isinstance(key, tuple) for key in module):
        known = {tuple(sorted(pair)) for pair in ((a, b) for a in types for b in types)}
        for key in module:
            if not isinstance(key, tuple) or tuple(sorted(key)) not in known:
                raise ValueError(f"{key!r} is not a pair of the types {', '.join(types)}")
        return lambda a, b: choose_one([module[key] for key in {(a, b), (b, a)} if key in module], a, b)
    return lambda a, b: select_entries(module, a, b, only_pair)


def choose_one(found: list[Any], a: str, b: str) -> Any:
    """Return the only element. Raises ValueError if there is another number of them."""
    if len(found) != 1:
        raise ValueError(f"there must be one network called '{a}-{b}' or '{b}-{a}', but there are {len(found)}")
    return found[0]


def find_submodule(module: Any, a: str, b: str, only_pair: bool) -> Any:
    """Return the submodule called "A-B" or "B-A"; with one type, the module itself if there is none."""
    names = {f"{a}-{b}", f"{b}-{a}"}
    found = [part for name, part in module.named_modules() if name.rpartition(".")[2] in names]
    return module if only_pair and not found else choose_one(found, a, b)


def select_entries(state: Mapping[str, Any], a: str, b: str, only_pair: bool) -> dict[str, Any]:
    """Return the entries with "A-B" or "B-A" in their names, without it; with one type, all if there are none."""
    names = {f"{a}-{b}", f"{b}-{a}"}
    selected = {}
    for key, value in state.items():
        parts = key.split(".")
        for i in range(len(parts) - 1):
            if parts[i] in names:
                selected[".".join(parts[i + 1 :])] = value
                break
    if not selected and only_pair:
        return dict(state)
    return selected if selected else choose_one([], a, b)


def restore_model(module: SurrogateModule) -> SurrogateModel:
    """Return the model of a SurrogateModule with the present values of its parameters, rounded to single precision."""
    model = copy.copy(module.model)
    for index, stack in module.getStacks().items():
        old = model.getNetwork(index)
        new = importNetwork(
            stack,
            old.getOutput(),
            old.getOutputMean(),
            old.getOutputStandardDeviation(),
            old.getMinimumDistance(),
            old.getCoreStiffness(),
        )
        new.setTrainingHistogram(old.getTrainingHistogram())
        if has_same_parameters(old, new):
            continue  # and keeps its quantization, whose scales belong to these very parameters
        model.setNetwork(index, new)
    return model


def has_same_parameters(a: PairNetwork, b: PairNetwork) -> bool:
    """Return whether all weights, biases and activations are equal."""
    return (
        a.getWidths() == b.getWidths()
        and a.getActivation() == b.getActivation()
        and a.getActivationCoefficients() == b.getActivationCoefficients()
        and all(
            np.array_equal(a.getWeights(layer), b.getWeights(layer))
            and np.array_equal(a.getBiases(layer), b.getBiases(layer))
            for layer in range(a.getNumLayers())
        )
    )
