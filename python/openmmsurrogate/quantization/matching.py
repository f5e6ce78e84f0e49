# SPDX-License-Identifier: MIT
"""The per-atom force loss of a rounded model, relative to the model before rounding, over all frames at once.

With e(r) = w_q(r) - w(r) the error that rounding makes, forces are those of the model plus A e, and the loss is a
quadratic form in e at the nodes of a grid (see training/normal_equations.py) in which the forces that the model leaves
unexplained stand for the data. Rounded functions have steps, finer than the grid: nodes therefore stand for cells, and
each evaluation takes a random place in every cell. The mean over evaluations is that over all distances.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from openmmsurrogate._convert import NANOMETER
from openmmsurrogate._torch import torch
from openmmsurrogate.data import ForceDataset
from openmmsurrogate.model import SurrogateModel
from openmmsurrogate.quantization.config import QuantizationConfig
from openmmsurrogate.quantization.rounded_module import RoundedPairModule, Scheme
from openmmsurrogate.training.dataset import choose_particles, measure_forces, read_neighbors, split_frames
from openmmsurrogate.training.frames import FrameNeighbors, PairTypes, make_batch
from openmmsurrogate.training.networks import PairModule, evaluate_networks
from openmmsurrogate.training.normal_equations import Grid, NormalEquations, Quadratic

Array = NDArray[np.float64]
HELD_OUT_FRACTION = 0.1


class MatchingData:
    """What a quantization needs of its data.

    Attributes
    ----------
    deviation
        standard deviation of the force components, kJ/mol/nm: the unit of force weights
    teachers
        the model before rounding, in double precision
    training
        the loss as a function of e, with the weights of fine-tuning
    refit, heldOut
        the loss of training and held-out frames with the weights of the refit
    grid
        the cells
    """

    def __init__(
        self, model: SurrogateModel, datasets: Sequence[ForceDataset], names: Sequence[str], config: QuantizationConfig
    ) -> None:
        pairTypes = _pair_types(model)
        for dataset, name in zip(datasets, names, strict=True):
            unknown = set(dataset.typeNames) - set(pairTypes.names)
            if unknown:
                raise ValueError(f"{name} has the types {sorted(unknown)}, which the model does not know")
        splits = [split_frames(d, HELD_OUT_FRACTION, name) for d, name in zip(datasets, names, strict=True)]
        self.cutoff = float(model.getCutoff().value_in_unit(NANOMETER))
        self.deviation = measure_forces(datasets, splits)
        exact = Scheme("double", True, 1)
        self.teachers = make_modules(model, exact, self.deviation)
        random = np.random.default_rng([config.seed, 3])
        networks = [model.getNetwork(k) for k in range(model.getNumNetworks())]
        low = min(float(n.getMinimumDistance().value_in_unit(NANOMETER)) for n in networks)
        self.grid = Grid(low or 0.1 * self.cutoff, self.cutoff, config.gridPoints, order=0)
        sums = []
        for ranges in zip(*splits, strict=True):
            equations = NormalEquations(self.grid, pairTypes.count, self.deviation, len(pairTypes.names))
            count = int(max(d.numParticles for d in datasets))
            for frame in read_neighbors(datasets, names, ranges, self.cutoff, pairTypes, count):
                chosen = choose_particles(frame, config.particlesPerFrame, random)
                equations.add(self._subtract_model(frame, chosen), chosen)
            sums.append(equations)
        weight, refitWeight = config.energyWeight, config.refitEnergyWeight
        self.training = sums[0].quadratic(weight, weight, fitOffsets=False)
        self.refit, self.heldOut = (s.quadratic(refitWeight, refitWeight, fitOffsets=False) for s in sums)

    def _subtract_model(self, frame: FrameNeighbors, chosen: NDArray[np.int64]) -> FrameNeighbors:
        """Return the frame with what the model leaves of the forces on some particles, and no others."""
        forces = np.zeros_like(frame.forces)
        for particles in np.array_split(chosen, max(1, len(chosen) // 1000)):
            batch = make_batch(frame, particles, "cpu")
            with torch.no_grad():
                weight = evaluate_networks(self.teachers, batch.distance / self.cutoff, batch.network)
                sums = torch.zeros_like(batch.forces).index_add(0, batch.particle, weight[:, None] * batch.direction)
            forces[particles] = frame.forces[particles] - self.deviation * sums.numpy()
        return replace(frame, forces=forces, potentialEnergy=0.0, virial=np.zeros(3))


def make_modules(model: SurrogateModel, scheme: Scheme, deviation: float) -> list[RoundedPairModule]:
    """Return the networks of a model as modules in double precision, with force weights in units of the deviation."""
    cutoff = float(model.getCutoff().value_in_unit(NANOMETER))
    modules = []
    for index in range(model.getNumNetworks()):
        network = model.getNetwork(index)
        module = RoundedPairModule(network, scheme).double()
        unit = deviation * (cutoff if module.output == "energy" else 1.0)
        module.scale = network.getOutputStandardDeviation()._value / unit
        module.offset = 0.0 if module.output == "energy" else network.getOutputMean()._value / unit
        modules.append(module)
    return modules


class MatchingLoss:
    """The loss of rounded networks on tensors.

    Parameters
    ----------
    quadratic
        the loss as a function of e
    data
        grid and teachers
    device
        of PyTorch
    """

    def __init__(self, quadratic: Quadratic, data: MatchingData, device: str) -> None:
        self.quadratic, self.grid, self.device = quadratic, data.grid, device
        self.teachers = data.teachers
        self.matrix, self.best, self.residual = (
            torch.from_numpy(a).to(device) for a in (quadratic.matrix, quadratic.best, quadratic.residual)
        )
        self.nodes = torch.from_numpy(data.grid.nodes)

    def draw_places(self, generator: torch.Generator) -> torch.Tensor:
        """Return a random s in each cell, in double precision."""
        jitter = self.grid.spacing * (torch.rand(self.grid.points, generator=generator, dtype=torch.float64) - 0.5)
        return torch.clamp(self.nodes + jitter, self.grid.low, self.grid.cutoff) / self.grid.cutoff

    def teach(self, s: torch.Tensor) -> torch.Tensor:
        """Return the force weights of the model before rounding, one network after the other."""
        with torch.no_grad():
            return torch.cat([teacher(s) for teacher in self.teachers]).to(self.device)

    def __call__(self, networks: Sequence[PairModule], s: torch.Tensor, taught: torch.Tensor) -> torch.Tensor:
        """Return the loss of networks at these places."""
        inputs = s.to(self.device, networks[0].weights[0].dtype)
        error = torch.cat([network(inputs) for network in networks]).double() - taught
        distance = error - self.best
        return distance @ (self.matrix @ distance) + 2.0 * (distance @ self.residual) + self.quadratic.least


def _pair_types(model: SurrogateModel) -> PairTypes:
    names = model.getTypeNames()
    table = np.array([[model.getPairNetwork(a, b) for b in names] for a in names], dtype=np.int64)
    return PairTypes(tuple(names), table, model.getNumNetworks())
