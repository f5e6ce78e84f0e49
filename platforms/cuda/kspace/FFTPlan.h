// SPDX-License-Identifier: MIT
#ifndef OPENMM_SURROGATE_FFTPLAN_H_
#define OPENMM_SURROGATE_FFTPLAN_H_

#include <cuda.h>
#include <array>

namespace SurrogatePlugin {

/**
 * Transforms of a real grid by cuFFT, in place: forward, and backward without normalization. cuFFT is loaded when the first plan is made;
 * OpenMM's CUDA platform has it in the process already, and machines without a GPU need none.
 */
class FFTPlan {
public:
    /**
     * @param size             grid points along each axis, the last one being contiguous in memory
     * @param doublePrecision  whether the grid is of double
     * @throws OpenMM::OpenMMException if cuFFT is missing, or has no memory or no plan for the size
     */
    FFTPlan(const std::array<int, 3>& size, bool doublePrecision);
    ~FFTPlan();
    FFTPlan(const FFTPlan&) = delete;
    FFTPlan& operator=(const FFTPlan&) = delete;
    /** [x][y][z] real, in rows of 2(z/2+1), to [x][y][z/2+1] complex. */
    void transformForward(CUdeviceptr grid, CUstream stream);
    /** The other way. */
    void transformBackward(CUdeviceptr grid, CUstream stream);

private:
    int forward, backward; // handles
    bool doublePrecision;
};

} // namespace SurrogatePlugin

#endif /*OPENMM_SURROGATE_FFTPLAN_H_*/
