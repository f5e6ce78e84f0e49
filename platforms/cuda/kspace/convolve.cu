// SPDX-License-Identifier: MIT
// In reciprocal space: the spectrum of the charge becomes that of the potential, and gives the energy.

/** What the convolution knows of the box, the window and the split. A wave k is 2 pi m, m in 1/nm. */
struct Influence {
    double bx, bxy, bxz, by, byz, bz; // reciprocal vectors (bx, bxy, bxz), (0, by, byz), (0, 0, bz), 1/nm
    double alpha;                     // of a Gaussian split, 1/nm
    double prefactor;                 // of the transform; kJ/mol and nm, per volume
    double cellsPerWave;              // of gm_transform, nm
    // [TRANSFORM_CELLS][4], the transform of the long-range part over that of the whole potential with PROLATE: in cell x of |m| in units of
    // 1/cellsPerWave a cubic polynomial in what is left of it. It goes through 0, so that nothing may be divided by it.
    const ConvolutionReal* __restrict__ gm_transform;
    const ConvolutionReal* __restrict__ gm_inverseX; // [GRID_X], 1/U^2 of the window's transform U
    const ConvolutionReal* __restrict__ gm_inverseY; // [GRID_Y]
    const ConvolutionReal* __restrict__ gm_inverseZ; // [GRID_Z]
};

static_assert(sizeof(Influence) == SIZE_OF_INFLUENCE, "MeshLayout.h differs from convolve.cu");

/** Division to two units in the last place; correct rounding would take ten instructions. */
__device__ __forceinline__ float divide(float a, float b) {
    return __fdividef(a, b);
}

__device__ __forceinline__ double divide(double a, double b) {
    return a / b;
}

/** The transform of the long-range part over the prefactor: EwaldSplit.h has the same formulas in double. */
__device__ __forceinline__ ConvolutionReal getTransform(const Influence& influence, ConvolutionReal inverseAlpha,
                                                        ConvolutionReal m2) {
#if PROLATE
    const ConvolutionReal x = sqrt(m2) * (ConvolutionReal) influence.cellsPerWave;
    if (m2 == 0 || !(x < TRANSFORM_CELLS)) // beyond the table, where hardly any mesh has waves, it is 2e-5 at most
        return 0;
    const int cell = (int) x;
    const ConvolutionReal t = x - (ConvolutionReal) cell;
    const ConvolutionReal* c = influence.gm_transform + 4 * cell;
    return divide(c[0] + t * (c[1] + t * (c[2] + t * c[3])), m2);
#else
    const ConvolutionReal pi = (ConvolutionReal) 3.14159265358979323846,
                          log2e = (ConvolutionReal) 1.44269504088896340736;
    const ConvolutionReal b2 = pi * pi * inverseAlpha * inverseAlpha * m2;
#if DISPERSION // (1-2b^2) exp(-b^2) + 2 sqrt(pi) b^3 erfc(b); also for the uniform wave
    const ConvolutionReal b = sqrt(b2);
    return (1 - 2 * b2) * exp2(-log2e * b2) + 2 * sqrt(pi) * b2 * b * erfc(b);
#else          // exp(-b^2) / m^2; the uniform wave has a closed form of its own, the neutralizing background
    return m2 == 0 ? 0 : divide(exp2(-log2e * b2), m2);
#endif
#endif
}

/** Signed index of a wave along an axis; num/2 at the end of the spectrum of an even one. */
__device__ __forceinline__ int getWave(int index, int num) {
    return 2 * index <= num ? index : index - num;
}

template <bool WithEnergy>
__device__ void convolveSpectrum(const Mesh& mesh, const Influence& influence, double* gm_energy) {
    const ConvolutionReal bx = (ConvolutionReal) influence.bx, bxy = (ConvolutionReal) influence.bxy,
                          bxz = (ConvolutionReal) influence.bxz, by = (ConvolutionReal) influence.by,
                          byz = (ConvolutionReal) influence.byz, bz = (ConvolutionReal) influence.bz,
                          inverseAlpha = (ConvolutionReal) (1 / influence.alpha);
    double energy = 0;
    for (int i = blockIdx.x * CONVOLUTION_THREADS + threadIdx.x; i < GRID_X * GRID_Y * SPECTRUM_ROW;
         i += gridDim.x * CONVOLUTION_THREADS) {
        GridComplex value = mesh.gm_spectrum[i];
        const int z = i % SPECTRUM_ROW, y = i / SPECTRUM_ROW % GRID_Y, x = i / (SPECTRUM_ROW * GRID_Y); // by constants
        const ConvolutionReal wx = getWave(x, GRID_X), wy = getWave(y, GRID_Y);
        const ConvolutionReal mx = wx * bx, my = wx * bxy + wy * by, mz = wx * bxz + wy * byz + z * bz;
        const ConvolutionReal factor = (ConvolutionReal) influence.prefactor * influence.gm_inverseX[x] *
                                       influence.gm_inverseY[y] * influence.gm_inverseZ[z] *
                                       getTransform(influence, inverseAlpha, mx * mx + my * my + mz * mz);
        if (WithEnergy) {
            const bool hasMirror = z != 0 && 2 * z != GRID_Z; // the other half of the spectrum
            const ConvolutionReal re = value.re, im = value.im;
            energy += (hasMirror ? 1.0 : 0.5) * (double) (factor * (re * re + im * im));
        }
        value.re = (GridReal) (factor * (ConvolutionReal) value.re);
        value.im = (GridReal) (factor * (ConvolutionReal) value.im);
        mesh.gm_spectrum[i] = value;
    }
    if (WithEnergy) {
        __shared__ double sm_energy[CONVOLUTION_THREADS];
        sm_energy[threadIdx.x] = energy;
        for (int half = CONVOLUTION_THREADS / 2; half > 0; half /= 2) {
            __syncthreads();
            if (threadIdx.x < half)
                sm_energy[threadIdx.x] += sm_energy[threadIdx.x + half];
        }
        if (threadIdx.x == 0)
            gm_energy[blockIdx.x] = sm_energy[0];
    }
}

extern "C" __global__ void __launch_bounds__(CONVOLUTION_THREADS) convolve(Mesh mesh, Influence influence) {
    convolveSpectrum<false>(mesh, influence, nullptr);
}

extern "C" __global__ void __launch_bounds__(CONVOLUTION_THREADS)
    convolveWithEnergy(Mesh mesh, Influence influence, double* gm_energy) {
    convolveSpectrum<true>(mesh, influence, gm_energy);
}
