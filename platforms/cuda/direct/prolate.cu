// SPDX-License-Identifier: MIT
// The long-range part of Coulomb's potential in the prolate split, which is even in r and smooth at 0: ProlateDirectSpace in
// ProlateSplit.h has the formulas. The polynomials are compiled in, highest power first, with powers of the cutoff in them.

// Where z = 2 (r/rc)^2 - 1 of a pair is so much that the polynomials could overflow, it is out of range and its result dropped.
__device__ __forceinline__ Real getProlateVariable(Real r2) {
    return fma(r2, (Real) (2 / (CUTOFF * CUTOFF)), (Real) -1);
}

/** Evaluate a polynomial, the same way wherever it is called. */
template <int NumTerms>
__device__ __forceinline__ Real evaluatePolynomial(const Real (&coefficients)[NumTerms], Real z) {
    Real value = coefficients[0];
#pragma unroll
    for (int k = 1; k < NumTerms; k++)
        value = fma(value, z, coefficients[k]);
    return value;
}

/** Get the force over distance of the long-range part, for a product of charges of 1: D/rc^3, 1/nm^3. */
__device__ __forceinline__ Real getLongRangeForce(Real z) {
    const Real coefficients[] = {FORCE_COEFFICIENTS};
    return evaluatePolynomial(coefficients, z);
}

/** Get the energy of the long-range part, for a product of charges of 1: E/rc, 1/nm. */
__device__ __forceinline__ Real getLongRangeEnergy(Real z) {
    const Real coefficients[] = {ENERGY_COEFFICIENTS};
    return evaluatePolynomial(coefficients, z);
}
