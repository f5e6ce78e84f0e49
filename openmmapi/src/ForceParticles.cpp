// SPDX-License-Identifier: MIT
#include "openmmsurrogate/internal/ForceParticles.h"
#include <openmm/OpenMMException.h>
#include <algorithm>
#include <cmath>
#include <sstream>

using namespace OpenMM;
using namespace std;

namespace SurrogatePlugin {

ForceParticles::ForceParticles(const SurrogateForce& force) : exclusions(force.getNumParticles()) {
    for (int index = 0; index < force.getNumExclusions(); index++) {
        int particle1, particle2;
        force.getExclusionParticles(index, particle1, particle2);
        exclusions[particle1].push_back(particle2);
        exclusions[particle2].push_back(particle1);
    }
    for (auto& list : exclusions)
        sort(list.begin(), list.end());
    update(force);
}

void ForceParticles::update(const SurrogateForce& force) {
    types.resize(force.getNumParticles());
    members.clear();
    energyOffset = 0;
    for (int i = 0; i < force.getNumParticles(); i++) {
        types[i] = force.getParticleType(i);
        if (types[i] < 0)
            continue;
        members.push_back(i);
        energyOffset += force.getModel().getEnergyOffset(types[i]);
    }
}

bool ForceParticles::isExcluded(int particle1, int particle2) const {
    const vector<int>& list = exclusions[particle1];
    return !list.empty() && binary_search(list.begin(), list.end(), particle2);
}

bool ForceParticles::isValid(const Vec3& position) {
    const double limit = getLargestCoordinate();
    // Written so that NaN fails.
    return fabs(position[0]) <= limit && fabs(position[1]) <= limit && fabs(position[2]) <= limit;
}

void ForceParticles::checkPositions(const vector<Vec3>& positions) const {
    for (int i : members)
        if (!isValid(positions[i])) {
            stringstream place;
            place << positions[i] << " nm";
            throwInvalidPosition("SurrogateForce", i, place.str());
        }
}

void throwInvalidPosition(const string& force, int particle, const string& place) {
    stringstream message;
    message << force << ": particle " << particle << " is at " << place << ", which is not finite or more than "
            << ForceParticles::getLargestCoordinate()
            << " nm from the origin. The simulation has become unstable: minimize the energy first, or use a smaller "
               "time step.";
    throw OpenMMException(message.str());
}

void throwCoincident(const string& force, int particle1, int particle2) {
    stringstream message;
    message << force << ": particles " << particle1 << " and " << particle2
            << " are at exactly the same position, where the "
            << "direction of their force is undefined. Move one of them, or exclude the pair.";
    throw OpenMMException(message.str());
}

} // namespace SurrogatePlugin
