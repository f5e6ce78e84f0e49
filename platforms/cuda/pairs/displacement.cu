// SPDX-License-Identifier: MIT

/** A particle further out than LARGEST_COORDINATE (nm) belongs to a simulation that has blown up. NaN compares false. */
__device__ __forceinline__ bool isValidPosition(const Real4& position) {
    const Real limit = (Real) LARGEST_COORDINATE;
    return fabs(position.x) <= limit && fabs(position.y) <= limit && fabs(position.z) <= limit;
}

#if CARRIES == 0
/** What stands beside a sorted position: the type, or the bits of the slot where there is but one type. */
__device__ __forceinline__ Real makeTag(int slot, int type) {
#if NUM_TYPES > 1
    return (Real) type;
#elif DOUBLE_PRECISION
    return __longlong_as_double(slot);
#else
    return __int_as_float(slot);
#endif
}

#if NUM_TYPES == 1
/** Get the slot from a sorted position. */
__device__ __forceinline__ int getSlot(const Real4& position) {
#if DOUBLE_PRECISION
    return (int) __double_as_longlong(position.w);
#else
    return __float_as_int(position.w);
#endif
}
#endif
#endif

/** Get the position of a slot within the box, with a fourth number. In place of an invalid one, which the host hears of, the origin. */
__device__ __forceinline__ Real4 loadPosition(const PairList& list, int slot, Real w) {
    Real4 position = list.gm_posq[slot];
    if (!isValidPosition(position))
        return makeReal4(0, 0, 0, w);
    wrapIntoBox(list.box, position.x, position.y, position.z);
    position.w = w;
    return position;
}

/** Get the square of how far the particle at a place may be from its reference position. */
__device__ __forceinline__ Real getAllowance2(const PairList& list, const Real4& builtAt) {
#if CARRIES > 0
    return builtAt.w * builtAt.w;
#else
    return list.allowance * list.allowance;
#endif
}

// Why the host wants a list to be built.
#define REBUILD_BECAUSE_OF_BOX 1 // particles move on
#define REBUILD_ALL 2            // the places in memory, or what the particles are, may have changed

/**
 * Bring the sorted positions up to date, and decide whether the list is still good: it is until a particle is further from its reference position
 * than it may be. Runs in every step; the kernel that builds the list returns at once unless STATE_REBUILD is set.
 */
extern "C" __global__ void updatePositions(PairList list, int rebuild) {
    if (rebuild && blockIdx.x == 0 && threadIdx.x == 0) {
        list.gm_state[STATE_REBUILD] = 1;
        if (rebuild == REBUILD_ALL)
            list.gm_state[STATE_JUMPED] = 1;
    }
    if (rebuild == REBUILD_ALL)
        return;
    for (int i = blockIdx.x * blockDim.x + threadIdx.x; i < list.numMembers; i += blockDim.x * gridDim.x) {
        Real4 position = list.gm_posq[list.gm_order[i]];
        const Real4 before = list.gm_builtAt[i];
        const bool isValid = isValidPosition(position); // which one far too large may no longer show once it is wrapped
        wrapIntoBox(list.box, position.x, position.y, position.z);
        Real x = position.x - before.x, y = position.y - before.y, z = position.z - before.z;
        applyMinimumImage(list.box, x, y, z);
        const Real moved2 = x * x + y * y + z * z, allowance2 = getAllowance2(list, before);
        if (!(moved2 <= allowance2) || !isValid) { // so that NaN rebuilds, and is found there
            list.gm_state[STATE_REBUILD] = 1;
            if (!(moved2 <= list.leap2 * allowance2))
                list.gm_state[STATE_JUMPED] = 1;
        }
#if CARRIES > 0
        position.w = list.gm_sortedCarried[i];
#else
        position.w = before.w;
#endif
        list.gm_sorted[i] = position;
    }
}
