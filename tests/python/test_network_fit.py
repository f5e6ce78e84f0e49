# SPDX-License-Identifier: MIT
"""The least-squares fit of networks."""

import numpy as np

from openmmsurrogate.training import (
    NetworkParameters,
    evaluateNetwork,
    fitNetwork,
    initializeNetwork,
    roundToSingle,
)

S = 0.5 - 0.5 * np.cos(np.pi * (np.arange(60) + 0.5) / 60)
WIDTHS = [1, 12, 12, 1]


def rms(values):
    return np.sqrt(np.mean(np.square(values)))


def target(s):
    return np.sin(5.0 * s) + s**3


def test_fit_reaches_a_smooth_function_and_interpolates():
    result = fitNetwork(initializeNetwork(WIDTHS, 0.0, 1.0, 3), S, target(S), np.ones_like(S), maxSteps=400)
    between = np.linspace(0.0, 1.0, 1001)
    error = np.abs(evaluateNetwork(result.parameters, between) - target(between)).max()
    print(
        f"RMS residual {result.residual:.1e} after {result.steps} steps, largest error between the samples {error:.1e}"
    )
    assert result.residual < 1e-5
    assert error < 1e-4
    assert result.parameters.largestWeight() < 20.0


def test_one_step_is_the_least_norm_gauss_newton_step():
    """The first accepted step against one computed from a finite-difference Jacobian."""
    start = initializeNetwork([1, 3, 4, 1], 0.0, 1.0, 4)
    s, weights = np.linspace(0.1, 0.9, 5), np.array([1.0, 2.0, 0.5, 1.0, 3.0])
    wanted = evaluateNetwork(start, s) + 1e-3 * np.array([1.0, -2.0, 0.5, 1.0, -1.0])

    def pack(parameters):
        return np.concatenate([a.ravel() for a in (*parameters.weights, *parameters.biases)])

    def unpack(vector):
        arrays, position = [], 0
        for like in (*start.weights, *start.biases):
            arrays.append(vector[position : position + like.size].reshape(like.shape))
            position += like.size
        return NetworkParameters(arrays[:3], arrays[3:])

    theta, step = pack(start), 1e-5
    columns = [
        evaluateNetwork(unpack(theta + d), s) - evaluateNetwork(unpack(theta - d), s) for d in step * np.eye(len(theta))
    ]
    jacobian = weights[:, None] * np.array(columns).T / (2.0 * step)
    error = weights * (evaluateNetwork(start, s) - wanted)
    gram = jacobian @ jacobian.T
    expected = -jacobian.T @ np.linalg.solve(gram + 1e-3 * np.trace(gram) * np.eye(5), error)
    result = fitNetwork(start, s, wanted, weights, maxSteps=1)
    np.testing.assert_allclose(pack(result.parameters) - theta, expected, atol=1e-6 * np.abs(expected).max())


def test_fit_stops_at_the_tolerance_and_reports():
    reports = []
    result = fitNetwork(
        initializeNetwork(WIDTHS, 0.0, 1.0, 3),
        S,
        target(S),
        np.ones_like(S),
        tolerance=1e-2,
        reporter=lambda step, residual: reports.append((step, residual)),
    )
    assert result.residual <= 1e-2
    assert reports[-1] == (result.steps, result.residual)
    assert [residual for _, residual in reports] == sorted((residual for _, residual in reports), reverse=True)


def test_rounded_parameters_are_single_precision_and_refitted():
    result = fitNetwork(initializeNetwork(WIDTHS, 0.0, 1.0, 3), S, target(S), np.ones_like(S), maxSteps=400)
    rounded = roundToSingle(result.parameters, S, target(S), np.ones_like(S))
    for array in (*rounded.weights, *rounded.biases):
        np.testing.assert_array_equal(array, array.astype(np.float32))
    assert rms(evaluateNetwork(rounded, S) - target(S)) < result.residual + 1e-6
    assert rounded.widths == WIDTHS


def test_same_seed_same_start():
    first, second = (initializeNetwork(WIDTHS, 0.3, 1.0, 7) for _ in range(2))
    for a, b in zip(first.weights, second.weights, strict=True):
        np.testing.assert_array_equal(a, b)
    assert not np.array_equal(first.weights[1], initializeNetwork(WIDTHS, 0.3, 1.0, 8).weights[1])
    # The zeros of the first layer's channels lie inside the range.
    zeros = -first.biases[0] / first.weights[0][:, 0]
    assert zeros.min() > 0.3
    assert zeros.max() < 1.0
