// SPDX-License-Identifier: MIT
#ifndef OPENMM_SURROGATE_CUDASURROGATEKERNELFACTORY_H_
#define OPENMM_SURROGATE_CUDASURROGATEKERNELFACTORY_H_

#include <openmm/KernelFactory.h>
#include <string>

namespace SurrogatePlugin {

/**
 * The factory for OpenMM's CUDA platform. There is no CUDA kernel for SurrogateForce yet: the factory exists to say so
 * with an error that names the platforms to use, instead of OpenMM's "called getKernelFactory() on unknown kernel".
 */
class CudaSurrogateKernelFactory : public OpenMM::KernelFactory {
public:
    OpenMM::KernelImpl* createKernelImpl(std::string name, const OpenMM::Platform& platform,
                                         OpenMM::ContextImpl& context) const override;
};

} // namespace SurrogatePlugin

#endif /*OPENMM_SURROGATE_CUDASURROGATEKERNELFACTORY_H_*/
