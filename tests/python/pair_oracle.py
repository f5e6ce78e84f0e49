# SPDX-License-Identifier: MIT
"""An independent numpy implementation of pair networks, their core, cutoff and energy, for tests to compare with.

It shares no code with the package: it reads the model file itself, differentiates by complex steps, searches all
periodic images of all pairs, and integrates energies by Gauss-Legendre quadrature between neighbouring distances.
"""

import json
import struct
from pathlib import Path

import numpy as np

ACTIVATIONS = {"tanh": np.tanh, "silu": lambda x: x / (1.0 + np.exp(-x))}
ELEMENT_TYPES = {"F32": "<f4", "F64": "<f8", "I32": "<i4"}


def read_safetensors(path):
    """Return the metadata and the arrays of a .safetensors file."""
    content = Path(path).read_bytes()
    (length,) = struct.unpack("<Q", content[:8])
    header = json.loads(content[8 : 8 + length])
    metadata = header.pop("__metadata__")
    data = content[8 + length :]
    arrays = {}
    for name, entry in header.items():
        begin, end = entry["data_offsets"]
        arrays[name] = np.frombuffer(data[begin:end], ELEMENT_TYPES[entry["dtype"]]).reshape(entry["shape"])
    return metadata, arrays


class NumpyNetwork:
    """One network: w(r) and, through complex arguments, its derivative."""

    def __init__(self, index, description, arrays, cutoff):
        layers = range(len(description["widths"]) - 1)
        self.weights = [arrays[f"network.{index}.layer.{i}.weight"].astype(float) for i in layers]
        self.biases = [arrays[f"network.{index}.layer.{i}.bias"].astype(float) for i in layers]
        self.activation = ACTIVATIONS[description["activation"]]
        self.output = description["output"]
        self.mean, self.deviation = description["outputMean"], description["outputStandardDeviation"]
        self.cutoff, self.rmin = cutoff, description["minimumDistance"]
        self.stiffness = description["coreStiffness"]

    def evaluate(self, r):
        """Return the destandardized output; r may be complex."""
        h = (np.asarray(r) / self.cutoff).reshape(-1, 1)
        for weight, bias in zip(self.weights[:-1], self.biases[:-1], strict=True):
            h = self.activation(h @ weight.T + bias)
        return self.mean + self.deviation * (h @ self.weights[-1].T + self.biases[-1])[:, 0]

    def derivative(self, r):
        """Return the derivative of the output."""
        step = 1e-30
        return self.evaluate(np.asarray(r, float) + 1j * step).imag / step

    def force(self, r):
        """Return the force weight at each distance, 0 at and beyond the cutoff."""
        r = np.asarray(r, float)
        w = self.evaluate(r) if self.output == "forceWeight" else -self.derivative(r)
        if self.rmin > 0.0:
            w = np.where(r < self.rmin, self.core(r), w)
        return np.where(r < self.cutoff, w, 0.0)

    def core(self, r):
        """Return the force weight of the core, docs/theory/repulsive-core.md; for force-weight networks."""
        x0 = self.rmin**2
        w, slope = self.evaluate(self.rmin)[0], self.derivative(self.rmin)[0]
        g0 = w / self.rmin
        g1 = -(slope / self.rmin - w / x0) / (2.0 * self.rmin)  # -d(w/r)/d(r^2)
        g2 = self.stiffness * max(abs(g1), abs(g0) / x0, 1.0 / (self.rmin * x0)) / x0
        d = x0 - r**2
        return r * (g0 + g1 * d + g2 * d**2)

    def energies(self, r):
        """Return the integral of the force weight from each distance to the cutoff."""
        r = np.asarray(r, float)
        ends = np.unique(np.concatenate([r, [self.cutoff], [self.rmin] if self.rmin > r.min() else []]))
        # Distances may lie far apart; pieces of 0.01 nm keep 12 nodes exact.
        pieces = np.unique(np.concatenate([ends, np.arange(ends[0], self.cutoff, 0.01)]))
        nodes, weights = np.polynomial.legendre.leggauss(12)
        middle, half = 0.5 * (pieces[1:] + pieces[:-1]), 0.5 * np.diff(pieces)
        values = self.force((middle[:, None] + half[:, None] * nodes).ravel()).reshape(-1, len(nodes))
        integrals = half * (values @ weights)
        fromRight = np.append(np.cumsum(integrals[::-1])[::-1], 0.0)
        return fromRight[np.searchsorted(pieces, r)]


class NumpyModel:
    """A model read from its file."""

    def __init__(self, path):
        metadata, arrays = read_safetensors(path)
        document = json.loads(metadata["openmm-surrogate"])
        assert document["version"] == 1 and document["units"] == {
            "length": "nm",
            "energy": "kJ/mol",
            "force": "kJ/mol/nm",
        }
        self.cutoff, types = document["cutoff"], document["types"]
        networks = [NumpyNetwork(i, d, arrays, self.cutoff) for i, d in enumerate(document["networks"])]
        self.pairs = {}
        for pair in document["pairs"]:
            a, b = (types.index(name) for name in pair["types"])
            network = None if pair["network"] is None else networks[pair["network"]]
            self.pairs[a, b] = self.pairs[b, a] = network
        self.offsets = np.array(document["energyOffsets"])

    def compute(self, positions, box, types, exclusions=()):
        """Return forces, shape (particles, 3), and the energy. Type -1 takes no part; box is None or has rows."""
        first, second, vectors = find_pairs(positions, box, self.cutoff)
        excluded = {frozenset(pair) for pair in exclusions}
        kept = [frozenset(pair) not in excluded for pair in zip(first.tolist(), second.tolist(), strict=True)]
        first, second, vectors = first[kept], second[kept], vectors[kept]
        types = np.asarray(types)
        forces, energy = np.zeros_like(positions), self.offsets[types[types >= 0]].sum()
        for (a, b), network in self.pairs.items():
            chosen = (types[first] == a) & (types[second] == b)
            if network is None or not chosen.any():
                continue
            r = np.linalg.norm(vectors[chosen], axis=1)
            force = (network.force(r) / r)[:, None] * vectors[chosen]
            np.add.at(forces, first[chosen], force)
            np.add.at(forces, second[chosen], -force)
            energy += network.energies(r).sum()
        return forces, energy


def find_pairs(positions, box, cutoff):
    """Return the pairs (i, j, x_i-x_j) within the cutoff, each once, from all pairs and the images next to the cell."""
    count = len(positions)
    i, j = np.triu_indices(count, 1)
    found = []
    shifts = [np.zeros(3)] if box is None else [np.array(n) @ box for n in np.ndindex(3, 3, 3)]
    centre = np.zeros(3) if box is None else np.ones(3) @ box
    wrapped = positions if box is None else positions - np.floor(positions @ np.linalg.inv(box)) @ box
    for shift in shifts:
        vectors = wrapped[i] - wrapped[j] + (shift - centre)
        near = np.einsum("ij,ij->i", vectors, vectors) < cutoff**2
        found.append((i[near], j[near], vectors[near]))
    return tuple(np.concatenate(parts) for parts in zip(*found, strict=True))
