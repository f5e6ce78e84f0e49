// SPDX-License-Identifier: MIT
#include "EnergyIntegral.h"
#include <openmm/OpenMMException.h>
#include <algorithm>
#include <cmath>
#include <string>

using namespace SurrogatePlugin;
using std::vector;

namespace {

constexpr int NumNodes = 10; // per panel; the interpolant has degree 9
constexpr int MinPanels = 128, MaxPanels = 1 << 14, StepPanels = 1 << 15;
const double Pi = std::acos(-1.0);

/** Chebyshev coefficients of the interpolant through the Chebyshev points of the first kind. */
vector<double> interpolate(const std::function<double(double)>& f, double middle, double halfWidth) {
    double values[NumNodes];
    for (int k = 0; k < NumNodes; k++)
        values[k] = f(middle + halfWidth * std::cos(Pi * (k + 0.5) / NumNodes));
    vector<double> c(NumNodes, 0.0);
    for (int j = 0; j < NumNodes; j++) {
        for (int k = 0; k < NumNodes; k++)
            c[j] += values[k] * std::cos(Pi * j * (k + 0.5) / NumNodes);
        c[j] *= (j == 0 ? 1.0 : 2.0) / NumNodes;
    }
    return c;
}

/** Coefficients in powers of t of sum_j c_j T_j(t). */
vector<double> toPowers(const vector<double>& c) {
    vector<double> previous(NumNodes, 0.0), current(NumNodes, 0.0), sum(NumNodes, 0.0);
    previous[0] = current[1] = 1;
    sum[0] = c[0];
    for (int j = 1; j < NumNodes; j++) {
        vector<double> next(NumNodes, 0.0);
        for (int k = 0; k < NumNodes; k++) {
            sum[k] += c[j] * current[k];
            next[k] = (k > 0 ? 2 * current[k - 1] : 0) - previous[k];
        }
        previous = current;
        current = next;
    }
    return sum;
}

double evaluatePowers(const double* c, int n, double t) {
    double sum = 0;
    for (int k = n - 1; k >= 0; k--)
        sum = sum * t + c[k];
    return sum;
}

} // namespace

EnergyIntegral::EnergyIntegral(double low, double high, int numPanels, int numCoefficients)
    : low(low), high(high), forceError(0), numPanels(numPanels), numCoefficients(numCoefficients),
      integralAbove(numPanels, 0.0), coefficients((size_t) numPanels * numCoefficients) {}

EnergyIntegral EnergyIntegral::ofSmooth(const std::function<double(double)>& force, double low, double high) {
    for (int numPanels = MinPanels;; numPanels *= 2) {
        EnergyIntegral result(low, high, numPanels, NumNodes + 1);
        const double halfWidth = 0.5 * (high - low) / numPanels;
        double largest = 0, energyError = 0;
        for (int p = numPanels - 1; p >= 0; p--) {
            const double middle = low + (2 * p + 1) * halfWidth;
            const vector<double> powers = toPowers(interpolate(force, middle, halfWidth));
            const double between = force(middle + 0.3 * halfWidth);
            largest = std::max(largest, std::fabs(between));
            const double error = std::fabs(evaluatePowers(powers.data(), NumNodes, 0.3) - between);
            result.forceError = std::max(result.forceError, error);
            energyError += 2 * halfWidth * error;
            double* c = &result.coefficients[(size_t) p * (NumNodes + 1)];
            for (int k = 0; k < NumNodes; k++) {
                c[k + 1] = -halfWidth * powers[k] / (k + 1);
                c[0] -= c[k + 1]; // so that the polynomial is 0 at t = 1
            }
            if (p > 0)
                result.integralAbove[p - 1] = result.integralAbove[p] + evaluatePowers(c, NumNodes + 1, -1.0);
        }
        if (result.forceError <= 1e-13 * largest)
            return result;
        if (2 * numPanels > MaxPanels) {
            if (energyError <= 1e-11 * largest * (high - low))
                return result;
            throw OpenMM::OpenMMException(
                "EnergyIntegral: the force of a pair network is too rough to be integrated on " +
                std::to_string(numPanels) +
                " panels; use an activation with continuous derivatives, or "
                "train with smaller weights in the first layer");
        }
    }
}

EnergyIntegral EnergyIntegral::ofStepwise(const std::function<double(double)>& force, double low, double high) {
    EnergyIntegral result(low, high, StepPanels, 3);
    const double halfWidth = 0.5 * (high - low) / StepPanels;
    double above = force(high);
    for (int p = StepPanels - 1; p >= 0; p--) {
        const double below = force(low + 2 * p * halfWidth);
        const double mean = 0.5 * (below + above), slope = 0.5 * (above - below);
        double* c = &result.coefficients[(size_t) p * 3];
        c[0] = halfWidth * (mean + 0.5 * slope);
        c[1] = -halfWidth * mean;
        c[2] = -0.5 * halfWidth * slope;
        if (p > 0)
            result.integralAbove[p - 1] = result.integralAbove[p] + 2 * halfWidth * mean;
        above = below;
    }
    return result;
}

double EnergyIntegral::operator()(double r) const {
    const double position = (r - low) / (high - low) * numPanels;
    const int p = std::min(numPanels - 1, std::max(0, (int) position));
    const double t = 2 * (position - p) - 1;
    return integralAbove[p] + evaluatePowers(&coefficients[(size_t) p * numCoefficients], numCoefficients, t);
}
