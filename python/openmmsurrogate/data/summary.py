# SPDX-License-Identifier: MIT
"""What a set of force data holds, in numbers with units."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from rich.table import Table

from openmmsurrogate.analysis import toEVPerAngstrom
from openmmsurrogate.data.force_dataset import ForceDataset
from openmmsurrogate.data.pairs import findPairs


@dataclass(frozen=True)
class DataSummary:
    """What a ForceDataset holds."""

    path: str
    numFrames: int
    numParticles: int
    typeCounts: dict[str, int]
    numUntyped: int
    """Particles without a type."""
    densities: tuple[float, float] | None
    """Smallest and largest number density of the frames, particles per nm^3; None if not periodic."""
    temperature: float | None
    """K."""
    rmsForce: float
    """Root mean square of |F|, kJ/mol/nm."""
    largestForce: float
    """Largest |F|, kJ/mol/nm."""
    distances: tuple[float, float] | None
    """Smallest distance and the cutoff up to which pairs were counted, nm; None if none was counted."""
    numPairs: int
    """Pairs of typed particles within the cutoff, over all frames."""
    energy: float
    """Mean potential energy per particle, kJ/mol."""
    energyError: float | None
    """Its standard error if frames are independent, kJ/mol; None for a single frame."""

    def asTable(self) -> Table:
        """Return a table to print with rich."""
        table = Table(title=f"Force data {self.path}", title_justify="left", show_header=False)
        types = ", ".join(f"{count} {name}" for name, count in self.typeCounts.items())
        table.add_row("frames", str(self.numFrames))
        table.add_row(
            "particles", f"{self.numParticles}: {types}" + f", {self.numUntyped} none" * (self.numUntyped > 0)
        )
        if self.densities is not None:
            low, high = self.densities
            table.add_row("number density", _range(low, high) + " nm⁻³")
        table.add_row("temperature", "unknown" if self.temperature is None else f"{self.temperature:g} K")
        for name, force in (("RMS of |F|", self.rmsForce), ("largest |F|", self.largestForce)):
            table.add_row(name, f"{force:.4g} kJ/mol/nm = {float(toEVPerAngstrom(force)):.3g} eV/Å")
        if self.distances is not None:
            table.add_row("pairs", f"{self.numPairs}, from {self.distances[0]:.4f} to {self.distances[1]:g} nm")
        error = "" if self.energyError is None else f" ± {self.energyError:.4f}"
        table.add_row("potential energy per particle", f"{self.energy:.4f}{error} kJ/mol")
        return table


def _range(low: float, high: float) -> str:
    return f"{low:.4g}" if high - low < 1e-4 * high else f"{low:.4g} to {high:.4g}"


def summarizeData(dataset: ForceDataset, cutoff: float | None = None) -> DataSummary:
    """Summarize force data, reading every frame, which checks them all.

    Parameters
    ----------
    dataset
        the data
    cutoff
        distance up to which pairs are counted, nm; None to count none

    Raises
    ------
    ValueError
        if there are no frames, a frame is not finite, or the cutoff does not fit the box
    """
    if dataset.numFrames == 0:
        raise ValueError(f"{dataset.path} has no frames")
    excluded = {(min(i, j), max(i, j)) for i, j in dataset.exclusions.tolist()}
    energies, squares, densities, largest, shortest, numPairs = [], [], [], 0.0, np.inf, 0
    for frame in dataset:
        norms = np.linalg.norm(frame.forces, axis=1)
        squares.append(np.mean(norms**2))
        largest = max(largest, float(norms.max()))
        energies.append(frame.potentialEnergy / dataset.numParticles)
        if frame.box is not None:
            densities.append(dataset.numParticles / abs(float(np.linalg.det(frame.box))))
        if cutoff is not None:
            distances = _distances(dataset, frame.positions, frame.box, cutoff, excluded)
            numPairs += len(distances)
            shortest = min(shortest, float(distances.min(initial=np.inf)))
    count = len(energies)
    return DataSummary(
        path=dataset.path,
        numFrames=count,
        numParticles=dataset.numParticles,
        typeCounts={name: int(np.sum(dataset.typeIndices == i)) for i, name in enumerate(dataset.typeNames)},
        numUntyped=int(np.sum(dataset.typeIndices < 0)),
        densities=(min(densities), max(densities)) if densities else None,
        temperature=dataset.temperature,
        rmsForce=float(np.sqrt(np.mean(squares))),
        largestForce=largest,
        distances=(shortest, cutoff) if cutoff is not None and numPairs else None,
        numPairs=numPairs,
        energy=float(np.mean(energies)),
        energyError=float(np.std(energies, ddof=1) / np.sqrt(count)) if count > 1 else None,
    )


def _distances(
    dataset: ForceDataset,
    positions: np.ndarray,
    box: np.ndarray | None,
    cutoff: float,
    excluded: set[tuple[int, int]],
) -> np.ndarray:
    """Return the distances of typed pairs that are not excluded."""
    i, j, displacement = findPairs(positions, box, cutoff)
    keep = (dataset.typeIndices[i] >= 0) & (dataset.typeIndices[j] >= 0)
    if excluded:
        keep &= np.array([pair not in excluded for pair in zip(i.tolist(), j.tolist(), strict=True)], bool)
    result: np.ndarray = np.linalg.norm(displacement[keep], axis=1)
    return result
