// SPDX-License-Identifier: MIT
#include "openmmsurrogate/internal/NonbondedParameters.h"
#include <cmath>

using namespace SurrogatePlugin;
using OpenMM::NonbondedForce;
using std::array;
using std::vector;

NonbondedParameters::NonbondedParameters(const NonbondedForce& force)
    : baseParticles(force.getNumParticles()), baseExceptions(force.getNumExceptions()) {
    copyParameters(force, 0, force.getNumParticles() - 1, 0, force.getNumExceptions() - 1);
}

void NonbondedParameters::copyParameters(const NonbondedForce& force, int firstParticle, int lastParticle,
                                         int firstException, int lastException) {
    for (int i = firstParticle; i <= lastParticle; i++)
        force.getParticleParameters(i, baseParticles[i][0], baseParticles[i][1], baseParticles[i][2]);
    for (int i = firstException; i <= lastException; i++) {
        NonbondedException& e = baseExceptions[i];
        force.getExceptionParameters(i, e.particle1, e.particle2, e.chargeProduct, e.sigma, e.epsilon);
    }
    particleOffsets.resize(force.getNumParticleParameterOffsets());
    for (int i = 0; i < (int) particleOffsets.size(); i++) {
        Offset& offset = particleOffsets[i];
        force.getParticleParameterOffset(i, offset.parameter, offset.index, offset.scales[0], offset.scales[1],
                                         offset.scales[2]);
    }
    exceptionOffsets.resize(force.getNumExceptionParameterOffsets());
    for (int i = 0; i < (int) exceptionOffsets.size(); i++) {
        Offset& offset = exceptionOffsets[i];
        force.getExceptionParameterOffset(i, offset.parameter, offset.index, offset.scales[0], offset.scales[1],
                                          offset.scales[2]);
    }
}

void NonbondedParameters::update(const ParameterValues& values) {
    vector<array<double, 3> > current = baseParticles;
    for (const Offset& offset : particleOffsets)
        for (int i = 0; i < 3; i++)
            current[offset.index][i] += values.at(offset.parameter) * offset.scales[i];
    particles.clear();
    for (const array<double, 3>& p : current)
        particles.push_back({p[0], 0.5 * p[1], 2 * std::sqrt(p[2])});
    exceptions = baseExceptions;
    for (const Offset& offset : exceptionOffsets) {
        const double value = values.at(offset.parameter);
        exceptions[offset.index].chargeProduct += value * offset.scales[0];
        exceptions[offset.index].sigma += value * offset.scales[1];
        exceptions[offset.index].epsilon += value * offset.scales[2];
    }
}
