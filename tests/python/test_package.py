# SPDX-License-Identifier: MIT
"""Loading of the package, its checks of OpenMM, the command line, and its types."""

import inspect
import re
import subprocess
import sys
from importlib.metadata import PackageNotFoundError
from pathlib import Path

import openmm
import pytest
from rich.console import Console
from typer.testing import CliRunner

import openmmsurrogate
from openmmsurrogate import _loading, cli
from openmmsurrogate.cli import doctor

PACKAGE = Path(openmmsurrogate.__file__).parent
CONFIG = str(Path(__file__).parents[2] / "pyproject.toml")
PUBLIC_CLASSES = [openmmsurrogate.PairNetwork, openmmsurrogate.SurrogateForce, openmmsurrogate.SurrogateModel]


def test_reference_and_cpu_plugins_are_loaded():
    for platform in ("Reference", "CPU"):
        assert not [text for text in openmmsurrogate.pluginLoadFailures if _loading.PLUGINS[platform] in text]
        assert openmm.Platform.getPlatform(platform).supportsKernels(["CalcSurrogateForce"])


def test_a_missing_cuda_platform_is_no_failure(monkeypatch):
    assert openmmsurrogate.pluginLoadFailures == []
    monkeypatch.setattr(_loading, "get_platform_names", lambda: ["Reference", "CPU", "OpenCL"])
    assert _loading.load_plugins() == []
    monkeypatch.setattr(_loading, "get_platform_names", lambda: ["Reference"])
    assert _loading.load_plugins() == ["libOpenMMSurrogateCPU.so: not loaded, because OpenMM has no platform CPU here"]


def test_a_library_that_cannot_be_loaded_is_told(tmp_path, monkeypatch):
    for library in _loading.PLUGINS.values():
        (tmp_path / library).write_text("not a library")
    (tmp_path / _loading.PLUGINS["CPU"]).unlink()
    monkeypatch.setattr(_loading, "PLUGIN_FOLDER", tmp_path)
    failures = _loading.load_plugins()
    assert len(failures) == (3 if "CUDA" in _loading.get_platform_names() else 2)
    assert "libOpenMMSurrogateReference.so" in failures[0]
    assert failures[1] == "libOpenMMSurrogateCPU.so: this installation was built without it"


def test_loading_twice_registers_once():
    assert _loading.load_plugins() == openmmsurrogate.pluginLoadFailures
    result = CliRunner().invoke(cli.app, ["doctor"])
    assert result.exit_code == 0


@pytest.mark.parametrize(
    ("version", "age"), [("8.5.2", "old"), ("8.6", "old"), ("8.7.0", "new"), ("9.0.0.dev1", "new")]
)
def test_openmm_of_another_version_is_refused(monkeypatch, version, age):
    monkeypatch.setattr(openmm.version, "short_version", version)
    with pytest.raises(ImportError, match=f"OpenMM {version} is too {age}.*pip install 'openmm>=8.6.1,<8.7'"):
        _loading.check_openmm_version()


@pytest.mark.parametrize("version", ["8.6.1", "8.6.1.dev-b399af4", "8.6.12"])
def test_openmm_of_a_fitting_version_is_taken(monkeypatch, version):
    monkeypatch.setattr(openmm.version, "short_version", version)
    _loading.check_openmm_version()


def test_another_swig_type_table_is_refused(monkeypatch):
    monkeypatch.setattr("openmmsurrogate._wrapper.SWIG_TYPE_TABLE_VERSION", "4")
    with pytest.raises(ImportError, match=r"swig_runtime_data4.*swig_runtime_data5.*pip install"):
        _loading.check_swig_type_table()


def test_doctor_prints_what_there_is():
    result = subprocess.run(
        [sys.executable, "-m", "openmmsurrogate.cli", "doctor"], capture_output=True, text=True, timeout=300
    )
    assert result.returncode == 0, result.stderr
    for text in (
        openmmsurrogate.__version__,
        "8.6.1",
        "Reference",
        "CPU",
        "Automatic is ESP",
        "argon",
        *openmmsurrogate.pluginLoadFailures,
    ):
        assert text in result.stdout


def test_doctor_tells_what_extra_packages_are_for(monkeypatch, capsys):
    def find_version(package):
        if package in ("torch", "h5py"):
            raise PackageNotFoundError(package)
        return "1.2.3"

    monkeypatch.setattr(doctor, "version", find_version)
    doctor.print_versions(Console(width=200))
    printed = capsys.readouterr().out
    assert "1.2.3" in printed
    assert re.search(r"h5py .*not installed \(sample, train, .*need it: pip install '\.\[train\]'", printed)
    assert re.search(r"torch .*not installed \(train and quantize need it: ", printed)


def test_doctor_sees_a_mesh_that_is_wrong(monkeypatch):
    assert doctor.try_mesh("CPU").works
    monkeypatch.setattr(doctor, "MADELUNG", 1.8)
    report = doctor.try_mesh("CPU")
    assert not report.works and "wrong energy" in report.detail
    assert "Abacus" in doctor.try_mesh("Abacus").detail


def test_doctor_tells_a_missing_platform_of_openmm_once():
    failures = [f"Error loading library /l/libOpenMM{part}OpenCL.so: libOpenCL.so.1: missing" for part in ("", "RPMD")]
    failures += [
        f"Error loading library /l/{text}" for text in ("libOpenMMCUDA.so: out of date", "libOther.so: broken")
    ]
    assert doctor.summarize_openmm_failures(failures, ["Reference", "CPU", "CUDA"]) == [
        "OpenMM has no platform OpenCL here (libOpenCL.so.1: missing). Reference and CPU do not need it.",
        "OpenMM could not load: Error loading library /l/libOpenMMCUDA.so: out of date",
        "OpenMM could not load: Error loading library /l/libOther.so: broken",
    ]


def test_doctor_advises_only_what_can_be_installed():
    advice = doctor.list_advice([doctor.PlatformReport("Reference", True, "")])
    assert len(advice) == 2
    assert all("install" in text and "openmm-surrogate" not in text for text in advice)


def test_doctor_fails_where_the_cpu_platform_does(monkeypatch):
    def try_platform(name):
        return doctor.PlatformReport(name, name != "CPU", "detail")

    monkeypatch.setattr(doctor, "try_platform", try_platform)
    result = CliRunner().invoke(cli.app, ["doctor"])
    assert result.exit_code == 1
    assert "CPU should work everywhere. Reinstall" in result.output


def test_commands_tell_errors_without_a_traceback(monkeypatch):
    def try_platform(name):
        raise openmm.OpenMMException("[what is wrong] and how to mend it")

    monkeypatch.setattr(doctor, "try_platform", try_platform)
    result = CliRunner().invoke(cli.app, ["doctor"])
    assert result.exit_code == 1
    assert result.stderr == "openmm-surrogate: [what is wrong] and how to mend it\n"


@pytest.mark.parametrize(("method", "quantity"), [("computeForce", "force"), ("computeEnergy", "energy")])
def test_doctor_notices_wrong_values(monkeypatch, method, quantity):
    model = doctor.make_test_force().getModel()
    right = getattr(model, method)
    monkeypatch.setattr(model, method, lambda *args: 1.001 * right(*args), raising=False)
    monkeypatch.setattr(openmmsurrogate.SurrogateForce, "getModel", lambda self: model)
    report = doctor.try_platform("Reference")
    assert not report.works
    assert f"wrong {quantity}" in report.detail


@pytest.mark.parametrize("cls", PUBLIC_CLASSES, ids=lambda cls: cls.__name__)
def test_every_public_method_is_documented_and_typed(cls):
    for name, method in inspect.getmembers(cls, inspect.isfunction):
        if name.startswith("_") or method.__module__.startswith("openmm."):
            continue
        assert inspect.getdoc(method), f"{cls.__name__}.{name} has no documentation"
        signature = inspect.signature(method)
        assert signature.return_annotation is not inspect.Signature.empty, f"{cls.__name__}.{name}"
        for parameter in signature.parameters.values():
            assert parameter.name == "self" or parameter.annotation is not inspect.Parameter.empty, (
                f"{cls.__name__}.{name}"
            )


def test_type_checkers_see_the_types(tmp_path):
    program = tmp_path / "program.py"
    program.write_text(
        "from openmmsurrogate import SurrogateForce, SurrogateModel\n"
        'model = SurrogateModel(["A"], 1.0)\n'
        "force = SurrogateForce(model)\n"
        'index: int = force.addParticle("A")\n'
        "force.addParticle(None)\n"
        "names: list[int] = model.getTypeNames()\n"
    )
    result = subprocess.run(
        [sys.executable, "-m", "mypy", "--config-file=", "--cache-dir", str(tmp_path / "cache"), str(program)],
        capture_output=True,
        text=True,
        timeout=300,
        cwd=tmp_path,
    )
    errors = [line for line in result.stdout.splitlines() if "error:" in line]
    assert len(errors) == 2, result.stdout + result.stderr
    assert "program.py:5" in errors[0]
    assert "program.py:6" in errors[1]


def test_stubs_agree_with_the_extension(tmp_path):
    result = subprocess.run(
        [
            sys.executable,
            "-m",
            "mypy.stubtest",
            "openmmsurrogate._wrapper",
            "--ignore-missing-stub",
            "--mypy-config-file",
            CONFIG,
        ],
        capture_output=True,
        text=True,
        timeout=300,
        cwd=tmp_path,
    )
    assert result.returncode == 0, result.stdout + result.stderr
