// SPDX-License-Identifier: MIT
#include "openmmsurrogate/internal/PMESettings.h"
#include "openmmsurrogate/internal/EwaldError.h"
#include "openmmsurrogate/internal/ParticleCharges.h"
#include "openmmsurrogate/internal/ProlateSplit.h"
#include "openmmsurrogate/internal/ProlateWindow.h"
#include <openmm/OpenMMException.h>
#include <openmm/internal/NonbondedForceImpl.h>
#include <algorithm>
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

ChargedBox makeChargedBox(const std::vector<double>& charges, const Vec3 vectors[3]) {
    ChargedBox box;
    std::copy(vectors, vectors + 3, box.vectors);
    box.numParticles = (int) charges.size();
    for (double charge : charges)
        box.sumSquaredCharges += charge * charge;
    return box;
}

ChargedBox makeChargedBox(const System& system, const NonbondedForce& force) {
    Vec3 vectors[3];
    system.getDefaultPeriodicBoxVectors(vectors[0], vectors[1], vectors[2]);
    ParticleCharges charges(force);
    charges.update(getDefaultParameters(force));
    return makeChargedBox(charges.getCharges(), vectors);
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
    const int order = force.getSplineOrder();
    if (dispersion)
        return applyOpenMMRule(system, force, dispersion, order);
    const ChargedBox box = makeChargedBox(system, force);
    const double cutoff = force.getCutoffDistance(), tolerance = force.getForceErrorTolerance();
    if (tolerance > 0 && box.sumSquaredCharges > 0)
        return chooseMeshParameters(box, cutoff, order, tolerance);
    const MeshParameters rule = applyOpenMMRule(system, force, dispersion, order);
    if (box.sumSquaredCharges == 0 || !(rule.alpha > 0 && std::isfinite(rule.alpha))) // checkParameters() tells of that
        return rule;
    return matchDirectError(box, cutoff, order, rule.alpha);
}

/** OpenMM would compute with such parameters, and return numbers without meaning or run out of memory. */
void checkParameters(const MeshParameters& parameters, int order, const string& setter) {
    const string what = "TunablePMEForce: " + describe(parameters) + ", from " + setter + "(): ";
    const string advice = ". Change what " + setter + "() was given.";
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

/** Get the setter that the parameters of SPME come from. */
string findDecidingSetter(const NonbondedForce& force, double forceErrorTolerance, bool dispersion) {
    if (readExplicit(force, dispersion).alpha != 0)
        return dispersion ? "setLJPMEParameters" : "setPMEParameters";
    return forceErrorTolerance > 0 && !dispersion ? "setForceErrorTolerance" : "setEwaldErrorTolerance";
}

bool isReduced(NumericFormat::Type precision) {
    return precision != NumericFormat::Default && precision != NumericFormat::Single &&
           precision != NumericFormat::Double;
}

NumericFormat::Type resolve(NumericFormat::Type precision, NumericFormat::Type defaultPrecision) {
    return precision == NumericFormat::Default ? defaultPrecision : precision;
}

/**
 * Get the force on a charge from another one at the mean distance of particles, kJ/mol/nm. The root mean square of the
 * electrostatic force is 0.5 to 1 times this in liquids and crystals at room temperature and above.
 */
double findTypicalForce(const ChargedBox& box) {
    const double density = box.numParticles / box.getVolume();
    return box.numParticles == 0
               ? 0
               : coulombConstant * box.sumSquaredCharges / box.numParticles * std::pow(density, 2.0 / 3);
}

/** Tell why ESP cannot be used, in words that follow "ESP cannot be used: "; empty if it can. */
string findProlateObstacle(const TunablePMEForce& force, const PMEPlatform& platform, double relativeTolerance) {
    if (!platform.prolateObstacle.empty())
        return platform.prolateObstacle;
    if (force.getNonbondedMethod() != NonbondedForce::PME)
        return "setNonbondedMethod() sets a method other than PME";
    if (readExplicit(force, false).alpha != 0)
        return "setPMEParameters() sets an alpha, which it does not have";
    if (force.getSplineOrder() != TunablePMEForce::DefaultSplineOrder)
        return "setSplineOrder() sets an order, which it chooses itself; leave it at " +
               std::to_string(TunablePMEForce::DefaultSplineOrder);
    for (NumericFormat::Type precision : {force.getSpreadingPrecision(), force.getFFTPrecision(),
                                          force.getConvolutionPrecision(), force.getInterpolationPrecision()})
        if (isReduced(precision)) // whose rounding it would take for an error of its parameters
            return string("the precision of a stage is ") + NumericFormat::getName(precision) +
                   ", and it has single and double only";
    double least = 1;
    for (const ProlateParameters& row : getProlateRows())
        if (row.order <= platform.mostProlateOrder)
            least = row.tolerance;
    std::stringstream text;
    // An absolute tolerance is met by taking stricter parameters, of which there must be some left.
    const double mostForce = force.getForceErrorTolerance();
    if (mostForce > 0 && relativeTolerance < 5 * least * (1 - 1e-9))
        text << "setForceErrorTolerance() asks for " << mostForce << " kJ/mol/nm, which is about " << relativeTolerance
             << " of the forces in this System, and its parameters end at " << 5 * least << " of them";
    else if (relativeTolerance < least * (1 - 1e-9))
        text << "setEwaldErrorTolerance() asks for " << relativeTolerance << ", and its parameters end at " << least;
    return text.str();
}

} // namespace

PMESettings::PMESettings(const System& system, const TunablePMEForce& force, const PMEPlatform& platform)
    : method(TunablePMEForce::SPME), cutoff(force.getCutoffDistance()), splineOrder(force.getSplineOrder()),
      spreading(resolve(force.getSpreadingPrecision(), platform.defaultPrecision)),
      fft(resolve(force.getFFTPrecision(), platform.defaultPrecision)),
      convolution(resolve(force.getConvolutionPrecision(), platform.defaultPrecision)),
      interpolation(resolve(force.getInterpolationPrecision(), platform.defaultPrecision)),
      hasDispersion(force.getNonbondedMethod() == NonbondedForce::LJPME), prolate(getProlateRows().front()),
      relativeTolerance(0), absoluteTolerance(0), typicalForce(0) {
    if (force.fixedSettings) {
        *this = *force.fixedSettings;
        isFixed = true;
        return;
    }
    // Who computes direct space in a force of his own does it for the Gaussian split.
    const bool isAutomatic = force.getKSpaceMethod() == TunablePMEForce::Automatic && force.getIncludeDirectSpace();
    if ((force.getKSpaceMethod() == TunablePMEForce::ESP || isAutomatic) && chooseProlate(system, force, platform))
        return;
    coulomb = chooseParameters(system, force, false);
    checkParameters(coulomb, splineOrder, findDecidingSetter(force, force.getForceErrorTolerance(), false));
    if (hasDispersion) {
        dispersion = chooseParameters(system, force, true);
        checkParameters(dispersion, splineOrder, findDecidingSetter(force, force.getForceErrorTolerance(), true));
    }
}

bool PMESettings::chooseProlate(const System& system, const TunablePMEForce& force, const PMEPlatform& platform) {
    const ChargedBox box = makeChargedBox(system, force);
    typicalForce = findTypicalForce(box);
    absoluteTolerance = force.getForceErrorTolerance();
    relativeTolerance = absoluteTolerance > 0 ? 0 : force.getEwaldErrorTolerance();
    double relative = relativeTolerance;
    if (absoluteTolerance > 0) // without charges, which may come later, any parameters do
        relative = typicalForce > 0 ? absoluteTolerance / typicalForce : getProlateRows().front().tolerance;
    const string obstacle = findProlateObstacle(force, platform, relative);
    if (!obstacle.empty()) {
        if (force.getKSpaceMethod() == TunablePMEForce::ESP)
            throw OpenMMException("TunablePMEForce: ESP cannot be used: " + obstacle +
                                  ". Use setKSpaceMethod(SPME) or Automatic.");
        return false;
    }
    method = TunablePMEForce::ESP;
    setProlate(chooseProlateRow(relative), box.vectors);
    return true;
}

void PMESettings::setProlate(const ProlateParameters& row, const Vec3 box[3]) {
    prolate = row;
    splineOrder = row.order;
    coulomb.alpha = ProlateCoulombSplit(row.bandwidth, cutoff).getEffectiveAlpha();
    coulomb.grid = chooseProlateGrid(row, box, cutoff);
    std::copy(box, box + 3, prolateBox);
    checkParameters(coulomb, splineOrder, absoluteTolerance > 0 ? "setForceErrorTolerance" : "setEwaldErrorTolerance");
}

void PMESettings::setTypicalForce(const std::vector<double>& charges, const Vec3 box[3]) {
    typicalForce = findTypicalForce(makeChargedBox(charges, box));
}

void PMESettings::fix(TunablePMEForce& force, const PMESettings& settings) {
    force.fixedSettings = std::make_shared<PMESettings>(settings);
}

PMESettings PMESettings::makeFiner() const {
    PMESettings finer = *this;
    finer.splineOrder = finer.prolate.order = MeshWindow::MaxOrder;
    finer.prolate.windowWidth = 1.5;
    for (int& points : finer.coulomb.grid) // Twice itself, in a crystal, may divide its cell as this one does.
        points = findFFTSize(2 * points + 1);
    finer.spreading = finer.fft = finer.convolution = finer.interpolation = NumericFormat::Double;
    checkParameters(finer.coulomb, finer.splineOrder,
                    absoluteTolerance > 0 ? "setForceErrorTolerance" : "setEwaldErrorTolerance");
    return finer;
}

std::unique_ptr<CoulombSplit> PMESettings::makeCoulombSplit() const {
    if (!isProlate())
        return std::make_unique<GaussianCoulombSplit>(coulomb.alpha);
    // 1/U^2 of windows this wide is so large for the last waves that it would amplify the rounding of single precision.
    const bool mustBeCut = splineOrder >= 9 && convolution != NumericFormat::Double;
    return std::make_unique<ProlateCoulombSplit>(prolate.bandwidth, cutoff, mustBeCut ? 1.5 : INFINITY);
}

MeshWindow PMESettings::makeWindow(bool doublePrecision) const {
    return isProlate() ? makeProlateWindow(splineOrder, prolate.windowWidth, doublePrecision ? 14 : splineOrder)
                       : makeBSplineWindow(splineOrder);
}

int SurrogatePlugin::findFFTSize(int minimum) {
    const int smallest = 36, largest = 256; // of cubes that were timed
    for (int size = minimum + minimum % 2;; size += 2) {
        if (size >= smallest && size <= largest)
            for (int fast : {36, 40,  42,  44,  50,  54,  56,  60,  64,  66,  70,  72,  80,  84, 88,
                             90, 100, 108, 110, 112, 120, 128, 144, 150, 160, 176, 192, 216, 256})
                if (fast >= size)
                    return fast;
        int rest = size % 7 == 0 ? size / 7 : size;
        for (int factor : {2, 3, 5})
            while (rest % factor == 0)
                rest /= factor;
        if (rest == 1)
            return size;
    }
}
