# SPDX-License-Identifier: MIT
"""Quantization-aware fine-tuning, and the refit of the readout to rounded activations."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np

from openmmsurrogate._torch import torch
from openmmsurrogate.quantization.config import QuantizationConfig
from openmmsurrogate.quantization.matching import MatchingLoss
from openmmsurrogate.quantization.rounded_module import RoundedPairModule
from openmmsurrogate.training.loss import copy_parameters, measure_decay, set_parameters, to_numpy
from openmmsurrogate.training.refit import collect_features, get_readout, set_readout

_PLACES = 16  # random places per cell over which the refit and its judgement average
RIDGES = (1e-10, 1e-9, 1e-8, 1e-7, 1e-6, 1e-5, 1e-4)
_CALIBRATION_POINTS = 4096

Reporter = Callable[[int, int, float], None]


def calibrate(modules: Sequence[RoundedPairModule], loss: MatchingLoss) -> None:
    """Choose the activation scales of all networks from the range of distances in which they run."""
    low = loss.grid.low / loss.grid.cutoff
    s = torch.linspace(low, 1.0, _CALIBRATION_POINTS, dtype=torch.float64)
    for module in modules:
        module.calibrate(s.to(module.weights[0]))


def finetune(
    modules: Sequence[RoundedPairModule],
    loss: MatchingLoss,
    config: QuantizationConfig,
    reporter: Reporter | None = None,
) -> None:
    """Fine-tune in single precision with rounding in the forward pass; gradients pass straight through it.

    The parameters that are left are averages over the last tenth of the steps, in which the learning rate is small.
    """
    for module in modules:
        module.float().to(config.device)
        module.noise = config.activationNoise
        module.train()
    generator = torch.Generator().manual_seed(config.seed)
    torch.manual_seed(config.seed)
    if config.learnedRanges:
        calibrate(modules, loss)
        for module in modules:
            module.learn_ranges()
    parameters = [p for module in modules for p in module.parameters()]
    optimizer = torch.optim.Adam(parameters, lr=config.learningRate)
    average, averaged = [torch.zeros_like(p) for p in parameters], 0
    for step in range(config.steps):
        if step % config.calibrationInterval == 0:
            calibrate(modules, loss)
        rate = 0.01 + 0.99 * 0.5 * (1.0 + math.cos(math.pi * step / config.steps))
        for group in optimizer.param_groups:
            group["lr"] = config.learningRate * rate
        s = loss.draw_places(generator)
        error = loss(modules, s, loss.teach(s))
        readout = torch.stack([torch.sum(m.weights[-1] ** 2) for m in modules]).sum()
        total = error + config.weightDecay * measure_decay(modules) + config.readoutDecay * readout
        optimizer.zero_grad(set_to_none=True)
        total.backward()
        optimizer.step()
        if step >= 0.9 * config.steps:
            average = [a + p.detach() for a, p in zip(average, parameters, strict=True)]
            averaged += 1
        if reporter is not None:
            reporter(step + 1, config.steps, float(error.detach()))
    if averaged:
        set_parameters(modules, [a / averaged for a in average])
    for module in modules:
        module.noise = 0.0
        module.eval()
        module.double()


def polish(modules: Sequence[RoundedPairModule], loss: MatchingLoss, config: QuantizationConfig) -> None:
    """Fit what the format does not round, biases and single precision layers, with L-BFGS in double.

    Weights are rounded. Inputs are not, but the noise that their rounding is expected to make counts: the loss is then
    smooth, and the fit better than fine-tuning leaves it.
    """
    parameters = [p for module in modules for p in module.unrounded_parameters()]
    s = (loss.nodes / loss.grid.cutoff).to(loss.device)
    taught, block = loss.teach(s.cpu()), 20
    importance = torch.diagonal(loss.matrix)
    optimizer = torch.optim.LBFGS(
        parameters, max_iter=block, history_size=50, tolerance_grad=0, tolerance_change=0, line_search_fn="strong_wolfe"
    )

    def closure() -> torch.Tensor:
        optimizer.zero_grad(set_to_none=True)
        readout = torch.stack([torch.sum(m.weights[-1] ** 2) for m in modules]).sum()
        noise = torch.cat([module.expect_noise(s, config.activationNoise) for module in modules])
        total = loss(modules, s, taught) + importance @ noise + config.polishDecay * readout
        total.backward()
        return total

    for module in modules:
        module.rounds_inputs = False
    for _ in range(0, config.polishSteps, block):
        before = copy_parameters(modules)
        optimizer.step(closure)
        if not all(bool(torch.isfinite(p).all()) for p in parameters):
            set_parameters(modules, before)
            break
    for module in modules:
        module.rounds_inputs = True


def measure(modules: Sequence[RoundedPairModule], loss: MatchingLoss, seed: int) -> float:
    """Return the loss, averaged over places in the cells."""
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        places = [loss.draw_places(generator) for _ in range(_PLACES)]
        return float(np.mean([float(loss(modules, s, loss.teach(s))) for s in places]))


def refit(
    modules: Sequence[RoundedPairModule], training: MatchingLoss, heldOut: MatchingLoss, config: QuantizationConfig
) -> bool:
    """Refit the readouts to the rounded inputs of the last layers by ridge regression, which pulls weights to zero.

    The ridge is the one with the least held-out loss. If that is not below the loss without a refit, nothing changes.

    Returns
    -------
    bool
        whether the refit was kept
    """
    normal, gradient, start = _sum_equations(modules, training, config)
    best, least, kept = copy_parameters(modules), measure(modules, heldOut, config.seed + 2), False
    scale = np.trace(normal) / len(normal)
    for ridge in RIDGES:
        penalty = ridge * scale
        step = np.linalg.solve(normal + penalty * np.eye(len(normal)), gradient + penalty * start)
        set_readout(modules, _single(start - step))
        value = measure(modules, heldOut, config.seed + 2)
        if value < least:
            best, least, kept = copy_parameters(modules), value, True
    set_parameters(modules, best)
    return kept


def _sum_equations(
    modules: Sequence[RoundedPairModule], loss: MatchingLoss, config: QuantizationConfig
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the normal matrix and the gradient of the loss at the present readouts, over random places."""
    generator = torch.Generator().manual_seed(config.seed + 1)
    start, quadratic = get_readout(modules), loss.quadratic
    normal, gradient = np.zeros((len(start), len(start))), np.zeros(len(start))
    for _ in range(_PLACES):
        s = loss.draw_places(generator)
        with torch.no_grad():
            features = collect_features(modules, s)
            values = to_numpy(torch.cat([m(s.to(m.weights[0])) for m in modules]))
        error = values - to_numpy(loss.teach(s))
        normal += features.T @ quadratic.matrix @ features / _PLACES
        gradient += features.T @ (quadratic.matrix @ (error - quadratic.best) + quadratic.residual) / _PLACES
    return normal, gradient, start


def _single(values: np.ndarray) -> np.ndarray:
    return values.astype(np.float32).astype(np.float64)
