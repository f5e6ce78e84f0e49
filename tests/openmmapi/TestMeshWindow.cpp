// SPDX-License-Identifier: MIT
#include "openmmsurrogate/internal/MeshWindow.h"
#include "openmmsurrogate/internal/Units.h"
#include <gtest/gtest.h>
#include <cmath>

using namespace SurrogatePlugin;
using std::vector;

namespace {

/** Get the weights at a fraction from the coefficients. */
vector<double> evaluate(const MeshWindow& window, double fraction) {
    vector<double> weights(window.getOrder(), 0.0);
    for (int power = 0; power <= window.getDegree(); power++)
        for (int j = 0; j < window.getOrder(); j++)
            weights[j] = weights[j] * (fraction - 0.5) + window.getHornerCoefficients()[power * window.getOrder() + j];
    return weights;
}

} // namespace

/** A test for each spline order. */
class BSplineWindow : public testing::TestWithParam<int> {};

TEST_P(BSplineWindow, weightsAddUpToOne) {
    const MeshWindow window = makeBSplineWindow(GetParam());
    EXPECT_EQ(window.getOrder(), GetParam());
    EXPECT_EQ(window.getDegree(), GetParam() - 1);
    for (double fraction : {0.0, 0.1, 0.5, 0.77, 1.0}) {
        double sum = 0, moment = 0;
        const vector<double> weights = evaluate(window, fraction);
        for (int j = 0; j < window.getOrder(); j++) {
            EXPECT_GE(weights[j], -1e-15);
            sum += weights[j];
            moment += j * weights[j];
        }
        EXPECT_NEAR(sum, 1, 1e-14);
        EXPECT_NEAR(moment, fraction + 0.5 * window.getOrder() - 1, 1e-13); // the center of a B-spline
    }
}

TEST_P(BSplineWindow, piecesJoin) {
    const MeshWindow window = makeBSplineWindow(GetParam());
    const vector<double> left = evaluate(window, 0), right = evaluate(window, 1);
    EXPECT_NEAR(right[0], 0, 1e-15);
    EXPECT_NEAR(left[window.getOrder() - 1], 0, 1e-15);
    for (int j = 1; j < window.getOrder(); j++)
        EXPECT_NEAR(left[j - 1], right[j], 1e-15);
}

/** The transform is that of the pieces, by the midpoint rule. */
TEST_P(BSplineWindow, transformIsThatOfThePieces) {
    const int order = GetParam(), numSteps = 2000;
    const MeshWindow window = makeBSplineWindow(order);
    for (double y : {0.0, 0.2, 0.5, 1.3}) {
        double sum = 0;
        for (int step = 0; step < numSteps; step++) {
            const double fraction = (step + 0.5) / numSteps;
            const vector<double> weights = evaluate(window, fraction);
            for (int j = 0; j < order; j++)
                sum += weights[j] * std::cos(2 * pi * y * (fraction + order / 2.0 - 1 - j)) / numSteps;
        }
        EXPECT_NEAR(window.getTransform(y), sum, 1e-6);
    }
}

INSTANTIATE_TEST_SUITE_P(Orders, BSplineWindow, testing::Values(4, 5, 6, 7, 8));

TEST(MeshWindow, cubicSplineHasItsKnownValues) {
    const vector<double> weights = evaluate(makeBSplineWindow(4), 0);
    EXPECT_NEAR(weights[0], 1.0 / 6, 1e-15);
    EXPECT_NEAR(weights[1], 2.0 / 3, 1e-15);
    EXPECT_NEAR(weights[2], 1.0 / 6, 1e-15);
}

TEST(MeshWindow, squaredTransformIsThatOfEachWave) {
    for (int numPoints : {8, 9}) {
        const vector<double> squares = computeSquaredTransform(makeBSplineWindow(5), numPoints);
        ASSERT_EQ((int) squares.size(), numPoints);
        EXPECT_EQ(squares[0], 1);
        for (int m = 1; m < numPoints; m++) {
            EXPECT_NEAR(squares[m], squares[numPoints - m], 1e-15);
            EXPECT_GT(squares[m],
                      1e-3); // no zero at half the sampling rate, unlike the discrete transform of an odd order
        }
    }
}
