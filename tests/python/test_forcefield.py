# SPDX-License-Identifier: MIT
"""The <SurrogateForce> tag of ForceField files."""

from io import StringIO

import pytest
from helpers import make_model
from openmm import Vec3, XmlSerializer, app, unit

from openmmsurrogate import SurrogateForce

ATOMS = """
<AtomTypes>
  <Type name="x" class="X" element="Ar" mass="39.948"/>
  <Type name="y" class="Y" element="Kr" mass="83.798"/>
  <Type name="z" class="Z" element="Ne" mass="20.180"/>
</AtomTypes>
<Residues>
  <Residue name="TRI">
    <Atom name="X" type="x"/><Atom name="Y" type="y"/><Atom name="Z" type="z"/>
    <Bond atomName1="X" atomName2="Y"/><Bond atomName1="Y" atomName2="Z"/>
  </Residue>
</Residues>
"""
TYPES = '<Atom type="x" surrogateType="A"/><Atom class="Y" surrogateType="B"/><Atom type="z" surrogateType="-1"/>'


@pytest.fixture
def model_file(tmp_path):
    path = tmp_path / "two.safetensors"
    make_model().save(path)
    return path


def make_topology() -> app.Topology:
    """Make two residues TRI in a cubic box of 3 nm."""
    topology = app.Topology()
    chain = topology.addChain()
    for _ in range(2):
        residue = topology.addResidue("TRI", chain)
        atoms = [
            topology.addAtom(n, app.Element.getBySymbol(s), residue) for n, s in (("X", "Ar"), ("Y", "Kr"), ("Z", "Ne"))
        ]
        topology.addBond(atoms[0], atoms[1])
        topology.addBond(atoms[1], atoms[2])
    topology.setPeriodicBoxVectors([Vec3(3, 0, 0), Vec3(0, 3, 0), Vec3(0, 0, 3)] * unit.nanometer)
    return topology


def read_force_field(*tags: str) -> app.ForceField:
    files = [f"<ForceField>{ATOMS if i == 0 else ''}{tag}</ForceField>" for i, tag in enumerate(tags)]
    return app.ForceField(*[StringIO(text) for text in files])


def make_force(force_field: app.ForceField, **options) -> SurrogateForce:
    system = force_field.createSystem(make_topology(), removeCMMotion=False, **options)
    make_force.system = system  # it owns the force
    return SurrogateForce.cast(next(f for f in system.getForces() if SurrogateForce.isinstance(f)))


def test_types_and_exclusions(model_file):
    force_field = read_force_field(f'<SurrogateForce model="{model_file}" bondCutoff="1">{TYPES}</SurrogateForce>')
    force = make_force(force_field)
    assert [force.getParticleType(i) for i in range(6)] == [0, 1, -1, 0, 1, -1]
    pairs = {tuple(force.getExclusionParticles(i)) for i in range(force.getNumExclusions())}
    assert pairs == {(0, 1), (1, 2), (3, 4), (4, 5)}
    assert force.getPrecision() == SurrogateForce.Default
    assert force.getEvaluationMethod() == SurrogateForce.Automatic


def test_settings(model_file):
    settings = 'precision="bfloat16" method="network" tableTolerance="1e-4"'
    force = make_force(read_force_field(f'<SurrogateForce model="{model_file}" {settings}>{TYPES}</SurrogateForce>'))
    assert force.getPrecision() == SurrogateForce.BFloat16
    assert force.getEvaluationMethod() == SurrogateForce.Network
    assert force.getTableTolerance() == 1e-4
    assert force.getNumExclusions() == 6  # bondCutoff is 3


@pytest.mark.parametrize("name", ["automatic", "network", "table"])
def test_methods_are_spelt_as_in_the_xml_of_a_system(model_file, name):
    force = make_force(
        read_force_field(f'<SurrogateForce model="{model_file}" method="{name}">{TYPES}</SurrogateForce>')
    )
    assert force.getEvaluationMethod() == getattr(SurrogateForce, name.capitalize())
    assert f' method="{name}"' in XmlSerializer.serialize(force)


@pytest.mark.parametrize(
    ("method", "periodic"),
    [
        (app.NoCutoff, False),
        (app.CutoffNonPeriodic, False),
        (app.CutoffPeriodic, True),
        (app.Ewald, True),
        (app.PME, True),
        (app.LJPME, True),
    ],
)
def test_nonbonded_method_decides_periodicity(model_file, method, periodic):
    force_field = read_force_field(f'<SurrogateForce model="{model_file}">{TYPES}</SurrogateForce>')
    assert make_force(force_field, nonbondedMethod=method).usesPeriodicBoundaryConditions() == periodic


def test_unknown_nonbonded_method(model_file):
    force_field = read_force_field(f'<SurrogateForce model="{model_file}">{TYPES}</SurrogateForce>')
    with pytest.raises(ValueError, match="Illegal nonbonded method for SurrogateForce"):
        make_force(force_field, nonbondedMethod="fast")


def test_types_may_be_spread_over_files(model_file):
    first, second = TYPES.split("/>", 1)
    tags = [f'<SurrogateForce model="{model_file}">{atoms}</SurrogateForce>' for atoms in (first + "/>", second)]
    force = make_force(read_force_field(*tags))
    assert [force.getParticleType(i) for i in range(3)] == [0, 1, -1]


@pytest.mark.parametrize(
    ("tag", "message"),
    [
        ("<SurrogateForce/>", '"model" is missing'),
        ('<SurrogateForce model="{file}" cutoff="1"/>', "unknown attribute 'cutoff'"),
        ('<SurrogateForce model="{file}" bondCutoff="three"/>', "bondCutoff"),
        ('<SurrogateForce model="{file}" method="guess"/>', "unknown method 'guess'.*network"),
        ('<SurrogateForce model="{file}" method="Table"/>', "unknown method 'Table'; .*automatic, network, table"),
        ('<SurrogateForce model="{file}" precision="Single"/>', "'Single'.*single"),
        ('<SurrogateForce model="{file}" precision="half"/>', "'half'"),
        ('<SurrogateForce model="xenon"/>', "xenon"),
        ('<SurrogateForce model="{file}"><Atom type="x"/></SurrogateForce>', "surrogateType"),
    ],
)
def test_wrong_tags(model_file, tag, message):
    with pytest.raises(Exception, match=message):
        read_force_field(tag.format(file=model_file))


def test_wrong_atoms(model_file):
    lacking = read_force_field(
        f'<SurrogateForce model="{model_file}"><Atom type="x" surrogateType="A"/></SurrogateForce>'
    )
    with pytest.raises(ValueError, match="SurrogateForce: No parameters defined for atom type y"):
        make_force(lacking)
    unknown = read_force_field(f'<SurrogateForce model="{model_file}">{TYPES.replace("B", "C")}</SurrogateForce>')
    with pytest.raises(Exception, match="no particle type 'C'"):
        make_force(unknown)


def test_tags_must_agree(model_file):
    tags = [f'<SurrogateForce model="{model_file}" bondCutoff="{n}">{TYPES}</SurrogateForce>' for n in (2, 3)]
    with pytest.raises(ValueError, match="multiple <SurrogateForce> tags"):
        read_force_field(*tags)
