// SPDX-License-Identifier: MIT
#include "Interval.h"
#include "PairFunctionImplementation.h"
#include "TestNetworks.h"
#include "openmmsurrogate/internal/PairTable.h"
#include <gtest/gtest.h>
#include <openmm/OpenMMException.h>
#include <cmath>
#include <tuple>

using namespace SurrogatePlugin;
using namespace SurrogateTest;
using OpenMM::OpenMMException;
using std::vector;

namespace {

const double cutoff = 0.85, forceScale = 20;

PairFunction makeFunction(const PairNetwork& network, NumericFormat::Type format = NumericFormat::Double) {
    return PairFunction(network, cutoff, {format, true, 16});
}

double findError(const PairTable& table, const PairFunction& function) {
    double largest = 0;
    const int n = 50021; // prime, so that samples fall everywhere in the cells
    for (int k = 0; k < n; k++) {
        const double r = cutoff * k / n, w = function.computeForce(r);
        largest = std::max(largest, std::fabs(table.computeForce(r) - w) / std::max(forceScale, std::fabs(w)));
    }
    return largest;
}

class PairTableOfNetwork
    : public testing::TestWithParam<std::tuple<PairNetwork::Activation, PairNetwork::Output, double, double> > {};

} // namespace

TEST_P(PairTableOfNetwork, KeepsItsBound) {
    NetworkOptions options;
    double tolerance;
    std::tie(options.activation, options.output, options.frequency, tolerance) = GetParam();
    const PairFunction function = makeFunction(makeRandomNetwork(1, options));
    const PairTable table(function, tolerance, forceScale);
    const double found = findError(table, function);
    printf("tolerance %.0e: %d cells, bound %.2e, largest error found %.2e\n", tolerance, table.getNumCells(),
           table.getErrorBound(), found);
    EXPECT_LE(found, table.getErrorBound());
    EXPECT_LE(table.getErrorBound(), tolerance * (1 + 1e-6) + 1e-10);
}

TEST_P(PairTableOfNetwork, ForceIsTheDerivativeOfItsEnergy) {
    NetworkOptions options;
    double tolerance;
    std::tie(options.activation, options.output, options.frequency, tolerance) = GetParam();
    const PairTable table(makeFunction(makeRandomNetwork(2, options)), tolerance, forceScale);
    const vector<double>& c = table.getCoefficients();
    double largestJump = 0, largestSlopeJump = 0, largest = 0;
    for (int k = 0; k + 1 < table.getNumCells(); k++) {
        const double* a = &c[4 * k];
        const double* b = &c[4 * (k + 1)];
        largestJump = std::max(largestJump, std::fabs(a[0] + a[1] + a[2] + a[3] - b[0]));
        largestSlopeJump = std::max(largestSlopeJump, std::fabs(a[1] + 2 * a[2] + 3 * a[3] - b[1]));
        largest = std::max(largest, std::fabs(a[0]));
    }
    EXPECT_LE(largestJump, 1e-14 * largest);
    EXPECT_LE(largestSlopeJump, 1e-13 * largest);
    EXPECT_NEAR(cutoff * cutoff, table.getOrigin() + table.getNumCells() * table.getSpacing(), 1e-14);
    EXPECT_LE(table.getOrigin(), 0);
    for (double r = 0.01; r < 0.84; r += 0.0171) {
        const double h = 1e-6, slope = (table.computeEnergy(r + h) - table.computeEnergy(r - h)) / (2 * h);
        EXPECT_NEAR(-slope, table.computeForce(r), 1e-6 * std::max(forceScale, std::fabs(slope)));
    }
}

INSTANTIATE_TEST_SUITE_P(Networks, PairTableOfNetwork,
                         testing::Combine(testing::Values(PairNetwork::Tanh, PairNetwork::SiLU,
                                                          PairNetwork::ClampedPolynomial),
                                          testing::Values(PairNetwork::ForceWeight, PairNetwork::Energy),
                                          testing::Values(2.0, 8.0), testing::Values(1e-3, 1e-5)));

TEST(PairTable, ReachesTheTightestTolerance) {
    const PairFunction function = makeFunction(makeRandomNetwork(3));
    const PairTable table(function, 1e-9, forceScale);
    const double found = findError(table, function);
    printf("tolerance 1e-9: %d cells, bound %.2e, largest error found %.2e\n", table.getNumCells(),
           table.getErrorBound(), found);
    EXPECT_LE(found, table.getErrorBound());
    EXPECT_LE(table.getErrorBound(), 2e-9);
}

TEST(PairTable, FollowsRoundedFormats) {
    for (auto format : {NumericFormat::Single, NumericFormat::TF32, NumericFormat::BFloat16, NumericFormat::Float16,
                        NumericFormat::Float8, NumericFormat::Int8, NumericFormat::Int4}) {
        const PairNetwork network = makeRandomNetwork(4);
        const PairFunction function = makeFunction(network, format), exact = makeFunction(network);
        const PairTable table(function, 1e-5, forceScale);
        // The table must sit on the format's own function, not on the exact one: averaged over steps it does.
        double bias = 0, formatBias = 0;
        for (double r = 0.3; r < cutoff; r += 1e-4) {
            bias += std::pow(table.computeForce(r) - function.computeForce(r), 2);
            formatBias += std::pow(exact.computeForce(r) - function.computeForce(r), 2);
        }
        printf("%s: RMS table-format %.2e, exact-format %.2e of it; bound %.2e\n",
               NumericFormat::getName(format).c_str(), std::sqrt(bias), std::sqrt(bias / formatBias),
               table.getErrorBound());
        if (format != NumericFormat::Single) { // whose rounding is below the table's own error
            EXPECT_LT(bias, formatBias);
        }
        const double cellWidth = table.getSpacing() / (2 * 0.3); // in r, where cells are widest
        for (double r : {0.3, 0.35, 0.5, 0.7})
            EXPECT_NEAR(function.computeEnergy(r), table.computeEnergy(r),
                        2 * table.getErrorBound() * forceScale * cellWidth);
    }
}

TEST(PairTable, EnclosuresHoldValuesAndDerivatives) {
    NetworkOptions options;
    for (auto activation : {PairNetwork::Tanh, PairNetwork::SiLU, PairNetwork::ClampedPolynomial})
        for (auto output : {PairNetwork::ForceWeight, PairNetwork::Energy}) {
            options.activation = activation;
            options.output = output;
            const PairFunction function = makeFunction(makeRandomNetwork(5, options));
            const PairFunction::Implementation& impl = function.getImplementation();
            for (double x = 0.0901; x < 0.72; x += 0.0123) {
                const double width = 1e-3;
                const Jet<Interval, 3> enclosure = impl.encloseSlope(x, x + width);
                for (double t = 0; t <= 1; t += 0.25) {
                    const Jet<double, 1> point = impl.smoothSlope(x + t * width);
                    for (int k = 0; k < 2; k++)
                        EXPECT_LE(std::fabs(point.c[k] - enclosure.c[k].middle), enclosure.c[k].radius * BoundSlack)
                            << x << " " << k;
                }
                if (std::isnan(enclosure.c[2].radius)) // the cell holds a clamp
                    continue;
                // The second derivative, twice the coefficient, against differences of the first.
                const double second =
                    (impl.smoothSlope(x + 0.6 * width).c[1] - impl.smoothSlope(x + 0.4 * width).c[1]) / (0.2 * width);
                EXPECT_LE(std::fabs(second - 2 * enclosure.c[2].middle), 2 * enclosure.c[2].radius * BoundSlack);
            }
        }
}

/** The constants of docs/theory/table.md: the largest L1 norm of the Peano kernel of quadratic Hermite interpolation. */
TEST(PairTable, ErrorConstantsAreThoseOfThePeanoKernels) {
    double norms[3] = {0, 0, 0};
    const int n = 2000;
    for (int k = 0; k <= 400; k++) {
        const double t = k / 400.0, right = -2 * t + 3 * t * t, mean = 6 * t - 6 * t * t;
        double sums[3] = {0, 0, 0};
        for (int j = 0; j < n; j++) {
            const double tau = (j + 0.5) / n, after = 1 - tau, left = std::max(0.0, t - tau);
            sums[0] += std::fabs((t > tau ? 1 : 0) - right - mean * after);
            sums[1] += std::fabs(left - right * after - mean * after * after / 2);
            sums[2] += std::fabs(left * left / 2 - right * after * after / 2 - mean * after * after * after / 6);
        }
        for (int i = 0; i < 3; i++)
            norms[i] = std::max(norms[i], sums[i] / n);
    }
    EXPECT_NEAR(0.252, norms[0], 1e-3);
    EXPECT_NEAR(0.0324, norms[1], 2e-4);
    EXPECT_NEAR(std::sqrt(3.0) / 216, norms[2], 1e-6);
}

TEST(PairTable, RefusesWhatItCannotDo) {
    NetworkOptions options;
    options.minimumDistance = 0;
    EXPECT_THROW(PairTable(makeFunction(makeRandomNetwork(6, options)), 1e-5, forceScale), OpenMMException);
    EXPECT_THROW(PairTable(makeFunction(makeRandomNetwork(6)), 1e-5, 0), OpenMMException);
    options.minimumDistance = 0.3;
    options.frequency = 5000; // noise
    EXPECT_THROW(PairTable(makeFunction(makeRandomNetwork(6, options)), 1e-9, 1e-6), OpenMMException);
}
