// SPDX-License-Identifier: MIT
#ifndef OPENMM_SURROGATE_CUDADIRECTSPACEKERNEL_H_
#define OPENMM_SURROGATE_CUDADIRECTSPACEKERNEL_H_

#include "../pairs/CudaForceOutput.h"
#include "../pairs/CudaPairList.h"
#include "../pairs/ReorderSchedule.h"
#include "CudaExceptions.h"
#include "DirectProgram.h"
#include "openmmsurrogate/internal/DirectSpaceKernel.h"
#include "openmmsurrogate/internal/NonbondedParameters.h"
#include <memory>
#include <string>
#include <vector>

namespace SurrogatePlugin {

class DirectForceInfo;

/**
 * Direct space of a TunablePMEForce with ESP on the GPU, in the arithmetic Real: pairs from our own list, then the excluded ones. The
 * device side is in the .cu files beside this one.
 */
template <class Real>
class CudaDirectSpaceKernel : public CalcDirectSpaceKernel {
public:
    CudaDirectSpaceKernel(const std::string& name, const OpenMM::Platform& platform, OpenMM::CudaContext& cuda)
        : CalcDirectSpaceKernel(name, platform), cuda(cuda) {}
    std::string findObstacle(const OpenMM::System& system, const TunablePMEForce& force) const override;
    void initialize(const OpenMM::System& system, const TunablePMEForce& force, const PMESettings& settings) override;
    void setParameters(const PMESettings& settings) override;
    double execute(OpenMM::ContextImpl& context, bool includeForces, bool includeEnergy) override;
    void addCoulombForces(OpenMM::ContextImpl& context, std::vector<OpenMM::Vec3>& forces) override;
    void copyParametersToContext(OpenMM::ContextImpl& context, const OpenMM::NonbondedForce& force, int firstParticle,
                                 int lastParticle, int firstException, int lastException) override;

private:
    void updateParameters(OpenMM::ContextImpl& context);
    /** Bring the current parameters to the device, those of Lennard-Jones as they are or as zeros. */
    void uploadParameters(bool withLennardJones);
    /** Compile the program, if it is another one for this box. */
    void compile(bool triclinic);
    /** Bring the list up to date and launch the kernels. They add to forces at a device address. */
    void launch(const OpenMM::Vec3 box[3], CUdeviceptr forces, bool includeEnergy);
    void spoilForces(CUdeviceptr forces);
    OpenMM::CudaContext& cuda;
    std::unique_ptr<NonbondedParameters> parameters;
    ParameterValues lastParameters;
    bool parametersChanged = true;
    double dispersionCoefficient = 0; // energy times volume
    typename CudaPairList<Real>::Particles particles;
    std::unique_ptr<CudaPairList<Real> > pairs;
    std::unique_ptr<CudaExceptions<Real> > exceptions;
    std::unique_ptr<CudaForceOutput> output;
    std::unique_ptr<ReorderSchedule> reordering;
    DirectForceInfo* info = nullptr; // owned by the Context
    DirectProgramOptions options;
    bool optionsChanged = true; // since the program was made
    std::string program;        // the source that is compiled
    OpenMM::CudaArray pairParameters;
    CUfunction forceKernel = nullptr, forceAndEnergyKernel = nullptr;
};

} // namespace SurrogatePlugin

#endif /*OPENMM_SURROGATE_CUDADIRECTSPACEKERNEL_H_*/
