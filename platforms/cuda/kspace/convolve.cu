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
    const ConvolutionReal* __restrict__ gm_inverseX; // [numX], 1/U^2 of the window's transform U
    const ConvolutionReal* __restrict__ gm_inverseY; // [numY]
    const ConvolutionReal* __restrict__ gm_inverseZ; // [numZ]
};

static_assert(sizeof(Influence) == SIZE_OF_INFLUENCE, "MeshLayout.h differs from convolve.cu");

/** The transform of the long-range part over the prefactor: EwaldSplit.h has the same formulas in double. */
__device__ __forceinline__ ConvolutionReal getTransform(const Influence& influence, ConvolutionReal inverseAlpha,
                                                        ConvolutionReal m2) {
#if PROLATE
    const ConvolutionReal x = sqrt(m2) * (ConvolutionReal) influence.cellsPerWave;
    if (m2 == 0 || !(x < TRANSFORM_CELLS)) // beyond the table it is less than the table's own error
        return 0;
    const int cell = (int) x;
    const ConvolutionReal t = x - (ConvolutionReal) cell;
    const ConvolutionReal* c = influence.gm_transform + 4 * cell;
    return (c[0] + t * (c[1] + t * (c[2] + t * c[3]))) / m2;
#else
    const ConvolutionReal pi = (ConvolutionReal) 3.14159265358979323846;
    const ConvolutionReal b2 = pi * pi * m2 * inverseAlpha * inverseAlpha;
#if DISPERSION // (1-2b^2) exp(-b^2) + 2 sqrt(pi) b^3 erfc(b); also for the uniform wave
    const ConvolutionReal b = sqrt(b2);
    return (1 - 2 * b2) * exp(-b2) + 2 * sqrt(pi) * b2 * b * erfc(b);
#else          // exp(-b^2) / m^2; the uniform wave has a closed form of its own, the neutralizing background
    return m2 == 0 ? 0 : exp(-b2) / m2;
#endif
#endif
}

/** Signed index of a wave along an axis; num/2 at the end of the spectrum of an even one. */
__device__ __forceinline__ int getWave(int index, int num) {
    return 2 * index <= num ? index : index - num;
}

/** A warp takes a row of waves along z at a time. */
template <bool WithEnergy>
__device__ void convolveSpectrum(const Mesh& mesh, const Influence& influence, double* gm_energy) {
    const ConvolutionReal bx = (ConvolutionReal) influence.bx, bxy = (ConvolutionReal) influence.bxy,
                          bxz = (ConvolutionReal) influence.bxz, by = (ConvolutionReal) influence.by,
                          byz = (ConvolutionReal) influence.byz, bz = (ConvolutionReal) influence.bz,
                          inverseAlpha = (ConvolutionReal) (1 / influence.alpha);
    const int depth = mesh.numZ / 2 + 1, lane = threadIdx.x % 32;
    double energy = 0;
    for (int row = (blockIdx.x * blockDim.x + threadIdx.x) / 32; row < mesh.numX * mesh.numY;
         row += blockDim.x * gridDim.x / 32) {
        const int x = row / mesh.numY, y = row % mesh.numY;
        const ConvolutionReal wx = getWave(x, mesh.numX), wy = getWave(y, mesh.numY);
        const ConvolutionReal mx = wx * bx, my = wx * bxy + wy * by, mz = wx * bxz + wy * byz;
        const ConvolutionReal rowFactor =
            (ConvolutionReal) influence.prefactor * influence.gm_inverseX[x] * influence.gm_inverseY[y];
        GridComplex* gm_row = mesh.gm_spectrum + (size_t) row * depth;
        for (int z = lane; z < depth; z += 32) {
            const ConvolutionReal m = mz + z * bz;
            const ConvolutionReal factor =
                rowFactor * getTransform(influence, inverseAlpha, mx * mx + my * my + m * m) * influence.gm_inverseZ[z];
            GridComplex value = gm_row[z];
            if (WithEnergy) {
                const bool hasMirror = z != 0 && 2 * z != mesh.numZ; // the other half of the spectrum
                const ConvolutionReal re = value.re, im = value.im;
                energy += (hasMirror ? 1.0 : 0.5) * (double) (factor * (re * re + im * im));
            }
            value.re = (GridReal) (factor * (ConvolutionReal) value.re);
            value.im = (GridReal) (factor * (ConvolutionReal) value.im);
            gm_row[z] = value;
        }
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
