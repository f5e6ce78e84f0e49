// SPDX-License-Identifier: MIT
#include "openmmsurrogate/internal/TunableNonbondedKernel.h"
#include "openmmsurrogate/internal/DirectSpaceKernel.h"
#include "openmmsurrogate/internal/ReciprocalSpaceKernel.h"
#include "openmmsurrogate/internal/TunablePMEForceImpl.h"
#include <openmm/OpenMMException.h>
#include <openmm/internal/ContextImpl.h>
#include <mutex>

using namespace SurrogatePlugin;
using namespace OpenMM;
using std::string;

namespace {

bool usesMesh(const NonbondedForce& force) {
    return force.getNonbondedMethod() == NonbondedForce::PME || force.getNonbondedMethod() == NonbondedForce::LJPME;
}

/**
 * While it lives, a force has our alphas, and grids that cost no memory as they are never used; 16 points are no fewer
 * than any platform's spline order. A stock kernel reads them in initialize() only. It has to be given the force itself
 * and no copy: CUDA kernels look for it in the System to name their parameters, and ask it later which particles are
 * identical.
 */
class SubstitutedParameters {
public:
    SubstitutedParameters(const NonbondedForce& force, const PMESettings& settings)
        : force(const_cast<NonbondedForce&>(force)) {
        const int unusedGrid = 16;
        force.getPMEParameters(alpha, grid[0], grid[1], grid[2]);
        force.getLJPMEParameters(dispersionAlpha, dispersionGrid[0], dispersionGrid[1], dispersionGrid[2]);
        this->force.setPMEParameters(settings.coulomb.alpha, unusedGrid, unusedGrid, unusedGrid);
        if (settings.hasDispersion)
            this->force.setLJPMEParameters(settings.dispersion.alpha, unusedGrid, unusedGrid, unusedGrid);
    }
    ~SubstitutedParameters() {
        force.setPMEParameters(alpha, grid[0], grid[1], grid[2]);
        force.setLJPMEParameters(dispersionAlpha, dispersionGrid[0], dispersionGrid[1], dispersionGrid[2]);
    }

private:
    NonbondedForce& force;
    double alpha, dispersionAlpha;
    int grid[3], dispersionGrid[3];
};

void getParameters(const MeshParameters& parameters, double& alpha, int& nx, int& ny, int& nz) {
    alpha = parameters.alpha;
    nx = parameters.grid[0];
    ny = parameters.grid[1];
    nz = parameters.grid[2];
}

} // namespace

TunableNonbondedKernel::TunableNonbondedKernel(const string& name, const Platform& platform, ContextImpl& context,
                                               const KernelFactory& stockFactory)
    : CalcNonbondedForceKernel(name, platform), context(context), stockFactory(stockFactory) {}

void TunableNonbondedKernel::initializeStock(const System& system, const NonbondedForce& force) {
    stock = Kernel(stockFactory.createKernelImpl(getName(), getPlatform(), context));
    getStock().initialize(system, force);
}

CalcNonbondedForceKernel& TunableNonbondedKernel::getStock() {
    return stock.getAs<CalcNonbondedForceKernel>();
}

const CalcNonbondedForceKernel& TunableNonbondedKernel::getStock() const {
    return stock.getAs<const CalcNonbondedForceKernel>();
}

void TunableNonbondedKernel::initialize(const System& system, const NonbondedForce& force) {
    const auto* tunable = dynamic_cast<const TunablePMEForce*>(&force);
    if (tunable == nullptr || !usesMesh(force)) {
        initializeStock(system, force);
        return;
    }
    createKernels();
    auto& reciprocal = reciprocalSpace.getAs<CalcReciprocalSpaceKernel>();
    {
        // Another thread may make a Context of the same System, and must not see what is substituted.
        static std::mutex mutex;
        const std::lock_guard<std::mutex> lock(mutex);
        settings.reset(new PMESettings(system, *tunable, describePlatform(system, *tunable)));
        if (!isProlate()) {
            SubstitutedParameters substituted(force, *settings);
            initializeStock(system, force);
        }
    }
    if (isProlate())
        directSpace.getAs<CalcDirectSpaceKernel>().initialize(system, *tunable, *settings);
    reciprocal.initialize(system, *tunable, *settings);
    for (ForceImpl* impl : context.getForceImpls())
        if (auto* own = dynamic_cast<TunablePMEForceImpl*>(impl))
            if (&own->getOwner() == &force)
                own->setKernel(this);
}

void TunableNonbondedKernel::createKernels() {
    const Platform& platform = getPlatform();
    reciprocalSpace = platform.createKernel(CalcReciprocalSpaceKernel::Name(), context);
    hasDirectSpace = platform.supportsKernels({CalcDirectSpaceKernel::Name()});
    if (hasDirectSpace)
        directSpace = platform.createKernel(CalcDirectSpaceKernel::Name(), context);
}

PMEPlatform TunableNonbondedKernel::describePlatform(const System& system, const TunablePMEForce& force) {
    const auto& reciprocal = reciprocalSpace.getAs<const CalcReciprocalSpaceKernel>();
    PMEPlatform platform = {reciprocal.getDefaultPrecision(), "", reciprocal.getMostProlateOrder()};
    if (!hasDirectSpace || platform.mostProlateOrder == 0) {
        platform.prolateObstacle = "platform " + getPlatform().getName() + " does not have it";
        return platform;
    }
    const auto& direct = directSpace.getAs<const CalcDirectSpaceKernel>();
    platform.prolateObstacle = direct.findObstacle(system, force);
    return platform;
}

double TunableNonbondedKernel::execute(ContextImpl& context, bool includeForces, bool includeEnergy, bool includeDirect,
                                       bool includeReciprocal) {
    if (!isTunable())
        return getStock().execute(context, includeForces, includeEnergy, includeDirect, includeReciprocal);
    if (isProlate())
        return executeProlate(includeForces, includeEnergy, includeDirect, includeReciprocal);
    auto& kernel = reciprocalSpace.getAs<CalcReciprocalSpaceKernel>();
    if (includeReciprocal)
        kernel.checkPositions(context);
    double energy = getStock().execute(context, includeForces, includeEnergy, includeDirect, false);
    if (includeReciprocal)
        energy += kernel.execute(context, includeForces, includeEnergy);
    return energy;
}

double TunableNonbondedKernel::executeProlate(bool includeForces, bool includeEnergy, bool includeDirect,
                                              bool includeReciprocal) {
    if (!includeDirect && !includeReciprocal)
        return 0;
    auto& reciprocal = reciprocalSpace.getAs<CalcReciprocalSpaceKernel>();
    auto& direct = directSpace.getAs<CalcDirectSpaceKernel>();
    reciprocal.checkPositions(context);
    control.update(context, *settings, reciprocal, direct);
    double energy = 0;
    // Reciprocal space first: on a GPU it runs beside what is launched after it.
    if (includeReciprocal)
        energy += reciprocal.execute(context, includeForces, includeEnergy);
    if (includeDirect)
        energy += direct.execute(context, includeForces, includeEnergy);
    return energy;
}

void TunableNonbondedKernel::copyParametersToContext(ContextImpl& context, const NonbondedForce& force,
                                                     int firstParticle, int lastParticle, int firstException,
                                                     int lastException) {
    if (isProlate())
        directSpace.getAs<CalcDirectSpaceKernel>().copyParametersToContext(context, force, firstParticle, lastParticle,
                                                                           firstException, lastException);
    else
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
    const System& system = context.getSystem();
    for (int i = 0; i < system.getNumForces(); i++)
        if (dynamic_cast<const TunablePMEForce*>(&system.getForce(i)) != nullptr)
            return new TunableNonbondedKernel(name, platform, context, *stock);
    return stock->createKernelImpl(name, platform, context);
}
