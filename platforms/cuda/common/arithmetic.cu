// SPDX-License-Identifier: MIT
// Arithmetic of the kernels: Real is float, or double where the Context computes in double.

#if DOUBLE_PRECISION
typedef double Real;
#else
typedef float Real;
#endif
// The layout of OpenMM's real4. (double4 is deprecated in CUDA 13, and its successors do not exist in CUDA 12.)
struct __align__(16) Real4 {
    Real x, y, z, w;
};
// Energies are summed in double where the Context has double energy buffers (precision mixed or double).
#if DOUBLE_ENERGY
typedef double EnergySum;
#else
typedef float EnergySum;
#endif

__device__ __forceinline__ Real4 makeReal4(Real x, Real y, Real z, Real w) {
    Real4 result;
    result.x = x;
    result.y = y;
    result.z = z;
    result.w = w;
    return result;
}

__device__ __forceinline__ float roundToInteger(float x) {
    return rintf(x);
}

__device__ __forceinline__ double roundToInteger(double x) {
    return rint(x);
}

__device__ __forceinline__ float roundDown(float x) {
    return floorf(x);
}

__device__ __forceinline__ double roundDown(double x) {
    return floor(x);
}

/** Add to a force buffer: 64-bit fixed point with 32 fraction bits, as OpenMM keeps it. */
__device__ __forceinline__ void addForce(unsigned long long* gm_force, Real value) {
    atomicAdd(gm_force, (unsigned long long) (long long) (value * (Real) 0x100000000));
}
