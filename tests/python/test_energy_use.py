# SPDX-License-Identifier: MIT
"""EnergyUseReporter, with an NVML that the tests make up: arithmetic, and what is said where there is no counter."""

import gc
import io
import sys
import time
import types

import numpy as np
import openmm
import pytest
from openmm import app, unit

from openmmsurrogate import EnergyUseReporter
from openmmsurrogate.reporters import (
    EnergyCounter,
    EnergyCounterError,
    cuda_devices,
    energy_counter,
    energy_use,
    power_meter,
)

WATTS = 250.0
SECONDS_PER_STEP = 0.05


class FakeClock:
    """A clock that the integrator moves."""

    def __init__(self):
        self.now = 1000.0


class FakeIntegrator(openmm.VerletIntegrator):
    """Steps that take a known time."""

    def __init__(self, clock):
        super().__init__(0.002)
        self.clock = clock

    def step(self, steps):
        super().step(steps)
        self.clock.now += SECONDS_PER_STEP * steps


class FakeNVML(types.ModuleType):
    """Two GPUs that draw constant power."""

    class NVMLError(Exception):
        pass

    def __init__(self, clock, devices=("GPU-a", "GPU-b")):
        super().__init__("pynvml")
        self.clock, self.devices, self.supported, self.loaded, self.still = clock, devices, True, True, False

    def nvmlInit(self):
        if not self.loaded:
            raise self.NVMLError("Driver Not Loaded")

    def nvmlDeviceGetHandleByUUID(self, uuid):
        if uuid not in self.devices:
            raise self.NVMLError("Not Found")
        return uuid

    def nvmlDeviceGetTotalEnergyConsumption(self, handle):
        if not self.supported:
            raise self.NVMLError("Not Supported")
        return 7000 if self.still else int(1000 * WATTS * self.clock.now)


@pytest.fixture
def clock(monkeypatch):
    clock = FakeClock()
    monkeypatch.setattr(energy_use.time, "perf_counter", lambda: clock.now)
    return clock


@pytest.fixture
def nvml(monkeypatch, clock):
    module = FakeNVML(clock)
    monkeypatch.setitem(sys.modules, "pynvml", module)
    monkeypatch.setattr(energy_counter, "get_context_devices", lambda context: ["GPU-a"])
    return module


def make_simulation(clock, platform="Reference"):
    system, topology = openmm.System(), app.Topology()
    system.addParticle(40.0)
    topology.addAtom("Ar", app.element.argon, topology.addResidue("Ar", topology.addChain()))
    simulation = app.Simulation(topology, system, FakeIntegrator(clock), openmm.Platform.getPlatform(platform))
    simulation.context.setPositions([[0.0, 0.0, 0.0]])
    return simulation


def run(clock, steps, interval, **options):
    simulation, out = make_simulation(clock), io.StringIO()
    simulation.reporters.append(EnergyUseReporter(out, interval, **options))
    simulation.step(steps)
    return out.getvalue().splitlines()


def test_lines_have_the_energy_of_their_interval(clock, nvml):
    lines = run(clock, 200, 100)
    assert lines[0] == "#" + ",".join(f'"{name}"' for name in energy_use.COLUMNS)
    assert len(lines) == 3
    for line, step in zip(lines[1:], (100, 200), strict=True):
        values = [float(value) for value in line.split(",")]
        perStep = WATTS * SECONDS_PER_STEP
        speed = 86400.0 / SECONDS_PER_STEP * 2e-6  # 2 fs a step
        np.testing.assert_allclose(values, [step, 0.002 * step, perStep, perStep / 2e-6, WATTS, speed], rtol=1e-3)


def test_all_devices_of_a_context_count(clock, nvml, monkeypatch):
    monkeypatch.setattr(energy_counter, "get_context_devices", lambda context: ["GPU-b", "GPU-a"])
    assert float(run(clock, 100, 100)[1].split(",")[4]) == pytest.approx(2 * WATTS)


def test_other_separators_and_files(clock, nvml, tmp_path):
    path = tmp_path / "energy.csv"
    for append in (False, True):
        simulation = make_simulation(clock)
        simulation.reporters.append(EnergyUseReporter(path, 100, separator=";", append=append))
        simulation.step(100)
    lines = path.read_text().splitlines()
    assert [line[0] for line in lines] == ["#", "1", "1"]
    assert len(lines[1].split(";")) == len(energy_use.COLUMNS)


def test_a_report_of_another_reporter_does_not_split_the_interval(clock, nvml):
    simulation, out = make_simulation(clock), io.StringIO()
    simulation.reporters.append(EnergyUseReporter(out, 100))
    simulation.reporters.append(app.StateDataReporter(io.StringIO(), 30, step=True))
    simulation.step(100)
    assert float(out.getvalue().splitlines()[1].split(",")[2]) == pytest.approx(WATTS * SECONDS_PER_STEP, rel=1e-3)


def test_reset_leaves_out_what_was_done_between(clock, nvml):
    simulation, out = make_simulation(clock), io.StringIO()
    reporter = EnergyUseReporter(out, 100)
    simulation.reporters.append(reporter)
    simulation.step(100)
    clock.now += 3600.0
    reporter.reset(simulation)
    simulation.step(100)
    lines = out.getvalue().splitlines()
    assert lines[1].split(",")[2:] == lines[2].split(",")[2:]


def test_a_short_interval_has_no_energy_and_says_so_once(clock, nvml):
    with pytest.warns(UserWarning, match=r"10 steps took 0\.5 s, too short.*reportInterval of 41 steps") as caught:
        lines = run(clock, 30, 10)
    assert len(caught) == 1
    for line in lines[1:]:
        values = line.split(",")
        assert values[2:5] == ["--", "--", "--"]
        assert float(values[5]) > 0.0


def test_a_counter_that_stands_still_is_an_error(clock, nvml):
    nvml.still = True
    with pytest.raises(EnergyCounterError, match="stands still"):
        run(clock, 100, 100)


@pytest.mark.parametrize("fault", ["still", "lost"])
def test_a_counter_that_fails_in_a_run_is_warned_of_once_if_not_required(clock, nvml, fault):
    simulation, out = make_simulation(clock), io.StringIO()
    simulation.reporters.append(EnergyUseReporter(out, 100, required=False))
    simulation.step(100)
    nvml.still, nvml.supported = fault == "still", fault != "lost"
    with pytest.warns(UserWarning, match=r"stands still|cannot be read: Not Supported") as caught:
        simulation.step(300)
    assert len(caught) == 1
    lines = [line.split(",") for line in out.getvalue().splitlines()[1:]]
    assert float(lines[0][4]) == pytest.approx(WATTS, rel=1e-3)
    assert [line[2:5] for line in lines[1:]] == 3 * [["--", "--", "--"]]
    assert all(float(line[5]) > 0.0 for line in lines)


def test_a_counter_that_is_lost_in_a_run_is_an_error_if_required(clock, nvml):
    simulation = make_simulation(clock)
    simulation.reporters.append(EnergyUseReporter(io.StringIO(), 100))
    simulation.step(100)
    nvml.supported = False
    with pytest.raises(EnergyCounterError, match="GPU-a cannot be read"):
        simulation.step(100)


def test_a_missing_pynvml_is_named(clock, nvml, monkeypatch):
    monkeypatch.setitem(sys.modules, "pynvml", None)
    with pytest.raises(EnergyCounterError, match=r"pip install nvidia-ml-py\. \(With required=False"):
        run(clock, 100, 100)


def test_a_missing_driver_is_named(clock, nvml):
    nvml.loaded = False
    with pytest.raises(EnergyCounterError, match="does not start: Driver Not Loaded"):
        run(clock, 100, 100)


def test_a_gpu_without_counter_is_named(clock, nvml):
    nvml.supported = False
    with pytest.raises(EnergyCounterError, match=r"GPU-a cannot be read: Not Supported.*Volta"):
        run(clock, 100, 100)


def test_a_part_of_a_gpu_is_named(clock, nvml, monkeypatch):
    monkeypatch.setattr(energy_counter, "get_context_devices", lambda context: ["GPU-c"])
    with pytest.raises(EnergyCounterError, match=r"does not know the GPU GPU-c.*MIG"):
        run(clock, 100, 100)


def test_other_platforms_are_refused_before_the_first_step(clock, monkeypatch):
    monkeypatch.setitem(sys.modules, "pynvml", FakeNVML(clock))
    simulation = make_simulation(clock, "CPU")
    simulation.reporters.append(EnergyUseReporter(io.StringIO(), 10))
    with pytest.raises(EnergyCounterError, match="the Context is on platform CPU"):
        simulation.step(100)
    assert simulation.currentStep == 0


def test_a_counter_that_is_not_required_is_warned_of(clock, monkeypatch):
    monkeypatch.setitem(sys.modules, "pynvml", FakeNVML(clock))
    with pytest.warns(UserWarning, match="no energies: the Context is on platform Reference"):
        lines = run(clock, 200, 100, required=False)
    assert [line.split(",")[2:5] for line in lines[1:]] == 2 * [["--", "--", "--"]]
    assert float(lines[1].split(",")[5]) == pytest.approx(86400.0 / SECONDS_PER_STEP * 2e-6, rel=1e-3)


def test_a_bad_interval_is_refused():
    with pytest.raises(ValueError, match="at least 1 step, but is 0"):
        EnergyUseReporter(io.StringIO(), 0)


@pytest.mark.filterwarnings("error::pytest.PytestUnraisableExceptionWarning")
def test_a_file_that_cannot_be_opened_is_the_only_error(tmp_path):
    """Nothing else is raised, and ignored, when the reporter that was not made is deleted."""
    with pytest.raises(FileNotFoundError, match="absent"):
        EnergyUseReporter(tmp_path / "absent" / "energy.csv", 10)
    gc.collect()


def test_devices_are_found_by_what_cuda_calls_them(monkeypatch):
    class Driver:
        """Three devices, of which CUDA hides the first."""

        def cuInit(self, flags):
            return 0

        def cuDeviceGet(self, device, ordinal):
            device._obj.value = ordinal + 1
            return 0 if ordinal < 2 else 101

        def cuDeviceGetUuid_v2(self, raw, device):
            raw._obj[:] = bytes(15 * [0] + [device.value])
            return 0

        def cuGetErrorName(self, result, name):
            name._obj.value = b"CUDA_ERROR_INVALID_DEVICE"

    class Platform:
        def getName(self):
            return "CUDA"

        def getPropertyValue(self, context, name):
            return {"DeviceIndex": context.devices}[name]

    def find(devices):
        return cuda_devices.get_context_devices(types.SimpleNamespace(devices=devices, getPlatform=Platform))

    monkeypatch.setattr(cuda_devices.ctypes, "CDLL", lambda name: Driver())
    first, second = (f"GPU-00000000-0000-0000-0000-00000000000{i}" for i in (1, 2))
    assert find("1,0") == [second, first]
    with pytest.raises(cuda_devices.DeviceLookupError, match=r"cuDeviceGet\(2\) failed with CUDA_ERROR_INVALID_DEVICE"):
        find("2")


def test_a_missing_driver_library_is_named(monkeypatch):
    monkeypatch.setattr(cuda_devices, "DRIVER_LIBRARY", "libnothing.so.1")
    with pytest.raises(cuda_devices.DeviceLookupError, match=r"driver cannot be loaded: libnothing\.so\.1"):
        cuda_devices.get_device_uuid(0)


def test_the_counter_sums_joules(nvml, clock):
    counter = EnergyCounter(["GPU-a", "GPU-b"])
    assert counter.getDevices() == ("GPU-a", "GPU-b")
    assert counter.read() == pytest.approx(2 * WATTS * clock.now)
    assert unit.is_quantity(counter.read()) is False


def test_power_is_found_between_moves_of_the_counter():
    moves = [(0.1 * k, 30.0 * k) for k in range(1, 40)]  # 300 W
    assert power_meter.findPower(moves, [(0.25, 1.0), (1.01, 2.0)]) == pytest.approx(300.0)
    assert power_meter.joinWindows([(0.0, 1.0), (1.01, 2.0), (3.0, 4.0)]) == [(0.0, 2.0), (3.0, 4.0)]
    other = [*moves[:10], (1.05, 1000.0), *[(t, j + 1000.0) for t, j in moves[10:]]]
    assert power_meter.findPower(other, [(0.0, 1.0), (2.0, 3.0)]) == pytest.approx(
        300.0
    )  # what is between does not count
    assert power_meter.findPower(moves, [(0.25, 0.55)]) is None
    assert power_meter.findPower([], [(0.0, 2.0)]) is None


def test_a_meter_watches_a_counter_beside_the_steps():
    class Counter:
        def read(self):
            return 20.0 * int(50.0 * time.perf_counter())  # 1000 W, moves every 20 ms

    with power_meter.PowerMeter(Counter()) as meter:
        start = time.perf_counter()
        time.sleep(0.5)
        power = meter.findPower([(start, time.perf_counter())])
    assert power == pytest.approx(1000.0, rel=0.2)
    with power_meter.PowerMeter(None) as meter:
        assert meter.findPower([(0.0, 10.0)]) is None
