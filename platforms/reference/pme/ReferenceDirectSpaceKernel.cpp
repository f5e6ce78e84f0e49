// SPDX-License-Identifier: MIT
#include "ReferenceDirectSpaceKernel.h"
#include "ReferenceSurrogateKernel.h"
#include <openmm/OpenMMException.h>
#include <openmm/internal/ContextImpl.h>
#include <openmm/internal/NonbondedForceImpl.h>

using namespace OpenMM;
using namespace std;

namespace SurrogatePlugin {

/** Get the box of a Context. @throws OpenMM::OpenMMException if it does not hold the cutoff, in OpenMM's words */
static PeriodicBox getCheckedBox(ContextImpl& context, double cutoff) {
    const PeriodicBox box = getBox(getReferenceData(context), true);
    if (box.getSmallestEdge() < 1.999999 * cutoff)
        throw OpenMMException("The periodic box size has decreased to less than twice the nonbonded cutoff.");
    return box;
}

void ReferenceCalcDirectSpaceKernel::initialize(const System& system, const TunablePMEForce& force,
                                                const PMESettings& settings) {
    options.cutoff = force.getCutoffDistance();
    options.switchingDistance = force.getUseSwitchingFunction() ? force.getSwitchingDistance() : options.cutoff;
    options.exceptionsArePeriodic = force.getExceptionsUsePeriodicBoundaryConditions();
    parameters = make_unique<NonbondedParameters>(force);
    dispersionCorrection = findDispersionCorrection(system, force);
    setParameters(settings);
}

void ReferenceCalcDirectSpaceKernel::setParameters(const PMESettings& settings) {
    direct = make_unique<DirectSpace>(options, ProlatePolynomials(settings.prolate.bandwidth, options.cutoff));
}

double ReferenceCalcDirectSpaceKernel::findDispersionCorrection(const System& system,
                                                                const NonbondedForce& force) const {
    return force.getUseDispersionCorrection() ? NonbondedForceImpl::calcDispersionCorrection(system, force) : 0;
}

void ReferenceCalcDirectSpaceKernel::updateParameters(ContextImpl& context) {
    if (parameters->hasOffsets() || !parametersAreCurrent)
        parameters->update(context.getParameters());
    parametersAreCurrent = true;
}

double ReferenceCalcDirectSpaceKernel::computePairs(ContextImpl& context, const PeriodicBox& box, vector<Vec3>* forces,
                                                    bool includeEnergy) {
    ReferencePlatform::PlatformData& data = getReferenceData(context);
    return direct->computePairs(*data.positions, parameters->getParticles(), parameters->getExceptions(), box,
                                data.threads, forces, includeEnergy);
}

double ReferenceCalcDirectSpaceKernel::execute(ContextImpl& context, bool includeForces, bool includeEnergy) {
    updateParameters(context);
    ReferencePlatform::PlatformData& data = getReferenceData(context);
    const PeriodicBox box = getCheckedBox(context, options.cutoff);
    vector<Vec3>* forces = includeForces ? data.forces : nullptr;
    const double volume = box.getEdge(0) * box.getEdge(1) * box.getEdge(2);
    return dispersionCorrection / volume + computePairs(context, box, forces, includeEnergy) +
           direct->computeExceptions(*data.positions, parameters->getParticles(), parameters->getExceptions(), box,
                                     data.threads, forces);
}

void ReferenceCalcDirectSpaceKernel::addCoulombForces(ContextImpl& context, vector<Vec3>& forces) {
    updateParameters(context);
    ReferencePlatform::PlatformData& data = getReferenceData(context);
    const PeriodicBox box = getCheckedBox(context, options.cutoff);
    vector<NonbondedParticle> particles = parameters->getParticles();
    vector<NonbondedException> exceptions = parameters->getExceptions();
    for (NonbondedParticle& particle : particles)
        particle.twoSqrtEpsilon = 0;
    for (NonbondedException& exception : exceptions)
        exception.epsilon = 0;
    direct->computePairs(*data.positions, particles, exceptions, box, data.threads, &forces, false);
    direct->computeExceptions(*data.positions, particles, exceptions, box, data.threads, &forces);
}

void ReferenceCalcDirectSpaceKernel::copyParametersToContext(ContextImpl& context, const NonbondedForce& force,
                                                             int firstParticle, int lastParticle, int firstException,
                                                             int lastException) {
    parameters->copyParameters(force, firstParticle, lastParticle, firstException, lastException);
    parametersAreCurrent = false;
    dispersionCorrection = findDispersionCorrection(context.getSystem(), force);
}

} // namespace SurrogatePlugin
