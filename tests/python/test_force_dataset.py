# SPDX-License-Identifier: MIT
"""Files of force data: round trip, growth, and what interruptions, full disks and damage leave."""

import subprocess
import sys

import h5py
import numpy as np
import pytest

from openmmsurrogate.data import ForceDataset, ForceDatasetWriter, Frame, findPairs, summarizeData

COUNT = 20
BOX = np.array([[2.0, 0, 0], [0.5, 2.0, 0], [0, 0, 2.0]])


def make_frame(seed, virial=False):
    rng = np.random.default_rng(seed)
    positions, forces = rng.uniform(0, 2, (COUNT, 3)), rng.normal(size=(COUNT, 3))
    return Frame(positions, BOX, forces, float(seed), rng.normal(size=3) if virial else None)


def make_writer(path, **options):
    options = {"exclusions": [[0, 1]], "temperature": 100.0, "metadata": {"a": [1]}, "systemXML": "<x/>"} | options
    return ForceDatasetWriter(path, ["A", "B"], [i % 3 - 1 for i in range(COUNT)], **options)


def assert_same(frame, expected):
    np.testing.assert_array_equal(frame.positions, expected.positions)
    np.testing.assert_array_equal(frame.forces, expected.forces)
    assert frame.potentialEnergy == expected.potentialEnergy
    for value, other in ((frame.box, expected.box), (frame.virial, expected.virial)):
        assert (value is None) == (other is None)
        assert value is None or (value == other).all()


@pytest.mark.parametrize("virial", [False, True])
def test_what_is_written_is_read(tmp_path, virial):
    path = tmp_path / "data.h5"
    with make_writer(path, capacity=2, recordsVirial=virial) as writer:
        for i in range(3):  # beyond the capacity: the file grows
            writer.append(make_frame(i, virial))
    with ForceDatasetWriter.reopen(path) as writer:
        assert (writer.numFrames, writer.capacity) == (3, 4)
        writer.truncate(2)
        writer.append(make_frame(7, virial))
    with ForceDataset(path) as dataset:
        assert dataset.typeNames == ("A", "B")
        assert dataset.typeIndices.tolist() == [i % 3 - 1 for i in range(COUNT)]
        assert dataset.exclusions.tolist() == [[0, 1]]
        assert (dataset.periodic, dataset.temperature, dataset.metadata) == (True, 100.0, {"a": [1]})
        assert (dataset.numParticles, len(dataset), dataset.systemXML) == (COUNT, 3, "<x/>")
        for frame, seed in zip(dataset, (0, 1, 7), strict=True):
            assert_same(frame, make_frame(seed, virial))
        assert_same(dataset.frame(-1), make_frame(7, virial))
        with pytest.raises(IndexError, match="no frame 3; there are 3"):
            dataset.frame(3)
    with h5py.File(path) as file:
        assert file["forces"].attrs["unit"] == "kJ/mol/nm"


def test_a_data_set_without_box_temperature_and_system(tmp_path):
    path = tmp_path / "data.h5"
    with ForceDatasetWriter(path, ["A"], [0, 0], periodic=False) as writer:
        writer.append(Frame(np.zeros((2, 3)), None, np.ones((2, 3)), 1.0))
    with ForceDataset(path) as dataset:
        assert dataset.frame(0).box is None
        assert (dataset.temperature, dataset.systemXML, dataset.metadata) == (None, None, {})
        assert dataset.exclusions.shape == (0, 2)


def test_bad_frames_are_refused_and_leave_the_file_as_it_was(tmp_path):
    path = tmp_path / "data.h5"
    good = make_frame(1)
    bad = good.forces.copy()
    bad[4, 2] = np.nan
    with make_writer(path) as writer:
        writer.append(good)
        for frame, message in (
            (Frame(good.positions, BOX, bad, 0.0), r"new frame 1: forces are not finite: nan at index \(4, 2\)"),
            (Frame(good.positions[1:], BOX, good.forces, 0.0), r"positions have shape \(19, 3\) instead of \(20, 3\)"),
            (Frame(good.positions, None, good.forces, 0.0), "a box is needed"),
            (Frame(good.positions, BOX, good.forces, np.inf), "potential energy is inf"),
            (Frame(good.positions, BOX, good.forces, 0.0, np.ones(3)), "a virial is given"),
            (Frame(good.positions, -BOX, good.forces, 0.0), "not in reduced form"),
        ):
            with pytest.raises(ValueError, match=message):
                writer.append(frame)
    with ForceDataset(path) as dataset:
        assert len(dataset) == 1
        assert_same(dataset.frame(0), good)


def test_a_frame_that_was_damaged_is_named(tmp_path):
    path = tmp_path / "data.h5"
    with make_writer(path) as writer:
        writer.append(make_frame(0))
        writer.append(make_frame(1))
    with h5py.File(path, "r+") as file:
        file["positions"][1, 5, 0] = np.nan
    with ForceDataset(path) as dataset, pytest.raises(ValueError, match=r"data.h5: frame 1: positions are not finite"):
        dataset.frame(1)


def set_value(name, value):
    def change(file):
        file[name][...] = value

    return change


def delete(name):
    def change(file):
        del file[name]

    return change


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (delete("forces"), "forces: missing"),
        (delete("typeNames"), "typeNames: missing"),
        (set_value("numFrames", 9), r"positions: shape \(2, 20, 3\) instead of \(9, 20, 3\)"),
        (set_value("typeIndices", 2), "typeIndices: from 2 to 2, but there are 2 types"),
        (set_value("exclusions", 20), "exclusions: a particle is not among the 20"),
        (lambda file: file.attrs.modify("metadata", "{"), "metadata: not a JSON object"),
        (lambda file: file.attrs.modify("formatVersion", 2), "formatVersion: 2, but this package reads 1"),
        (lambda file: file.attrs.modify("format", "x"), "'x' instead of"),
    ],
)
def test_damaged_files_are_refused(tmp_path, change, message):
    path = tmp_path / "data.h5"
    with make_writer(path, capacity=2) as writer:
        writer.append(make_frame(0))
    with h5py.File(path, "r+") as file:
        change(file)
    with pytest.raises(ValueError, match=rf"data.h5: .*{message}"):
        ForceDataset(path)


def test_other_files_are_refused(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"no file .*missing.h5"):
        ForceDataset(tmp_path / "missing.h5")
    (tmp_path / "text.h5").write_text("text")
    with pytest.raises(ValueError, match=r"text.h5 is not a readable HDF5 file"):
        ForceDataset(tmp_path / "text.h5")
    with pytest.raises(FileExistsError, match=r"text.h5 exists already"):
        make_writer(tmp_path / "text.h5")


def run(program, *arguments):
    preamble = "import sys; sys.path.insert(0, sys.argv[1]); from test_force_dataset import *\n"
    command = [sys.executable, "-c", preamble + program, __file__.rpartition("/")[0], *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=60)


def test_a_killed_process_leaves_its_frames(tmp_path):
    path = tmp_path / "data.h5"
    program = """
import os, signal
writer = make_writer(sys.argv[2])
for i in range(3):
    writer.append(make_frame(i))
writer._file["positions"][3] = 1.0  # half a frame
os.kill(os.getpid(), signal.SIGKILL)
"""
    assert run(program, path).returncode == -9
    with ForceDatasetWriter.reopen(path) as writer:
        writer.append(make_frame(3))
    with ForceDataset(path) as dataset:
        for i, frame in enumerate(dataset):
            assert_same(frame, make_frame(i))
        assert len(dataset) == 4


def test_a_full_disk_is_told_and_harms_no_frame(tmp_path):
    path = tmp_path / "data.h5"
    program = """
import resource, signal
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))  # stands for a disk of that size
try:
    make_writer(sys.argv[2] + "-large", capacity=1000)
except OSError as error:
    print(error)
writer = make_writer(sys.argv[2], capacity=16)
try:
    for i in range(1000):
        writer.append(make_frame(i))
except OSError as error:
    print(error)
writer.close()
"""
    result = run(program, path)
    assert result.returncode == 0, result.stderr
    first, second = result.stdout.splitlines()
    assert "data.h5-large: cannot make room for 1000 frames: File too large" in first
    assert "cannot make room for 128 frames: File too large" in second
    assert sorted(file.name for file in tmp_path.iterdir()) == ["data.h5"]
    with ForceDataset(path) as dataset:
        assert len(dataset) == 64
        for i, frame in enumerate(dataset):
            assert_same(frame, make_frame(i))


def test_without_h5py_the_extra_is_named(monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "h5py", None)
    with pytest.raises(ImportError, match=r"pip install '\.\[train\]' in the folder of this package's source"):
        make_writer(tmp_path / "data.h5")


def test_the_summary_counts_what_is_there(tmp_path):
    path = tmp_path / "data.h5"
    frames = [make_frame(i) for i in range(3)]
    with make_writer(path) as writer:
        for frame in frames:
            writer.append(frame)
    with ForceDataset(path) as dataset:
        summary = summarizeData(dataset, 0.8)
        distances = []
        for frame in frames:
            i, j, displacement = findPairs(frame.positions, BOX, 0.8)
            typed = (i % 3 > 0) & (j % 3 > 0) & ((i != 0) | (j != 1))
            distances += np.linalg.norm(displacement[typed], axis=1).tolist()
    assert (summary.numFrames, summary.typeCounts, summary.numUntyped) == (3, {"A": 7, "B": 6}, 7)
    assert summary.numPairs == len(distances)
    assert summary.distances == (min(distances), 0.8)
    assert summary.densities == pytest.approx((2.5, 2.5))
    norms = np.linalg.norm([frame.forces for frame in frames], axis=2)
    assert summary.rmsForce == pytest.approx(np.sqrt(np.mean(norms**2)))
    assert summary.energy == pytest.approx(1.0 / COUNT)
    assert summary.energyError == pytest.approx(1.0 / np.sqrt(3) / COUNT)


def test_data_without_frames_are_refused(tmp_path):
    make_writer(tmp_path / "data.h5").close()
    with ForceDataset(tmp_path / "data.h5") as dataset, pytest.raises(ValueError, match=r"data.h5 has no frames"):
        summarizeData(dataset, 0.8)
