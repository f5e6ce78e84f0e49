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
struct __align__(8) Real2 {
    Real x, y;
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

/**
 * Get the nearest integer to a number between -2^21 and 2^21, plus ROUNDING_BIAS. Adding 1.5*2^23 leaves the integer in the low bits; conversions are
 * several times slower than additions.
 */
__device__ __forceinline__ int roundBiased(float x) {
    return __float_as_int(__fadd_rn(x, 12582912.0f));
}

__device__ __forceinline__ int roundBiased(double x) {
    return __double2loint(__dadd_rn(x, 6755399441055744.0));
}

#if DOUBLE_PRECISION
#define ROUNDING_BIAS 0
#else
#define ROUNDING_BIAS 0x4b400000
#endif

/** Get 1/r of r^2. */
__device__ __forceinline__ float getInverseRoot(float r2) {
    float inverse; // to 2^-22.9, as rsqrtf(), which takes four more instructions for subnormal numbers
    asm("rsqrt.approx.ftz.f32 %0, %1;" : "=f"(inverse) : "f"(r2));
    return inverse;
}

__device__ __forceinline__ double getInverseRoot(double r2) {
    return rsqrt(r2);
}

/** An address in shared memory: one that parts are added to takes fewer instructions than an index. */
typedef unsigned int SharedAddress;

__device__ __forceinline__ SharedAddress getSharedAddress(const void* sm_value) {
    return (SharedAddress) __cvta_generic_to_shared(sm_value);
}

/** Load four numbers. Volatile, so that the compiler makes no branch around what is computed from them. */
__device__ __forceinline__ Real4 loadShared(SharedAddress address) {
    Real4 value;
#if DOUBLE_PRECISION
    asm volatile("ld.shared.v2.f64 {%0, %1}, [%2];" : "=d"(value.x), "=d"(value.y) : "r"(address));
    asm volatile("ld.shared.v2.f64 {%0, %1}, [%2+16];" : "=d"(value.z), "=d"(value.w) : "r"(address));
#else
    asm volatile("ld.shared.v4.f32 {%0, %1, %2, %3}, [%4];"
                 : "=f"(value.x), "=f"(value.y), "=f"(value.z), "=f"(value.w)
                 : "r"(address));
#endif
    return value;
}

__device__ __forceinline__ Real2 loadSharedPair(SharedAddress address) {
    Real2 value;
#if DOUBLE_PRECISION
    asm volatile("ld.shared.v2.f64 {%0, %1}, [%2];" : "=d"(value.x), "=d"(value.y) : "r"(address));
#else
    asm volatile("ld.shared.v2.f32 {%0, %1}, [%2];" : "=f"(value.x), "=f"(value.y) : "r"(address));
#endif
    return value;
}

__device__ __forceinline__ unsigned int loadSharedInt(SharedAddress address) {
    unsigned int value;
    asm volatile("ld.shared.u32 %0, [%1];" : "=r"(value) : "r"(address) : "memory");
    return value;
}

/** Load what is read once: it need not push other things out of the cache. */
__device__ __forceinline__ unsigned int loadOnce(const unsigned int* gm_value) {
    unsigned int value;
    asm volatile("ld.global.nc.L1::no_allocate.u32 %0, [%1];" : "=r"(value) : "l"(gm_value));
    return value;
}
