// SPDX-License-Identifier: MIT
#ifndef OPENMM_SURROGATE_CUDATABLEKERNEL_H_
#define OPENMM_SURROGATE_CUDATABLEKERNEL_H_

#include "CudaPairForceKernel.h"
#include "TableLayout.h"

namespace SurrogatePlugin {

/** Evaluates tables on the GPU, in the arithmetic Real. The device side is surrogate/table.cu. */
template <class Real>
class CudaTableKernel : public CudaPairForceKernel<Real> {
public:
    using CudaPairForceKernel<Real>::CudaPairForceKernel;

protected:
    void upload(const SurrogateForce& force) override;
    void compile(bool triclinic) override;
    void launchForces(bool includeEnergy) override;

private:
    std::string program; // the source that is compiled
    TableView<Real> tables;
    TableLaunch launch;
    OpenMM::CudaArray forceRows, energyRows, grids;
    // By whether energies are asked for.
    CUfunction kernels[2] = {nullptr, nullptr};
    int mostBlocks[2] = {1, 1}; // that are resident at once
};

} // namespace SurrogatePlugin

#endif /*OPENMM_SURROGATE_CUDATABLEKERNEL_H_*/
