// SPDX-License-Identifier: MIT
#include "openmmsurrogate/internal/PMESettings.h"
#include "openmmsurrogate/internal/EwaldError.h"
#include "openmmsurrogate/internal/ParticleCharges.h"
#include <openmm/OpenMMException.h>
#include <openmm/internal/NonbondedForceImpl.h>
#include <cmath>
#include <limits>
#include <sstream>

using namespace SurrogatePlugin;
using namespace OpenMM;
using std::string;

namespace {

string describe(const MeshParameters& parameters) {
    std::stringstream text;
    text << "alpha " << parameters.alpha << "/nm, grid " << parameters.grid[0] << " x " << parameters.grid[1] << " x "
         << parameters.grid[2];
    return text.str();
}

ChargedBox makeChargedBox(const System& system, const NonbondedForce& force) {
    ChargedBox box;
    system.getDefaultPeriodicBoxVectors(box.vectors[0], box.vectors[1], box.vectors[2]);
    box.numParticles = force.getNumParticles();
    ParticleCharges charges(force);
    charges.update(getDefaultParameters(force));
    for (double charge : charges.getCharges())
        box.sumSquaredCharges += charge * charge;
    return box;
}

/** OpenMM's rule: NonbondedForce::setEwaldErrorTolerance() documents it. */
MeshParameters applyOpenMMRule(const System& system, const NonbondedForce& force, bool dispersion, int order) {
    MeshParameters parameters;
    NonbondedForceImpl::calcPMEParameters(system, force, parameters.alpha, parameters.grid[0], parameters.grid[1],
                                          parameters.grid[2], dispersion);
    for (int& points : parameters.grid)
        points = findFFTSize(std::max(points, order));
    return parameters;
}

MeshParameters readExplicit(const NonbondedForce& force, bool dispersion) {
    MeshParameters parameters;
    if (dispersion)
        force.getLJPMEParameters(parameters.alpha, parameters.grid[0], parameters.grid[1], parameters.grid[2]);
    else
        force.getPMEParameters(parameters.alpha, parameters.grid[0], parameters.grid[1], parameters.grid[2]);
    return parameters;
}

MeshParameters chooseParameters(const System& system, const TunablePMEForce& force, bool dispersion) {
    const MeshParameters given = readExplicit(force, dispersion);
    if (given.alpha != 0)
        return given;
    const double tolerance = force.getForceErrorTolerance();
    if (!dispersion && tolerance > 0) {
        const ChargedBox box = makeChargedBox(system, force);
        if (box.sumSquaredCharges > 0)
            return chooseMeshParameters(box, force.getCutoffDistance(), force.getSplineOrder(), tolerance);
    }
    return applyOpenMMRule(system, force, dispersion, force.getSplineOrder());
}

/** OpenMM would compute with such parameters, and return numbers without meaning or run out of memory. */
void checkParameters(const MeshParameters& parameters, int order, const string& setter) {
    const string what = "TunablePMEForce: " + describe(parameters) + ": ";
    const string advice = ". Change what " + setter + "() or the error tolerance was given.";
    if (!(parameters.alpha > 0 && std::isfinite(parameters.alpha)))
        throw OpenMMException(what + "alpha must be positive" + advice);
    double numPoints = 1;
    for (int points : parameters.grid) {
        if (points < order)
            throw OpenMMException(what + "each axis needs at least as many grid points as the spline order, " +
                                  std::to_string(order) + advice);
        numPoints *= points;
    }
    if (numPoints > std::numeric_limits<int>::max())
        throw OpenMMException(what + "a grid can have at most 2147483647 points" + advice);
}

NumericFormat::Type resolve(NumericFormat::Type precision, NumericFormat::Type defaultPrecision) {
    return precision == NumericFormat::Default ? defaultPrecision : precision;
}

} // namespace

PMESettings::PMESettings(const System& system, const TunablePMEForce& force, NumericFormat::Type defaultPrecision)
    : splineOrder(force.getSplineOrder()), spreading(resolve(force.getSpreadingPrecision(), defaultPrecision)),
      fft(resolve(force.getFFTPrecision(), defaultPrecision)),
      convolution(resolve(force.getConvolutionPrecision(), defaultPrecision)),
      interpolation(resolve(force.getInterpolationPrecision(), defaultPrecision)),
      hasDispersion(force.getNonbondedMethod() == NonbondedForce::LJPME) {
    coulomb = chooseParameters(system, force, false);
    checkParameters(coulomb, splineOrder, "setPMEParameters");
    if (hasDispersion) {
        dispersion = chooseParameters(system, force, true);
        checkParameters(dispersion, splineOrder, "setLJPMEParameters");
    }
}

int SurrogatePlugin::findFFTSize(int minimum) {
    for (int size = minimum + minimum % 2;; size += 2) {
        int rest = size % 7 == 0 ? size / 7 : size;
        for (int factor : {2, 3, 5})
            while (rest % factor == 0)
                rest /= factor;
        if (rest == 1)
            return size;
    }
}
