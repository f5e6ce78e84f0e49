# SPDX-License-Identifier: MIT
"""The documentation: links lead somewhere, and pages name what there is."""

import re
import subprocess
from pathlib import Path

import pytest

import openmmsurrogate
from openmmsurrogate import cli

ROOT = Path(__file__).parents[2]
PAGES = sorted([*(ROOT / "docs").rglob("*.md"), *(ROOT / "examples").rglob("*.md"), *ROOT.glob("*.md")])
LINK = re.compile(r"\]\(([^)\s]+)\)")
FENCE = re.compile(r"^(```|~~~).*?^\1", re.DOTALL | re.MULTILINE)


def make_anchor(heading):
    """Make the anchor that GitHub gives a heading."""
    text = re.sub(r"\[([^]]*)\]\([^)]*\)", r"\1", heading.replace("`", "")).strip().lower()
    return re.sub(r"[^\w\- ]", "", text).replace(" ", "-")


def read_prose(page):
    """Read a page without its code, where brackets are no links."""
    return re.sub(r"`[^`\n]*`", "``", FENCE.sub("", page.read_text()))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_relative_links_resolve(page):
    for link in LINK.findall(read_prose(page)):
        if re.match(r"[a-z]+:", link):
            continue
        path, _, anchor = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        assert target.exists(), f"{link} leads nowhere"
        if anchor and target.suffix == ".md":
            headings = re.findall(r"^#+ (.*)$", FENCE.sub("", target.read_text()), re.MULTILINE)
            assert anchor in [make_anchor(heading) for heading in headings], f"{link}: no such heading"


def test_anchors_are_those_of_github():
    assert make_anchor("What rounding does to the shipped model") == "what-rounding-does-to-the-shipped-model"
    assert make_anchor("`SurrogateForce`, and [more](x.md)!") == "surrogateforce-and-more"


def test_public_headers_are_on_the_page_of_the_api():
    page = (ROOT / "docs" / "api" / "cpp.md").read_text()
    headers = [
        *(ROOT / "openmmapi" / "include" / "openmmsurrogate").glob("*.h"),
        *(ROOT / "wrappers" / "libtorch" / "include" / "openmmsurrogate").glob("*.h"),
    ]
    assert len(headers) >= 6
    for header in headers:
        assert f"../../{header.relative_to(ROOT)}" in page, header


def test_packages_are_on_pages_of_the_api():
    folder = Path(openmmsurrogate.__file__).parent
    packages = {path.parent.name for path in folder.glob("*/__init__.py")} - {"cli", "pme"}  # pme: in openmmsurrogate
    text = "\n".join(path.read_text() for path in (ROOT / "docs" / "api").glob("*.md"))
    named = set(re.findall(r"automodule:: openmmsurrogate\.(\w+)", text))
    assert named == packages


def test_readme_lists_the_examples():
    listed = (ROOT / "examples" / "README.md").read_text()
    for script in (ROOT / "examples").glob("*.py"):
        assert f"`{script.name}`" in listed, f"examples/README.md does not name {script.name}"


def test_commands_are_somewhere_in_the_documentation():
    text = "\n".join(page.read_text() for page in PAGES)
    names = [command.callback.__name__ for command in cli.app.registered_commands]
    assert len(names) >= 7
    for name in [*names, "study argon", "study nacl"]:
        assert f"openmm-surrogate {name}" in text, name


def test_dev_names_its_commands():
    usage = subprocess.run([ROOT / "dev", "--help"], capture_output=True, text=True).stdout
    for command in ("demo", "test", "docs", "check"):
        assert f"./dev {command}" in usage
