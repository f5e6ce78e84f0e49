# SPDX-License-Identifier: MIT
"""Force data from DCD and XTC trajectories, and trajectories that do not fit."""

import struct

import numpy as np
import openmm
import pytest
import small_liquid
from openmm import app, unit
from typer.testing import CliRunner

from openmmsurrogate import cli
from openmmsurrogate.data import ForceDataset, assignTypes, loadSystem, recordTrajectory
from openmmsurrogate.data.dcd_file import DCDReader

FACTORY = small_liquid.__file__ + ":create_system"
SKEW = {"skew": 0.3}


def make_topology(count=64):
    topology = app.Topology()
    residue = topology.addResidue("LIQ", topology.addChain())
    for i in range(count):
        element = app.Element.getBySymbol(("Ar", "Kr")[i % 2])
        topology.addAtom(element.symbol, element, residue)
    return topology


@pytest.fixture(scope="module")
def simulated(tmp_path_factory):
    """Simulate, writing DCD and XTC: the folder, the exact frames (positions, box, forces), and the source."""
    folder = tmp_path_factory.mktemp("trajectory")
    source = loadSystem(FACTORY, options=SKEW)
    topology = make_topology()
    topology.setPeriodicBoxVectors(source.system.getDefaultPeriodicBoxVectors())
    integrator = openmm.LangevinMiddleIntegrator(120, 1, 0.002)
    simulation = app.Simulation(topology, source.system, integrator, openmm.Platform.getPlatform("Reference"))
    simulation.context.setPositions(source.positions)
    for reporter in (app.DCDReporter, app.XTCReporter):
        file = str(folder / f"liquid.{reporter.__name__[:3].lower()}")
        simulation.reporters.append(reporter(file, 5, enforcePeriodicBox=False))
    frames = []
    for _ in range(6):
        simulation.step(5)
        state = simulation.context.getState(positions=True, forces=True)
        frames.append(
            (
                state.getPositions(asNumpy=True).value_in_unit(unit.nanometer),
                state.getPeriodicBoxVectors(asNumpy=True).value_in_unit(unit.nanometer),
                state.getForces(asNumpy=True).value_in_unit(unit.kilojoule_per_mole / unit.nanometer),
            )
        )
    return folder, frames, source


@pytest.mark.parametrize(("suffix", "resolution"), [("dcd", 1e-6), ("xtc", 1e-3)])
def test_trajectories_give_frames_with_forces(simulated, tmp_path, suffix, resolution):
    folder, frames, source = simulated
    path = tmp_path / "data.h5"
    seen = []
    file = folder / f"liquid.{suffix}"
    count = recordTrajectory(source, assignTypes(source), file, path, None, 3, 120.0, lambda *n: seen.append(n))
    assert count == 3
    assert seen == [(1, 3), (2, 3), (3, 3)]
    with ForceDataset(path) as dataset:
        assert dataset.temperature == 120.0
        for frame, (positions, box, forces) in zip(dataset, (frames[0], frames[2], frames[5]), strict=True):
            np.testing.assert_allclose(frame.positions, positions, atol=resolution)
            np.testing.assert_allclose(frame.box, box, atol=1e-6)
            # Forces are those of the rounded positions: some 10^4 kJ/mol/nm^2 times the resolution away.
            assert np.abs(frame.forces - forces).max() < 3e4 * resolution


def test_the_command_takes_all_frames(simulated, tmp_path):
    folder, _, _ = simulated
    arguments = ["sample", FACTORY, "--option", "skew=0.3", "--trajectory", str(folder / "liquid.dcd")]
    result = CliRunner().invoke(cli.app, [*arguments, "-o", str(tmp_path / "data.h5")])
    assert result.exit_code == 0, result.output
    with ForceDataset(tmp_path / "data.h5") as dataset:
        assert (len(dataset), dataset.temperature) == (6, None)
    result = CliRunner().invoke(cli.app, [*arguments, "-o", str(tmp_path / "other.h5"), "--interval", "1"])
    assert result.exit_code == 1
    assert "interval is for simulations" in result.stderr


def record(source, trajectory, tmp_path, **options):
    recordTrajectory(source, assignTypes(source), trajectory, tmp_path / "data.h5", **options)


def test_trajectories_that_do_not_fit_are_refused(simulated, tmp_path):
    folder, _, source = simulated
    system = openmm.System()
    for _ in range(10):
        system.addParticle(39.948)
    other = type(source)(system, None, None, "ten atoms")
    for suffix in ("dcd", "xtc"):
        with pytest.raises(ValueError, match=rf"liquid.{suffix} has 64 atoms, but the System has 10 particles"):
            record(other, folder / f"liquid.{suffix}", tmp_path)
    with pytest.raises(ValueError, match="has 6 frames, of which 7 cannot be taken"):
        record(source, folder / "liquid.dcd", tmp_path, numFrames=7)
    with pytest.raises(ValueError, match=r"read from .dcd and .xtc files"):
        record(source, folder / "liquid.trr", tmp_path)
    with pytest.raises(FileNotFoundError, match="no file"):
        record(source, folder / "missing.xtc", tmp_path)
    assert not (tmp_path / "data.h5").exists()


def test_a_trajectory_of_another_system_is_recognized_by_its_forces(simulated, tmp_path):
    folder, _, source = simulated
    system = openmm.XmlSerializer.clone(source.system)
    system.getForce(0).setGlobalParameterDefaultValue(0, 1.5)  # atoms four times as large
    with pytest.raises(ValueError, match=r"frame 0: the RMS force is .* does not seem to be one of this System"):
        record(type(source)(system, None, None, "large"), folder / "liquid.dcd", tmp_path)


def write_dcd(path, frames, box=None):
    with open(path, "wb") as file:
        topology = make_topology(len(frames[0]))
        topology.setPeriodicBoxVectors(box)
        dcd = app.DCDFile(file, topology, 0.002)
        for frame in frames:
            dcd.writeModel(frame * unit.nanometer)


def test_frames_without_box_or_with_nan_are_refused(simulated, tmp_path):
    _, frames, source = simulated
    positions, box, _ = frames[0]
    write_dcd(tmp_path / "boxless.dcd", [positions])
    with pytest.raises(ValueError, match="frame 0 has no box, but the System is periodic"):
        record(source, tmp_path / "boxless.dcd", tmp_path)
    bad = positions.copy()
    bad[3, 1] = np.nan
    data = bytearray()
    write_dcd(tmp_path / "bad.dcd", [positions, positions], box * unit.nanometer)
    data += (tmp_path / "bad.dcd").read_bytes()
    data[-8:-4] = struct.pack("<f", np.nan)  # the last z
    (tmp_path / "bad.dcd").write_bytes(data)
    (tmp_path / "data.h5").unlink()
    with pytest.raises(ValueError, match="frame 1: a position is not finite"):
        record(source, tmp_path / "bad.dcd", tmp_path)
    with ForceDataset(tmp_path / "data.h5") as dataset:
        assert len(dataset) == 1


def test_damaged_files_are_refused(simulated, tmp_path):
    folder, _, source = simulated
    for suffix in ("dcd", "xtc"):
        data = (folder / f"liquid.{suffix}").read_bytes()
        file = tmp_path / f"short.{suffix}"
        file.write_bytes(data[:-20])
        with pytest.raises(ValueError, match=rf"short.{suffix}"):
            record(source, file, tmp_path)
        file.write_text("text")
        with pytest.raises(ValueError, match=rf"short.{suffix}"):
            record(source, file, tmp_path)


def test_big_endian_files_and_cosines_are_read(tmp_path):
    """CHARMM writes cosines, and machines of old wrote the other order of bytes."""
    positions = np.arange(12, dtype=float).reshape(4, 3)
    flags = [0] * 20
    flags[10] = 1

    def record_of(data):
        return struct.pack(">i", len(data)) + data + struct.pack(">i", len(data))

    content = record_of(b"CORD" + struct.pack(">20i", *flags)) + record_of(struct.pack(">i", 0))
    content += record_of(struct.pack(">i", 4)) + record_of(struct.pack(">6d", 20.0, 0.5, 30.0, 0.0, 0.0, 40.0))
    for axis in range(3):
        content += record_of(positions[:, axis].astype(">f4").tobytes())
    (tmp_path / "old.dcd").write_bytes(content)
    with DCDReader(tmp_path / "old.dcd") as reader:
        ((found, box),) = list(reader)
    np.testing.assert_allclose(found, 0.1 * positions, atol=1e-6)
    # gamma = 60 degrees, in reduced form
    np.testing.assert_allclose(box, [[2, 0, 0], [-0.5, 1.5 * np.sqrt(3), 0], [0, 0, 4]], atol=1e-6)
