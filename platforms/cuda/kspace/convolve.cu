// SPDX-License-Identifier: MIT
// In reciprocal space: the spectrum of the charge becomes that of the potential, and gives the energy.

template <class T>
struct SplitNumbers {
    T inverseAlpha; // of a Gaussian split, nm
    T prefactor;    // of the transform; kJ/mol and nm, per volume
    T cellsPerWave; // of gm_transform, nm
    T unused;
};

/** What the convolution knows of the window and the split. A wave k is 2 pi m, m in 1/nm. */
struct Influence {
    SplitNumbers<double> doubleNumbers; // as BoxRows
    SplitNumbers<float> singleNumbers;
    // [TRANSFORM_CELLS][4], the transform of the long-range part over that of the whole potential with PROLATE: in cell x of |m| in units of
    // 1/cellsPerWave a cubic polynomial in what is left of it. It goes through 0, so that nothing may be divided by it.
    const ConvolutionReal* __restrict__ gm_transform;
    const ConvolutionReal* __restrict__ gm_inverseX; // [GRID_X], 1/U^2 of the window's transform U
    const ConvolutionReal* __restrict__ gm_inverseY; // [GRID_Y]
    const ConvolutionReal* __restrict__ gm_inverseZ; // [GRID_Z]
};

static_assert(sizeof(Influence) == SIZE_OF_INFLUENCE, "MeshLayout.h differs from convolve.cu");

__device__ __forceinline__ const SplitNumbers<ConvolutionReal>& getNumbers(const Influence& influence) {
#if CONVOLUTION_DOUBLE
    return influence.doubleNumbers;
#else
    return influence.singleNumbers;
#endif
}

/** Division to two units in the last place; correct rounding would take ten instructions. */
__device__ __forceinline__ float divide(float a, float b) {
    return __fdividef(a, b);
}

__device__ __forceinline__ double divide(double a, double b) {
    return a / b;
}

/** The transform of the long-range part over the prefactor: EwaldSplit.h has the same formulas in double. */
__device__ __forceinline__ ConvolutionReal getTransform(const Influence& influence, ConvolutionReal m2) {
#if PROLATE
    const ConvolutionReal x = sqrt(m2) * getNumbers(influence).cellsPerWave;
    if (m2 == 0 || !(x < TRANSFORM_CELLS)) // beyond the table, where hardly any mesh has waves, it is 2e-5 at most
        return 0;
    const int cell = (int) x;
    const ConvolutionReal t = x - (ConvolutionReal) cell;
    const ConvolutionReal* c = influence.gm_transform + 4 * cell;
    return divide(c[0] + t * (c[1] + t * (c[2] + t * c[3])), m2);
#else
    const ConvolutionReal pi = (ConvolutionReal) 3.14159265358979323846,
                          log2e = (ConvolutionReal) 1.44269504088896340736;
    const ConvolutionReal inverseAlpha = getNumbers(influence).inverseAlpha;
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

/** Compute what each wave is to be multiplied by. It depends on the box alone, which stays the same for many steps. */
extern "C" __global__ void __launch_bounds__(CONVOLUTION_THREADS) computeFactors(Mesh mesh, Influence influence) {
    const BoxRows<ConvolutionReal>& waves = getRows<ConvolutionReal>(mesh);
    for (int i = blockIdx.x * CONVOLUTION_THREADS + threadIdx.x; i < GRID_X * GRID_Y * SPECTRUM_ROW;
         i += gridDim.x * CONVOLUTION_THREADS) {
        const int z = i % SPECTRUM_ROW, y = i / SPECTRUM_ROW % GRID_Y, x = i / (SPECTRUM_ROW * GRID_Y); // by constants
        const ConvolutionReal wx = getWave(x, GRID_X), wy = getWave(y, GRID_Y);
        const ConvolutionReal mx = wx * waves.x, my = wx * waves.xy + wy * waves.y,
                              mz = wx * waves.xz + wy * waves.yz + z * waves.z;
        mesh.gm_factor[i] = getNumbers(influence).prefactor * influence.gm_inverseX[x] * influence.gm_inverseY[y] *
                            influence.gm_inverseZ[z] * getTransform(influence, mx * mx + my * my + mz * mz);
    }
}

template <bool WithEnergy>
__device__ void convolveSpectrum(const Mesh& mesh, double* gm_energy) {
    double energy = 0;
    if (blockIdx.x == gridDim.x - 1) {
        finishSorting<CONVOLUTION_THREADS>(mesh, mustSort(mesh));
        if (WithEnergy && threadIdx.x == 0)
            gm_energy[blockIdx.x] = 0;
        return;
    }
    for (int i = blockIdx.x * CONVOLUTION_THREADS + threadIdx.x; i < GRID_X * GRID_Y * SPECTRUM_ROW;
         i += (gridDim.x - 1) * CONVOLUTION_THREADS) {
        GridComplex value = mesh.gm_spectrum[i];
        const ConvolutionReal factor = mesh.gm_factor[i];
        if (WithEnergy) {
            const int z = i % SPECTRUM_ROW;
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

extern "C" __global__ void __launch_bounds__(CONVOLUTION_THREADS) convolve(Mesh mesh) {
    convolveSpectrum<false>(mesh, nullptr);
}

extern "C" __global__ void __launch_bounds__(CONVOLUTION_THREADS) convolveWithEnergy(Mesh mesh, double* gm_energy) {
    convolveSpectrum<true>(mesh, gm_energy);
}
