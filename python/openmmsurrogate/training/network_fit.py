# SPDX-License-Identifier: MIT
"""Least-squares fit of a small tanh network of one variable, in double precision with numpy alone.

The network is that of :class:`openmmsurrogate.PairNetwork`. A fit has a few hundred samples and thousands of
parameters, so each Levenberg-Marquardt step is solved in the space of samples: with residuals e and Jacobian J,

    step = -J^T (J J^T + damping I)^-1 e

is the step of least norm. For a multilayer perceptron J J^T is a sum over layers of Hadamard products of two Gram
matrices (the empirical neural tangent kernel; Jacot et al., NeurIPS 2018), so that J itself is never formed. Steps of
least norm also keep the weights near their moderate initial size, which later rounding to few bits wants.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.linalg import LinAlgError, cho_factor, cho_solve

Array = NDArray[np.float64]

# The damping is multiplied or divided by this after a step that failed or succeeded (Marquardt 1963 uses 10).
_DAMPING_FACTOR = 4.0
# Relative to the largest eigenvalue of J J^T. Below the lower limit the factorization is rounding noise.
_LEAST_DAMPING = 1e-15
_LARGEST_DAMPING = 1e6


@dataclass
class NetworkParameters:
    """Weights W_l, shape (outputs, inputs), and biases b_l, shape (outputs,), of each layer."""

    weights: list[Array]
    biases: list[Array]

    @property
    def widths(self) -> list[int]:
        """Number of channels from the input to the output."""
        return [self.weights[0].shape[1]] + [len(b) for b in self.biases]

    def largestWeight(self) -> float:
        """Return the largest absolute value of any weight or bias."""
        return max(float(np.abs(a).max()) for a in (*self.weights, *self.biases))


@dataclass
class FitResult:
    """What a fit returns: the parameters, the RMS of the weighted residuals, and the number of steps taken."""

    parameters: NetworkParameters
    residual: float
    steps: int


def initializeNetwork(widths: Sequence[int], low: float, high: float, seed: int) -> NetworkParameters:
    """Draw the parameters of a network whose input lies in [low, high].

    Hidden layers are drawn as by Glorot and Bengio (AISTATS 2010). The first layer is steeper, and each of its channels
    has its zero inside the range of the input, so that together they resolve it.

    Parameters
    ----------
    widths
        Number of channels from the input (1) to the output (1).
    low, high
        Range of the input.
    seed
        Seed of the random numbers.
    """
    rng = np.random.default_rng(seed)
    weights = [np.sqrt(6.0 / (n + m)) * rng.uniform(-1.0, 1.0, (n, m)) for m, n in itertools.pairwise(widths)]
    biases = [np.zeros(n) for n in widths[1:]]
    weights[0] = rng.uniform(1.0, 3.0, weights[0].shape) * rng.choice([-1.0, 1.0], weights[0].shape) / (high - low)
    biases[0] = -weights[0][:, 0] * rng.uniform(low, high, widths[1])
    return NetworkParameters(weights, biases)


def evaluateLayers(parameters: NetworkParameters, s: Array) -> list[Array]:
    """Return the output of each layer, [h_0 = s, h_1, ..., y], each of shape (samples, channels)."""
    layers = [np.asarray(s, float).reshape(-1, 1)]
    last = len(parameters.weights) - 1
    for i, (weight, bias) in enumerate(zip(parameters.weights, parameters.biases, strict=True)):
        z = layers[-1] @ weight.T + bias
        layers.append(z if i == last else np.tanh(z))
    return layers


def evaluateNetwork(parameters: NetworkParameters, s: ArrayLike) -> Array:
    """Return the output of the network (before destandardization) for an array of inputs."""
    return evaluateLayers(parameters, np.asarray(s, float))[-1][:, 0]


def _backpropagate(parameters: NetworkParameters, layers: list[Array]) -> list[Array]:
    """Return dy/dz_l of each layer, shape (samples, channels)."""
    derivatives = [np.ones_like(layers[-1])]
    for weight, hidden in zip(parameters.weights[:0:-1], layers[-2:0:-1], strict=True):
        derivatives.insert(0, (derivatives[0] @ weight) * (1.0 - hidden**2))
    return derivatives


def _step(parameters: NetworkParameters, layers: list[Array], derivatives: list[Array], z: Array) -> NetworkParameters:
    """Return the parameters moved by -J^T z."""
    weights = [w - (d * z).T @ h for w, d, h in zip(parameters.weights, derivatives, layers[:-1], strict=True)]
    biases = [b - (d * z).sum(axis=0) for b, d in zip(parameters.biases, derivatives, strict=True)]
    return NetworkParameters(weights, biases)


def fitNetwork(
    start: NetworkParameters,
    s: ArrayLike,
    target: ArrayLike,
    sampleWeights: ArrayLike,
    maxSteps: int = 2000,
    tolerance: float = 0.0,
    reporter: Callable[[int, float], None] | None = None,
) -> FitResult:
    """Minimize the sum of (sampleWeights*(network(s)-target))^2.

    Parameters
    ----------
    start
        Where to start, usually from initializeNetwork().
    s, target, sampleWeights
        Inputs, standardized targets and weights of the residuals, each of shape (samples,).
    maxSteps
        Number of steps, successful or not.
    tolerance
        The fit ends when the RMS of the weighted residuals is this small.
    reporter
        Called after each step with its number and the RMS of the weighted residuals.

    Returns
    -------
    FitResult
        The best parameters found.
    """
    s, target = np.asarray(s, float), np.asarray(target, float)
    omega = np.asarray(sampleWeights, float)
    parameters, damping = start, 1e-3
    layers = evaluateLayers(parameters, s)
    error = omega * (layers[-1][:, 0] - target)
    step = 0
    while step < maxSteps and _rms(error) > tolerance and damping < _LARGEST_DAMPING:
        derivatives = [d * omega[:, None] for d in _backpropagate(parameters, layers)]
        kernel = sum((d @ d.T) * (h @ h.T + 1.0) for d, h in zip(derivatives, layers[:-1], strict=True))
        scale = np.trace(kernel)
        accepted = False
        while not accepted and step < maxSteps and damping < _LARGEST_DAMPING:
            step += 1
            try:
                factor = cho_factor(kernel + damping * scale * np.eye(len(s)))
            except LinAlgError:
                damping *= _DAMPING_FACTOR
                continue
            trial = _step(parameters, layers, derivatives, cho_solve(factor, error)[:, None])
            trialLayers = evaluateLayers(trial, s)
            trialError = omega * (trialLayers[-1][:, 0] - target)
            accepted = _rms(trialError) < _rms(error)
            damping = max(damping / _DAMPING_FACTOR, _LEAST_DAMPING) if accepted else damping * _DAMPING_FACTOR
        if accepted:
            parameters, layers, error = trial, trialLayers, trialError
        if reporter is not None:
            reporter(step, _rms(error))
    return FitResult(parameters, _rms(error), step)


def roundToSingle(
    parameters: NetworkParameters, s: ArrayLike, target: ArrayLike, sampleWeights: ArrayLike
) -> NetworkParameters:
    """Round the parameters to float32, with the last layer refitted to the rounded hidden layers.

    The refit is a ridge regression of the correction, since the hidden channels are nearly collinear: an
    unregularized one would buy digits, which its own rounding loses again, with large weights of opposite sign.

    Returns
    -------
    NetworkParameters
        Parameters in float64 whose values float32 holds exactly.
    """
    omega = np.asarray(sampleWeights, float)
    rounded = NetworkParameters([_single(w) for w in parameters.weights], [_single(b) for b in parameters.biases])
    layers = evaluateLayers(
        NetworkParameters(rounded.weights[:-1] + parameters.weights[-1:], rounded.biases[:-1] + parameters.biases[-1:]),
        np.asarray(s, float),
    )
    features = omega[:, None] * np.hstack([layers[-2], np.ones((len(omega), 1))])
    error = omega * (np.asarray(target, float) - layers[-1][:, 0])
    # A correction of the size of float32's rounding costs as much as an error of the same size in every sample.
    normal = features.T @ features + 1e-3 * np.eye(features.shape[1])
    correction = np.linalg.solve(normal, features.T @ error)
    rounded.weights[-1] = _single(parameters.weights[-1] + correction[:-1])
    rounded.biases[-1] = _single(parameters.biases[-1] + correction[-1:])
    return rounded


def _single(values: Array) -> Array:
    return values.astype(np.float32).astype(np.float64)


def _rms(values: Array) -> float:
    return float(np.sqrt(np.mean(values**2)))
