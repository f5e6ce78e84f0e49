// SPDX-License-Identifier: MIT
#include "ReferenceReciprocalSpaceKernel.h"
#include <openmm/OpenMMException.h>
#include <openmm/internal/ContextImpl.h>
#include <openmm/reference/ReferencePlatform.h>
#include <cmath>
#include <sstream>

using namespace OpenMM;
using namespace std;

namespace SurrogatePlugin {

static ReferencePlatform::PlatformData& getData(ContextImpl& context) {
    return *reinterpret_cast<ReferencePlatform::PlatformData*>(context.getPlatformData());
}

void ReferenceCalcReciprocalSpaceKernel::initialize(const System& system, const TunablePMEForce& force,
                                                    const PMESettings& settings) {
    charges = make_unique<ParticleCharges>(force);
    coulomb = make_unique<MeshEwald>(settings, make_unique<GaussianCoulombSplit>(settings.coulomb.alpha),
                                     settings.coulomb.grid);
    if (settings.hasDispersion)
        dispersion = make_unique<MeshEwald>(settings, make_unique<GaussianDispersionSplit>(settings.dispersion.alpha),
                                            settings.dispersion.grid);
}

void ReferenceCalcReciprocalSpaceKernel::checkPositions(ContextImpl& context) {
    const vector<Vec3>& positions = *getData(context).positions;
    for (size_t i = 0; i < positions.size(); i++)
        if (!isfinite(positions[i][0]) || !isfinite(positions[i][1]) || !isfinite(positions[i][2])) {
            stringstream message;
            message
                << "TunablePMEForce: particle " << i << " is at " << positions[i]
                << " nm, which is not finite. The simulation has become unstable: minimize the energy first, or use "
                   "a smaller time step.";
            throw OpenMMException(message.str());
        }
}

double ReferenceCalcReciprocalSpaceKernel::execute(ContextImpl& context, bool includeForces, bool includeEnergy) {
    if (charges->hasOffsets() || !chargesAreCurrent)
        charges->update(context.getParameters());
    chargesAreCurrent = true;
    ReferencePlatform::PlatformData& data = getData(context);
    vector<Vec3>* forces = includeForces ? data.forces : nullptr;
    double energy = coulomb->compute(*data.positions, charges->getCharges(), data.periodicBoxVectors, data.threads,
                                     forces, includeEnergy);
    if (dispersion)
        energy += dispersion->compute(*data.positions, charges->getDispersionCharges(), data.periodicBoxVectors,
                                      data.threads, forces, includeEnergy);
    return energy;
}

void ReferenceCalcReciprocalSpaceKernel::copyParametersToContext(ContextImpl& context, const NonbondedForce& force,
                                                                 int firstParticle, int lastParticle) {
    charges->copyParameters(force, firstParticle, lastParticle);
    chargesAreCurrent = false;
}

} // namespace SurrogatePlugin
