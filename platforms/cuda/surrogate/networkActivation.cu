// SPDX-License-Identifier: MIT
// Activations. ACTIVATION is a compile-time constant, and so are the coefficients of a polynomial.

__device__ __forceinline__ Sum computeTanh(Sum x) {
#if NETWORK_FORMAT == FORMAT_DOUBLE
    return tanh(x);
#elif NETWORK_FORMAT == FORMAT_SINGLE
    // 1 - 2/(1+exp(2x)), absolute error some 1e-7; exp overflows to infinity and underflows to 0 where it should. (tanhf() is twice as
    // accurate, and makes the kernel a tenth slower.)
    float power, reciprocal;
    asm("ex2.approx.ftz.f32 %0, %1;" : "=f"(power) : "f"(x * 2.885390082f));
    asm("rcp.approx.ftz.f32 %0, %1;" : "=f"(reciprocal) : "f"(power + 1));
    return fmaf(-2.0f, reciprocal, 1.0f);
#else
    float result; // relative error 2^-11
    asm("tanh.approx.f32 %0, %1;" : "=f"(result) : "f"(x));
    return result;
#endif
}

#if ACTIVATION == ACTIVATION_POLYNOMIAL
/** Clamp a number to [-limit, limit]. NaN becomes the limit. */
__device__ __forceinline__ float clampTo(float x, float limit) {
#if __CUDA_ARCH__ >= 860
    asm("min.xorsign.abs.f32 %0, %0, %1;" : "+f"(x) : "f"(limit)); // the sign of x, as that of the limit is positive
    return x;
#else
    return fminf(fmaxf(x, -limit), limit);
#endif
}

__device__ __forceinline__ double clampTo(double x, double limit) {
    return min(max(x, -limit), limit);
}

/** a1 x + a3 x^3 + ... by Horner's rule; adds the derivative by the same recursion. */
__device__ __forceinline__ Sum computePolynomial(Sum x, Sum& slope) {
    const Sum coefficients[] = {POLYNOMIAL_COEFFICIENTS};
    constexpr int last = sizeof(coefficients) / sizeof(Sum) - 1;
    const Sum square = x * x;
    Sum sum = coefficients[last], derivative = (2 * last + 1) * coefficients[last];
#pragma unroll
    for (int k = last - 1; k >= 0; k--) {
        sum = sum * square + coefficients[k];
        derivative = derivative * square + (2 * k + 1) * coefficients[k];
    }
    slope = derivative;
    return sum * x;
}
#endif

/** Compute the activation and its slope; the compiler leaves out what is not used. */
__device__ __forceinline__ Sum activate(Sum x, Sum& slope) {
#if ACTIVATION == ACTIVATION_TANH
    const Sum y = computeTanh(x);
    slope = 1 - y * y;
    return y;
#elif ACTIVATION == ACTIVATION_SILU
    const Sum t = computeTanh(x / 2), half = (1 + t) / 2; // half is the sigmoid
    slope = half + x / 4 * (1 - t * t);
    return x * half;
#else
    const Sum clamp = POLYNOMIAL_CLAMP, clamped = clampTo(x, clamp);
    const Sum y = computePolynomial(clamped, slope);
    if (x >= clamp || x <= -clamp)
        slope = 0;
    return y;
#endif
}

/** Activate the values of a block; for an energy output, the tiles behind them are derivatives. */
__device__ __forceinline__ void activateBlock(Block& block) {
#pragma unroll
    for (int m = 0; m < NUM_VALUE_TILES; m++)
#pragma unroll
        for (int half = 0; half < 2; half++)
#pragma unroll
            for (int e = 0; e < VALUES; e++) {
                Sum slope;
                block.value[m][half][e] = activate(block.value[m][half][e], slope);
#if ENERGY_OUTPUT
                block.value[NUM_VALUE_TILES + m][half][e] *= slope;
#endif
            }
}

#if PACKED_ACTIVATION
/**
 * Apply a polynomial to two sums that have been rounded to Float16, in Float16: half as many instructions as in single precision. Used between
 * layers whose operands are Float16, where the result would be rounded to it. (A packed tanh saves nothing: its two values are computed
 * one after the other.)
 */
__device__ __forceinline__ unsigned int activatePacked(unsigned int x) {
    unsigned int y;
    const float coefficients[] = {POLYNOMIAL_COEFFICIENTS};
    constexpr int last = sizeof(coefficients) / sizeof(float) - 1;
    const unsigned int clamp = packFloat16(POLYNOMIAL_CLAMP, POLYNOMIAL_CLAMP);
    unsigned int square;
#if __CUDA_ARCH__ >= 860
    asm("min.xorsign.abs.f16x2 %0, %0, %1;" : "+r"(x) : "r"(clamp)); // as clampTo()
#else
    asm("min.f16x2 %0, %0, %1;" : "+r"(x) : "r"(clamp));
    asm("max.f16x2 %0, %0, %1;" : "+r"(x) : "r"(clamp ^ 0x80008000));
#endif
    asm("mul.rn.f16x2 %0, %1, %1;" : "=r"(square) : "r"(x));
    y = packFloat16(coefficients[last], coefficients[last]);
#pragma unroll
    for (int k = last - 1; k >= 0; k--)
        asm("fma.rn.f16x2 %0, %0, %1, %2;" : "+r"(y) : "r"(square), "r"(packFloat16(coefficients[k], coefficients[k])));
    asm("mul.rn.f16x2 %0, %0, %1;" : "+r"(y) : "r"(x));
    return y;
}
#endif
