// SPDX-License-Identifier: MIT
#include "openmmsurrogate/internal/EwaldError.h"
#include "openmmsurrogate/internal/Units.h"
#include <openmm/OpenMMException.h>
#include <algorithm>
#include <cmath>
#include <sstream>
#include <string>
#include <vector>

using namespace SurrogatePlugin;
using OpenMM::OpenMMException;
using OpenMM::Vec3;
using std::string;
using std::vector;

namespace {

// The functional is an integral over one period of the grid's reciprocal space, or the part of it in which the
// potential's transform has not fallen below exp(-decay^2); so many points along each axis give it to a few percent.
const int numSamples = 12;
const double decay = 4.5;
// Waves that a grid cannot tell apart: 15 on either side; the transform of order 4 has decayed to 1e-7 there.
const int numAliases = 15;
// The direct sum gets this part of the tolerance. The rest, in squares, is left for the mesh.
const double directShare = 0.9;
// The estimates for the direct sum and for the mesh may be this part of the estimate for OpenMM's direct sum, each. In liquids and salts the
// mesh has at most 1/1.8 of its estimate, so that both together stay below it; docs/theory/pme.md has the measurements.
const double matchingShare = 0.78;

/** The moments of U^2 along one axis, where U is the transform of the B-spline: U^2, y U^2 and y^2 U^2. */
using Moments = std::array<double, 3>;

/** A wave along one axis, and the waves that the grid cannot tell from it. */
struct AxisSample {
    double y; // waves per grid point
    Moments wave, aliases;
};

void addMoments(Moments& moments, double y, double squared) {
    moments[0] += squared;
    moments[1] += y * squared;
    moments[2] += y * y * squared;
}

double transform(double y, int order) {
    const double x = pi * y;
    return x == 0 ? 1.0 : std::pow(std::sin(x) / x, order);
}

/** @param range  the samples lie between plus and minus this, at most 1/2 */
vector<AxisSample> makeAxisSamples(int order, double range) {
    vector<AxisSample> samples;
    for (int i = 0; i < numSamples; i++) {
        AxisSample sample = {range * ((2 * i + 1.0) / numSamples - 1), {}, {}};
        for (int alias = -numAliases; alias <= numAliases; alias++) {
            const double y = sample.y + alias;
            addMoments(alias == 0 ? sample.wave : sample.aliases, y, std::pow(transform(y, order), 2));
        }
        samples.push_back(sample);
    }
    return samples;
}

/** Get reciprocal vectors, those of exp(2 pi i b.x): the columns of the inverse of the reduced box. */
void invertBox(const Vec3 box[3], Vec3 reciprocal[3]) {
    const double scale = 1.0 / (box[0][0] * box[1][1] * box[2][2]);
    reciprocal[0] =
        Vec3(box[1][1] * box[2][2], -box[1][0] * box[2][2], box[1][0] * box[2][1] - box[1][1] * box[2][0]) * scale;
    reciprocal[1] = Vec3(0, box[0][0] * box[2][2], -box[0][0] * box[2][1]) * scale;
    reciprocal[2] = Vec3(0, 0, box[0][0] * box[1][1]) * scale;
}

/**
 * The error functional, point by point of one period. Lengths in nm; the potential's transform is that of erf(alpha
 * r)/r.
 */
class MeshFunctional {
public:
    MeshFunctional(const ChargedBox& box, int order, const MeshParameters& parameters)
        : order(order), alpha(parameters.alpha), part(1) {
        Vec3 reciprocal[3];
        invertBox(box.vectors, reciprocal);
        for (int d = 0; d < 3; d++) {
            axis[d] = reciprocal[d] * (2 * pi * parameters.grid[d]);
            // A wave has at most |k| |a| / (2 pi n) waves per grid point along a.
            const double spacing = std::sqrt(box.vectors[d].dot(box.vectors[d])) / parameters.grid[d];
            const double range = std::min(0.5, 2 * alpha * decay * spacing / (2 * pi));
            samples[d] = makeAxisSamples(order, range);
            part *= 2 * range;
        }
    }
    /** Get the mean over a period of |error of the field|^2, times the volume squared. */
    double computeMean() const {
        double total = 0;
        for (const AxisSample& x : samples[0])
            for (const AxisSample& y : samples[1])
                for (const AxisSample& z : samples[2])
                    total += evaluate({&x, &y, &z});
        return part * total / std::pow((double) numSamples, 3);
    }

private:
    double getPotential(double k2) const { return 4 * pi * std::exp(-k2 / (4 * alpha * alpha)) / k2; }
    /**
     * Add up U^2 and k^2 U^2 over all aliases but the wave itself, without cancellation: no alias in all three axes is
     * left out.
     */
    void sumAliases(const std::array<const AxisSample*, 3>& s, double& sum, double& forceSum) const {
        sum = forceSum = 0;
        for (int mask = 1; mask < 8; mask++) {
            Moments m[3];
            for (int d = 0; d < 3; d++)
                m[d] = mask & (1 << d) ? s[d]->aliases : s[d]->wave;
            sum += m[0][0] * m[1][0] * m[2][0];
            for (int i = 0; i < 3; i++) {
                const int j = (i + 1) % 3, k = (i + 2) % 3;
                forceSum += axis[i].dot(axis[i]) * m[i][2] * m[j][0] * m[k][0];
                forceSum += 2 * axis[i].dot(axis[j]) * m[i][1] * m[j][1] * m[k][0];
            }
        }
    }
    Vec3 getWave(const double y[3]) const { return axis[0] * y[0] + axis[1] * y[1] + axis[2] * y[2]; }
    double evaluate(const std::array<const AxisSample*, 3>& s) const {
        const double own = s[0]->wave[0] * s[1]->wave[0] * s[2]->wave[0];
        const double y0[3] = {s[0]->y, s[1]->y, s[2]->y};
        const double k2 = getWave(y0).dot(getWave(y0)), influence = getPotential(k2) / own;
        double sum, forceSum;
        sumAliases(s, sum, forceSum);
        double error = influence * influence * (k2 * own * sum + (own + sum) * forceSum);
        for (int shift = 0; shift < 27; shift++) { // the exact field of the nearest aliases, which the mesh misses
            const int a = shift % 3 - 1, b = shift / 3 % 3 - 1, c = shift / 9 - 1;
            if (a == 0 && b == 0 && c == 0)
                continue;
            const double y[3] = {y0[0] + a, y0[1] + b, y0[2] + c};
            const double alias2 = getWave(y).dot(getWave(y)), potential = getPotential(alias2);
            const double window = std::pow(transform(y[0], order) * transform(y[1], order) * transform(y[2], order), 2);
            error += alias2 * potential * (potential - 2 * influence * window);
        }
        return error;
    }
    Vec3 axis[3]; // wave vectors of one wave per grid point
    int order;
    double alpha, part; // of the period that is sampled
    vector<AxisSample> samples[3];
};

std::array<int, 3> makeGrid(const ChargedBox& box, double spacing, int order, const string& asked) {
    std::array<int, 3> grid;
    for (int d = 0; d < 3; d++) {
        const double length = std::sqrt(box.vectors[d].dot(box.vectors[d]));
        const double points = std::ceil(length / spacing);
        if (!(points < 1 << 20))
            throw OpenMMException(
                "TunablePMEForce: " + asked + " would need a grid of 2^20 or more points along box vector " +
                std::string(1, "abc"[d]) + ". Use a higher spline order, a larger cutoff, or a larger tolerance.");
        grid[d] = findFFTSize(std::max((int) points, order));
    }
    return grid;
}

/** @param error  of the direct sum, kJ/mol/nm */
double chooseAlpha(const ChargedBox& box, double cutoff, double error) {
    const double uncut = estimateDirectError(box, cutoff, 0);
    // Below 1.5/rc the formula, an expansion for large alpha rc, is no longer good; the direct error is then smaller
    // than asked.
    return std::sqrt(std::max(1.5 * 1.5, std::log(uncut / error))) / cutoff;
}

/** Get the coarsest grid with an estimated error. What was asked for is named where there is none. */
std::array<int, 3> chooseGrid(const ChargedBox& box, int splineOrder, double alpha, double error, const string& asked) {
    MeshParameters parameters;
    parameters.alpha = alpha;
    // Spacings from so coarse that every estimate is too large, in steps that FFT sizes hardly resolve.
    for (double spacing = 2 / alpha; spacing > 1e-3; spacing *= 0.97) {
        const std::array<int, 3> grid = makeGrid(box, spacing, splineOrder, asked);
        if (grid == parameters.grid)
            continue;
        parameters.grid = grid;
        if (estimateMeshError(box, splineOrder, parameters) <= error)
            return grid;
    }
    std::stringstream message;
    message << "TunablePMEForce: no grid meets " << asked << " with spline order " << splineOrder << " and alpha "
            << alpha << "/nm. Use a higher order, a larger cutoff, or a larger tolerance.";
    throw OpenMMException(message.str());
}

} // namespace

double SurrogatePlugin::estimateDirectError(const ChargedBox& box, double cutoff, double alpha) {
    return 2 * coulombConstant * box.sumSquaredCharges * std::exp(-alpha * alpha * cutoff * cutoff) /
           std::sqrt(box.numParticles * cutoff * box.getVolume());
}

double SurrogatePlugin::estimateMeshError(const ChargedBox& box, int splineOrder, const MeshParameters& parameters) {
    const double numPoints = (double) parameters.grid[0] * parameters.grid[1] * parameters.grid[2];
    const double mean = MeshFunctional(box, splineOrder, parameters).computeMean();
    const double volume = box.getVolume();
    return coulombConstant * box.sumSquaredCharges * std::sqrt(std::max(0.0, numPoints * mean / box.numParticles)) /
           volume;
}

MeshParameters SurrogatePlugin::chooseMeshParameters(const ChargedBox& box, double cutoff, int splineOrder,
                                                     double tolerance) {
    MeshParameters parameters;
    parameters.alpha = chooseAlpha(box, cutoff, directShare * tolerance);
    const double direct = estimateDirectError(box, cutoff, parameters.alpha);
    std::stringstream asked;
    asked << "the error that setForceErrorTolerance() asks for, " << tolerance << " kJ/mol/nm,";
    parameters.grid = chooseGrid(box, splineOrder, parameters.alpha,
                                 std::sqrt(std::max(0.0, tolerance * tolerance - direct * direct)), asked.str());
    return parameters;
}

MeshParameters SurrogatePlugin::matchDirectError(const ChargedBox& box, double cutoff, int splineOrder, double alpha) {
    const double error = matchingShare * estimateDirectError(box, cutoff, alpha);
    MeshParameters parameters;
    parameters.alpha = chooseAlpha(box, cutoff, error);
    parameters.grid =
        chooseGrid(box, splineOrder, parameters.alpha, error, "the error that setEwaldErrorTolerance() asks for");
    return parameters;
}
