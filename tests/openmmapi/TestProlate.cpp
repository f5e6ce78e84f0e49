// SPDX-License-Identifier: MIT
#include "openmmsurrogate/internal/ProlateFunction.h"
#include "openmmsurrogate/internal/ProlateParameters.h"
#include "openmmsurrogate/internal/ProlateSplit.h"
#include "openmmsurrogate/internal/ProlateWindow.h"
#include "openmmsurrogate/internal/Units.h"
#include <gtest/gtest.h>
#include <openmm/OpenMMException.h>
#include <cmath>

using namespace SurrogatePlugin;
using OpenMM::Vec3;
using std::vector;

namespace {

/** Get the integral of a smooth function from a to b (Simpson's rule). */
template <class Function>
double integrate(const Function& function, double a, double b, int numSteps = 4000) {
    const double h = (b - a) / numSteps;
    double sum = function(a) + function(b);
    for (int i = 1; i < numSteps; i++)
        sum += (i % 2 == 1 ? 4 : 2) * function(a + i * h);
    return sum * h / 3;
}

double evaluatePolynomial(const vector<double>& coefficients, double z) {
    double value = 0;
    for (size_t i = coefficients.size(); i-- > 0;)
        value = value * z + coefficients[i];
    return value;
}

/** Get a weight of a window, or its derivative, from the coefficients. */
double evaluateWeight(const MeshWindow& window, int j, double fraction, bool derivative = false) {
    vector<double> ascending;
    for (int power = 0; power <= window.getDegree(); power++)
        ascending.insert(ascending.begin(), window.getHornerCoefficients()[power * window.getOrder() + j]);
    if (derivative) {
        for (size_t power = 0; power + 1 < ascending.size(); power++)
            ascending[power] = (power + 1) * ascending[power + 1];
        ascending.pop_back();
    }
    return evaluatePolynomial(ascending, fraction - 0.5);
}

/** Get the largest errors of a window's weights, and of their derivatives, against the function they stand for. */
std::array<double, 2> findWindowErrors(int order, double width, int degree) {
    const MeshWindow window = makeProlateWindow(order, width, degree);
    const ProlateFunction psi(0.5 * pi * order * width);
    const double edge = psi.getValue(1), scale = 1 / (order * (psi.getIntegral() - edge));
    std::array<double, 2> errors = {0, 0};
    for (int j = 0; j < order; j++)
        for (int i = 0; i <= 200; i++) {
            const double f = i / 200.0, x = (2 * (f + order - 1 - j) - order) / order;
            const double value = (psi.getValue(x) - edge) * scale, slope = psi.getSlopeOverX(x) * x * scale * 2 / order;
            errors[0] = std::max(errors[0], std::abs(evaluateWeight(window, j, f) - value));
            errors[1] = std::max(errors[1], std::abs(evaluateWeight(window, j, f, true) - slope));
        }
    return errors;
}

} // namespace

/** Values from a full eigensolver (numpy.linalg.eigh of the same matrix with more rows). */
TEST(ProlateFunction, hasItsKnownValues) {
    struct Known {
        double c, edge, integral, secondMoment, half;
    };
    const Known known[] = {{10.5, 3.082768664e-4, 0.38678113666340, 0.08824949626670, 0.27334497053169},
                           {11.5, 1.189729050e-4, 0.36958217572692, 0.08114591579375, 0.23899575043938},
                           {13, 2.830580576e-5, 0.34760679892847, 0.07239017126752, 0.19541326972791},
                           {15, 4.126774268e-6, 0.32360431875888, 0.06327244613362, 0.14942669066801},
                           {20, 3.225456779e-8, 0.28024956081990, 0.04809993949807, 0.07642975316159}};
    for (const Known& k : known) {
        const ProlateFunction psi(k.c);
        EXPECT_NEAR(psi.getValue(0), 1, 1e-14);
        EXPECT_NEAR(psi.getValue(1), k.edge, 2e-14 + 1e-9 * k.edge); // given with ten digits
        EXPECT_NEAR(psi.getIntegral(), k.integral, 1e-12);
        EXPECT_NEAR(psi.getSecondMoment(), k.secondMoment, 1e-12);
        EXPECT_NEAR(psi.getValue(0.5), k.half, 1e-12);
    }
}

/** The differential equation that defines it: ((1-x^2) psi')' = (c^2 x^2 - chi) psi, integrated from 0. */
TEST(ProlateFunction, solvesItsEquation) {
    for (double c : {3.0, 7.0, 15.0, 40.0}) {
        const ProlateFunction psi(c);
        // chi is the value for which both sides vanish at 1.
        const double moment = integrate([&](double x) { return x * x * psi.getValue(x); }, 0, 1);
        const double eigenvalue = c * c * moment / psi.getIntegral();
        EXPECT_NEAR(eigenvalue, c - 0.75, 0.2);
        for (double x : {0.1, 0.4, 0.9}) {
            const double integral =
                integrate([&](double t) { return (c * c * t * t - eigenvalue) * psi.getValue(t); }, 0, x);
            EXPECT_NEAR((1 - x * x) * x * psi.getSlopeOverX(x), integral, 1e-9 * c);
        }
    }
}

TEST(ProlateFunction, derivativeAndIntegralBelongToIt) {
    const ProlateFunction psi(12);
    for (double x : {0.0, 0.01, 0.3, 0.7, 1.0}) {
        const double h = 1e-5;
        EXPECT_NEAR(psi.getMean(x) * x, integrate([&](double t) { return psi.getValue(t); }, 0, x), 1e-13);
        if (x > 0 && x < 1) {
            EXPECT_NEAR(psi.getSlopeOverX(x), (psi.getValue(x + h) - psi.getValue(x - h)) / (2 * h * x), 1e-7);
        }
    }
    EXPECT_NEAR(psi.getMean(1), psi.getIntegral(), 1e-14);
    EXPECT_NEAR(psi.getMean(0), 1, 1e-14);
}

/** The transform is that of the function, below the band edge, at it, and far beyond. */
TEST(ProlateFunction, transformIsThatOfTheFunction) {
    for (double c : {5.0, 11.5, 17.0}) {
        const ProlateFunction psi(c);
        for (double w : {0.0, 1e-8, 0.05, pi, 0.7 * c, c, 1.7 * c, 4 * c, 60.0, 200.0}) {
            const double integral = integrate([&](double x) { return psi.getValue(x) * std::cos(w * x); }, 0, 1, 20000);
            EXPECT_NEAR(psi.getTransform(w), integral / psi.getIntegral(), 1e-12) << w;
        }
    }
}

/** Below the band edge the transform has the shape of the function itself. */
TEST(ProlateFunction, isItsOwnTransform) {
    const ProlateFunction psi(11.5);
    for (double x : {0.2, 0.5, 0.9})
        EXPECT_NEAR(psi.getTransform(11.5 * x), psi.getValue(x), 1e-9);
}

TEST(ProlateFunction, refusesBandwidthsThatItCannotCompute) {
    EXPECT_THROW(ProlateFunction(2), OpenMM::OpenMMException);
    EXPECT_THROW(ProlateFunction(41), OpenMM::OpenMMException);
    EXPECT_THROW(ProlateFunction(NAN), OpenMM::OpenMMException);
}

/** The split's energies are limits of its transform and of the long-range potential. */
TEST(ProlateSplit, energiesAreLimits) {
    const double rc = 0.9;
    const ProlateCoulombSplit split(11.5, rc);
    const double k2 = 1e-4; // transform = 4 pi k (1/k2 - rc^2 m2/2 + ...)
    const double background = 0.5 * (split.getTransform(k2) - 4 * pi * coulombConstant / k2);
    EXPECT_NEAR(split.getBackgroundEnergy() / background, 1, 1e-5);
    const double alpha = split.getEffectiveAlpha();
    EXPECT_NEAR(GaussianCoulombSplit(alpha).getBackgroundEnergy() / split.getBackgroundEnergy(), 1, 1e-12);
    const double longRange = coulombConstant * ProlateDirectSpace(11.5).getEnergyFunction(0) / rc;
    EXPECT_NEAR(split.getSelfEnergy() / (-0.5 * longRange), 1, 1e-12);
    EXPECT_EQ(split.getTransform(0), 0);
}

/** D and E by their definitions, away from r = 0 where those lose digits. */
TEST(ProlateDirectSpace, functionsAreThoseOfTheSplit) {
    for (double c : {10.5, 17.0}) {
        const ProlateFunction psi(c);
        const ProlateDirectSpace direct(c);
        for (double x : {0.2, 0.5, 0.99, 1.0}) {
            const double phi = x * psi.getMean(x) / psi.getIntegral();
            const double slope = psi.getValue(x) / psi.getIntegral();
            EXPECT_NEAR(direct.getEnergyFunction(x * x), phi / x, 1e-13);
            EXPECT_NEAR(direct.getForceFunction(x * x), (phi - x * slope) / (x * x * x), 1e-12);
        }
        EXPECT_NEAR(direct.getForceFunction(1e-6), direct.getForceFunction(0), 1e-3);
    }
}

/** The errors over 1/rc^2 and 1/rc of the best polynomials, found with numpy by Lawson's iteration. */
TEST(ProlateDirectSpace, polynomialsAreCloseToTheBest) {
    struct Known {
        double c;
        int terms;
        double force, energy;
    };
    const Known known[] = {{10.5, 8, 4.0e-6, 1.4e-7}, {11.5, 7, 1.4e-4, 5.7e-6}, {11.5, 9, 7.7e-7, 2e-8},
                           {13, 10, 2.6e-7, 7e-9},    {15, 11, 1.4e-7, 4e-9},    {15, 12, 1e-8, 2e-10}};
    for (const Known& k : known) {
        const ProlateDirectSpace direct(k.c);
        const vector<double> force = direct.getForceCoefficients(k.terms);
        const vector<double> energy = direct.getEnergyCoefficients(k.terms);
        ASSERT_EQ((int) force.size(), k.terms);
        ASSERT_EQ((int) energy.size(), k.terms + 1);
        double forceError = 0, energyError = 0;
        for (double x = 0; x <= 1; x += 1e-3) {
            const double s = x * x, z = 2 * s - 1;
            forceError = std::max(forceError, x * std::abs(evaluatePolynomial(force, z) - direct.getForceFunction(s)));
            energyError = std::max(energyError, std::abs(evaluatePolynomial(energy, z) - direct.getEnergyFunction(s)));
            EXPECT_LT(std::abs(force[k.terms - 1]), 4); // what makes single precision good enough
        }
        std::printf("c %g, %d terms: force %.2e, energy %.2e\n", k.c, k.terms, forceError, energyError);
        EXPECT_LT(forceError, 1.2 * k.force);
        EXPECT_LT(energyError, 1.6 * k.energy); // known with one digit
        EXPECT_NEAR(evaluatePolynomial(energy, 1), 1, 1e-15);
    }
}

TEST(ProlateDirectSpace, termsSufficeForATolerance) {
    for (double c : {11.5, 17.0, 28.0}) {
        const ProlateDirectSpace direct(c);
        const int terms = direct.findNumTerms(1e-12);
        const vector<double> force = direct.getForceCoefficients(terms);
        double error = 0;
        for (double s = 0; s <= 1; s += 1e-3)
            error = std::max(error, std::abs(evaluatePolynomial(force, 2 * s - 1) - direct.getForceFunction(s)));
        std::printf("c %g: %d terms, error %.1e\n", c, terms, error);
        EXPECT_LT(error, 2e-12);
        EXPECT_GT(direct.findNumTerms(1e-13), direct.findNumTerms(1e-6));
    }
    EXPECT_THROW(ProlateDirectSpace(11.5).getForceCoefficients(0), OpenMM::OpenMMException);
}

/** Known errors of a window's polynomials and of their derivatives, found with numpy. */
TEST(ProlateWindow, polynomialsAreAccurate) {
    struct Known {
        int order;
        double width;
        int degree;
        double value, slope;
    };
    const Known known[] = {{5, 1.5, 6, 2e-7, 3e-5}, {5, 1.5, 8, 6e-9, 1e-6},  {6, 1.4, 6, 9e-7, 8e-5},
                           {6, 1.4, 7, 2e-8, 2e-6}, {7, 1.25, 7, 3e-8, 3e-6}, {8, 1.3, 7, 1e-8, 1e-6}};
    for (const Known& k : known) {
        const std::array<double, 2> errors = findWindowErrors(k.order, k.width, k.degree);
        std::printf("order %d width %g degree %d: %.1e, slope %.1e\n", k.order, k.width, k.degree, errors[0],
                    errors[1]);
        EXPECT_LT(errors[0], 3 * k.value); // the best polynomials do not reach the edges of a cell
        EXPECT_LT(errors[1], 3 * k.slope);
    }
    EXPECT_LT(findWindowErrors(8, 1.3, 14)[0], 1e-13);
    EXPECT_LT(findWindowErrors(10, 1.25, 14)[0], 1e-13);
}

/** Whatever the degree, the pieces meet, the window ends at 0, and it is symmetric. */
TEST(ProlateWindow, piecesJoin) {
    for (int degree : {5, 8, 12}) {
        const int order = degree % 2 == 0 ? 6 : 5;
        const MeshWindow window = makeProlateWindow(order, 1.4, degree);
        EXPECT_EQ(window.getOrder(), order);
        EXPECT_EQ(window.getDegree(), degree);
        EXPECT_NEAR(evaluateWeight(window, 0, 1), 0, 1e-15);
        EXPECT_NEAR(evaluateWeight(window, order - 1, 0), 0, 1e-15);
        for (int j = 0; j < order; j++) {
            if (j > 0) {
                EXPECT_NEAR(evaluateWeight(window, j - 1, 0), evaluateWeight(window, j, 1), 2e-15);
            }
            for (double f : {0.0, 0.3})
                EXPECT_NEAR(evaluateWeight(window, j, f), evaluateWeight(window, order - 1 - j, 1 - f), 1e-15);
        }
    }
}

TEST(ProlateWindow, transformIsThatOfThePieces) {
    for (int order : {5, 8}) {
        const MeshWindow window = makeProlateWindow(order, 1.4, 13);
        for (double y : {0.0, 0.2, 0.5, 1.3}) {
            double sum = 0;
            for (int j = 0; j < order; j++)
                sum += integrate(
                    [&](double f) {
                        return evaluateWeight(window, j, f) * std::cos(2 * pi * y * (f + order / 2.0 - 1 - j));
                    },
                    0, 1, 200);
            EXPECT_NEAR(window.getTransform(y), sum, 1e-10);
        }
    }
}

TEST(ProlateParameters, areChosenForATolerance) {
    EXPECT_EQ(chooseProlateRow(0.1).order, 5);
    EXPECT_EQ(chooseProlateRow(5e-4).bandwidth, 11.5);
    EXPECT_EQ(chooseProlateRow(4.9e-4).bandwidth, 12.5);
    EXPECT_EQ(chooseProlateRow(1e-6).order, 10);
    EXPECT_THROW(chooseProlateRow(1e-7), OpenMM::OpenMMException);
    double last = 1;
    for (const ProlateParameters& row : getProlateRows()) {
        EXPECT_LT(row.tolerance, last);
        last = row.tolerance;
        EXPECT_LE(row.directTerms, ProlateDirectSpace(row.bandwidth).findNumTerms(0.01 * row.tolerance));
    }
}

/** The length of a box vector counts, not its component along an axis. */
TEST(ProlateParameters, gridHasTheSpacingAlongEachVector) {
    const Vec3 box[3] = {Vec3(4, 0, 0), Vec3(2, 3, 0), Vec3(-2, 1, 3)};
    const ProlateParameters& row = chooseProlateRow(5e-4);
    const std::array<int, 3> grid = chooseProlateGrid(row, box, 1.0);
    for (int d = 0; d < 3; d++) {
        const double spacing = std::sqrt(box[d].dot(box[d])) / grid[d];
        EXPECT_LE(spacing, row.spacing * 1.000001);
        EXPECT_GT(spacing, 0.8 * row.spacing);
    }
}
