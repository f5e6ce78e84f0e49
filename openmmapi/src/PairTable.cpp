// SPDX-License-Identifier: MIT
#include "openmmsurrogate/internal/PairTable.h"
#include "PairFunctionImplementation.h"
#include <openmm/OpenMMException.h>
#include <algorithm>
#include <cfloat>
#include <cmath>
#include <limits>
#include <sstream>

using namespace SurrogatePlugin;
using OpenMM::OpenMMException;
using std::vector;

namespace {

constexpr int MinCells = 256;
constexpr int NumDeviationSamples = 1 << 15;

// A quadratic q that agrees with p at both ends of a cell of width h and has the same integral satisfies
//   |p-q| <= C_k h^k max|p^(k)|,  k = 1, 2, 3.
// C_3 is Birkhoff and Priver, J. Math. Phys. 46, 440 (1967); the others are the largest L1 norms of the Peano kernel.
// Derivation and a numerical check: docs/theory/table.md.
constexpr double C1 = 0.252, C2 = 0.0324, C3 = 0.0080188; // sqrt(3)/216 = 0.00801875...

/** Get a bound on the difference of p = dU/dx and its quadratic over a cell, from whichever derivative bounds it best. */
double boundSlopeError(const Jet<Interval, 3>& p, double h) {
    double bound = std::numeric_limits<double>::infinity();
    for (double candidate :
         {C1 * h * p.c[1].magnitude(), C2 * h * h * 2 * p.c[2].magnitude(), C3 * h * h * h * 6 * p.c[3].magnitude()})
        if (candidate < bound) // false for a derivative that is unknown (NaN)
            bound = candidate;
    return bound * BoundSlack;
}

/** The cubic through values and slopes (per cell width) at both ends. */
void setHermite(double* c, double u0, double u1, double slope0, double slope1) {
    c[0] = u0;
    c[1] = slope0;
    c[2] = 3 * (u1 - u0) - 2 * slope0 - slope1;
    c[3] = 2 * (u0 - u1) + slope0 + slope1;
}

/**
 * Get the largest error of the force weight over all cells above the core, relative to max(|w|, forceScale): a proven bound
 * for the smooth function. Stops at the first cell that exceeds giveUp.
 */
double boundError(const PairFunction::Implementation& function, int numCells, double forceScale, double giveUp) {
    const double x0 = function.coreRadius * function.coreRadius;
    const double h = (function.cutoff * function.cutoff - x0) / numCells;
    double largest = 0;
    for (int k = 0; k < numCells && largest <= giveUp; k++) {
        const double low = x0 + k * h, high = x0 + (k + 1) * h;
        const Jet<Interval, 3> p = function.encloseSlope(low, high);
        const double smallestForce = 2 * std::sqrt(low) * p.c[0].mignitude();
        const double error = 2 * std::sqrt(high) * boundSlopeError(p, h);
        largest = std::max(largest, error / std::max(forceScale, smallestForce));
    }
    return largest;
}

double findLargestEnergy(const PairFunction::Implementation& function) {
    double largest = 0;
    for (int k = 0; k < 256; k++) {
        const double r = function.coreRadius + k * (function.cutoff - function.coreRadius) / 256;
        largest = std::max(largest, std::fabs(function.energy(r)));
    }
    return largest;
}

/**
 * Get what the errors of the energies at the nodes do to the slope between them, relative to the force scale: rounding, magnified by
 * 1/h, and the error of the integral.
 */
double boundNodeError(const PairFunction::Implementation& function, int numCells, double forceScale,
                      double largestEnergy) {
    const double x0 = function.coreRadius * function.coreRadius, cutoff = function.cutoff;
    const double h = (cutoff * cutoff - x0) / numCells;
    return (8 * DBL_EPSILON * largestEnergy * 2 * cutoff / h + 1.5 * function.energyForceError()) / forceScale;
}

} // namespace

PairTable::PairTable(const PairFunction& function, double tolerance, double forceScale)
    : origin(0), spacing(0), cutoff(function.getCutoff()), errorBound(0) {
    const PairFunction::Implementation& impl = function.getImplementation();
    if (!(impl.coreRadius > 0))
        throw OpenMMException(
            "PairTable: the network has no minimum distance, so its table would have to reach r = 0, where a "
            "function of r^2 is singular; call PairNetwork::setCore() with the smallest distance seen in "
            "training, or use evaluation method Network");
    if (!(forceScale > 0))
        throw OpenMMException("PairTable: the force scale must be positive; call SurrogateModel::setForceScale()");
    const double largestEnergy = findLargestEnergy(impl);
    int numCells = MinCells;
    // Above the core the bound falls as the third power of the cell width.
    for (;;) {
        errorBound = boundError(impl, numCells, forceScale, 1e3 * tolerance) +
                     boundNodeError(impl, numCells, forceScale, largestEnergy);
        if (errorBound <= tolerance)
            break;
        const double growth = std::min(4.0, 1.05 * std::cbrt(errorBound / tolerance));
        numCells = (int) std::ceil(numCells * std::max(1.05, growth));
        if (numCells > getMaxCells()) {
            std::stringstream message;
            message << "PairTable: " << getMaxCells() << " cells do not keep the table tolerance " << tolerance
                    << "; raise it with setTableTolerance(), or use evaluation method Network";
            throw OpenMMException(message.str());
        }
    }
    build(function, numCells);
    if (impl.isRounded())
        errorBound += findDeviation(function, forceScale);
}

void PairTable::build(const PairFunction& function, int numCells) {
    const PairFunction::Implementation& impl = function.getImplementation();
    const double x0 = impl.coreRadius * impl.coreRadius;
    spacing = (cutoff * cutoff - x0) / numCells;
    const int numCoreCells = (int) std::ceil(x0 / spacing);
    origin = x0 - numCoreCells * spacing;
    coefficients.resize(4 * (size_t) (numCoreCells + numCells));
    const double energyAtCore = impl.energy(impl.coreRadius);
    auto node = [&](int k) { return x0 + (k - numCoreCells) * spacing; };
    auto coreEnergy = [&](int k) { return energyAtCore + impl.coreEnergy(node(k)); };
    auto coreSlope = [&](int k) { return -0.5 * spacing * impl.coreForceOverDistance(node(k)); };
    for (int k = 0; k < numCoreCells; k++) // the core is a cubic itself, and so exact
        setHermite(&coefficients[4 * (size_t) k], coreEnergy(k), coreEnergy(k + 1), coreSlope(k), coreSlope(k + 1));
    double energy = energyAtCore, slope = coreSlope(numCoreCells);
    for (int k = 0; k < numCells; k++) {
        const bool last = (k == numCells - 1);
        const double xNext = last ? cutoff * cutoff : node(numCoreCells + k + 1);
        const double nextEnergy = last ? 0.0 : impl.energy(std::sqrt(xNext));
        const double nextSlope = spacing * (impl.hasSteps() ? meanSlope(impl, xNext) : impl.smoothSlope(xNext).c[0]);
        setHermite(&coefficients[4 * (size_t) (numCoreCells + k)], energy, nextEnergy, slope, nextSlope);
        energy = nextEnergy;
        slope = nextSlope;
    }
}

/** dU/dx of a function with steps: its mean over a cell width around x, so that the table follows w_q and not its smooth twin. */
double PairTable::meanSlope(const PairFunction::Implementation& impl, double x) const {
    const double xLow = x - 0.5 * spacing, xHigh = std::min(cutoff * cutoff, x + 0.5 * spacing);
    const double energyHigh = xHigh < cutoff * cutoff ? impl.energy(std::sqrt(xHigh)) : 0.0;
    return (energyHigh - impl.energy(std::sqrt(xLow))) / (xHigh - xLow);
}

/** Find the largest deviation from a rounded function, whose steps the proof does not cover, on a grid of points. */
double PairTable::findDeviation(const PairFunction& function, double forceScale) const {
    const PairFunction::Implementation& impl = function.getImplementation();
    double largest = 0;
    const int samplesPerCell = 1 + NumDeviationSamples / getNumCells();
    const int firstCell = (int) std::lround((impl.coreRadius * impl.coreRadius - origin) / spacing);
    for (int k = firstCell; k < getNumCells(); k++)
        for (int j = 0; j < samplesPerCell; j++) {
            const double r = std::sqrt(origin + spacing * (k + (j + 0.5) / samplesPerCell));
            const double force = impl.roundedForce(r);
            largest = std::max(largest, std::fabs(computeForce(r) - force) / std::max(forceScale, std::fabs(force)));
        }
    return largest;
}

/** Find the coefficients of the cell that holds a distance below the cutoff, and the place t within it. */
const double* PairTable::findCell(double r, double& t) const {
    const double u = (r * r - origin) / spacing;
    const int cell = std::min(getNumCells() - 1, (int) u);
    t = u - cell;
    return &coefficients[4 * (size_t) cell];
}

double PairTable::computeForce(double r) const {
    if (r >= cutoff)
        return 0;
    double t;
    const double* c = findCell(r, t);
    return -2 * r * (c[1] + t * (2 * c[2] + t * 3 * c[3])) / spacing;
}

double PairTable::computeEnergy(double r) const {
    if (r >= cutoff)
        return 0;
    double t;
    const double* c = findCell(r, t);
    return c[0] + t * (c[1] + t * (c[2] + t * c[3]));
}
