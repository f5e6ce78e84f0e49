# SPDX-License-Identifier: MIT
"""The folder of a study: its settings, and a JSON file for each experiment that is done."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from openmmsurrogate.study.settings import STUDIES, StudySettings

_FORMAT = 1
_DIGITS = 7  # of numbers in results: more than any of them is known to


class StudyFolder:
    """Where the results of a study go.

    Parameters
    ----------
    path
        a folder; made if there is none
    settings
        of the study
    hardware
        what measures: results of another machine do not mix with its own

    Raises
    ------
    ValueError
        if the folder holds a study with other settings, or of other hardware, or other files
    """

    def __init__(self, path: str | os.PathLike[str], settings: StudySettings, hardware: str) -> None:
        self.path = Path(path)
        content = {"format": _FORMAT, "settings": settings.asDict(), "hardware": hardware}
        file = self.path / "study.json"
        if file.exists():
            _refuse_other(file, json.loads(file.read_text()), content)
        elif self.path.exists() and any(self.path.iterdir()):
            raise ValueError(f"{self.path} holds other files, and no study: choose another folder")
        else:
            (self.path / "results").mkdir(parents=True, exist_ok=True)
            _write(file, content)

    def has(self, experiment: str, complete: bool = False) -> bool:
        """Tell whether an experiment is done; if complete, whether nothing failed in it."""
        file = self._file(experiment)
        if not file.exists():
            return False
        return not complete or not any("error" in row for row in json.loads(file.read_text())["rows"])

    def save(self, experiment: str, content: dict[str, Any]) -> None:
        """Write the results of an experiment; the file is there as a whole or not at all."""
        _write(self._file(experiment), _shorten(content))

    def _file(self, experiment: str) -> Path:
        return self.path / "results" / f"{experiment}.json"


@dataclass(frozen=True)
class Results:
    """What a study has found so far."""

    settings: StudySettings
    contents: dict[str, dict[str, Any]]
    """Content of the JSON of each experiment that is done, by its name."""

    @staticmethod
    def load(path: str | os.PathLike[str]) -> Results:
        """Read the folder of a study.

        Raises
        ------
        ValueError
            if it is none
        """
        file = Path(path) / "study.json"
        if not file.exists():
            raise ValueError(f"{path} is not the folder of a study: there is no study.json in it")
        settings = json.loads(file.read_text())["settings"]
        files = sorted((Path(path) / "results").glob("*.json"))
        read = {file.stem: json.loads(file.read_text()) for file in files}
        contents = dict(sorted(read.items(), key=lambda item: item[1]["number"]))  # in the order of the study
        return Results(StudySettings(**{**settings, "sizes": tuple(settings["sizes"])}), contents)

    def find(self, prefix: str) -> dict[str, dict[str, Any]]:
        """Return the contents of the experiments with such names, by name."""
        return {name: content for name, content in self.contents.items() if name.startswith(prefix)}

    def rows(self, prefix: str) -> list[dict[str, Any]]:
        """Return the rows of these experiments, ordered by the number of particles, without those that failed."""
        found = [row for row in self._all_rows(prefix) if "error" not in row]
        return sorted(found, key=lambda row: row.get("particles", 0))

    def failures(self, prefix: str = "") -> list[dict[str, Any]]:
        """Return the rows that say what could not be measured."""
        return [row for row in self._all_rows(prefix) if "error" in row]

    def _all_rows(self, prefix: str) -> Iterator[dict[str, Any]]:
        for content in self.find(prefix).values():
            yield from content.get("rows", [])

    def devices(self, prefix: str = "") -> list[dict[str, Any]]:
        """Return the devices and commits that these experiments were done with, each once."""
        found: list[dict[str, Any]] = []
        for content in self.find(prefix).values():
            device = {key: value for key, value in content["device"].items() if key != "date"}
            if device not in [{k: v for k, v in other.items() if k != "date"} for other in found]:
                found.append(content["device"])
        return found


def _refuse_other(file: Path, there: dict[str, Any], here: dict[str, Any]) -> None:
    advice = "choose another folder with --output, give the same settings, or remove that folder"
    if there.get("format") != _FORMAT:
        raise ValueError(f"{file} has format {there.get('format')}, not {_FORMAT}: {advice}")
    if there["settings"].get("study") not in STUDIES:
        raise ValueError(f"{file} is damaged: it names no study")
    if there["hardware"] != here["hardware"]:
        raise ValueError(
            f"{file.parent} holds a study done on {there['hardware']}, this is {here['hardware']}: their times do "
            f"not mix; {advice}"
        )
    for name, value in here["settings"].items():
        if there["settings"].get(name) != value:
            raise ValueError(
                f"{file.parent} holds a study with other settings ({name} is {there['settings'].get(name)} there, "
                f"{value} here): {advice}"
            )


def _write(file: Path, content: dict[str, Any]) -> None:
    temporary = file.with_suffix(".part")
    text = json.dumps(content, indent=1)
    # Lists of numbers take one line.
    text = re.sub(r"\[[^][{}\"]*\]", lambda match: " ".join(match[0].split()), text)
    temporary.write_text(text + "\n")
    temporary.replace(file)


def _shorten(value: Any) -> Any:
    """Return numbers with fewer digits, so that files stay small."""
    if isinstance(value, dict):
        return {key: _shorten(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_shorten(item) for item in value]
    return float(f"{value:.{_DIGITS}g}") if isinstance(value, float) else value
