// SPDX-License-Identifier: MIT
// Pairs that are excluded from the list: the mesh holds their long-range part, which is taken off here, and some have parameters of their own.

/** The pairs, each from both its particles. Charges are multiplied by the square root of Coulomb's constant. */
struct ExceptionSet {
    const Real* __restrict__ gm_charge; // [numAtoms], by original index
    int numAtoms;
    int numParticles;                        // that have excluded pairs
    const int* __restrict__ gm_particle;     // [numParticles], original index
    const int* __restrict__ gm_start;        // [numParticles+1], first pair of each
    const int* __restrict__ gm_partner;      // [numPairs], original index of the other
    const int* __restrict__ gm_own;          // [numPairs], which parameters a pair has of its own; -1 if it has none
    const Real4* __restrict__ gm_parameters; // charge product, kJ nm/mol; sigma, nm; 4 epsilon, kJ/mol
    int* gm_slot;                            // [numAtoms], original index -> slot
};

static_assert(sizeof(ExceptionSet) == SIZE_OF_EXCEPTION_SET, "DirectLayout.h differs from exceptions.cu");

/** Find where particles are in memory. */
extern "C" __global__ void findSlots(ExceptionSet set, const int* gm_atomIndex) {
    for (int slot = blockIdx.x * blockDim.x + threadIdx.x; slot < set.numAtoms; slot += blockDim.x * gridDim.x)
        set.gm_slot[gm_atomIndex[slot]] = slot;
}

/** Get the force over distance, and the energy, of minus the long-range part of a pair. */
__device__ __forceinline__ Real removeLongRange(Real charges, Real r2, Real& energy) {
    if (r2 < (Real) (CUTOFF * CUTOFF)) {
        const Real z = getProlateVariable(r2);
        energy = -charges * getLongRangeEnergy(z);
        return -charges * getLongRangeForce(z);
    }
    const Real inverseR = getInverseRoot(r2); // from the cutoff on it is all of Coulomb's potential
    energy = -charges * inverseR;
    return energy * inverseR * inverseR;
}

/** The whole potential, which has no cutoff. */
__device__ __forceinline__ Real addOwn(const Real4& parameters, Real r2, Real& energy) {
    const Real inverseR = getInverseRoot(r2);
    const LennardJones pair = getLennardJones(inverseR, parameters.y, parameters.z);
    energy += parameters.x * inverseR + pair.energy;
    return inverseR * inverseR * (parameters.x * inverseR + pair.force);
}

/** Add the forces of the excluded pairs of a particle, which thus needs no sums of others. Returns half of their energy. */
__device__ __forceinline__ Real addExcludedPairs(const PairList& list, const ExceptionSet& set,
                                                 const ForceOutput& output, int index) {
    const int particle = set.gm_particle[index], slot = set.gm_slot[particle];
    const Real4 position = list.gm_posq[slot];
    Real force[3] = {0, 0, 0}, sum = 0;
    for (int k = set.gm_start[index]; k < set.gm_start[index + 1]; k++) {
        const int partner = set.gm_partner[k], own = set.gm_own[k];
        const Real4 other = list.gm_posq[set.gm_slot[partner]];
        Real x = position.x - other.x, y = position.y - other.y, z = position.z - other.z, energy;
#if EXCEPTIONS_USE_IMAGES
        applyMinimumImage(list.box, x, y, z);
#endif
        const Real r2 = fma(x, x, fma(y, y, z * z));
        Real overR = removeLongRange(set.gm_charge[particle] * set.gm_charge[partner], r2, energy);
        if (own >= 0)
            overR += addOwn(set.gm_parameters[own], r2, energy);
        force[0] += overR * x;
        force[1] += overR * y;
        force[2] += overR * z;
        sum += (Real) 0.5 * energy;
    }
#pragma unroll
    for (int k = 0; k < 3; k++) {
        if (isTooLarge(force[k]))
            list.report->overflowing = particle + 1;
        addForce(&output.gm_force[slot + k * output.paddedNumAtoms], force[k]);
    }
    return sum;
}

extern "C" __global__ void computeExceptions(PairList list, ExceptionSet set, ForceOutput output, int includeEnergy) {
    FixedEnergy energy = {0, 0};
    for (int k = blockIdx.x * blockDim.x + threadIdx.x; k < set.numParticles; k += blockDim.x * gridDim.x)
        energy.add(addExcludedPairs(list, set, output, k));
    if (includeEnergy)
        addEnergy(output.energy, energy);
}
