// SPDX-License-Identifier: MIT
#include "openmmsurrogate/internal/ParticleCharges.h"
#include <cmath>

using namespace SurrogatePlugin;
using OpenMM::NonbondedForce;
using std::array;
using std::vector;

ParameterValues SurrogatePlugin::getDefaultParameters(const NonbondedForce& force) {
    ParameterValues values;
    for (int i = 0; i < force.getNumGlobalParameters(); i++)
        values[force.getGlobalParameterName(i)] = force.getGlobalParameterDefaultValue(i);
    return values;
}

ParticleCharges::ParticleCharges(const NonbondedForce& force) : base(force.getNumParticles()) {
    copyParameters(force, 0, force.getNumParticles() - 1);
}

void ParticleCharges::copyParameters(const NonbondedForce& force, int first, int last) {
    for (int i = first; i <= last; i++)
        force.getParticleParameters(i, base[i][0], base[i][1], base[i][2]);
    offsets.clear();
    for (int i = 0; i < force.getNumParticleParameterOffsets(); i++) {
        Offset offset;
        force.getParticleParameterOffset(i, offset.parameter, offset.particle, offset.scales[0], offset.scales[1],
                                         offset.scales[2]);
        offsets.push_back(offset);
    }
    lastValues.clear();
    for (const Offset& offset : offsets)
        lastValues[offset.parameter] = 0;
    isCurrent = false;
}

bool ParticleCharges::update(const ParameterValues& values) {
    for (auto& [parameter, last] : lastValues) {
        const double value = values.at(parameter);
        isCurrent = isCurrent && value == last;
        last = value;
    }
    if (isCurrent)
        return false;
    vector<array<double, 3> > current = base;
    for (const Offset& offset : offsets)
        for (int i = 0; i < 3; i++)
            current[offset.particle][i] += values.at(offset.parameter) * offset.scales[i];
    charges.resize(base.size());
    dispersionCharges.resize(base.size());
    for (size_t i = 0; i < base.size(); i++) {
        charges[i] = current[i][0];
        dispersionCharges[i] = 2 * std::pow(current[i][1], 3) * std::sqrt(current[i][2]);
    }
    isCurrent = true;
    return true;
}
