// SPDX-License-Identifier: MIT
// The kernels: forces and energies of pairs from networks, and samples of the networks themselves.

/**
 * Get the energy of a pair from the nodes: a cubic polynomial in each interval that has the energy and the force weight of both its ends
 * (Hermite). Inside the core the energy is that of the force's own formula.
 */
__device__ Real computePairEnergy(const NetworkSet& networks, int network, const NetworkHeader& header, Real r) {
    const Real* gm_nodes = networks.gm_energies + (size_t) network * NUM_ENERGY_NODES * 2;
    const Real coreRadius = networks.gm_energyGrids[2 * network],
               inverseSpacing = networks.gm_energyGrids[2 * network + 1];
    const Real depth = (Real) header.coreRadius2 - r * r;
    if (depth > 0)
        return gm_nodes[0] +
               (Real) 0.5 * depth *
                   ((Real) header.core0 + depth * ((Real) header.core1 / 2 + depth * (Real) header.core2 / 3));
    const Real u = (r - coreRadius) * inverseSpacing;
    const int node = min(max((int) u, 0), NUM_ENERGY_NODES - 2);
    const Real t = u - (Real) node, s = 1 - t;
    const Real* n = gm_nodes + 2 * node;
    // Slopes are minus the force weights.
    return n[0] * s * s * (1 + 2 * t) + n[2] * t * t * (1 + 2 * s) - (n[1] * s - n[3] * t) * t * s / inverseSpacing;
}

/** Sum over the lanes before and including each. */
__device__ __forceinline__ FixedPoint scanWarp(FixedPoint value, int lane) {
#pragma unroll
    for (int offset = 1; offset < 32; offset *= 2) {
        const FixedPoint other = __shfl_up_sync(0xffffffff, value, offset);
        if (lane >= offset)
            value += other;
    }
    return value;
}

__device__ __forceinline__ bool isAtLeast(FixedPoint value, long long limit) {
    return (long long) value >= limit || (long long) value <= -limit;
}

/** Add a component so large that the sum may come near the end of the buffer, which is at 2^31 kJ/mol/nm. */
__device__ __forceinline__ void addLargeForce(const PairList& list, FixedPoint* gm_force, int slot, FixedPoint value) {
    if (isAtLeast(atomicAdd(gm_force, value) + value, 1LL << 62))
        list.report->overflowing = list.gm_atomIndex[slot] + 1;
}

/** Add to the force on a particle, given by its slot. Nothing waits for the result, unless the force is a thousandth of what fits. */
__device__ __forceinline__ void addToForce(const PairList& list, const ForceOutput& output, int slot, FixedPoint x,
                                           FixedPoint y, FixedPoint z) {
    FixedPoint* gm_force = output.gm_force + slot;
    constexpr long long large = 1LL << 53;
    if (isAtLeast(x, large) || isAtLeast(y, large) || isAtLeast(z, large)) {
        addLargeForce(list, gm_force, slot, x);
        addLargeForce(list, gm_force + output.paddedNumAtoms, slot, y);
        addLargeForce(list, gm_force + 2 * output.paddedNumAtoms, slot, z);
        return;
    }
    addToSum(gm_force, x);
    addToSum(gm_force + output.paddedNumAtoms, y);
    addToSum(gm_force + 2 * output.paddedNumAtoms, z);
}

/**
 * Add the forces of a batch, one pair per lane. Second particles are all different places in memory; pairs with the same first particle are
 * neighbors in the batch, and are summed first: the sum of a run of lanes is the difference of two elements of a scan.
 *
 * @param first  slot of the first particle, negative for lanes without a pair
 */
__device__ __forceinline__ void addBatchForces(const PairList& list, const ForceOutput& output, int first, int second,
                                               FixedPoint x, FixedPoint y, FixedPoint z, int lane) {
    if (first >= 0)
        addToForce(list, output, second, 0 - x, 0 - y, 0 - z);
    x = scanWarp(x, lane);
    y = scanWarp(y, lane);
    z = scanWarp(z, lane);
    const bool isEnd = __shfl_down_sync(0xffffffff, first, 1) != first || lane == 31;
    const unsigned int before = __ballot_sync(0xffffffff, isEnd) & ((1u << lane) - 1);
    const int previousEnd = before == 0 ? lane : 31 - __clz(before);
    const FixedPoint px = __shfl_sync(0xffffffff, x, previousEnd), py = __shfl_sync(0xffffffff, y, previousEnd),
                     pz = __shfl_sync(0xffffffff, z, previousEnd);
    if (isEnd && first >= 0) {
        const bool isFirstRun = before == 0;
        addToForce(list, output, first, isFirstRun ? x : x - px, isFirstRun ? y : y - py, isFirstRun ? z : z - pz);
    }
}

/** Evaluate the first pairs of the queue, and add their forces and energies. */
template <bool WithEnergy>
__device__ __forceinline__ void processBatch(const PairList& list, const NetworkSet& networks, int index,
                                             const Network& network, const ForceOutput& output, const PairQueue& queue,
                                             int head, int count, int lane, FixedEnergy& energy) {
    __syncwarp(); // what the other lanes have queued is seen
    const bool hasPair = lane < min(count, BATCH);
    const int slot = (head + lane) % PairQueue::Size;
    Sum r = 1 / network.getHeader().inverseCutoff; // any distance will do for lanes without a pair
    if (hasPair) {
        const Sum x = queue.x[slot], y = queue.y[slot], z = queue.z[slot];
        r = sqrt(x * x + y * y + z * z);
    }
    const Sum weight = evaluateNetwork(network, r, lane);
    const Sum scale = hasPair ? weight / r : 0;
    asm volatile("" ::: "memory"); // from here on the queue is read anew: registers serve the networks
    const Real x = hasPair ? queue.x[slot] : 0, y = hasPair ? queue.y[slot] : 0, z = hasPair ? queue.z[slot] : 0;
    const int first = hasPair ? queue.first[slot] : -1, second = hasPair ? queue.second[slot] : -1;
    addBatchForces(list, output, first, second, toFixedPoint(scale * (Sum) x), toFixedPoint(scale * (Sum) y),
                   toFixedPoint(scale * (Sum) z), lane);
    __syncwarp(); // all have read before the slots are used again
    if (WithEnergy && hasPair)
        energy.add(computePairEnergy(networks, index, network.getHeader(), (Real) r));
}

/** Go through all pairs that interact by one network. */
template <bool WithEnergy>
__device__ __forceinline__ void processPairs(const PairList& list, const NetworkSet& networks, int index,
                                             const Network& network, const ForceOutput& output, PairStage& stage,
                                             PairQueue& queue, int warpOfBlock, int lane, FixedEnergy& energy) {
    // Where lists did not fit, the cells are searched instead, this once: slower, and as exact. The host then grows the lists.
    const bool hasPairs = listsFit(list) && networks.gm_pairState[PAIRS_LISTED] != PAIRS_DO_NOT_FIT;
    const int warp = blockIdx.x * NETWORK_WARPS + warpOfBlock, numWarps = gridDim.x * NETWORK_WARPS;
    PairWalk walk;
    walk.stride = numWarps;
    walk.particle = warp - numWarps;
    walk.next = walk.end = 0;
    walk.searches = false;
    walk.run = 0;
    PairStream stream = {};
    if (hasPairs)
        stream = startStream(list, networks, index, stage, warp, numWarps, lane);
    int head = 0, count = 0;
    bool hasMore = true;
    while (hasMore || count > 0) { // once through, so that the network is in the code once
        while (hasMore && count < BATCH) {
            asm volatile("" ::"l"(&walk) : "memory"); // keeps it in memory
            hasMore = hasPairs ? stream.start < stream.end : findNext(list, walk);
            if (hasMore && hasPairs)
                count += queueChunk(list, networks, index, stream, stage, queue, head + count, lane);
            else if (hasMore)
                count += queueFound(list, networks, index, walk, queue, head + count, lane);
        }
        if (count > 0)
            processBatch<WithEnergy>(list, networks, index, network, output, queue, head, count, lane, energy);
        head = (head + BATCH) % PairQueue::Size;
        count -= BATCH;
    }
    waitForCopies(); // for none that is still under way may arrive in the stage later
}

/**
 * Get a value by way of an exchange between lanes. What is made of special registers, threadIdx and addresses of shared memory, the compiler makes
 * anew wherever it is used, which takes longer than keeping it; this it keeps. All lanes of the warp must call this.
 */
__device__ __forceinline__ unsigned int keep(unsigned int value) {
    return __shfl_sync(0xffffffff, value, threadIdx.x % 32);
}

template <class T>
__device__ __forceinline__ T* keepAddress(T* sm_object) {
    return (T*) __cvta_shared_to_generic(keep((unsigned int) __cvta_generic_to_shared(sm_object)));
}

/** Bring the words of a network to where they are read from. All threads of the block must call this. */
__device__ __forceinline__ Network loadNetwork(const NetworkSet& networks, int index) {
    const uint4* gm_words = networks.gm_words + (size_t) index * (NETWORK_WORDS / 4);
#if WEIGHTS_IN_SHARED_MEMORY
    extern __shared__ uint4 sm_words[];
    __syncthreads(); // nobody reads the words before any more
    for (int k = threadIdx.x; k < NETWORK_WORDS / 4; k += 32 * NETWORK_WARPS)
        sm_words[k] = gm_words[k];
    __syncthreads();
    return {keepAddress(reinterpret_cast<const unsigned int*>(sm_words))};
#else
    return {reinterpret_cast<const unsigned int*>(gm_words)};
#endif
}

template <bool WithEnergy>
__device__ __forceinline__ void computeNetworks(const PairList& list, const NetworkSet& networks,
                                                const ForceOutput& output) {
    __shared__ PairQueue sm_queue[NETWORK_WARPS];
    __shared__ __align__(16) PairStage sm_stage[NETWORK_WARPS];
    const int thread = keep(threadIdx.x), lane = thread % 32, warp = thread / 32;
    PairStage& stage = *keepAddress(&sm_stage[warp]);
    PairQueue& queue = *keepAddress(&sm_queue[warp]);
    FixedEnergy energy = {0, 0};
    for (int index = 0; index < networks.numNetworks; index++) {
        const Network network = loadNetwork(networks, index);
        processPairs<WithEnergy>(list, networks, index, network, output, stage, queue, warp, lane, energy);
    }
    if (WithEnergy)
        addEnergy(output.energy, energy);
}

extern "C" __global__ void __launch_bounds__(32 * NETWORK_WARPS, NETWORK_MIN_BLOCKS)
    computeNetworkForces(PairList list, NetworkSet networks, ForceOutput output) {
    computeNetworks<false>(list, networks, output);
}

extern "C" __global__ void __launch_bounds__(32 * NETWORK_WARPS, NETWORK_MIN_BLOCKS)
    computeNetworkForcesAndEnergy(PairList list, NetworkSet networks, ForceOutput output) {
    computeNetworks<true>(list, networks, output);
}

/** Evaluate one network at r = low + k spacing, k < numSamples: the function that the forces come from, to be integrated. */
extern "C" __global__ void __launch_bounds__(32 * NETWORK_WARPS, NETWORK_MIN_BLOCKS)
    sampleNetwork(NetworkSet networks, int index, int numSamples, double low, double spacing, double* gm_forceWeight) {
    const Network network = loadNetwork(networks, index);
    const int lane = threadIdx.x % 32, warp = blockIdx.x * NETWORK_WARPS + threadIdx.x / 32;
    for (int first = warp * BATCH; first < numSamples; first += gridDim.x * NETWORK_WARPS * BATCH) {
        const int k = first + lane % BATCH;
        const Sum weight = evaluateNetwork(network, (Sum) (low + k * spacing), lane);
        if (lane < BATCH && k < numSamples)
            gm_forceWeight[k] = weight;
    }
}
