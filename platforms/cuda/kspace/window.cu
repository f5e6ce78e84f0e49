// SPDX-License-Identifier: MIT
// The window: WINDOW_ORDER polynomials of degree WINDOW_DEGREE in f-1/2, one per grid point that a charge touches; see MeshWindow.h.
// WINDOW_COEFFICIENTS holds them as MeshWindow::getHornerCoefficients() does: [WINDOW_DEGREE+1][WINDOW_ORDER], highest power first.

/** Place a charge along one axis: u is its coordinate in grid spacings, from 0 to num. Its window covers the points index to index+WINDOW_ORDER-1. */
__device__ __forceinline__ void locate(SiteReal u, int num, short& index, SiteReal& f) {
    const SiteReal below = floor(max(u, (SiteReal) 0)); // fused operations could make it less than 0 by rounding
    f = u - below;
    index = (short) ((int) below < num ? (int) below : 0); // a coordinate can round up to num
}

template <class T>
__device__ __forceinline__ void evaluateWindow(T f, T weights[WINDOW_ORDER]) {
    constexpr double c[WINDOW_DEGREE + 1][WINDOW_ORDER] = WINDOW_COEFFICIENTS;
    const T t = f - (T) 0.5;
#pragma unroll
    for (int j = 0; j < WINDOW_ORDER; j++) {
        T sum = (T) c[0][j];
#pragma unroll
        for (int k = 1; k <= WINDOW_DEGREE; k++)
            sum = sum * t + (T) c[k][j];
        weights[j] = sum;
    }
}

/** The derivatives of the same polynomials. */
template <class T>
__device__ __forceinline__ void evaluateWindowSlope(T f, T slopes[WINDOW_ORDER]) {
    constexpr double c[WINDOW_DEGREE + 1][WINDOW_ORDER] = WINDOW_COEFFICIENTS;
    const T t = f - (T) 0.5;
#pragma unroll
    for (int j = 0; j < WINDOW_ORDER; j++) {
        T sum = (T) (WINDOW_DEGREE * c[0][j]);
#pragma unroll
        for (int k = 1; k < WINDOW_DEGREE; k++)
            sum = sum * t + (T) ((WINDOW_DEGREE - k) * c[k][j]);
        slopes[j] = sum;
    }
}
