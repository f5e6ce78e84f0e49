// SPDX-License-Identifier: MIT
// Where particles will be. A list is good until a particle is further from its reference position than its allowance. That can be any position:
// the list lasts longest if it is where the particle will be halfway through the life of the list. So the reference is the position plus
// velocity times a horizon, which is found from how particles have moved while the last list was in use. Light particles are the fast ones, and
// have larger allowances where the list is told so (gm_mobility).

#define PREDICTED_PART 0.9 // of its allowance that a reference position may be from the position

/** A particle when the last list was built: one of NUM_SAMPLES that are chosen at random, and always the same. */
struct MotionSample {
    Real4 position, velocity;
};

static_assert(sizeof(MotionSample) == SIZE_OF_MOTION_SAMPLE, "PairListLayout.h differs from motion.cu");

/** Sum over the threads of a block, always in the same order. */
__device__ Real sumOverBlock(Real value) {
    __shared__ Real sm_sum[BUILD_THREADS / 32];
#pragma unroll
    for (int bit = 16; bit > 0; bit /= 2)
        value += __shfl_xor_sync(0xffffffff, value, bit);
    if (threadIdx.x % 32 == 0)
        sm_sum[threadIdx.x / 32] = value;
    __syncthreads();
    value = 0;
    for (int warp = 0; warp < BUILD_THREADS / 32; warp++)
        value += sm_sum[warp];
    __syncthreads(); // all have read before the next call writes
    return value;
}

/**
 * Find the horizon, ps: half of what velocities must be multiplied by to give, in the sense of least squares, the displacements since the last list
 * was built. Of free particles that is half of the life of that list; of those that collide, or are pushed by a thermostat, less. It is 0
 * unless they have moved on from there. To be called by one block.
 */
__device__ void findHorizon(const PairList& list, bool isContinuous) {
    Real along = 0, square = 0;
    for (int k = threadIdx.x; k < NUM_SAMPLES; k += BUILD_THREADS) {
        const int slot = (int) ((unsigned int) k * 2654435761u % (unsigned int) list.numAtoms);
        MotionSample& sample = list.gm_sample[k];
        const Real4 position = loadPosition(list, slot, 0), before = sample.position, v = sample.velocity;
        Real x = position.x - before.x, y = position.y - before.y, z = position.z - before.z;
        applyMinimumImage(list.box, x, y, z);
        along += v.x * x + v.y * y + v.z * z;
        square += v.x * v.x + v.y * v.y + v.z * v.z;
        const Velocity now = list.gm_velocity[slot];
        sample.position = position;
        sample.velocity = makeReal4((Real) now.x, (Real) now.y, (Real) now.z, 0);
    }
    along = sumOverBlock(along);
    square = sumOverBlock(square);
    const Real horizon = (Real) 0.5 * along / square;
    if (threadIdx.x == 0)
        *list.gm_horizon = isContinuous && horizon > 0 && horizon < (Real) 1e6 ? horizon : 0; // not NaN
}

/** Get how far a particle may be from its reference position, nm. */
__device__ __forceinline__ Real getAllowance(const PairList& list, int original) {
#if CARRIES > 0
    return list.allowance * list.gm_mobility[original];
#else
    return list.allowance;
#endif
}

/** Get the reference position of a slot for a list to be built, within the box. */
__device__ __forceinline__ Real4 findReference(const PairList& list, int slot, int original, Real horizon) {
    Real4 position = loadPosition(list, slot, 0);
    if (horizon == 0)
        return position;
    const Velocity v = list.gm_velocity[slot];
    Real x = (Real) v.x * horizon, y = (Real) v.y * horizon, z = (Real) v.z * horizon;
    const Real square = x * x + y * y + z * z, largest = (Real) PREDICTED_PART * getAllowance(list, original);
    if (!(square <= (Real) 1e12)) // NaN, which the positions are about to become
        return position;
    const Real scale = square > largest * largest ? largest * getInverseRoot(square) : 1;
    position.x += scale * x;
    position.y += scale * y;
    position.z += scale * z;
    wrapIntoBox(list.box, position.x, position.y, position.z);
    return position;
}
