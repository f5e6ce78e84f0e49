// SPDX-License-Identifier: MIT
// The Lennard-Jones potential 4 epsilon ((sigma/r)^12 - (sigma/r)^6) with OpenMM's switching function.

/** Force times distance, and energy, of a pair; kJ/mol. */
struct LennardJones {
    Real force, energy;
};

/** @param epsilon4  4 epsilon */
__device__ __forceinline__ LennardJones getLennardJones(Real inverseR, Real sigma, Real epsilon4) {
    const Real s = sigma * inverseR, s2 = s * s, s6 = s2 * s2 * s2, e6 = epsilon4 * s6;
    LennardJones pair;
    pair.force = e6 * fma((Real) 12, s6, (Real) -6);
    pair.energy = e6 * (s6 - 1);
    return pair;
}

/** @param repulsion  48 epsilon sigma^12  @param attraction  24 epsilon sigma^6 */
__device__ __forceinline__ LennardJones getLennardJonesOfPowers(Real inverseR2, Real repulsion, Real attraction) {
    const Real inverseR6 = inverseR2 * inverseR2 * inverseR2;
    LennardJones pair;
    pair.force = inverseR6 * fma(repulsion, inverseR6, -attraction);
    pair.energy = inverseR6 * fma(repulsion * (Real) (1.0 / 12), inverseR6, attraction * (Real) (-1.0 / 6));
    return pair;
}

/** Cut a pair: it goes smoothly to 0 from the switching distance to the cutoff, if there is one. */
__device__ __forceinline__ void switchOff(Real r2, Real inverseR, LennardJones& pair) {
#if USES_SWITCH
    // 1 - 10 t^3 + 15 t^4 - 6 t^5, where t goes from 0 to 1.
    const Real r = r2 * inverseR;
    const Real t = max((r - (Real) SWITCHING_DISTANCE) * (Real) (1 / (CUTOFF - SWITCHING_DISTANCE)), (Real) 0);
    const Real t2 = t * t;
    const Real value = fma(t * t2, fma(t, fma(t, (Real) -6, (Real) 15), (Real) -10), (Real) 1);
    const Real slope = t2 * (t - 1) * (t - 1) * (Real) (-30 / (CUTOFF - SWITCHING_DISTANCE)); // over r
    pair.force = pair.force * value - pair.energy * slope * r;
    pair.energy *= value;
#endif
}
