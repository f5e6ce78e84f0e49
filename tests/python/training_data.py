# SPDX-License-Identifier: MIT
"""Tiny force data of a known pair force, for the tests of training and quantization."""

import numpy as np

from openmmsurrogate.data import ForceDatasetWriter, Frame, findPairs

CUTOFF, TYPES = 0.6, ("A", "B")


def pair_force(a, b, r):
    """A smooth pair force, kJ/mol/nm, that goes to zero at the cutoff."""
    return (40.0 + 25.0 * a + 10.0 * b) * np.sin(3.0 * np.pi * r / CUTOFF) * (1.0 - r / CUTOFF) / r


def pair_energies(a, b, r):
    s = np.linspace(0.0, 1.0, 801)
    x = r[:, None] + s * (CUTOFF - r[:, None])
    w = pair_force(a, b, x)
    return np.sum(0.5 * (w[:, 1:] + w[:, :-1]) * np.diff(x, axis=1), axis=1)


def make_frame(random, numTypes=1, particles=80, edge=1.5, offsets=(0.0, 0.0)):
    """Points of a gas in a box, no two too close."""
    points = []
    while len(points) < particles:
        point = random.uniform(0.0, edge, 3)
        if all(np.linalg.norm((d := point - q) - edge * np.rint(d / edge)) > 0.15 for q in points):
            points.append(point)
    positions, types = np.array(points), np.arange(particles) % numTypes
    i, j, d = findPairs(positions, edge * np.eye(3), CUTOFF)
    r = np.linalg.norm(d, axis=1)
    a, b = np.minimum(types[i], types[j]), np.maximum(types[i], types[j])
    w = pair_force(a, b, r)
    forces = np.zeros_like(positions)
    np.add.at(forces, i, (w / r)[:, None] * d)
    np.add.at(forces, j, -(w / r)[:, None] * d)
    energy = sum(pair_energies(x, y, r[(a == x) & (b == y)]).sum() for x in range(numTypes) for y in range(x, numTypes))
    energy += sum(offsets[t] for t in types)
    return Frame(positions, edge * np.eye(3), forces, float(energy), ((w / r)[:, None] * d**2).sum(axis=0))


def write_data(path, numTypes=1, frames=6, seed=1, **options):
    random = np.random.default_rng(seed)
    made = [make_frame(random, numTypes, edge=1.5 + 0.03 * k, **options) for k in range(frames)]
    types = np.arange(len(made[0].positions)) % numTypes
    with ForceDatasetWriter(path, TYPES[:numTypes], types, recordsVirial=True) as writer:
        for frame in made:
            writer.append(frame)
    return path
