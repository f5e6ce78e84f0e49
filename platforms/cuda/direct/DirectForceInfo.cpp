// SPDX-License-Identifier: MIT
#include "DirectForceInfo.h"
#include <map>
#include <string>

using namespace SurrogatePlugin;
using OpenMM::NonbondedForce;
using std::string;
using std::vector;

void DirectForceInfo::read(const NonbondedForce& force) {
    std::map<string, int> indices;
    for (int k = 0; k < force.getNumGlobalParameters(); k++)
        indices[force.getGlobalParameterName(k)] = k;
    particles.assign(force.getNumParticles(), {});
    exceptions.assign(force.getNumExceptions(), {});
    pairs.assign(force.getNumExceptions(), vector<int>(2));
    double values[3];
    auto append = [&](vector<double>& list) { list.insert(list.end(), values, values + 3); };
    for (int i = 0; i < force.getNumParticles(); i++) {
        force.getParticleParameters(i, values[0], values[1], values[2]);
        append(particles[i]);
    }
    for (int i = 0; i < force.getNumExceptions(); i++) {
        force.getExceptionParameters(i, pairs[i][0], pairs[i][1], values[0], values[1], values[2]);
        append(exceptions[i]);
    }
    string parameter;
    int index;
    for (int k = 0; k < force.getNumParticleParameterOffsets(); k++) {
        force.getParticleParameterOffset(k, parameter, index, values[0], values[1], values[2]);
        particles[index].push_back(indices.at(parameter));
        append(particles[index]);
    }
    for (int k = 0; k < force.getNumExceptionParameterOffsets(); k++) {
        force.getExceptionParameterOffset(k, parameter, index, values[0], values[1], values[2]);
        exceptions[index].push_back(indices.at(parameter));
        append(exceptions[index]);
    }
}
