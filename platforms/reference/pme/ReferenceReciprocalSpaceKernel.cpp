// SPDX-License-Identifier: MIT
#include "ReferenceReciprocalSpaceKernel.h"
#include "openmmsurrogate/internal/MeshErrorControl.h"
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
    setParameters(settings);
    if (settings.hasDispersion)
        dispersion = make_unique<MeshEwald>(settings, make_unique<GaussianDispersionSplit>(settings.dispersion.alpha),
                                            settings.dispersion.grid);
}

void ReferenceCalcReciprocalSpaceKernel::setParameters(const PMESettings& settings) {
    this->settings = make_unique<PMESettings>(settings);
    coulomb = make_unique<MeshEwald>(settings, settings.makeCoulombSplit(), settings.coulomb.grid);
}

bool ReferenceCalcReciprocalSpaceKernel::updateCharges(ContextImpl& context) {
    return charges->update(context.getParameters());
}

double ReferenceCalcReciprocalSpaceKernel::measureMeshError(ContextImpl& context, vector<Vec3>& forces) {
    updateCharges(context);
    ReferencePlatform::PlatformData& data = getData(context);
    const vector<double>& q = charges->getCharges();
    const PMESettings finer = settings->makeFiner();
    vector<Vec3> expected(q.size());
    forces.assign(q.size(), Vec3());
    coulomb->compute(*data.positions, q, data.periodicBoxVectors, data.threads, &forces, false);
    MeshEwald(finer, finer.makeCoulombSplit(), finer.coulomb.grid)
        .compute(*data.positions, q, data.periodicBoxVectors, data.threads, &expected, false);
    return estimateMeshError(forces, expected, q, data.periodicBoxVectors, finer);
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
    updateCharges(context);
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
}

} // namespace SurrogatePlugin
