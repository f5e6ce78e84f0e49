// SPDX-License-Identifier: MIT
// The window: WINDOW_ORDER polynomials of degree WINDOW_DEGREE in f-1/2, one per grid point that a charge touches; see MeshWindow.h.
// WINDOW_COEFFICIENTS holds them as MeshWindow::getHornerCoefficients() does: [WINDOW_DEGREE+1][WINDOW_ORDER], highest power first.

/** Place a charge along one axis: u is its coordinate in grid spacings, from 0 to num. Its window covers the points index to index+WINDOW_ORDER-1. */
__device__ __forceinline__ void locate(SiteReal u, int num, short& index, SiteReal& f) {
    const SiteReal below = floor(max(u, (SiteReal) 0)); // fused operations could make it less than 0 by rounding
    f = u - below;
    index = (short) ((int) below < num ? (int) below : 0); // a coordinate can round up to num
}

// A window is even: the polynomial of a point is that of its counterpart at the other end with t for -t. Both are made of the sums of its even and
// its odd powers.

/** Get the sum of coefficient(power) t^power over all powers of a parity, over t if they are odd. */
template <int Parity, class T, class Coefficient>
__device__ __forceinline__ T sumPowers(T t2, Coefficient coefficient) {
    constexpr int highest = WINDOW_DEGREE - (WINDOW_DEGREE - Parity) % 2;
    T sum = (T) coefficient(highest);
#pragma unroll
    for (int power = highest - 2; power >= Parity; power -= 2)
        sum = fma(sum, t2, (T) coefficient(power));
    return sum;
}

template <class T>
__device__ __forceinline__ void evaluateWindow(T f, T weights[WINDOW_ORDER]) {
    constexpr double c[WINDOW_DEGREE + 1][WINDOW_ORDER] = WINDOW_COEFFICIENTS;
    const T t = f - (T) 0.5, t2 = t * t;
#pragma unroll
    for (int j = 0; j < (WINDOW_ORDER + 1) / 2; j++) {
        const T even = sumPowers<0>(t2, [&](int power) { return c[WINDOW_DEGREE - power][j]; });
        const T odd = sumPowers<1>(t2, [&](int power) { return c[WINDOW_DEGREE - power][j]; });
        weights[j] = fma(t, odd, even);
        weights[WINDOW_ORDER - 1 - j] = 2 * j == WINDOW_ORDER - 1 ? even : fma(-t, odd, even);
    }
}

/** The derivatives of the same polynomials. */
template <class T>
__device__ __forceinline__ void evaluateWindowSlope(T f, T slopes[WINDOW_ORDER]) {
    constexpr double c[WINDOW_DEGREE + 1][WINDOW_ORDER] = WINDOW_COEFFICIENTS;
    const T t = f - (T) 0.5, t2 = t * t;
#pragma unroll
    for (int j = 0; j < (WINDOW_ORDER + 1) / 2; j++) {
        const T even = sumPowers<1>(t2, [&](int power) { return power * c[WINDOW_DEGREE - power][j]; });
        const T odd = sumPowers<2>(t2, [&](int power) { return power * c[WINDOW_DEGREE - power][j]; });
        slopes[j] = fma(t, odd, even);
        slopes[WINDOW_ORDER - 1 - j] = 2 * j == WINDOW_ORDER - 1 ? t * odd : fma(t, odd, -even);
    }
}
