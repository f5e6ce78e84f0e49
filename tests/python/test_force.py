# SPDX-License-Identifier: MIT
"""SurrogateForce as Python sees it: units, names, ownership, copies, XML, errors."""

import copy
import pickle
import subprocess
import sys

import numpy as np
import openmm
import pytest
from helpers import make_context, make_force, make_model
from openmm import OpenMMException, XmlSerializer, unit

from openmmsurrogate import SurrogateForce, SurrogateModel

POSITIONS = np.array([[0.0, 0.0, 0.0], [0.4, 0.0, 0.0], [0.0, 0.5, 0.1], [0.3, 0.3, 0.4]])
TYPES = ["A", "B", -1, "A"]


def sum_over_pairs(model: SurrogateModel, types: list[int | str], positions: np.ndarray) -> float:
    """Sum SurrogateModel.computeEnergy() over the pairs that take part, kJ/mol."""
    energy = 0.0
    for i in range(len(types)):
        for j in range(i):
            if -1 not in (types[i], types[j]):
                distance = np.linalg.norm(positions[i] - positions[j])
                energy += model.computeEnergy(types[i], types[j], distance).value_in_unit(unit.kilojoule_per_mole)
    return energy


def get_energy(context: openmm.Context) -> float:
    return context.getState(getEnergy=True).getPotentialEnergy().value_in_unit(unit.kilojoule_per_mole)


@pytest.mark.parametrize("platform", ["Reference", "CPU"])
def test_energy_is_the_sum_over_pairs_of_the_model(platform):
    force = make_force(TYPES)
    force.setPrecision(SurrogateForce.Double)
    force.setEvaluationMethod(SurrogateForce.Network)
    energy = get_energy(make_context(force, POSITIONS, platform))
    assert energy == pytest.approx(sum_over_pairs(make_model(), TYPES, POSITIONS), rel=1e-12)


def test_particles_take_names_and_indices():
    force = make_force(["A", 1, -1, np.int64(0)])
    assert [force.getParticleType(i) for i in range(force.getNumParticles())] == [0, 1, -1, 0]
    force.setParticleType(2, "B")
    force.setParticleType(0, -1)
    assert [force.getParticleType(i) for i in range(force.getNumParticles())] == [-1, 1, 1, 0]


def test_quantities_come_out():
    assert make_force([]).getCutoffDistance() == 9 * unit.angstrom


def test_exclusions_from_bonds():
    force = make_force(["A"] * 5)
    force.addExclusion(0, 1)
    force.createExclusionsFromBonds([(0, 1), (1, 2), (2, 3), (3, 4)], 2)
    pairs = {tuple(force.getExclusionParticles(i)) for i in range(force.getNumExclusions())}
    assert pairs == {(0, 1), (1, 2), (2, 3), (3, 4), (0, 2), (1, 3), (2, 4)}
    assert force.getNumExclusions() == len(pairs)


def test_excluded_pair_does_not_interact():
    force = make_force(["A", "A"])
    force.addExclusion(0, 1)
    assert get_energy(make_context(force, POSITIONS[:2])) == 0.0


def test_system_owns_an_added_force_and_gives_it_back_by_cast():
    force = make_force(TYPES)
    context = make_context(force, POSITIONS)
    assert not force.thisown
    base = context.getSystem().getForce(0)
    assert type(base) is openmm.Force
    assert SurrogateForce.isinstance(base)
    found = SurrogateForce.cast(base)
    assert type(found) is SurrogateForce
    assert not found.thisown
    found.setParticleType(0, "B")
    assert force.getParticleType(0) == 1  # it is the same object


def test_cast_takes_over_ownership():
    base = XmlSerializer.deserialize(XmlSerializer.serialize(make_force(TYPES)))
    assert base.thisown
    force = SurrogateForce.cast(base)
    assert force.thisown
    assert not base.thisown
    del base
    assert force.getNumParticles() == len(TYPES)


def test_other_forces_are_not_cast():
    assert not SurrogateForce.isinstance(openmm.HarmonicBondForce())
    with pytest.raises(OpenMMException, match="cannot cast HarmonicBondForce"):
        SurrogateForce.cast(openmm.HarmonicBondForce())


def make_unusual_force() -> SurrogateForce:
    """Make a force of which no setting has its default."""
    force = make_force(TYPES)
    force.addExclusion(1, 3)
    force.setPrecision(SurrogateForce.Float16)
    force.setEvaluationMethod(SurrogateForce.Table)
    force.setTableTolerance(1e-4)
    force.setForceGroup(3)
    force.setName("argon force")
    return force


@pytest.mark.parametrize("duplicate", [copy.copy, copy.deepcopy, lambda force: pickle.loads(pickle.dumps(force))])
def test_copies_are_complete_and_independent(duplicate):
    force = make_unusual_force()
    xml = XmlSerializer.serialize(force)
    second = duplicate(force)
    assert type(second) is SurrogateForce
    assert second.thisown
    assert XmlSerializer.serialize(second) == xml
    second.setParticleType(0, "B")
    second.setTableTolerance(1e-3)
    assert XmlSerializer.serialize(force) == xml


def test_system_survives_deepcopy_and_xml_with_the_model_inside():
    context = make_context(make_unusual_force(), POSITIONS)
    system = context.getSystem()
    for second in (copy.deepcopy(system), XmlSerializer.deserialize(XmlSerializer.serialize(system))):
        assert XmlSerializer.serialize(second) == XmlSerializer.serialize(system)
        other = openmm.Context(second, openmm.VerletIntegrator(0.001), openmm.Platform.getPlatform("Reference"))
        other.setPositions(POSITIONS)
        assert get_energy(other) == get_energy(context)


def test_xml_read_before_import_says_what_to_import(tmp_path):
    file = tmp_path / "force.xml"
    file.write_text(XmlSerializer.serialize(make_force(TYPES)))
    program = f"import openmm; openmm.XmlSerializer.deserialize(open({str(file)!r}).read())"
    result = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=120)
    assert result.returncode != 0
    assert "openmmsurrogate" in result.stderr.splitlines()[-1]


def test_parameters_are_updated_in_a_context():
    force = make_force(TYPES)
    context = make_context(force, POSITIONS)
    force.setParticleType(2, "A")
    force.updateParametersInContext(context)
    types = ["A", "B", "A", "A"]
    fresh = get_energy(make_context(make_force(types), POSITIONS))
    assert get_energy(context) == fresh


def test_table_error_is_within_the_tolerance():
    force = make_force(TYPES)
    force.setTableTolerance(1e-4)
    context = make_context(force, POSITIONS)
    assert 0 < force.getTableErrorInContext(context) <= 1e-4


def test_table_error_is_zero_without_a_table():
    force = make_force(TYPES)
    force.setEvaluationMethod(SurrogateForce.Network)
    context = make_context(force, POSITIONS)
    assert force.getTableErrorInContext(context) == 0


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda f: f.addParticle(7), "no particle type 7"),
        (lambda f: f.addParticle("C"), "no particle type 'C'"),
        (lambda f: f.addParticle(2**40), "32-bit"),
        (lambda f: f.getParticleType(99), "no particle 99"),
        (lambda f: f.setParticleType(-1, 0), "no particle -1"),
        (lambda f: f.getExclusionParticles(5), "no exclusion 5"),
        (lambda f: f.setEvaluationMethod(3), "no method 3"),
        (lambda f: f.setTableTolerance(0.0), "tolerance"),
        (lambda f: f.setTableTolerance(float("nan")), "tolerance"),
        (lambda f: f.createExclusionsFromBonds([(0, 99)], 3), "99"),
        (lambda f: f.getTableErrorInContext(make_context(make_force(["A"]), POSITIONS[:1])), "not present"),
    ],
)
def test_wrong_values_raise_openmm_exception(call, message):
    with pytest.raises(OpenMMException, match=message):
        call(make_force(TYPES))


@pytest.mark.parametrize(
    "call",
    [
        lambda f: f.addParticle(None),
        lambda f: f.addParticle(1.5),
        lambda f: f.setPrecision(8.0),
        lambda f: f.setPrecision(99),
        lambda f: f.setPrecision(-1),
        lambda f: f.setTableTolerance("small"),
        lambda f: f.setModel(None),
        lambda f: f.createExclusionsFromBonds([(0,)], 3),
        lambda f: f.getTableErrorInContext(None),
        lambda f: SurrogateForce(None),
        lambda f: SurrogateForce("argon"),
        lambda f: SurrogateForce.cast(None),
    ],
)
def test_wrong_types_raise_type_error(call):
    with pytest.raises(TypeError):
        call(make_force(TYPES))


def test_particle_count_must_be_the_systems():
    with pytest.raises(OpenMMException, match=r"4.*3|3.*4"):
        make_context(make_force(TYPES), POSITIONS[:3])


@pytest.mark.parametrize(
    ("exclusions", "message"),
    [
        ([(0, 1), (2, 2)], r"exclusion 1 \(2, 2\) excludes a particle from itself"),
        ([(0, 1), (1, 0)], r"exclusion 1 \(1, 0\) repeats an earlier exclusion"),
        ([(0, 4)], r"exclusion 0 \(0, 4\) names a particle that does not exist; particles are 0 to 3"),
        ([(-1, 0)], r"exclusion 0 \(-1, 0\) names a particle that does not exist; particles are 0 to 3"),
    ],
    ids=["self", "duplicate", "above", "negative"],
)
def test_exclusions_that_make_no_sense_are_refused(exclusions, message):
    force = make_force(TYPES)
    for particle1, particle2 in exclusions:
        force.addExclusion(particle1, particle2)
    with pytest.raises(OpenMMException, match=message):
        make_context(force, POSITIONS)
