// SPDX-License-Identifier: MIT
#include "openmmsurrogate/internal/MeshErrorControl.h"
#include "openmmsurrogate/internal/Units.h"
#include <openmm/OpenMMException.h>
#include <openmm/internal/ContextImpl.h>
#include <algorithm>
#include <cmath>
#include <sstream>

using namespace SurrogatePlugin;
using namespace OpenMM;
using std::vector;

namespace {

// In a perfect crystal all forces vanish, and an error could not be told over them. Liquids and shaken crystals have at
// least half of the typical force.
const double leastPartOfTypicalForce = 0.25;

bool hasGrown(const Vec3 box[3], const Vec3 old[3]) {
    for (int d = 0; d < 3; d++)
        if (box[d].dot(box[d]) > old[d].dot(old[d]) * MeshErrorControl::MostGrowth * MeshErrorControl::MostGrowth)
            return true;
    return false;
}

/** Tell whether charges differ from older ones by more than MostChargeChange. */
bool haveChanged(const vector<double>& charges, const vector<double>& old) {
    double difference = 0, sum = 0;
    for (size_t i = 0; i < charges.size(); i++) {
        difference += (charges[i] - old[i]) * (charges[i] - old[i]);
        sum += old[i] * old[i];
    }
    return difference > sum * MeshErrorControl::MostChargeChange * MeshErrorControl::MostChargeChange;
}

MeshError measure(ContextImpl& context, const PMESettings& settings, CalcReciprocalSpaceKernel& reciprocal,
                  CalcDirectSpaceKernel& direct) {
    vector<Vec3> forces;
    MeshError error = {reciprocal.measureMeshError(context, forces), 0};
    direct.addCoulombForces(context, forces);
    double sum = 0;
    for (const Vec3& force : forces)
        sum += force.dot(force);
    const double scale = std::max(std::sqrt(sum / forces.size()), leastPartOfTypicalForce * settings.typicalForce);
    error.relative = scale == 0 ? 0 : error.absolute / scale;
    return error;
}

bool isMet(const MeshError& error, const PMESettings& settings) {
    return settings.absoluteTolerance > 0 ? error.absolute <= settings.absoluteTolerance
                                          : error.relative <= settings.relativeTolerance;
}

/** Find the next row of stricter parameters that a platform can run; null if there is none. */
const ProlateParameters* findStricterRow(const ProlateParameters& current, int mostOrder) {
    for (const ProlateParameters& row : getProlateRows())
        if (row.tolerance < current.tolerance && row.order <= mostOrder)
            return &row;
    return nullptr;
}

/**
 * Estimate the error from the waves that a mesh leaves out, for uncorrelated charges: the part of the force beyond a largest
 * wave.
 *
 * @param largestWave  nm^-1
 * @return root mean square of the force, kJ/mol/nm
 */
double estimateTruncationError(const EwaldSplit& split, int numParticles, double sumSquaredCharges, double volume,
                               double largestWave) {
    // k^2 (sum q^2)^2 8/(N V) times the integral of chi^2, where the transform is 4 pi k chi/k^2. Beyond the range taken chi,
    // which falls as 1/k at last, would add a percent.
    const int numSteps = 20000;
    const double step = 40 * largestWave / numSteps;
    double integral = 0;
    for (int i = 0; i < numSteps; i++) {
        const double wave = largestWave + (i + 0.5) * step;
        const double chi = split.getTransform(wave * wave) * wave * wave / (4 * pi * coulombConstant);
        integral += chi * chi * step;
    }
    return coulombConstant * sumSquaredCharges * std::sqrt(8 * integral / (numParticles * volume));
}

} // namespace

void MeshErrorControl::update(ContextImpl& context, PMESettings& settings, CalcReciprocalSpaceKernel& reciprocal,
                              CalcDirectSpaceKernel& direct) {
    if (settings.isFixed)
        return;
    Vec3 box[3];
    context.getPeriodicBoxVectors(box[0], box[1], box[2]);
    // The first evaluation may be in another box than the System's.
    const bool isNewBox =
        isStarted ? hasGrown(box, settings.prolateBox) : !std::equal(box, box + 3, settings.prolateBox);
    const bool mayHaveNewCharges = reciprocal.updateCharges(context);
    const bool hasNewCharges =
        isStarted && isMeasured && mayHaveNewCharges && haveChanged(reciprocal.getCharges(), measuredCharges);
    if (isStarted && !isNewBox && !hasNewCharges)
        return;
    isStarted = false; // should anything below throw, the next evaluation begins anew
    if (isNewBox || !areParametersTold)
        setParameters(settings.prolate, box, settings, reciprocal, direct);
    if (reciprocal.canMeasureMeshError())
        measureAndCorrect(context, box, settings, reciprocal, direct);
    isStarted = true;
}

void MeshErrorControl::setParameters(const ProlateParameters& row, const Vec3 box[3], PMESettings& settings,
                                     CalcReciprocalSpaceKernel& reciprocal, CalcDirectSpaceKernel& direct) {
    const bool isNewSplit = row.bandwidth != settings.prolate.bandwidth || !areParametersTold;
    areParametersTold = false;
    settings.setProlate(row, box);
    reciprocal.setParameters(settings);
    if (isNewSplit)
        direct.setParameters(settings);
    areParametersTold = true;
}

void MeshErrorControl::measureAndCorrect(ContextImpl& context, const Vec3 box[3], PMESettings& settings,
                                         CalcReciprocalSpaceKernel& reciprocal, CalcDirectSpaceKernel& direct) {
    settings.setTypicalForce(reciprocal.getCharges(), box);
    error = measure(context, settings, reciprocal, direct);
    while (!isMet(error, settings)) {
        const ProlateParameters* row = findStricterRow(settings.prolate, reciprocal.getMostProlateOrder());
        if (row == nullptr)
            break;
        setParameters(*row, box, settings, reciprocal, direct);
        error = measure(context, settings, reciprocal, direct);
    }
    measuredCharges = reciprocal.getCharges();
    isMeasured = true;
    if (settings.absoluteTolerance > 0 && !isMet(error, settings)) {
        std::stringstream message;
        message << "TunablePMEForce: the strictest parameters of ESP have a force error of " << error.absolute
                << " kJ/mol/nm here, above the " << settings.absoluteTolerance
                << " of setForceErrorTolerance(). Use setKSpaceMethod(SPME), a larger cutoff, or a larger tolerance.";
        throw OpenMMException(message.str());
    }
}

MeshError MeshErrorControl::getError() const {
    if (!isMeasured)
        throw OpenMMException(
            "TunablePMEForce: no error of the mesh has been measured in this Context. It is with ESP, "
            "at the first evaluation.");
    return error;
}

double SurrogatePlugin::estimateMeshError(const vector<Vec3>& forces, const vector<Vec3>& finer,
                                          const vector<double>& charges, const Vec3 box[3],
                                          const PMESettings& settings) {
    const int numParticles = (int) forces.size();
    double sum = 0, sumSquaredCharges = 0;
    for (int i = 0; i < numParticles; i++) {
        sum += (forces[i] - finer[i]).dot(forces[i] - finer[i]);
        sumSquaredCharges += charges[i] * charges[i];
    }
    double largestWave = INFINITY; // of which the finer mesh has all in all directions
    for (int d = 0; d < 3; d++)
        largestWave = std::min(largestWave, pi * settings.coulomb.grid[d] / std::sqrt(box[d].dot(box[d])));
    const double volume = box[0][0] * box[1][1] * box[2][2];
    const double truncation =
        estimateTruncationError(*settings.makeCoulombSplit(), numParticles, sumSquaredCharges, volume, largestWave);
    return std::sqrt(sum / numParticles + truncation * truncation);
}
