# SPDX-License-Identifier: MIT
"""What Python's methods take as arguments: constants and their names, Quantities, and errors about the rest."""

import numpy as np
import pytest
from helpers import make_force, make_model, make_network
from openmm import OpenMMException, unit

from openmmsurrogate import NumericFormat, PairNetwork, SurrogateForce, SurrogateModel
from openmmsurrogate.lammps import exportLAMMPSTable

FORMATS = ["Default", "Double", "Single", "TF32", "BFloat16", "Float16", "Float8", "Int8", "Int4"]


@pytest.mark.parametrize("name", FORMATS)
def test_formats_are_one_enumeration_with_names(name):
    constant = getattr(NumericFormat, name)
    assert getattr(SurrogateForce, name) is constant
    force, model = make_force([]), make_model()
    for value in (constant, name, name.lower(), name.upper()):
        force.setPrecision(value)
        model.setFormat(value)
        assert force.getPrecision() is constant
        assert model.getFormat() is constant
        assert NumericFormat.getName(value) == name.lower()
        assert model.computeForce(0, 0, 0.4, format=value) == model.computeForce(0, 0, 0.4, constant)
    assert NumericFormat.parse(name.lower()) is constant


@pytest.mark.parametrize(
    ("short", "constant"),
    [
        ("fp64", NumericFormat.Double),
        ("fp32", NumericFormat.Single),
        ("bf16", NumericFormat.BFloat16),
        ("FP16", NumericFormat.Float16),
        ("fp8", NumericFormat.Float8),
    ],
)
def test_formats_have_short_names(short, constant):
    force, model = make_force([]), make_model()
    force.setPrecision(short)
    model.setFormat(short)
    assert force.getPrecision() is constant
    assert model.getFormat() is constant
    assert NumericFormat.parse(short.lower()) is constant


def test_constants_print_as_their_names():
    force = make_force([])
    force.setPrecision("int8")
    assert str(force.getPrecision()) == f"{force.getPrecision()}" == "Int8"
    assert f"{force.getEvaluationMethod():>10}" == " Automatic"
    assert force.getPrecision() == int(SurrogateForce.Int8)


@pytest.mark.parametrize("name", ["Automatic", "Network", "Table"])
def test_methods_have_names(name):
    force = make_force([])
    for value in (getattr(SurrogateForce, name), int(getattr(SurrogateForce, name)), name, name.lower()):
        force.setEvaluationMethod(value)
        assert force.getEvaluationMethod() is getattr(SurrogateForce, name)


@pytest.mark.parametrize(("activation", "constant"), [("tanh", PairNetwork.Tanh), ("SILU", PairNetwork.SiLU), (0, 0)])
@pytest.mark.parametrize(("output", "constant2"), [("forceWeight", PairNetwork.ForceWeight), ("energy", 1)])
def test_networks_take_names(activation, constant, output, constant2):
    network = PairNetwork([1, 1], [[[1.0]]], [[0.0]], activation, output)
    assert network.getActivation() == constant
    assert network.getOutput() == constant2


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda f: f.setPrecision("int9"),
            r"precision: 'int9' is not one of .*, Int4 \(in short: fp64, fp32, bf16, fp16, fp8\)",
        ),
        (lambda f: f.setEvaluationMethod("tables"), "method: 'tables' is not one of Automatic, Network, Table"),
        (lambda f: f.getModel().computeForce(0, 0, 0.4, "half"), "format: 'half' is not one of Default"),
        (lambda f: PairNetwork([1, 1], [[[1]]], [[0]], "relu"), "activation: 'relu' is not one of Tanh, SiLU"),
    ],
)
def test_unknown_names_are_told_with_the_known_ones(call, message):
    with pytest.raises(OpenMMException, match=message):
        call(make_force([]))


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda f: f.setPrecision(SurrogateForce.Network),
            "precision must be one of Default.*EvaluationMethod.Network",
        ),
        (lambda f: f.setEvaluationMethod(SurrogateForce.Double), "method must be one of Automatic.*Precision.Double"),
        (lambda f: f.setPrecision(8), "precision must be a format, such as SurrogateForce.Int8 or 'int8'.* but is 8"),
        (lambda f: f.getModel().setFormat(np.int64(4)), "format must be a format, .* not a plain number"),
        (lambda f: NumericFormat.round(0.1, 16), "format must be a format, .* not a plain number"),
        (lambda f: f.setPrecision(None), "precision must be one of .* but is None"),
        (lambda f: PairNetwork([1, 1], [[[1]]], [[0]], PairNetwork.Energy), "activation must be .*Output.Energy"),
        (
            lambda f: PairNetwork([1, 1], [[[1]]], [[0]], 0, 1.0),
            "output must be one of ForceWeight, Energy, but is 1.0",
        ),
        (
            lambda f: SurrogateForce("argon"),
            r"SurrogateModel is needed, such as SurrogateModel.load\('argon'\).*'argon'",
        ),
        (lambda f: f.setModel(None), "a SurrogateModel is needed.* but this is None"),
        (lambda f: f.getModel().addNetwork("argon"), "a PairNetwork is needed, but this is 'argon'"),
        (lambda f: f.getModel().computeForce(0, 0, "0.4"), "r must be numbers"),
        (lambda f: f.getModel().computeForce(0, 0, ["0.4", 0.5]), "r must be numbers"),
        (lambda f: f.getModel().computeEnergy(0, 0, 0.4j), "r must be numbers"),
        (lambda f: f.getModel().computeForce(0, 0, [4 * unit.angstrom, 4 * unit.kelvin]), "r has unit kelvin"),
        (lambda f: SurrogateModel(["A"], "0.9"), "cutoff must be a number or a Quantity, but is '0.9'"),
        (lambda f: make_network().setCore(0.2, "10"), "coreStiffness must be a number"),
    ],
)
def test_wrong_types_are_told_in_one_line(call, message):
    with pytest.raises(TypeError, match=message) as caught:
        call(make_force([]))
    assert "\n" not in str(caught.value)
    assert "::" not in str(caught.value)


def test_distances_may_be_a_list_of_quantities():
    model = make_model()
    expected = model.computeForce("A", "A", [[0.4, 0.5], [0.6, 0.7]])
    found = model.computeForce(
        "A", "A", [[4 * unit.angstrom, 0.5 * unit.nanometer], [600 * unit.picometer, 7 * unit.angstrom]]
    )
    np.testing.assert_allclose(found._value, expected._value, rtol=1e-12)


def test_export_takes_quantities(tmp_path):
    model = SurrogateModel.load("argon")
    for name, distance in (("number", 0.2), ("quantity", 2 * unit.angstrom)):
        exportLAMMPSTable(model, "Ar", "Ar", tmp_path / name, numPoints=11, minimumDistance=distance)
    assert (tmp_path / "number").read_text() == (tmp_path / "quantity").read_text()
    for wrong in (2 * unit.kelvin, "0.2"):
        with pytest.raises(TypeError, match="minimumDistance"):
            exportLAMMPSTable(model, "Ar", "Ar", tmp_path / "wrong", minimumDistance=wrong)


def test_getModel_is_a_copy_and_setModel_changes_the_force():
    force = make_force(["A"])
    model = force.getModel()
    model.setFormat("int8")
    assert force.getModel().getFormat() is NumericFormat.Default
    force.setModel(model)
    assert force.getModel().getFormat() is NumericFormat.Int8
