# SPDX-License-Identifier: MIT
"""Figures and pages of the command study, which are made from JSON alone."""

import re
from pathlib import Path

import pytest
from matplotlib.figure import Figure
from study_results import DEVICE, make_results

from openmmsurrogate.study import Results
from openmmsurrogate.study.figures import FIGURES, NothingToDraw, describeDevices, drawFigures
from openmmsurrogate.study.figures.parts import drawBars
from openmmsurrogate.study.markdown import makeMarkdown
from openmmsurrogate.study.materials import MATERIALS
from openmmsurrogate.study.page import makePage

ROOT = Path(__file__).parents[2]
COMMITTED = [folder for folder in (ROOT / "docs" / "study").glob("*") if (folder / "study.json").exists()]


@pytest.mark.parametrize("study", MATERIALS)
def test_figures_and_page_are_made_from_results_alone(study, tmp_path):
    results = make_results(study)
    files = drawFigures(results, tmp_path)
    assert [file.stem for file in files] == [figure.name for figure in FIGURES[study]]
    for file in files:
        assert 5000 < file.stat().st_size < 300_000, file
    page = makePage(results)
    for figure in FIGURES[study]:
        assert f"id='{figure.name}'" in page
        assert figure.title in page
        if figure.report:
            assert f"After {figure.report} of the report" in page
    assert page.count("<svg ") == len(files)
    assert page.count("NVIDIA Test, driver 580.0, OpenMM 8.6.1, commit 1234567, 2026-11-27") > len(files)
    assert "Everything that the study has was measured" in page
    own = "Lennard-Jones" if study == "argon" else "PME"
    assert f"ms a step at {1000188 if study == 'argon' else 1000000:,} particles, and {own}, single " in page
    assert ("k-space is" in page) == (study == "nacl")
    assert "bit for bit the same with" in page
    outside = re.findall(r"(?:src|href)=[\"'](?!#)([^\"']+)", page)
    assert not outside, "the page needs nothing beside it"
    assert "prefers-color-scheme: dark" in page
    assert "width=device-width" in page
    assert page == makePage(results)
    text = makeMarkdown(results)
    for figure in FIGURES[study]:
        assert f"![{figure.title}](figures/{figure.name}.png)" in text
    assert text.count("| 1,000,") > 4


def test_the_page_tells_figures_that_cannot_be_drawn():
    results = Results(make_results("nacl").settings, {})
    assert all(_has_nothing(figure, results) for figure in FIGURES["nacl"])
    page = makePage(results)
    assert page.count("has not been measured") + page.count("have not been measured") >= len(FIGURES["nacl"]) - 1
    assert "Not done yet" in page
    assert "Nothing has been measured yet" in page


def _has_nothing(figure, results):
    try:
        figure.makePNG(results)
    except NothingToDraw:
        return True
    return False


@pytest.mark.parametrize("folder", COMMITTED, ids=lambda folder: folder.name)
def test_committed_figures_and_pages_are_made_from_their_json(folder, tmp_path):
    results = Results.load(folder)
    files = drawFigures(results, tmp_path)
    assert sorted(file.name for file in files) == sorted(path.name for path in (folder / "figures").glob("*.png"))
    for file in files:
        assert (folder / "figures" / file.name).stat().st_size < 300_000
    made, kept = makePage(results), (folder / "index.html").read_text()
    assert makeMarkdown(results) == (folder / "README.md").read_text()
    # Paths of figures differ between versions of matplotlib, text does not.
    assert re.sub(r"<svg .*?</svg>", "", made, flags=re.DOTALL) == re.sub(r"<svg .*?</svg>", "", kept, flags=re.DOTALL)


def test_bars_are_as_long_as_steps():
    """Parts below zero by noise are left out of bars; where they are more than noise, nothing is told apart."""
    rows = [
        {"label": label, "ms_per_step": 1.0, "split_ms": {"pair": 0.9 - k_space, "k_space": k_space, "other": 0.1}}
        for label, k_space in (("resolved", 0.3), ("noise", -0.04), ("unresolved", -0.1))
    ]
    axes = Figure().subplots()
    drawBars(axes, rows)
    lengths, hatched = {}, set()
    for bar in axes.patches:
        row = round(bar.get_y() + 0.5 * bar.get_height())
        lengths[row] = max(lengths.get(row, 0.0), bar.get_x() + bar.get_width())
        if bar.get_hatch():
            hatched.add(row)
    assert lengths == {row: pytest.approx(1.0) for row in range(3)}
    assert hatched == {2}


def test_devices_are_told_with_commits_or_versions():
    other = {**DEVICE, "commit": "abcdefg", "date": "2026-11-28"}
    line = "NVIDIA Test, driver 580.0, OpenMM 8.6.1, "
    assert describeDevices([DEVICE, other]) == [line + "commit 1234567 and abcdefg, 2026-11-27 and 2026-11-28"]
    installed = {**DEVICE, "commit": None, "openmm-surrogate": "0.1.0"}
    assert describeDevices([installed]) == [line + "openmm-surrogate 0.1.0, 2026-11-27"]
