// SPDX-License-Identifier: MIT
#ifndef OPENMM_SURROGATE_CUDANETWORKKERNEL_H_
#define OPENMM_SURROGATE_CUDANETWORKKERNEL_H_

#include "CudaPairForceKernel.h"
#include "NetworkLayout.h"
#include "PackedNetwork.h"
#include <map>

namespace SurrogatePlugin {

/**
 * Evaluates networks on the GPU's matrix units, in the numeric format of the force. The device side is surrogate/network*.cu. Networks of one
 * shape are evaluated by one kernel, one after the other; a model with several shapes has a kernel for each.
 */
template <class Real>
class CudaNetworkKernel : public CudaPairForceKernel<Real> {
public:
    CudaNetworkKernel(const std::string& name, const OpenMM::Platform& platform, OpenMM::CudaContext& context)
        : CudaPairForceKernel<Real>(name, platform, context) {}

private:
    struct Group;
    void upload(const SurrogateForce& force) override;
    void compile(bool triclinic) override;
    void prepare() override;
    void launchForces(bool includeEnergy) override;
    void checkChip(NumericFormat::Type format);
    void checkSize(const SurrogateForce& force);
    void uploadNetworks(Group& group, const SurrogateModel& model);
    void reservePairs(Group& group, int capacity);
    void listPairs(Group& group);
    void makeEnergies(Group& group);
    std::vector<double> sample(Group& group, int index, double low, double spacing);
    /** The networks of one shape. */
    struct Group {
        NetworkShape shape;
        NetworkLaunch launch;
        std::vector<int> networks; // of the model
        NetworkSetView<Real> view;
        OpenMM::CudaArray words, networkOfTypes, pairs, pairState, energies, energyGrids;
        std::string program; // the source that is compiled
        CUfunction listKernel, forceKernel, forceAndEnergyKernel, sampleKernel;
        int mostBlocks;   // that are resident at once
        bool hasEnergies; // whether the table of energies has been made
    };
    std::vector<std::unique_ptr<Group> > groups;
    std::string listProgram; // the source that the kernels of the list are from: that of the first group
    int numProcessors = 0;
};

} // namespace SurrogatePlugin

#endif /*OPENMM_SURROGATE_CUDANETWORKKERNEL_H_*/
