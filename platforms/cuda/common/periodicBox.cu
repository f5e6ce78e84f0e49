// SPDX-License-Identifier: MIT
// The periodic box on the device. PERIODIC and TRICLINIC are compile-time constants.

/** A box in OpenMM's reduced form: vectors (ax, 0, 0), (bx, by, 0), (cx, cy, cz), nm. */
struct PeriodicBox {
    Real ax, bx, by, cx, cy, cz;
    Real inverseAx, inverseBy, inverseCz;
};

/**
 * Replace a displacement by its nearest image: z by c, then y by b, then x by a. Exact for images shorter than half of the smallest
 * diagonal element. Each operation is odd in its input, so that the two directions of a pair differ by sign alone.
 */
__device__ __forceinline__ void applyMinimumImage(const PeriodicBox& box, Real& x, Real& y, Real& z) {
#if PERIODIC
    const Real turnsC = roundToInteger(z * box.inverseCz);
    z -= turnsC * box.cz;
#if TRICLINIC
    x -= turnsC * box.cx;
    y -= turnsC * box.cy;
#endif
    const Real turnsB = roundToInteger(y * box.inverseBy);
    y -= turnsB * box.by;
#if TRICLINIC
    x -= turnsB * box.bx;
#endif
    x -= roundToInteger(x * box.inverseAx) * box.ax;
#endif
}
