// SPDX-License-Identifier: MIT
#ifndef OPENMM_SURROGATE_TUNABLENONBONDEDKERNEL_H_
#define OPENMM_SURROGATE_TUNABLENONBONDEDKERNEL_H_

#include "openmmsurrogate/internal/MeshErrorControl.h"
#include "openmmsurrogate/internal/PMESettings.h"
#include <openmm/Kernel.h>
#include <openmm/KernelFactory.h>
#include <openmm/NonbondedForce.h>
#include <openmm/kernels.h>
#include <memory>
#include <string>

namespace SurrogatePlugin {

/**
 * The kernel of all NonbondedForces in a System that holds a TunablePMEForce. It owns the platform's stock kernel. For
 * a plain NonbondedForce that does everything; for a TunablePMEForce with PME or LJPME it computes all but reciprocal
 * space, for which a CalcReciprocalSpaceKernel is created. With ESP a CalcDirectSpaceKernel takes its place.
 */
class TunableNonbondedKernel : public OpenMM::CalcNonbondedForceKernel {
public:
    /**
     * @param stockFactory  makes the platform's kernels, and lives as long as the platform. The stock kernel is made
     *                      only if it is used, as some cannot be destroyed unless they have been initialized.
     */
    TunableNonbondedKernel(const std::string& name, const OpenMM::Platform& platform, OpenMM::ContextImpl& context,
                           const OpenMM::KernelFactory& stockFactory);
    void initialize(const OpenMM::System& system, const OpenMM::NonbondedForce& force) override;
    double execute(OpenMM::ContextImpl& context, bool includeForces, bool includeEnergy, bool includeDirect,
                   bool includeReciprocal) override;
    void copyParametersToContext(OpenMM::ContextImpl& context, const OpenMM::NonbondedForce& force, int firstParticle,
                                 int lastParticle, int firstException, int lastException) override;
    void getPMEParameters(double& alpha, int& nx, int& ny, int& nz) const override;
    void getLJPMEParameters(double& alpha, int& nx, int& ny, int& nz) const override;
    /** Get what a TunablePMEForce with PME or LJPME runs with. */
    const PMESettings& getSettings() const { return *settings; }
    /** Get the error that was measured with ESP. @throws OpenMM::OpenMMException if none was */
    MeshError getMeshError() const { return control.getError(); }

private:
    bool isTunable() const { return settings != nullptr; }
    bool isProlate() const { return isTunable() && settings->isProlate(); }
    void createKernels();
    PMEPlatform describePlatform(const OpenMM::System& system, const TunablePMEForce& force);
    double executeProlate(bool includeForces, bool includeEnergy, bool includeDirect, bool includeReciprocal);
    OpenMM::CalcNonbondedForceKernel& getStock();
    const OpenMM::CalcNonbondedForceKernel& getStock() const;
    void initializeStock(const OpenMM::System& system, const OpenMM::NonbondedForce& force);
    OpenMM::ContextImpl& context;
    const OpenMM::KernelFactory& stockFactory;
    OpenMM::Kernel stock, reciprocalSpace, directSpace;
    bool hasDirectSpace = false;
    std::unique_ptr<PMESettings> settings;
    MeshErrorControl control;
};

/**
 * Makes a TunableNonbondedKernel for Systems that hold a TunablePMEForce, and the platform's stock kernel for all
 * others.
 */
class TunableNonbondedKernelFactory : public OpenMM::KernelFactory {
public:
    /** @param stock  the factory of the platform's kernels */
    explicit TunableNonbondedKernelFactory(std::unique_ptr<OpenMM::KernelFactory> stock) : stock(std::move(stock)) {}
    OpenMM::KernelImpl* createKernelImpl(std::string name, const OpenMM::Platform& platform,
                                         OpenMM::ContextImpl& context) const override;

private:
    std::unique_ptr<OpenMM::KernelFactory> stock;
};

} // namespace SurrogatePlugin

#endif /*OPENMM_SURROGATE_TUNABLENONBONDEDKERNEL_H_*/
