# SPDX-License-Identifier: MIT
"""The search for pairs, against brute force over periodic images."""

import itertools

import numpy as np
import pytest

from openmmsurrogate.data import findPairs

TRUNCATED_OCTAHEDRON = 2.0 * np.array(
    [[1, 0, 0], [1 / 3, 2 * np.sqrt(2) / 3, 0], [-1 / 3, np.sqrt(2) / 3, np.sqrt(6) / 3]]
)
RHOMBIC_DODECAHEDRON = 2.0 * np.array([[1, 0, 0], [0, 1, 0], [0.5, 0.5, np.sqrt(0.5)]])
BOXES = {
    "cubic": 2.0 * np.eye(3),
    "rectangular": np.diag([2.0, 1.7, 3.1]),
    "truncated octahedron": TRUNCATED_OCTAHEDRON,
    "rhombic dodecahedron": RHOMBIC_DODECAHEDRON,
    "most skewed": np.array([[2.0, 0, 0], [1.0, 2.0, 0], [-1.0, 1.0, 2.0]]),
    "not periodic": None,
}


def brute_force(positions, box, cutoff):
    """Return {(i, j): displacement} of the nearest image of each pair within the cutoff, from 1331 images."""
    shifts = np.zeros((1, 3)) if box is None else np.array(list(itertools.product(range(-5, 6), repeat=3))) @ box
    found = {}
    for i, j in itertools.combinations(range(len(positions)), 2):
        images = positions[i] - positions[j] + shifts
        nearest = images[np.linalg.norm(images, axis=1).argmin()]
        if np.linalg.norm(nearest) < cutoff:
            found[i, j] = nearest
    return found


@pytest.mark.parametrize("name", BOXES)
def test_pairs_equal_brute_force(name):
    box = BOXES[name]
    widest = 0.8 if box is None else 0.5 / np.linalg.norm(np.linalg.inv(box), axis=0).max()
    rng = np.random.default_rng(3)
    positions = rng.uniform(-4.0, 4.0, (60, 3)) if box is not None else rng.uniform(0.0, 2.0, (60, 3))
    for cutoff in (0.3, 0.999 * widest):
        i, j, displacement = findPairs(positions, box, cutoff)
        expected = brute_force(positions, box, cutoff)
        assert list(zip(i.tolist(), j.tolist(), strict=True)) == sorted(expected)
        np.testing.assert_allclose(displacement, [expected[pair] for pair in sorted(expected)], atol=1e-12)
        assert len(i) > 0


def test_a_position_that_rounds_to_the_edge_is_kept():
    i, _, displacement = findPairs([[-1e-20, 0.0, 0.0], [0.1, 0.0, 2.0]], 2.0 * np.eye(3), 0.5)
    assert len(i) == 1
    np.testing.assert_allclose(displacement, [[-0.1, 0.0, 0.0]], atol=1e-12)


@pytest.mark.parametrize(
    ("positions", "box", "cutoff", "message"),
    [
        (np.zeros((3, 2)), None, 1.0, r"shape \(particles, 3\), not \(3, 2\)"),
        ([[0, 0, np.nan]], None, 1.0, "finite"),
        (np.zeros((3, 3)), None, 0.0, "positive, not 0.0"),
        (np.zeros((3, 3)), np.eye(2), 1.0, r"shape \(3, 3\), not \(2, 2\)"),
        (np.zeros((3, 3)), 2.0 * np.eye(3), 1.01, "half the smallest width of the box, 1 nm"),
    ],
)
def test_bad_arguments_are_refused(positions, box, cutoff, message):
    with pytest.raises(ValueError, match=message):
        findPairs(positions, box, cutoff)
