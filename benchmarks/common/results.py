# SPDX-License-Identifier: MIT
"""Where results come from and where they go."""

from __future__ import annotations

import json
import re
from pathlib import Path

from openmmsurrogate.study.provenance import describeDevice

FREE_SETTINGS = {"contestants", "load_average", "idle_W"}  # which may differ among rows of one file
MACHINE_SETTINGS = {"output", "starts", "equal_errors", "turns", "resume"}
FOLDER = Path(__file__).parent.parent / "results"


class ResultFile:
    """A JSON file that is complete after each row, so that an interruption loses no more than the row under way."""

    def __init__(self, name: str, settings: dict, path: Path | None = None, resume: bool = False) -> None:
        """Begin results/<name>-<date>.json, or the file with a path; settings are what the command was told.

        With resume the rows that the file has are kept. Raises ValueError if they are of another device, commit or
        settings.

        Where files of one machine are is left out: it says nothing about what the results are.
        """
        device = describeDevice(FOLDER.parent)
        self.path = path or FOLDER / f"{name}-{device['date']}.json"
        kept = {key: value for key, value in settings.items() if key not in MACHINE_SETTINGS}
        self._content: dict = {"device": device, "settings": kept, "rows": []}
        if resume and self.path.exists():
            old = json.loads(self.path.read_text())
            _checkSame(old, json.loads(self._format()), self.path)
            self.rows.extend(old["rows"])

    @property
    def rows(self) -> list[dict]:
        """The rows so far."""
        return self._content["rows"]

    def add(self, row: dict) -> None:
        """Add a row and write the file."""
        self.rows.append(row)
        self.write()

    def write(self) -> None:
        """Write the file as it is, which takes the place of the old one at once."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        temporary = self.path.with_suffix(".part")
        temporary.write_text(self._format())
        temporary.replace(self.path)

    def _format(self) -> str:
        return json.dumps(self._content, indent=1, default=str) + "\n"


def _checkSame(old: dict, new: dict, path: Path) -> None:
    """Raise ValueError if results were measured in another way: where nothing was settled, or by another program."""
    for part, free in (("device", {"date"}), ("settings", FREE_SETTINGS)):
        for key in sorted((old[part].keys() | new[part].keys()) - free):
            if old[part].get(key) != new[part].get(key):
                raise ValueError(
                    f"{path} cannot be gone on with: its {key} is {old[part].get(key)!r} and would now be "
                    f"{new[part].get(key)!r}; choose another --output, or the same {part}"
                )


def loadLatest(name: str, path: Path | None = None) -> dict:
    """Return the latest results of a command: results/<name>-<date>.json and <name>-<date>-<part>.json of one date; or
    those of a file.

    Raises FileNotFoundError if there are none.
    """
    if path is not None:
        return mergeResults([path])
    pattern = re.compile(rf"{name}-(\d{{4}}-\d\d-\d\d)(-\w+)?\.json")
    files = {path: match[1] for path in sorted(FOLDER.iterdir()) if (match := pattern.fullmatch(path.name))}
    if not files:
        raise FileNotFoundError(f"there are no results of {name} in {FOLDER}")
    latest = max(files.values())
    return mergeResults([path for path, date in files.items() if date == latest])


def mergeResults(paths: list[Path]) -> dict:
    """Return the content of several files of one command as if it had been called once, with device and settings of
    each call; a file may be of several calls itself."""
    contents = [json.loads(path.read_text()) for path in paths]
    if len(contents) == 1:
        return contents[0]
    return {
        "device": contents[0]["device"],
        "devices": [device for content in contents for device in content.get("devices", [content["device"]])],
        "settings": [call for content in contents for call in _listCalls(content)],
        "rows": [row for content in contents for row in content["rows"]],
    }


def _listCalls(content: dict) -> list[dict]:
    """Return the settings of the calls that made a result."""
    return content["settings"] if isinstance(content["settings"], list) else [content["settings"]]
