// SPDX-License-Identifier: MIT
#include "openmmsurrogate/internal/TunableNonbondedKernel.h"
#include "openmmsurrogate/internal/ReciprocalSpaceKernel.h"
#include <openmm/OpenMMException.h>
#include <openmm/internal/ContextImpl.h>

using namespace SurrogatePlugin;
using namespace OpenMM;
using std::string;

namespace {

bool usesMesh(const NonbondedForce& force) {
    return force.getNonbondedMethod() == NonbondedForce::PME || force.getNonbondedMethod() == NonbondedForce::LJPME;
}

/**
 * Make the force that the stock kernel is given: with our alphas, and with grids that cost no memory, as it never uses
 * them. 16 points are no fewer than any platform's spline order.
 */
NonbondedForce makeShortRange(const NonbondedForce& force, const PMESettings& settings) {
    const int unusedGrid = 16;
    NonbondedForce shortRange(force);
    shortRange.setPMEParameters(settings.coulomb.alpha, unusedGrid, unusedGrid, unusedGrid);
    if (settings.hasDispersion)
        shortRange.setLJPMEParameters(settings.dispersion.alpha, unusedGrid, unusedGrid, unusedGrid);
    return shortRange;
}

void getParameters(const MeshParameters& parameters, double& alpha, int& nx, int& ny, int& nz) {
    alpha = parameters.alpha;
    nx = parameters.grid[0];
    ny = parameters.grid[1];
    nz = parameters.grid[2];
}

} // namespace

TunableNonbondedKernel::TunableNonbondedKernel(const string& name, const Platform& platform, ContextImpl& context,
                                               KernelImpl* stock)
    : CalcNonbondedForceKernel(name, platform), context(context), stock(stock) {}

CalcNonbondedForceKernel& TunableNonbondedKernel::getStock() {
    return stock.getAs<CalcNonbondedForceKernel>();
}

const CalcNonbondedForceKernel& TunableNonbondedKernel::getStock() const {
    return stock.getAs<const CalcNonbondedForceKernel>();
}

void TunableNonbondedKernel::initialize(const System& system, const NonbondedForce& force) {
    const auto* tunable = dynamic_cast<const TunablePMEForce*>(&force);
    if (tunable == nullptr || !usesMesh(force)) {
        getStock().initialize(system, force);
        return;
    }
    reciprocalSpace = getPlatform().createKernel(CalcReciprocalSpaceKernel::Name(), context);
    auto& kernel = reciprocalSpace.getAs<CalcReciprocalSpaceKernel>();
    settings.reset(new PMESettings(system, *tunable, kernel.getDefaultPrecision()));
    shortRange.reset(new NonbondedForce(makeShortRange(force, *settings)));
    getStock().initialize(system, *shortRange);
    kernel.initialize(system, *tunable, *settings);
}

double TunableNonbondedKernel::execute(ContextImpl& context, bool includeForces, bool includeEnergy, bool includeDirect,
                                       bool includeReciprocal) {
    if (!isTunable())
        return getStock().execute(context, includeForces, includeEnergy, includeDirect, includeReciprocal);
    auto& kernel = reciprocalSpace.getAs<CalcReciprocalSpaceKernel>();
    if (includeReciprocal)
        kernel.checkPositions(context);
    double energy = getStock().execute(context, includeForces, includeEnergy, includeDirect, false);
    if (includeReciprocal)
        energy += kernel.execute(context, includeForces, includeEnergy);
    return energy;
}

void TunableNonbondedKernel::copyParametersToContext(ContextImpl& context, const NonbondedForce& force,
                                                     int firstParticle, int lastParticle, int firstException,
                                                     int lastException) {
    getStock().copyParametersToContext(context, force, firstParticle, lastParticle, firstException, lastException);
    if (isTunable())
        reciprocalSpace.getAs<CalcReciprocalSpaceKernel>().copyParametersToContext(context, force, firstParticle,
                                                                                   lastParticle);
}

void TunableNonbondedKernel::getPMEParameters(double& alpha, int& nx, int& ny, int& nz) const {
    if (isTunable())
        getParameters(settings->coulomb, alpha, nx, ny, nz);
    else
        getStock().getPMEParameters(alpha, nx, ny, nz);
}

void TunableNonbondedKernel::getLJPMEParameters(double& alpha, int& nx, int& ny, int& nz) const {
    if (isTunable() && settings->hasDispersion)
        getParameters(settings->dispersion, alpha, nx, ny, nz);
    else
        getStock().getLJPMEParameters(alpha, nx, ny, nz);
}

KernelImpl* TunableNonbondedKernelFactory::createKernelImpl(string name, const Platform& platform,
                                                            ContextImpl& context) const {
    KernelImpl* kernel = stock->createKernelImpl(name, platform, context);
    const System& system = context.getSystem();
    for (int i = 0; i < system.getNumForces(); i++)
        if (dynamic_cast<const TunablePMEForce*>(&system.getForce(i)) != nullptr)
            return new TunableNonbondedKernel(name, platform, context, kernel);
    return kernel;
}
