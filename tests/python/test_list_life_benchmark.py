# SPDX-License-Identifier: MIT
"""Lives of pair lists, of particles whose paths are known."""

import sys
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parents[2] / "benchmarks"))
import list_life

STEPS = np.arange(list_life.LONGEST + 1)[None, :, None, None]


@pytest.fixture
def velocities():
    return np.random.default_rng(1).normal(size=(3, 200, 3))


def test_a_list_lasts_until_the_first_particle_has_gone_too_far(velocities):
    fastest = np.linalg.norm(velocities, axis=-1).max()
    allowances = np.full(200, 5.5 * fastest)
    assert list_life.findLife(STEPS * velocities[:, None], 0 * velocities, allowances) == 6
    allowances = np.linspace(5.5, 9.5, 200) * fastest  # each particle has its own
    slow = velocities / np.linalg.norm(velocities, axis=-1, keepdims=True) * fastest
    assert list_life.findLife(STEPS * slow[:, None], 0 * slow, allowances) == 6


def test_lists_of_particles_that_fly_last_almost_twice_as_long(velocities):
    allowances = np.full(200, 8.5 * np.linalg.norm(velocities, axis=-1).max())
    plain = list_life.findLife(STEPS * velocities[:, None], 0 * velocities, allowances)
    assert plain == 9
    assert list_life.predict(STEPS * velocities[:, None], velocities, allowances) == 17


def test_lists_of_particles_that_forget_their_velocities_gain_nothing():
    rng = np.random.default_rng(2)
    paths = np.cumsum(rng.normal(size=(3, list_life.LONGEST + 1, 2000, 3)), axis=1)
    paths -= paths[:, :1]
    velocities = rng.normal(size=(3, 2000, 3))
    allowances = np.full(2000, 12.0)
    plain = list_life.findLife(paths, 0 * velocities, allowances)
    assert abs(list_life.predict(paths, velocities, allowances) - plain) <= 1
