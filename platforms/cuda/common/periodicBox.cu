// SPDX-License-Identifier: MIT
// The periodic box on the device. PERIODIC and TRICLINIC are compile-time constants.

/** A box in OpenMM's reduced form: vectors (ax, 0, 0), (bx, by, 0), (cx, cy, cz), nm. */
struct PeriodicBox {
    Real ax, bx, by, cx, cy, cz;
    Real inverseAx, inverseBy, inverseCz;
};

/** Round a number of turns around the box, less than 2^21, to the nearest integer. By additions, which are faster than the instruction for it. */
__device__ __forceinline__ float roundTurns(float x) {
    return __fadd_rn(__fadd_rn(x, 12582912.0f), -12582912.0f);
}

__device__ __forceinline__ double roundTurns(double x) {
    return __dadd_rn(__dadd_rn(x, 6755399441055744.0), -6755399441055744.0);
}

/**
 * Replace a displacement by its nearest image: z by c, then y by b, then x by a. Exact for images shorter than half of the smallest
 * diagonal element. Each operation is odd in its input, so that the two directions of a pair differ by sign alone, if this is done for each pair;
 * where an image serves a whole cluster (NeighborImages) they differ by rounding.
 */
__device__ __forceinline__ void applyMinimumImage(const PeriodicBox& box, Real& x, Real& y, Real& z) {
#if PERIODIC
    const Real turnsC = roundTurns(z * box.inverseCz);
    z -= turnsC * box.cz;
#if TRICLINIC
    x -= turnsC * box.cx;
    y -= turnsC * box.cy;
#endif
    const Real turnsB = roundTurns(y * box.inverseBy);
    y -= turnsB * box.by;
#if TRICLINIC
    x -= turnsB * box.bx;
#endif
    x -= roundTurns(x * box.inverseAx) * box.ax;
#endif
}

/** Move a position to its image nearest to another one. */
__device__ __forceinline__ void moveNextTo(const PeriodicBox& box, const Real4& reference, Real4& position) {
    Real x = position.x - reference.x, y = position.y - reference.y, z = position.z - reference.z;
    applyMinimumImage(box, x, y, z);
    position.x = reference.x + x;
    position.y = reference.y + y;
    position.z = reference.z + z;
}

/** Move a position into the box. The result depends on the position alone. */
__device__ __forceinline__ void wrapIntoBox(const PeriodicBox& box, Real& x, Real& y, Real& z) {
#if PERIODIC
    const Real turnsC = roundDown(z * box.inverseCz);
    z -= turnsC * box.cz;
#if TRICLINIC
    x -= turnsC * box.cx;
    y -= turnsC * box.cy;
#endif
    const Real turnsB = roundDown(y * box.inverseBy);
    y -= turnsB * box.by;
#if TRICLINIC
    x -= turnsB * box.bx;
#endif
    x -= roundDown(x * box.inverseAx) * box.ax;
#endif
}

/**
 * Get whether all images within a distance of a position in the box are in the box, so that displacements need no other image. Triclinic
 * boxes are too rare to be worth an answer.
 */
__device__ __forceinline__ bool isInterior(const PeriodicBox& box, const Real4& position, Real distance) {
#if !PERIODIC
    return true;
#elif TRICLINIC
    return false;
#else
    return position.x > distance && position.y > distance && position.z > distance && position.x < box.ax - distance &&
           position.y < box.by - distance && position.z < box.cz - distance;
#endif
}
