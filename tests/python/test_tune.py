# SPDX-License-Identifier: MIT
"""tunePME() and the command tune: errors between what is asked and a part of it, and settings that can be saved."""

import re

import openmm
import pytest
from ionic_systems import BOXES, make_context, make_force, make_salt, make_salt_context, make_system
from openmm import XmlSerializer
from typer.testing import CliRunner

from openmmsurrogate import TunablePMEForce, replaceNonbondedForce, tunePME
from openmmsurrogate.cli import app
from openmmsurrogate.pme import bench
from openmmsurrogate.pme.tune import TuneResult

PLATFORMS = pytest.mark.parametrize("platform", ["CPU", "CUDA mixed"])


@pytest.mark.parametrize(
    ("box", "target", "platform"), [("cubic", 2.0, "CPU"), ("triclinic", 0.1, "CPU"), ("triclinic", 2.0, "CUDA mixed")]
)
def test_error_is_near_the_target(box, target, platform):
    """Independent of the search: the error of the best settings in a System of their own."""
    context = make_salt_context(box, platform)
    orders = [4, 6] if platform == "CPU" else [6]  # on CUDA each Context compiles for seconds
    result = tunePME(context, target, orders=orders, precisions=["single"], kSpaceMethods=["SPME"])
    assert len(result.trials) == len(orders)
    assert result.best.milliseconds == min(t.milliseconds for t in result.candidates)
    best = min(
        result.trials, key=lambda trial: trial.milliseconds or float("inf")
    )  # which the System as it is may beat
    system = replaceNonbondedForce(context.getSystem())
    force = TunablePMEForce.cast(system.getForce(0))
    best.settings.apply(force)
    tuned = make_context(system, make_salt(BOXES[box])[0], platform)
    error = force.measureForceErrorInContext(tuned, 10**6).absolute._value
    print(f"target {target}, error {error}")
    assert 0.4 * target < error < 1.001 * target
    assert tuple(force.getPMEParametersInContext(tuned)[1:]) == best.settings.grid


@pytest.mark.parametrize(("target", "platform"), [(1.0, "Reference"), (0.02, "Reference"), (1.0, "CUDA double")])
def test_esp_is_tried(target, platform):
    """With the loosest tolerance that meets the target."""
    context = make_salt_context("rectangular", platform)
    result = tunePME(context, target, orders=[6], precisions=["double"], maxParticles=50)
    assert [trial.settings.kSpaceMethod for trial in result.trials] == ["SPME", "ESP"]
    assert (result.present.settings.kSpaceMethod, result.defaults.settings.kSpaceMethod) == ("SPME", "ESP")
    trial = result.trials[1]
    assert trial.forceError <= target and trial.milliseconds > 0
    assert f"ESP {trial.settings.tolerance:.0e}" in list(result.makeTable().columns[0].cells)
    system = replaceNonbondedForce(context.getSystem())
    force = TunablePMEForce.cast(system.getForce(0))
    trial.settings.apply(force)
    tuned = make_context(system, make_salt(BOXES["rectangular"])[0], platform)
    assert force.measureForceErrorInContext(tuned, 10**6).absolute._value < 1.2 * target
    assert force.getKSpaceMethodInContext(tuned) == TunablePMEForce.ESP
    assert tuple(force.getPMEParametersInContext(tuned)[1:]) == trial.settings.grid
    looser = [t for t in (1e-3, 5e-4, 2e-4, 1e-4, 5e-5, 1e-5) if t > trial.settings.tolerance]
    if looser:
        force.setEwaldErrorTolerance(looser[-1])
        worse = make_context(XmlSerializer.clone(system), make_salt(BOXES["rectangular"])[0], platform)
        found = TunablePMEForce.cast(worse.getSystem().getForce(0)).measureForceErrorInContext(worse, 50)
        assert found.absolute._value > target


def test_esp_that_cannot_be_tried():
    """LJPME has none; where only ESP is asked for and does not meet the target, the least error is told."""
    positions, charges = make_salt(BOXES["cubic"])
    dispersion = make_force(charges, openmm.NonbondedForce.LJPME)
    context = make_context(make_system(BOXES["cubic"], len(charges), dispersion), positions)
    result = tunePME(context, 5.0, orders=[5], maxParticles=20)
    assert [trial.settings.kSpaceMethod for trial in result.trials] == ["SPME"]
    assert not result.skipped
    context = make_salt_context("cubic", "Reference")
    with pytest.raises(ValueError, match="no setting has a force error of 1e-08"):
        tunePME(context, 1e-8, kSpaceMethods=["ESP"], maxParticles=20)


def test_relative_target_and_floor():
    context = make_salt_context("cubic", "Reference")
    result = tunePME(context, 1e-3, relative=True, orders=[6], maxParticles=50)
    assert 0.3 < result.target < 2.0  # the RMS force is some hundreds kJ/mol/nm
    assert result.best.forceError <= result.target
    assert not result.skipped
    present = result.present
    assert (present.settings.splineOrder, present.settings.precision) == (5, "default")
    assert present.milliseconds > 0
    assert present.forceError > 0
    with pytest.raises(ValueError, match=r"the least that precision float16 reached on platform Reference is"):
        tunePME(context, 1e-3, orders=[6], precisions=["float16"], maxParticles=50)
    with pytest.raises(ValueError, match="no setting can be tried; the last reason: TunablePMEForce: "):
        tunePME(context, 1.0, False, [6], ["float16"], 50, kSpaceMethods=["ESP"])
    with pytest.raises(ValueError, match="spline orders are 4 to 8, but 99 is among those"):
        tunePME(context, 1.0, orders=[6, 99])
    with pytest.raises(ValueError, match="must be positive"):
        tunePME(context, 0.0)
    _, charges = make_salt(BOXES["cubic"])
    plain = make_force(charges, openmm.NonbondedForce.CutoffPeriodic)
    with pytest.raises(ValueError, match="method PME or LJPME"):
        tunePME(make_context(make_system(BOXES["cubic"], len(charges), plain), make_salt(BOXES["cubic"])[0]), 1.0)


@PLATFORMS
def test_the_system_as_it_is_stays_as_it_is(platform):
    """A NonbondedForce is timed as one, and has the error of its own alpha and grid; defaults are another row."""
    context = make_salt_context("cubic", platform)
    xml = XmlSerializer.serialize(context.getSystem())
    made = []

    class Recording(bench.Bench):
        def _make_context_of(self, system):
            made.append(TunablePMEForce.isinstance(system.getForce(0)))
            return super()._make_context_of(system)

    measured = Recording(context, 50)
    defaults, present = measured.measure_defaults(), measured.measure_present()
    made.clear()
    timed = measured.time_trials([present, defaults])
    assert made == [False, True]
    assert all(trial.milliseconds > 0 for trial in timed) and [trial.unchanged for trial in timed] == [True, False]
    nonbonded = context.getSystem().getForce(0)
    assert present.settings.grid == tuple(nonbonded.getPMEParametersInContext(context)[1:])
    assert defaults.settings != present.settings
    assert XmlSerializer.serialize(context.getSystem()) == xml
    other = replaceNonbondedForce(context.getSystem(), splineOrder=6)
    tunable = make_context(other, make_salt(BOXES["cubic"])[0], platform)
    assert bench.Bench(tunable, 50).measure_defaults() is None
    assert bench.Bench(tunable, 50).measure_present().settings.splineOrder == 6


def test_what_cannot_run_is_skipped():
    context = make_salt_context("cubic")
    result = tunePME(context, 5.0, False, [6], ["float16", "single"], 50)
    assert [(s.splineOrder, s.precision) for s in result.skipped] == [(None, "float16")]
    assert result.skipped[0].reason in str(result.makeTable().caption)


@pytest.fixture
def grids(monkeypatch):
    """Record the grids of all settings that are measured."""
    measured = []
    try_force = bench.Bench._try_force

    def record(self, *arguments):
        trial = try_force(self, *arguments)
        measured.append(trial.settings.grid)
        return trial

    monkeypatch.setattr(bench.Bench, "_try_force", record)
    return measured


def test_no_order_goes_on_where_rounding_ends_it(grids):
    """In single that is near 1e-3 here, where the estimate takes 18 points, however strict the target is."""
    with pytest.raises(ValueError, match="the least that precision single reached on platform CPU is"):
        tunePME(make_salt_context("cubic"), 1e-12, orders=[8], precisions=["single"], maxParticles=50)
    print(grids)
    assert max(max(grid) for grid in grids) <= 100


@pytest.mark.parametrize(
    ("limit", "reason"), [("POINTS_PER_CUTOFF", "spacing is less than 1/20 of"), ("PART_OF_MEMORY", "memory")]
)
def test_grids_are_limited(monkeypatch, grids, limit, reason):
    """Neither is a grid beyond the limits made on the way to a target, nor if it is the first one."""
    most = 50  # points along the axes of this box
    edge, cutoff = BOXES["cubic"][0, 0], 0.9
    if limit == "POINTS_PER_CUTOFF":
        monkeypatch.setattr(bench, limit, 20)
        assert most - 2 < 20 * edge / cutoff < most
    else:
        context_memory = most**3 * bench.BYTES_PER_POINT
        monkeypatch.setattr(bench, "find_memory", lambda: context_memory / bench.PART_OF_MEMORY)
    context = make_salt_context("cubic", "Reference")
    with pytest.raises(ValueError, match=r"the least that precision double reached .* larger cutoff"):
        tunePME(context, 1e-8, orders=[8], maxParticles=50, kSpaceMethods=["SPME"])
    assert 36 <= max(max(grid) for grid in grids) <= most
    grids.clear()
    result = tunePME(context, 0.05, orders=[4, 8], maxParticles=50, kSpaceMethods=["SPME"])
    assert [(s.splineOrder, reason in s.reason) for s in result.skipped] == [(4, True)]
    assert max(max(grid) for grid in grids) <= most


@PLATFORMS
def test_the_chosen_grid_is_that_of_a_context(platform):
    """Which the limits are compared with, in boxes of every shape."""
    for box in BOXES:
        measured = bench.Bench(make_salt_context(box, platform), 10)
        trial = measured.choose(6, "single", 0.2)
        assert tuple(measured.force._chooseGrid(measured.system)) == trial.settings.grid


def test_missing_positions_are_told():
    _, charges = make_salt(BOXES["cubic"])
    system = make_system(BOXES["cubic"], len(charges), make_force(charges))
    context = openmm.Context(system, openmm.VerletIntegrator(0.001), openmm.Platform.getPlatform("CPU"))
    with pytest.raises(openmm.OpenMMException, match="positions have not been set"):
        tunePME(context, 1.0, orders=[6])


def test_forces_of_zero_are_refused():
    positions, charges = make_salt(BOXES["cubic"])
    context = make_context(make_system(BOXES["cubic"], len(charges), make_force(0 * charges)), positions)
    with pytest.raises(ValueError, match="electrostatic forces other than 0"):
        tunePME(context, 1.0, orders=[4], maxParticles=20)


@pytest.mark.parametrize("choice", [("CPU",), ("CUDA", "--precision", "mixed")], ids=["CPU", "CUDA"])
def test_command(tmp_path, choice):
    context = make_salt_context("cubic", choice[0])
    context.setPeriodicBoxVectors(*(1.01 * BOXES["cubic"]))
    (tmp_path / "system.xml").write_text(XmlSerializer.serialize(context.getSystem()))
    (tmp_path / "state.xml").write_text(XmlSerializer.serialize(context.getState(getPositions=True)))
    files = [str(tmp_path / "system.xml"), str(tmp_path / "state.xml")]
    arguments = ["tune", *files, "--platform", *choice, "--orders", "6"]
    result = CliRunner().invoke(app, [*arguments, "--force-error", "1", "--output", str(tmp_path / "tuned.xml")])
    assert result.exit_code == 0, result.output
    assert "ms/step" in result.output
    assert "as it is" in result.output and "fastest" in result.output
    assert "trying order 6, single" in result.stderr
    assert f"written: {tmp_path / 'tuned.xml'}" in result.output
    tuned = XmlSerializer.deserialize((tmp_path / "tuned.xml").read_text())
    if result.output.rstrip().endswith(", unchanged"):
        assert "Nothing that was tried is faster" in result.output
        assert (tmp_path / "tuned.xml").read_text() == (tmp_path / "system.xml").read_text()
    else:
        assert result.output.rstrip().endswith("; import openmmsurrogate before you read it")
        force = TunablePMEForce.cast(tuned.getForce(0))
        splits = ((TunablePMEForce.ESP, 5), (TunablePMEForce.SPME, 5), (TunablePMEForce.SPME, 6))
        assert (force.getKSpaceMethod(), force.getSplineOrder()) in splits
        assert tuned.getDefaultPeriodicBoxVectors()[0][0]._value == pytest.approx(1.01 * BOXES["cubic"][0, 0])
    for orders, message in (("4,x", "whole numbers"), ("4,9", "4 to 8, but 9")):
        refused = CliRunner().invoke(app, [*arguments[:-1], orders, "--force-error", "1"])
        assert refused.exit_code == 2 and message in " ".join(refused.output.split())
    absent = CliRunner().invoke(app, [*arguments, "--force-error", "1", "--platform", "GPU"])
    assert absent.exit_code == 2 and "has no platform GPU here" in absent.output and "doctor" in absent.output
    small = CliRunner().invoke(app, [*arguments, "--force-error", "1", "--platform", "cpu"])
    assert small.exit_code == 2 and "no platform cpu here, but CPU." in " ".join(small.output.split())
    for platform, message in (("CPU", "no choice of precision"), (choice[0], "half")):
        wrong = ["--force-error", "1", "--platform", platform, "--precision", "half"]
        refused = CliRunner().invoke(app, [*arguments, *wrong])
        assert refused.exit_code == 2 and message in " ".join(refused.output.split())


@pytest.mark.parametrize(
    ("split", "source"),
    [("ESP", "setEwaldErrorTolerance(0.0001)"), ("SPME", "setPMEParameters(2.5, 20, 24, 27)")],
)
def test_command_tells_that_a_force_error_tolerance_is_replaced(tmp_path, monkeypatch, split, source):
    context = make_salt_context("cubic")
    system = replaceNonbondedForce(context.getSystem(), forceErrorTolerance=0.5)
    (tmp_path / "system.xml").write_text(XmlSerializer.serialize(system))
    (tmp_path / "state.xml").write_text(XmlSerializer.serialize(context.getState(getPositions=True)))
    settings = bench.TunedSettings(6 if split == "SPME" else 5, 2.5, (20, 24, 27), "single", split, 1e-4)
    found = TuneResult(1.0, trials=[bench.Trial(settings, 0.9, 1.0)])
    monkeypatch.setattr("openmmsurrogate.pme.tunePME", lambda *arguments, **named: found)
    files = [str(tmp_path / name) for name in ("system.xml", "state.xml")]
    output = tmp_path / "tuned.xml"
    result = CliRunner().invoke(app, ["tune", *files, "--force-error", "1", "--output", str(output)])
    assert result.exit_code == 0, result.output
    expected = f"force error tolerance of the System, 0.5 kJ/(nm mol), no longer chooses its parameters: {source} does"
    assert expected in result.output
    tuned = XmlSerializer.deserialize(output.read_text())
    force = TunablePMEForce.cast(tuned.getForce(0))
    again = make_context(tuned, make_salt(BOXES["cubic"])[0])
    assert force.getKSpaceMethodInContext(again) == getattr(TunablePMEForce, split)
    if split == "SPME":
        assert force.getPMEParametersInContext(again) == [2.5, 20, 24, 27]
    else:
        assert force.getEwaldErrorTolerance() == 1e-4 and force.getForceErrorTolerance()._value == 0


def test_command_says_what_is_wrong(tmp_path):
    """Bad input before the search, which can take minutes."""
    context = make_salt_context("cubic")
    (tmp_path / "system.xml").write_text(XmlSerializer.serialize(context.getSystem()))
    state = XmlSerializer.serialize(context.getState(getPositions=True))
    (tmp_path / "state.xml").write_text(state)
    (tmp_path / "nan.xml").write_text(re.sub('<Position x="[^"]*"', '<Position x="nan"', state, count=1))
    (tmp_path / "more.xml").write_text(state.replace("</Positions>", '<Position x="0" y="0" z="0"/></Positions>'))
    for positions, options, message in (
        ("state.xml", ("1", "--output", str(tmp_path / "absent" / "tuned.xml")), "there is no folder"),
        ("state.xml", ("inf",), "must be positive and finite, but is inf"),
        ("state.xml", ("1e-12", "--orders", "6"), "no setting has a force error of 1e-12"),
        ("nan.xml", ("1",), "the position of particle 0 is not finite"),
        ("more.xml", ("1",), "has 216 particles, so that positions must have shape (216, 3), but they have (217, 3)"),
    ):
        files = [str(tmp_path / name) for name in ("system.xml", positions)]
        refused = CliRunner().invoke(app, ["tune", *files, "--force-error", *options])
        assert refused.exit_code == 1 and message in refused.output, refused.output
