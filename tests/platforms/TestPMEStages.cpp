// SPDX-License-Identifier: MIT
#include "IonicSystems.h"
#include "openmmsurrogate/internal/Units.h"
#include "pme/Convolve.h"
#include "pme/Interpolate.h"
#include "pme/MeshEwald.h"
#include "pme/Spread.h"
#include "pme/StageFormat.h"
#include "pme/Transform.h"
#include <gtest/gtest.h>
#include <openmm/reference/ReferencePME.h>
#include <cmath>
#include <memory>

using namespace SurrogatePlugin;
using namespace SurrogateTest;
using namespace OpenMM;
using std::array;
using std::complex;
using std::vector;

namespace {

const Vec3 triclinic[3] = {Vec3(2.2, 0, 0), Vec3(0.7, 2.3, 0), Vec3(-0.8, 0.9, 2.4)};
// Odd, so that no wave is at half the sampling rate, where ReferencePME replaces a zero; and of different lengths.
const GridShape shape = {{{21, 25, 27}}};

struct MeshResult {
    double energy = 0;
    vector<Vec3> forces;
};

/**
 * Get |sum_j w_j exp(2 pi i m j / n)|^2, by which Essmann et al. divide; it differs from the squared transform by the
 * aliases.
 */
vector<double> computeEssmannModuli(const MeshWindow& window, int numPoints) {
    const int order = window.getOrder();
    vector<double> weights(order), moduli;
    evaluateWindow(window, 0.0, weights.data());
    for (int m = 0; m < numPoints; m++) {
        complex<double> sum = 0;
        for (int j = 0; j < order; j++)
            sum += weights[j] * std::polar(1.0, 2 * pi * m * j / numPoints);
        moduli.push_back(std::norm(sum));
    }
    return moduli;
}

template <class T>
MeshResult computeWithStages(const ChargedSystem& system, const MeshWindow& window, const EwaldSplit& split) {
    ThreadPool threads(3);
    array<vector<double>, 3> moduli;
    for (int d = 0; d < 3; d++)
        moduli[d] = computeEssmannModuli(window, shape.points[d]);
    ParticlePlaces places;
    vector<T> grid;
    vector<complex<T> > waves;
    vector<double> influence;
    MeshResult result;
    result.forces.resize(system.positions.size());
    placeParticles(system.positions, system.box, shape, threads, places);
    spreadCharges(places, system.charges, window, shape, threads, grid);
    transformForward(shape, 1, grid, waves);
    computeInfluence(shape, system.box, split, moduli, threads, influence);
    result.energy = computeMeshEnergy(shape, influence, threads, waves);
    convolve(influence, threads, shape.points[0], waves);
    transformBack(shape, 1, waves, grid);
    interpolateForces(places, system.charges, window, shape, system.box, grid, threads, result.forces);
    return result;
}

ChargedSystem makeSystem() {
    ChargedSystem system = makeSalt(triclinic, 0.35, 0.05);
    for (size_t i = 0; i < system.positions.size(); i += 3) // out of the box, in all directions
        system.positions[i] += triclinic[i % 2] * (i % 5 - 2.0) - triclinic[2] * (i % 7 - 3.0);
    system.charges[4] = 0.3;
    return system;
}

void expectSame(const MeshResult& found, const MeshResult& expected, double tolerance) {
    double error = 0, scale = 0;
    for (size_t i = 0; i < expected.forces.size(); i++) {
        const Vec3 difference = found.forces[i] - expected.forces[i];
        error = std::max(error, std::sqrt(difference.dot(difference)));
        scale += expected.forces[i].dot(expected.forces[i]) / expected.forces.size();
    }
    std::printf("largest error over RMS force %.1e, relative error of the energy %.1e\n", error / std::sqrt(scale),
                std::abs(found.energy / expected.energy - 1));
    EXPECT_LT(error / std::sqrt(scale), tolerance);
    EXPECT_NEAR(found.energy / expected.energy, 1, tolerance);
}

} // namespace

/** OpenMM's ReferencePME, with its rule for the window's transform, against our stages, for each order. */
class PMEStages : public testing::TestWithParam<int> {};

TEST_P(PMEStages, agreeWithReferencePME) {
    const double alpha = 3.1;
    const ChargedSystem system = makeSystem();
    MeshResult expected;
    expected.forces.resize(system.positions.size());
    ReferencePME(alpha, (int) system.positions.size(), shape.points.data(), GetParam(), 1)
        .exec(system.positions, expected.forces, system.charges, system.box, expected.energy);
    const MeshWindow window = makeBSplineWindow(GetParam());
    expectSame(computeWithStages<double>(system, window, GaussianCoulombSplit(alpha)), expected, 1e-11);
    expectSame(computeWithStages<float>(system, window, GaussianCoulombSplit(alpha)), expected, 2e-5);
}

TEST_P(PMEStages, agreeWithReferenceDispersion) {
    const double alpha = 2.7;
    ChargedSystem system = makeSystem();
    for (double& charge : system.charges)
        charge = 0.01 * (2 + charge);
    MeshResult expected;
    expected.forces.resize(system.positions.size());
    ReferencePME(alpha, (int) system.positions.size(), shape.points.data(), GetParam(), 1)
        .exec_dpme(system.positions, expected.forces, system.charges, system.box, expected.energy);
    const MeshWindow window = makeBSplineWindow(GetParam());
    expectSame(computeWithStages<double>(system, window, GaussianDispersionSplit(alpha)), expected, 1e-10);
}

INSTANTIATE_TEST_SUITE_P(Orders, PMEStages, testing::Values(4, 5, 6, 7, 8));

TEST(PMEStages, threadsDoNotChangeTheGrid) {
    const ChargedSystem system = makeSystem();
    const MeshWindow window = makeBSplineWindow(6);
    vector<float> expected;
    for (int numThreads : {1, 2, 5}) {
        ThreadPool threads(numThreads);
        ParticlePlaces places;
        vector<float> grid;
        placeParticles(system.positions, system.box, shape, threads, places);
        spreadCharges(places, system.charges, window, shape, threads, grid);
        if (expected.empty())
            expected = grid;
        EXPECT_EQ(grid, expected);
    }
}

/**
 * Forces are the gradient of the mesh energy, also on even grids with odd orders, and with no influence of where the
 * grid is coarse.
 */
TEST(PMEStages, forcesAreTheGradientOfTheEnergy) {
    ChargedSystem system = makeSystem();
    ThreadPool threads(2);
    System openmm;
    for (size_t i = 0; i < system.charges.size(); i++)
        openmm.addParticle(1);
    openmm.setDefaultPeriodicBoxVectors(system.box[0], system.box[1], system.box[2]);
    TunablePMEForce force;
    force.setPMEParameters(3.0, 16, 18, 20);
    const PMESettings settings(openmm, force, PMEPlatform{NumericFormat::Double, "", 0});
    MeshEwald mesh(settings, std::make_unique<GaussianCoulombSplit>(3.0), settings.coulomb.grid);
    vector<Vec3> forces(system.positions.size());
    mesh.compute(system.positions, system.charges, system.box, threads, &forces, true);
    const double step = 1e-4;
    for (int d = 0; d < 3; d++) {
        const double original = system.positions[9][d];
        double energy[2];
        for (int side = 0; side < 2; side++) {
            system.positions[9][d] = original + (side == 0 ? step : -step);
            energy[side] = mesh.compute(system.positions, system.charges, system.box, threads, nullptr, true);
        }
        system.positions[9][d] = original;
        EXPECT_NEAR(forces[9][d], (energy[1] - energy[0]) / (2 * step), 1e-4);
    }
}

TEST(StageFormat, roundsWithOneScaleForAll) {
    vector<double> values = {3.0e-9, -1.0 / 3 * 1e-8, 1e-14, 0.0};
    const vector<double> original = values;
    roundToFormat(NumericFormat::Double, values);
    EXPECT_EQ(values, original);
    roundToFormat(NumericFormat::Single, values);
    EXPECT_EQ(values[1], (double) (float) original[1]);
    for (auto format : {NumericFormat::BFloat16, NumericFormat::Float16}) {
        values = original;
        roundToFormat(format, values);
        const double epsilon = format == NumericFormat::BFloat16 ? std::ldexp(1, -8) : std::ldexp(1, -11);
        for (size_t i = 0; i < 3; i++) {
            EXPECT_NEAR(values[i], original[i], epsilon * std::abs(original[i]));
            EXPECT_NE(values[i], original[i]);
        }
        EXPECT_EQ(values[3], 0);
    }
    vector<complex<float> > large = {{1e30f, -2e25f}};
    roundToFormat(NumericFormat::Float16, large);
    EXPECT_NEAR(large[0].real() / 1e30, 1, 1e-3);
    EXPECT_NEAR(large[0].imag() / -2e25, 1, 1e-2);
}
