// SPDX-License-Identifier: MIT
#include "openmmsurrogate/internal/NonbondedParameters.h"
#include <openmm/OpenMMException.h>
#include <algorithm>
#include <cmath>

using namespace SurrogatePlugin;
using OpenMM::NonbondedForce;
using OpenMM::OpenMMException;
using std::array;
using std::string;
using std::vector;

namespace {

NonbondedException readException(const NonbondedForce& force, int index) {
    NonbondedException e;
    force.getExceptionParameters(index, e.particle1, e.particle2, e.chargeProduct, e.sigma, e.epsilon);
    return e;
}

void checkNumber(const string& what, size_t before, int now) {
    if ((int) before != now)
        throw OpenMMException("TunablePMEForce: updateParametersInContext: the number of " + what +
                              " has changed from " + std::to_string(before) + " to " + std::to_string(now) +
                              "; reinitialize the Context");
}

} // namespace

NonbondedParameters::NonbondedParameters(const NonbondedForce& force) : baseParticles(force.getNumParticles()) {
    for (int i = 0; i < force.getNumExceptions(); i++)
        baseExceptions.push_back(readException(force, i));
    copyParameters(force, 0, force.getNumParticles() - 1, 0, force.getNumExceptions() - 1);
}

void NonbondedParameters::copyParameters(const NonbondedForce& force, int firstParticle, int lastParticle,
                                         int firstException, int lastException) {
    checkNumber("particles", baseParticles.size(), force.getNumParticles());
    checkNumber("exceptions", baseExceptions.size(), force.getNumExceptions());
    for (int i = firstParticle; i <= lastParticle; i++)
        force.getParticleParameters(i, baseParticles[i][0], baseParticles[i][1], baseParticles[i][2]);
    for (int i = firstException; i <= lastException; i++) {
        const NonbondedException e = readException(force, i);
        if (std::minmax(e.particle1, e.particle2) !=
            std::minmax(baseExceptions[i].particle1, baseExceptions[i].particle2))
            throw OpenMMException("TunablePMEForce: updateParametersInContext: exception " + std::to_string(i) +
                                  " is of other particles than before; reinitialize the Context");
        baseExceptions[i] = e;
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
