# SPDX-License-Identifier: MIT
"""The results of an evaluation as tables, for the terminal and in Markdown."""

from __future__ import annotations

from collections.abc import Sequence

from rich.table import Table

from openmmsurrogate.analysis import formatR2, toEVPerAngstrom
from openmmsurrogate.evaluation.evaluate import Evaluation, ModelEvaluation
from openmmsurrogate.evaluation.rollout import Rollout
from openmmsurrogate.network import NumericFormat

FORCE_HEADINGS = (
    "model",
    "format",
    "variant",
    "R² of |F|",
    "RMSE of |F|, eV/Å",
    "RMSE of F, eV/Å",
    "error / RMS force",
    "pairs in the core",
)
ROLLOUT_HEADINGS = ("model", "U/N, kJ/mol", "minus MD, kJ/mol", "largest g(r) deviation", "drift of E/N, kJ/mol/ns")


def force_rows(evaluation: Evaluation, data: int) -> list[tuple[str, ...]]:
    """Return a row of texts per model: its forces in the data set with an index."""
    return [_force_row(entry, data) for entry in evaluation.models]


def _force_row(entry: ModelEvaluation, data: int) -> tuple[str, ...]:
    candidate, fidelity = entry.candidate, entry.fidelity[data]
    metrics = fidelity.metrics
    return (
        candidate.label,
        NumericFormat.getName(candidate.format),
        candidate.variant,
        formatR2(metrics.r2),
        f"{float(toEVPerAngstrom(metrics.magnitudeRMSE)):.2e}",
        f"{float(toEVPerAngstrom(metrics.relativeRMSE * fidelity.rmsForce)):.2e}",
        f"{metrics.relativeRMSE:.1e}",
        str(fidelity.numCorePairs),
    )


def rollout_rows(evaluation: Evaluation) -> list[tuple[str, ...]]:
    """Return a row of texts for the reference and for each model that has a rollout."""
    if evaluation.reference is None:
        return []
    reference = evaluation.reference
    average = _with_error(float(reference.average.mean), float(reference.average.standardError))
    rows: list[tuple[str, ...]] = [("MD", average, "", "", _describe_drift(reference))]
    for entry in evaluation.models:
        rollout, comparison = entry.rollout, entry.comparison
        if rollout is None or comparison is None:
            continue
        rows.append(
            (
                entry.candidate.label,
                _with_error(float(rollout.average.mean), float(rollout.average.standardError)),
                f"{_with_error(comparison.energyDifference, comparison.energyError)}"
                f" ({100.0 * comparison.relativeEnergyDifference:+.3f} %)",
                f"{_with_error(comparison.largestDeviation, comparison.deviationError)}"
                f" at {comparison.deviationDistance:.3f} nm",
                _describe_drift(rollout),
            )
        )
    return rows


def _describe_drift(rollout: Rollout) -> str:
    return f"{rollout.drift:+.1e} ± {rollout.driftError:.0e}"


def _with_error(value: float, error: float) -> str:
    return f"{value:.4f} ± {error:.4f}"


def makeTables(evaluation: Evaluation) -> list[Table]:
    """Return tables to print with rich: forces in each data set, and rollouts."""
    tables = [
        _table(title, FORCE_HEADINGS, force_rows(evaluation, i)) for i, title in enumerate(force_titles(evaluation))
    ]
    if evaluation.reference is not None:
        tables.append(_table(rollout_title(evaluation), ROLLOUT_HEADINGS, rollout_rows(evaluation)))
    return tables


def _table(title: str, headings: Sequence[str], rows: Sequence[Sequence[str]]) -> Table:
    table = Table(title=title, title_justify="left")
    for heading in headings:
        table.add_column(heading, overflow="fold")
    for row in rows:
        table.add_row(*row)
    return table


def force_titles(evaluation: Evaluation) -> list[str]:
    """Return a title per data set."""
    how = f"{evaluation.forceSettings.method.name.lower()}s on platform {evaluation.forceSettings.platform}"
    return [
        f"Forces in {data.name}: {data.forces.shape[0]} frames of {data.forces.shape[1]} particles"
        + ("" if data.temperature is None else f" at {data.temperature:g} K")
        + f"; {how}"
        for data in evaluation.heldOut
    ]


def rollout_title(evaluation: Evaluation) -> str:
    """Return the title of the table of rollouts."""
    settings, reference = evaluation.settings, evaluation.reference
    if settings is None or reference is None:
        raise ValueError("the evaluation has no rollouts")
    return (
        f"Velocity Verlet for {settings.time:g} ps, steps of {1000.0 * settings.timeStep:g} fs, "
        f"{reference.temperature:.1f} K, {settings.method.name.lower()}s on platform {reference.platform}"
    )


def describeCorePairs(evaluation: Evaluation) -> list[str]:
    """Return a sentence per data set in which pairs are closer than a model's training saw."""
    sentences = []
    for i, data in enumerate(evaluation.heldOut):
        counts = {entry.candidate.label: entry.fidelity[i].numCorePairs for entry in evaluation.models}
        found = ", ".join(f"{count} of {label}" for label, count in counts.items() if count)
        if found:
            sentences.append(
                f"In {data.name} there are pairs closer than any in the training, where a repulsive core that knows "
                f"nothing of the data stands in: {found}. Their errors can outweigh all others; train on data that "
                "come as close, such as a hotter run."
            )
    return sentences


def describeApplicability(evaluation: Evaluation) -> list[str]:
    """Return a sentence for each way in which data are unlike the training of a model, or could not be compared."""
    sentences: dict[str, list[str]] = {}
    for entry in evaluation.models:
        for fidelity in entry.fidelity:
            found = [f"{fidelity.data} is unlike its training data: {text}" for text in fidelity.unlikeTraining]
            for text in (*found, *fidelity.notCompared):
                labels = sentences.setdefault(text, [])
                if entry.candidate.label not in labels:
                    labels.append(entry.candidate.label)
    return [f"{', '.join(labels)}: {text}." for text, labels in sentences.items()]


def formatMarkdown(evaluation: Evaluation) -> str:
    """Return all tables as Markdown."""
    parts = [
        _markdown(title, FORCE_HEADINGS, force_rows(evaluation, i)) for i, title in enumerate(force_titles(evaluation))
    ]
    if evaluation.reference is not None:
        parts.append(_markdown(rollout_title(evaluation), ROLLOUT_HEADINGS, rollout_rows(evaluation)))
    parts += [sentence + "\n" for sentence in (*describeCorePairs(evaluation), *describeApplicability(evaluation))]
    return "\n".join(parts)


def _markdown(title: str, headings: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [headings, ["---"] * len(headings), *rows]
    # A bar would end the cell.
    return f"{title}\n\n" + "".join(
        f"| {' | '.join(text.replace('|', chr(92) + '|') for text in line)} |\n" for line in lines
    )
