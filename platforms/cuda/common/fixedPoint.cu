// SPDX-License-Identifier: MIT
// Sums of integers, which are the same in any order.

/** 32 fraction bits, as OpenMM keeps forces. Additions wrap around, so that intermediate sums may overflow. */
typedef unsigned long long FixedPoint;

__device__ __forceinline__ FixedPoint toFixedPoint(float value) {
    return (FixedPoint) __float2ll_rn(value * 0x1p32f);
}

__device__ __forceinline__ FixedPoint toFixedPoint(double value) {
    return (FixedPoint) __double2ll_rn(value * 0x1p32);
}

/**
 * Add to a sum in memory, without a result. Spelt out, because the compiler would merge it with an addition on another path whose result is used,
 * and have all threads wait for that.
 */
__device__ __forceinline__ void addToSum(FixedPoint* gm_sum, FixedPoint value) {
    asm volatile("red.global.add.u64 [%0], %1;" ::"l"(gm_sum), "l"(value) : "memory");
}

/** An energy as two integers: units of 2^-20 kJ/mol, and what they leave in units of 2^-50. */
struct FixedEnergy {
    FixedPoint high, low;
    __device__ __forceinline__ void add(Real energy) {
        const Real units = energy * (Real) 0x1p20, whole = roundToInteger(units);
        high += (FixedPoint) (long long) whole;
        low += (FixedPoint) (long long) ((units - whole) * (Real) 0x1p30);
    }
};

/** Where all threads of a grid add up an energy. */
struct EnergyOutput {
    EnergySum* __restrict__ gm_buffer; // the first element is added to, kJ/mol
    FixedPoint* __restrict__ gm_sum;   // [2], as FixedEnergy; 0 between kernels
    int* __restrict__ gm_ticket;       // blocks that are done; 0 between kernels
};

/** Add the energies of all threads to the sum; the block that finishes last hands it over. All threads of the grid must call this. */
__device__ __forceinline__ void addEnergy(const EnergyOutput& output, FixedEnergy energy) {
#pragma unroll
    for (int offset = 16; offset > 0; offset /= 2) {
        energy.high += __shfl_xor_sync(0xffffffff, energy.high, offset);
        energy.low += __shfl_xor_sync(0xffffffff, energy.low, offset);
    }
    if (threadIdx.x % 32 == 0) {
        atomicAdd(output.gm_sum, energy.high);
        atomicAdd(output.gm_sum + 1, energy.low);
    }
    __threadfence();
    __syncthreads();
    if (threadIdx.x == 0 && atomicAdd(output.gm_ticket, 1) == (int) gridDim.x - 1) {
        __threadfence();
        const double sum = (double) (long long) atomicExch(output.gm_sum, 0ULL) * 0x1p-20 +
                           (double) (long long) atomicExch(output.gm_sum + 1, 0ULL) * 0x1p-50;
        output.gm_buffer[0] += (EnergySum) sum;
        *output.gm_ticket = 0;
    }
}
