// SPDX-License-Identifier: MIT
#ifndef OPENMM_SURROGATE_CUDARECIPROCALSPACEKERNEL_H_
#define OPENMM_SURROGATE_CUDARECIPROCALSPACEKERNEL_H_

#include "CudaMesh.h"
#include "openmmsurrogate/internal/EwaldSplit.h"
#include "openmmsurrogate/internal/MeshErrorControl.h"
#include "openmmsurrogate/internal/ParticleCharges.h"
#include "openmmsurrogate/internal/ReciprocalSpaceKernel.h"
#include <openmm/common/ComputeEvent.h>
#include <openmm/common/ComputeQueue.h>
#include <memory>

namespace SurrogatePlugin {

/**
 * Reciprocal space of a TunablePMEForce on the GPU. It runs on a stream of its own beside the stock kernel's pairs, unless the platform
 * property DisablePmeStream says otherwise; the two meet again before the forces are used.
 */
class CudaReciprocalSpaceKernel : public CalcReciprocalSpaceKernel {
public:
    CudaReciprocalSpaceKernel(const std::string& name, const OpenMM::Platform& platform, OpenMM::ContextImpl& context);
    ~CudaReciprocalSpaceKernel() override;
    NumericFormat::Type getDefaultPrecision() const override;
    int getMostProlateOrder() const override { return TunablePMEForce::MaxSplineOrder; }
    void initialize(const OpenMM::System& system, const TunablePMEForce& force, const PMESettings& settings) override;
    void setParameters(const PMESettings& settings) override;
    bool updateCharges(OpenMM::ContextImpl& context) override;
    const std::vector<double>& getCharges() const override { return particles->getCharges(); }
    bool canMeasureMeshError() const override { return true; }
    double measureMeshError(OpenMM::ContextImpl& context, std::vector<OpenMM::Vec3>& forces) override;
    void checkPositions(OpenMM::ContextImpl& context) override;
    double execute(OpenMM::ContextImpl& context, bool includeForces, bool includeEnergy) override;
    void copyParametersToContext(OpenMM::ContextImpl& context, const OpenMM::NonbondedForce& force, int firstParticle,
                                 int lastParticle) override;

private:
    class Begin;
    class Finish;
    class ReorderListener;
    CUdeviceptr getReportAddress();
    void makeCoulombMesh(const PMESettings& settings);
    /** Compute the forces of a mesh, by original index, kJ/mol/nm. Waits for them. */
    std::vector<OpenMM::Vec3> computeForces(CudaMesh& mesh, const OpenMM::Vec3 box[3]);
    /** Make the mesh that measures the error of ESP's. */
    std::unique_ptr<CudaMesh> makeFinerMesh(const PMESettings& finer);
    double getConstantEnergy(const OpenMM::Vec3 box[3]) const;
    void runMeshes(const OpenMM::Vec3 box[3], bool includeForces, bool includeEnergy);
    double finish(bool includeEnergy);
    /** Begin an evaluation: positions are there, and buffers of forces are clear. */
    void begin();
    /** Wait for an evaluation that another force's exception has cut short before finish(), and forget it. */
    void abandon();
    /** Throw if the mesh has told of trouble. Does not wait for it. */
    void checkReport();
    /** Wait for the mesh and forget what it has told. */
    void dropReport();
    OpenMM::CudaContext& cuda;
    std::unique_ptr<ParticleCharges> particles;
    bool meshLacksCharges, isRunning;
    bool mustWait; // finish() has to read the energy, and to tell of trouble
    std::unique_ptr<PMESettings> settings;
    std::unique_ptr<EwaldSplit> split; // of Coulomb's potential
    double dispersionAlpha;
    double sumCharges, sumSquares, sumDispersionSquares;
    std::unique_ptr<MeshReport, void (*)(MeshReport*)> report; // mapped host memory
    std::unique_ptr<CudaMesh> coulomb, dispersion;
    CUstream stream = nullptr;
    OpenMM::ComputeQueue queue; // of the stream; null: the Context's own
    OpenMM::ComputeEvent ready, done;
};

} // namespace SurrogatePlugin

#endif /*OPENMM_SURROGATE_CUDARECIPROCALSPACEKERNEL_H_*/
