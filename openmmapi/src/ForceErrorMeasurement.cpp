// SPDX-License-Identifier: MIT
#include "ForceErrorMeasurement.h"
#include "openmmsurrogate/internal/EwaldSum.h"
#include "openmmsurrogate/internal/ParticleCharges.h"
#include <openmm/OpenMMException.h>
#include <openmm/Platform.h>
#include <openmm/System.h>
#include <openmm/VerletIntegrator.h>
#include <algorithm>
#include <cmath>

using namespace SurrogatePlugin;
using namespace OpenMM;
using std::string;
using std::vector;

namespace {

/**
 * Get the charges and exceptions of a force with the offsets of the given global parameters, at a State's positions.
 */
ChargedSystem makeChargedSystem(const TunablePMEForce& force, const State& state) {
    ChargedSystem system;
    system.positions = state.getPositions();
    state.getPeriodicBoxVectors(system.box[0], system.box[1], system.box[2]);
    const ParameterValues parameters = state.getParameters();
    ParticleCharges charges(force);
    charges.update(parameters);
    system.charges = charges.getCharges();
    system.exceptionsArePeriodic = force.getExceptionsUsePeriodicBoundaryConditions();
    for (int i = 0; i < force.getNumExceptions(); i++) {
        ChargeException exception;
        double sigma, epsilon;
        force.getExceptionParameters(i, exception.particle1, exception.particle2, exception.chargeProduct, sigma,
                                     epsilon);
        system.exceptions.push_back(exception);
    }
    for (int i = 0; i < force.getNumExceptionParameterOffsets(); i++) {
        string parameter;
        int exception;
        double chargeProduct, sigma, epsilon;
        force.getExceptionParameterOffset(i, parameter, exception, chargeProduct, sigma, epsilon);
        system.exceptions[exception].chargeProduct += parameters.at(parameter) * chargeProduct;
    }
    return system;
}

/** Make a force with the electrostatic part of another one, that runs with the settings of a Context. */
TunablePMEForce* makeElectrostatics(const TunablePMEForce& force, const ChargedSystem& system,
                                    const PMESettings& settings) {
    auto* result = new TunablePMEForce();
    result->setNonbondedMethod(NonbondedForce::PME);
    result->setCutoffDistance(force.getCutoffDistance());
    result->setUseDispersionCorrection(false);
    result->setExceptionsUsePeriodicBoundaryConditions(system.exceptionsArePeriodic);
    PMESettings electrostatics = settings;
    electrostatics.hasDispersion = false;
    PMESettings::fix(*result, electrostatics);
    for (double charge : system.charges)
        result->addParticle(charge, 1.0, 0.0);
    for (const ChargeException& exception : system.exceptions)
        result->addException(exception.particle1, exception.particle2, exception.chargeProduct, 1.0, 0.0);
    return result;
}

std::map<string, string> getProperties(const Context& context) {
    std::map<string, string> properties;
    const Platform& platform = context.getPlatform();
    for (const string& name : platform.getPropertyNames())
        properties[name] = platform.getPropertyValue(context, name);
    return properties;
}

/** Compute the forces of a force in a Context of its own. */
vector<Vec3> computeForces(NonbondedForce* force, const ChargedSystem& charged, Context& original) {
    System system;
    for (size_t i = 0; i < charged.charges.size(); i++)
        system.addParticle(1.0);
    system.setDefaultPeriodicBoxVectors(charged.box[0], charged.box[1], charged.box[2]);
    system.addForce(force);
    VerletIntegrator integrator(0.001);
    Context context(system, integrator, original.getPlatform(), getProperties(original));
    context.setPositions(charged.positions);
    return context.getState(State::Forces).getForces();
}

/** Choose particles evenly from all. */
vector<int> chooseParticles(int numParticles, int maxParticles) {
    const long long count = std::min(numParticles, maxParticles);
    vector<int> chosen;
    for (long long i = 0; i < count; i++)
        chosen.push_back((int) (i * numParticles / count));
    return chosen;
}

} // namespace

ForceError SurrogatePlugin::measureForceError(const TunablePMEForce& force, Context& context,
                                              const PMESettings& settings, int maxParticles) {
    if (maxParticles < 1)
        throw OpenMMException("measureForceErrorInContext: maxParticles must be positive; got " +
                              std::to_string(maxParticles));
    ChargedSystem system = makeChargedSystem(force, context.getState(State::Positions | State::Parameters));
    system.exceptionSplit = settings.makeCoulombSplit();
    const vector<Vec3> forces = computeForces(makeElectrostatics(force, system, settings), system, context);
    const vector<int> particles = chooseParticles((int) system.charges.size(), maxParticles);
    const vector<Vec3> expected = EwaldSum(system).computeForces(particles);
    double error = 0, scale = 0;
    for (size_t i = 0; i < particles.size(); i++) {
        const Vec3 difference = forces[particles[i]] - expected[i];
        error += difference.dot(difference);
        scale += expected[i].dot(expected[i]);
    }
    return {std::sqrt(error / particles.size()), scale == 0 ? 0 : std::sqrt(error / scale)};
}
