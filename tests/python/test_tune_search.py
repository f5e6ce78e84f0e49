# SPDX-License-Identifier: MIT
"""How tunePME() searches, times and chooses, with errors and times that are given."""

import openmm
import pytest
from ionic_systems import make_salt_context

from openmmsurrogate import tunePME
from openmmsurrogate.pme import TuneResult, bench
from openmmsurrogate.pme.tune import search, search_candidate


def make_trial(milliseconds, error=0.5, unchanged=False, order=6):
    return bench.Trial(bench.TunedSettings(order, 3.0, (32, 32, 32), "single"), error, milliseconds, unchanged)


def read_marks(result):
    return list(result.makeTable().columns[-1].cells)


def test_the_system_as_it_is_competes_if_it_meets_the_error():
    present = make_trial(1.0, unchanged=True)
    result = TuneResult(1.0, present, make_trial(1.2), [make_trial(1.1), make_trial(None, 2.0)])
    assert result.best is present
    assert read_marks(result) == ["as it is\nfastest", "defaults", "", ""]
    assert "Nothing that was tried is faster" in result.makeTable().caption
    result.trials.append(make_trial(0.9))
    assert result.best is result.trials[-1] and result.makeTable().caption is None
    result.trials.pop()
    result.present = make_trial(1.0, 3.0, unchanged=True)
    assert result.best is result.trials[0]
    assert read_marks(result) == ["as it is", "defaults", "fastest", ""]


def test_times_are_the_least_of_interleaved_rounds(monkeypatch):
    """A round that the machine disturbs does not count, and no candidate is timed twice before the others were."""
    seconds = {"a": iter([1, 1, 9, 2, 8, 7, 6]), "b": iter([1, 1, 3, 9, 4, 5, 9])}  # the first two settle
    order = []

    def time_steps(self, steps):
        order.append(self.context)
        return next(seconds[self.context])

    monkeypatch.setattr(bench._Stopwatch, "_time", time_steps)
    monkeypatch.setattr(bench.Bench, "_make_context_for", lambda self, trial: "ab"[trial.unchanged])
    measured = bench.Bench(make_salt_context("cubic"), 10)
    timed = measured.time_trials([make_trial(None), make_trial(None, unchanged=True)])
    assert [trial.milliseconds for trial in timed] == [2000, 3000]
    assert order == ["a", "a", "b", "b"] + ["a", "b"] * bench.ROUNDS


def test_rounds_are_long_beside_what_waiting_takes(monkeypatch):
    """On a GPU a step by itself takes as long as hundreds of them do on their way."""
    done = []
    monkeypatch.setattr(bench._Stopwatch, "_time", lambda self, steps: done.append(steps) or 5e-3 + 5e-5 * steps)
    watch = bench._Stopwatch(None)
    assert (watch.steps, sum(done)) == (bench.MAX_STEPS, 2 + 1 + 2 + 4 + 8 + 16 + 32 + 64 + 128 + 250)
    watch.run()
    assert watch.milliseconds == pytest.approx(0.07)
    monkeypatch.setattr(bench._Stopwatch, "_time", lambda self, steps: 5e-3 + 2e-3 * steps)
    assert bench._Stopwatch(None).steps == 16


class ScriptedBench:
    """Gives errors, one after the other, whatever is asked for; none on coarser grids."""

    def __init__(self, errors):
        self.errors = iter(errors)

    def choose(self, order, precision, tolerance):
        return make_trial(None, next(self.errors), order=order)

    def try_settings(self, settings):
        return bench.Trial(settings, float("inf"), None)


@pytest.mark.parametrize(
    ("errors", "found"),
    [
        ([3.0, 0.5, 1.1, 0.4, 1.2, 0.5, 1.3, 0.3, 1.4], 0.5),  # to and fro: what meets the target is kept
        ([0.1, 0.5, 0.7], 0.7),
        ([9.0, 3.0, 2.9], 2.9),  # rounding
    ],
)
def test_the_search_keeps_the_nearest(errors, found):
    assert search(ScriptedBench(errors), 6, "double", 1.0).forceError == found


def test_settings_of_one_precision_are_tried_first_in_the_next(monkeypatch):
    """Where they do not meet the target, the search begins anew."""
    tried = []
    try_settings, choose = bench.Bench.try_settings, bench.Bench.choose

    def record(self, settings):
        tried.append((settings.precision, settings.kSpaceMethod, settings.grid))
        return try_settings(self, settings)

    monkeypatch.setattr(bench.Bench, "try_settings", record)
    monkeypatch.setattr(bench.Bench, "choose", lambda self, *a: tried.append((a[1], "choose")) or choose(self, *a))
    context = make_salt_context("cubic")
    result = tunePME(context, 1.0, orders=[6], precisions=["single", "double"], maxParticles=50)
    single, single_esp, double, double_esp = result.trials
    assert double.settings.grid == single.settings.grid and double.settings.alpha == single.settings.alpha
    assert double_esp.settings.tolerance == single_esp.settings.tolerance
    assert [t for t in tried if t[0] == "double"] == [
        ("double", "SPME", single.settings.grid),
        ("double", "ESP", single_esp.settings.grid),
    ]
    assert ("single", "choose") in tried
    anew = search_candidate(ScriptedBench([0.8]), 6, "double", 1.0, make_trial(None, 0.9))
    assert anew.forceError == 0.8


def test_contexts_that_find_no_room_are_told(monkeypatch):
    measured = bench.Bench(make_salt_context("cubic"), 10)
    present = measured.measure_present()
    contexts = iter([measured.make_context()])

    def make_context_for(self, trial):
        try:
            return next(contexts)
        except StopIteration:
            raise openmm.OpenMMException("out of memory") from None

    monkeypatch.setattr(bench.Bench, "_make_context_for", make_context_for)
    with pytest.raises(openmm.OpenMMException, match=r"the 3 settings .* Context 2 .* fewer orders .*out of memory"):
        measured.time_trials(3 * [present])
