# SPDX-License-Identifier: MIT
"""Analysis functions against closed forms and brute force."""

import itertools

import numpy as np
import pytest
from scipy.signal import lfilter

from openmmsurrogate.analysis import (
    EV_PER_ANGSTROM,
    averageSeries,
    compareForces,
    computeChargeCurrentSpectrum,
    computeChargeStructureFactor,
    computeRadialDistribution,
    computeVelocitySpectrum,
    formatR2,
    toEVPerAngstrom,
)

CUBIC = 3.0 * np.eye(3)
TRICLINIC = np.array([[3.0, 0.0, 0.0], [1.0, 2.8, 0.0], [-0.9, 1.2, 2.6]])


@pytest.mark.parametrize("box", [CUBIC, TRICLINIC], ids=["cubic", "triclinic"])
def test_ideal_gas_has_no_structure(box):
    rng = np.random.default_rng(11)
    frames = rng.random((64, 500, 3)) @ box + rng.integers(-2, 3, (64, 500, 3)) @ box
    result = computeRadialDistribution(frames, box, 1.1, 50)
    # Bins near r = 0 hold too few pairs for a Gaussian.
    deviation = (result.g - 1.0)[10:] / result.standardError[10:]
    print(f"ideal gas: largest deviation {np.abs(deviation).max():.2f} standard errors, spread {deviation.std():.2f}")
    assert np.abs(deviation).max() < 4.5
    assert 0.7 < deviation.std() < 1.4


def test_radial_distribution_equals_brute_force_in_a_triclinic_box():
    rng = np.random.default_rng(12)
    frames = rng.random((16, 100, 3)) @ TRICLINIC
    result = computeRadialDistribution(frames, TRICLINIC, 1.1, 40)
    edges = np.linspace(0.0, 1.1, 41)
    i, j = np.triu_indices(100, 1)
    counts = np.zeros(40)
    for frame in frames:
        images = [frame[i] - frame[j] + np.array(n) @ TRICLINIC for n in itertools.product(range(-2, 3), repeat=3)]
        counts += np.histogram(np.linalg.norm(images, axis=2).min(axis=0), edges)[0]
    ideal = 0.5 * 100 * 99 / np.linalg.det(TRICLINIC) * 4.0 / 3.0 * np.pi * np.diff(edges**3)
    np.testing.assert_allclose(result.g, counts / 16 / ideal, rtol=1e-12)


def test_crystal_shells_hold_their_neighbours():
    """In a simple cubic crystal the shells at 1, sqrt(2) and sqrt(3) lattice constants hold 6, 12 and 8 neighbours."""
    n, a = 8, 0.4
    positions = a * np.stack(np.meshgrid(*3 * [np.arange(n)], indexing="ij"), axis=-1).reshape(-1, 3)
    result = computeRadialDistribution(np.repeat(positions[None], 16, axis=0), n * a * np.eye(3), 0.75, 75)
    density = (n**3 - 1) / (n * a) ** 3
    edges = np.linspace(0.0, 0.75, 76)
    neighbours = result.g * density * 4.0 / 3.0 * np.pi * np.diff(edges**3)
    # 0.4 nm lies on the edge of two bins: count by regions.
    shells = [neighbours[(result.r > low) & (result.r < low + 0.1)].sum() for low in (0.35, 0.52, 0.65)]
    np.testing.assert_allclose(shells, [6.0, 12.0, 8.0], rtol=1e-12)
    assert result.standardError.max() < 1e-12 * result.g.max()


def test_unlike_pairs_of_rock_salt_have_shells_of_their_own():
    """Around a sodium 6 chlorides at half a lattice constant a and 8 at sqrt(3)/2 a, 12 sodiums at a/sqrt(2)."""
    n, a = 4, 0.5
    sites = np.stack(np.meshgrid(*3 * [np.arange(2 * n)], indexing="ij"), axis=-1).reshape(-1, 3)
    odd = sites.sum(axis=1) % 2 == 1
    sodium, chloride = (np.repeat(0.5 * a * sites[None, kind], 16, axis=0) for kind in (~odd, odd))
    box = n * a * np.eye(3)
    unlike = computeRadialDistribution(sodium, box, 0.48, 48, others=chloride)
    like = computeRadialDistribution(sodium, box, 0.48, 48)
    shells = 4.0 / 3.0 * np.pi * np.diff(np.linspace(0.0, 0.48, 49) ** 3) / (n * a) ** 3
    neighbours = unlike.g * shells * chloride.shape[1]
    np.testing.assert_allclose([neighbours[:30].sum(), neighbours[30:].sum()], [6.0, 8.0], rtol=1e-12)
    np.testing.assert_allclose((like.g * shells * (sodium.shape[1] - 1)).sum(), 12.0, rtol=1e-12)
    with pytest.raises(ValueError, match="others must have shape"):
        computeRadialDistribution(sodium, box, 0.48, 48, others=chloride[:3])


@pytest.mark.parametrize(
    ("shape", "maxDistance", "message"),
    [((16, 10, 3), 1.6, "half the smallest width"), ((15, 10, 3), 1.0, "at least 16"), ((16, 10), 1.0, "shape")],
)
def test_radial_distribution_rejects_bad_input(shape, maxDistance, message):
    with pytest.raises(ValueError, match=message):
        computeRadialDistribution(np.random.default_rng(1).random(shape), CUBIC, maxDistance)


@pytest.mark.parametrize("correlation", [0.0, 0.9])
def test_average_of_an_autoregressive_series(correlation):
    """x[t] = c x[t-1] + noise of variance 1: the mean of n has standard error 1/((1-c) sqrt(n)), for large n."""
    rng = np.random.default_rng(13)
    count, series = 16384, 60
    data = lfilter([1.0], [1.0, -correlation], rng.standard_normal((count + 500, series)), axis=0)[500:]
    result = averageSeries(data)
    exact = 1.0 / (1.0 - correlation) / np.sqrt(count)
    ratio = result.standardError / exact
    print(f"correlation {correlation}: error estimate {ratio.mean():.3f} +- {ratio.std():.3f} of the exact one")
    assert ratio.mean() == pytest.approx(1.0, abs=0.02)
    assert ratio.std() < 0.1
    assert np.std(result.mean / exact) == pytest.approx(1.0, abs=0.3)
    exactTime = 0.5 * (1.0 + correlation) / (1.0 - correlation)
    assert result.correlationTime.mean() == pytest.approx(exactTime, rel=0.05)
    assert result.mean.shape == result.standardError.shape == result.correlationTime.shape == (series,)


def test_errors_of_short_series_are_not_too_small():
    """250 samples of a series that forgets within 10: 25 decay times."""
    rng = np.random.default_rng(15)
    correlation = np.exp(-0.1)
    data = lfilter([1.0], [1.0, -correlation], rng.standard_normal((450, 2000)), axis=0)[200:]
    result = averageSeries(data)
    ratio = np.sqrt(np.mean(result.standardError**2)) / result.mean.std()
    print(f"25 decay times: root mean square of the error estimate is {ratio:.3f} of the exact one")
    assert ratio == pytest.approx(1.0, abs=0.05)


def test_average_of_independent_and_of_equal_samples():
    data = np.random.default_rng(14).standard_normal(4096)
    result = averageSeries(data)
    assert result.mean == pytest.approx(data.mean(), rel=1e-14)
    assert result.correlationTime == pytest.approx(0.5, abs=0.1)
    assert result.standardError == pytest.approx(data.std() / 64.0, rel=0.1)
    assert averageSeries(np.full(64, 2.5)).standardError == 0.0
    alternating = averageSeries(np.arange(64) % 2)
    assert 0.0 < alternating.standardError < 0.01


@pytest.mark.parametrize(("data", "message"), [(np.zeros(15), "16 samples, not 15"), (np.full(20, np.nan), "NaN")])
def test_average_rejects_bad_input(data, message):
    with pytest.raises(ValueError, match=message):
        averageSeries(data)


def test_force_metrics_of_known_errors():
    """Forces (i, 0, 0) predicted as (i + 0.1, 0.2, 0): every metric has a closed form."""
    magnitudes = np.arange(1.0, 101.0)
    reference = np.zeros((10, 10, 3))
    reference[..., 0] = magnitudes.reshape(10, 10)
    predicted = reference + np.array([0.1, 0.2, 0.0])
    metrics = compareForces(reference, predicted)
    errors = np.hypot(magnitudes + 0.1, 0.2) - magnitudes
    spread = (100.0**2 - 1.0) / 12.0  # variance of 1..100
    scale = np.sqrt(101.0 * 201.0 / 6.0)  # root mean square of 1..100
    assert metrics.r2 == pytest.approx(1.0 - np.mean(errors**2) / spread, rel=1e-12)
    assert metrics.magnitudeRMSE == pytest.approx(np.sqrt(np.mean(errors**2)), rel=1e-12)
    assert metrics.componentRMSE == pytest.approx(np.sqrt(0.05 / 3.0), rel=1e-12)
    assert metrics.componentR2 == pytest.approx(1.0 - 0.05 / scale**2, rel=1e-12)
    assert metrics.relativeRMSE == pytest.approx(np.sqrt(0.05) / scale, rel=1e-12)
    assert metrics.relativeMaximum == pytest.approx(np.sqrt(0.05) / scale, rel=1e-12)
    assert metrics.numAtoms == 100


def test_force_metrics_reject_bad_input():
    with pytest.raises(ValueError, match="one shape"):
        compareForces(np.zeros((4, 3)), np.zeros((5, 3)))
    with pytest.raises(ValueError, match="undefined"):
        compareForces(np.ones((4, 3)), np.ones((4, 3)))


def test_units():
    # CODATA 2018: 1 eV = 96.48533212 kJ/mol.
    assert pytest.approx(964.8533212, rel=1e-10) == EV_PER_ANGSTROM
    assert toEVPerAngstrom(np.array([964.8533212, 0.0])) == pytest.approx([1.0, 0.0], rel=1e-10)


@pytest.mark.parametrize(
    ("r2", "text"), [(0.9, "0.9000"), (1.0 - 2e-7, "0.99999980"), (1.0, "1.0000"), (-1.0, "-1.0000")]
)
def test_format_r2_shows_the_distance_from_one(r2, text):
    assert formatR2(r2) == text


def test_velocity_spectrum_finds_a_frequency():
    """Oscillators of 4 THz with phases of their own."""
    times = np.arange(2000) * 0.01
    phases = np.random.default_rng(3).uniform(0.0, 2 * np.pi, (1, 50, 3))
    velocities = np.cos(2 * np.pi * 4.0 * times[:, None, None] + phases)
    spectrum = computeVelocitySpectrum(velocities, 0.01, 5.0)
    np.testing.assert_allclose(spectrum.autocorrelation, np.cos(2 * np.pi * 4.0 * spectrum.times), atol=0.01)
    assert spectrum.frequencies[spectrum.density.argmax()] == pytest.approx(4.0, abs=0.1)
    step = spectrum.frequencies[1]
    assert spectrum.density.sum() * step == pytest.approx(1.0)
    near = np.abs(spectrum.frequencies - 4.0) < 0.5
    assert spectrum.density[near].sum() * step == pytest.approx(1.0, abs=0.02)


def test_velocity_spectrum_of_white_noise_is_flat():
    velocities = np.random.default_rng(3).normal(size=(4000, 100, 3))
    spectrum = computeVelocitySpectrum(velocities, 0.01, 0.2)
    assert np.abs(spectrum.autocorrelation[1:]).max() < 5.0 / np.sqrt(velocities.size)
    np.testing.assert_allclose(spectrum.density, 1.0 / 50.0, rtol=0.1)  # up to 50 THz


def test_velocity_spectrum_needs_long_series():
    with pytest.raises(ValueError, match="do not suffice for lags up to 1 ps"):
        computeVelocitySpectrum(np.ones((100, 2, 3)), 0.01, 1.0)
    with pytest.raises(ValueError, match="shape"):
        computeVelocitySpectrum(np.ones((100, 3)), 0.01, 0.1)


def test_charge_structure_factor():
    """Independent ions have S = 1 at every k, pairs of opposite ions a distance d apart (1 - sin(kd)/(kd))."""
    rng = np.random.default_rng(5)
    edges, waves = np.array([3.0, 4.0, 5.0]), [[1, 0, 0], [0, 2, 1]]
    charges = np.tile([1.0, -1.0], 500)
    independent = rng.uniform(0.0, 1.0, (200, 1000, 3)) * edges
    k, average = computeChargeStructureFactor(independent, charges, edges, waves)
    np.testing.assert_allclose(k, [2 * np.pi / 3, 2 * np.pi * np.hypot(0.5, 0.2)], rtol=1e-12)
    assert np.all(np.abs(average.mean - 1.0) < 4.0 * average.standardError)
    directions = rng.normal(size=(200, 500, 3))
    bonds = 0.3 * directions / np.linalg.norm(directions, axis=-1, keepdims=True)
    paired = independent.copy()
    paired[:, 1::2] = paired[:, ::2] + bonds
    k, average = computeChargeStructureFactor(paired, charges, edges, waves)
    assert np.all(np.abs(average.mean - (1.0 - np.sinc(0.3 * k / np.pi))) < 4.0 * average.standardError)


def test_charge_current_spectrum_tells_longitudinal_from_transverse():
    """A standing wave of charge along x with 5 THz in x and 3 THz in y."""
    times, interval = np.arange(1000) * 0.01, 0.01
    edges, x = np.array([4.0, 2.0, 2.0]), np.linspace(0.0, 4.0, 40, endpoint=False)
    charges = np.tile([1.0, -1.0], 20)
    positions = np.tile(np.stack([x, 0 * x, 0 * x], axis=1), (1000, 1, 1))
    shape = charges * np.cos(2 * np.pi * x / 4.0)
    velocities = np.zeros_like(positions)
    velocities[:, :, 0] = np.cos(2 * np.pi * 5.0 * times)[:, None] * shape
    velocities[:, :, 1] = np.cos(2 * np.pi * 3.0 * times)[:, None] * shape
    spectrum = computeChargeCurrentSpectrum(positions, velocities, charges, edges, 0, interval)
    assert spectrum.frequencies[spectrum.longitudinal.argmax()] == pytest.approx(5.0, abs=0.1)
    assert spectrum.frequencies[spectrum.transverse.argmax()] == pytest.approx(3.0, abs=0.1)
    assert spectrum.longitudinal.sum() * spectrum.frequencies[0] == pytest.approx(1.0)
