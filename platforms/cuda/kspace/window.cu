// SPDX-License-Identifier: MIT
// The window: WINDOW_ORDER polynomials of degree WINDOW_DEGREE, one per grid point that a charge touches. The host chooses which
// function they are pieces of; see Window.h. WINDOW_COEFFICIENTS holds them by point, ascending powers of f-1/2.

/** Place a charge along one axis: u is its coordinate in grid spacings. Point index+j lies at s = j - WINDOW_ORDER/2 + f from it. */
__device__ __forceinline__ void locate(SiteReal u, int num, short& index, SiteReal& f) {
    const SiteReal corner = u - (SiteReal) 0.5 * WINDOW_ORDER;
    const SiteReal below = floor(corner);
    f = below + 1 - corner; // in (0, 1]
    const int first = ((int) below + 1) % num;
    index = (short) (first < 0 ? first + num : first);
}

template <class T>
__device__ __forceinline__ void evaluateWindow(T f, T weights[WINDOW_ORDER]) {
    constexpr double c[WINDOW_ORDER][WINDOW_DEGREE + 1] = WINDOW_COEFFICIENTS;
    const T t = f - (T) 0.5;
#pragma unroll
    for (int j = 0; j < WINDOW_ORDER; j++) {
        T sum = (T) c[j][WINDOW_DEGREE];
#pragma unroll
        for (int k = WINDOW_DEGREE - 1; k >= 0; k--)
            sum = sum * t + (T) c[j][k];
        weights[j] = sum;
    }
}

/** The derivatives with respect to the coordinate u of the charge, which f falls with; of the same polynomials. */
template <class T>
__device__ __forceinline__ void evaluateWindowSlope(T f, T slopes[WINDOW_ORDER]) {
    constexpr double c[WINDOW_ORDER][WINDOW_DEGREE + 1] = WINDOW_COEFFICIENTS;
    const T t = f - (T) 0.5;
#pragma unroll
    for (int j = 0; j < WINDOW_ORDER; j++) {
        T sum = (T) (-WINDOW_DEGREE * c[j][WINDOW_DEGREE]);
#pragma unroll
        for (int k = WINDOW_DEGREE - 1; k >= 1; k--)
            sum = sum * t + (T) (-k * c[j][k]);
        slopes[j] = sum;
    }
}
