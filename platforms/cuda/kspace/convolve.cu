// SPDX-License-Identifier: MIT
// In reciprocal space: the spectrum of the charge becomes that of the potential, and gives the energy.

/** What the convolution knows of the box, the window and the split. k = 2 pi m, m in 1/nm. */
struct Influence {
    ConvolutionReal bx, bxy, bxz, by, byz, bz; // reciprocal vectors (bx, bxy, bxz), (0, by, byz), (0, 0, bz), 1/nm
    ConvolutionReal prefactor;                 // Coulomb constant / (pi volume), kJ/mol/(e^2 nm^2)
    ConvolutionReal splitScale;                // Gaussian split: (pi/alpha)^2, nm^2
    const ConvolutionReal* __restrict__ gm_inverseX; // [numX], 1/U^2 of the window's transform U
    const ConvolutionReal* __restrict__ gm_inverseY; // [numY]
    const ConvolutionReal* __restrict__ gm_inverseZ; // [numZ/2+1]
};

static_assert(sizeof(Influence) == SIZE_OF_INFLUENCE, "MeshLayout.h differs from convolve.cu");

/** The transform of the long-range part's density, 1 at k = 0: the Gaussian of Ewald. */
__device__ __forceinline__ ConvolutionReal getSplit(const Influence& influence, ConvolutionReal m2) {
#if CONVOLUTION_DOUBLE
    return exp(-influence.splitScale * m2);
#else
    return __expf(-influence.splitScale * m2);
#endif
}

/** Signed index of a wave along an axis. */
__device__ __forceinline__ int getWave(int index, int num) {
    return index < (num + 1) / 2 ? index : index - num;
}

template <bool WithEnergy>
__device__ void convolveSpectrum(const Mesh& mesh, const Influence& influence, EnergySum* gm_energy) {
    const int depth = mesh.numZ / 2 + 1;
    const unsigned int numWaves = (unsigned int) mesh.numX * mesh.numY * depth;
    double energy = 0;
    for (unsigned int k = blockIdx.x * blockDim.x + threadIdx.x; k < numWaves; k += blockDim.x * gridDim.x) {
        const int z = k % depth, y = k / depth % mesh.numY, x = k / (depth * mesh.numY);
        const ConvolutionReal wx = getWave(x, mesh.numX), wy = getWave(y, mesh.numY), wz = z;
        const ConvolutionReal mx = wx * influence.bx, my = wx * influence.bxy + wy * influence.by,
                              mz = wx * influence.bxz + wy * influence.byz + wz * influence.bz;
        const ConvolutionReal m2 = mx * mx + my * my + mz * mz;
        ConvolutionReal factor = 0; // at k = 0: the neutralizing background has its own closed form
        if (k != 0)
            factor = influence.prefactor * getSplit(influence, m2) / m2 * influence.gm_inverseX[x] *
                     influence.gm_inverseY[y] * influence.gm_inverseZ[z];
        GridComplex value = mesh.gm_spectrum[k];
        if (WithEnergy) {
            const bool hasMirror = z != 0 && 2 * z != mesh.numZ; // the other half of the spectrum
            const ConvolutionReal re = value.re, im = value.im;
            energy += (hasMirror ? 1.0 : 0.5) * (double) (factor * (re * re + im * im));
        }
        value.re = (GridReal) (factor * (ConvolutionReal) value.re);
        value.im = (GridReal) (factor * (ConvolutionReal) value.im);
        mesh.gm_spectrum[k] = value;
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
            gm_energy[blockIdx.x] += (EnergySum) sm_energy[0];
    }
}

extern "C" __global__ void __launch_bounds__(CONVOLUTION_THREADS) convolve(Mesh mesh, Influence influence) {
    convolveSpectrum<false>(mesh, influence, nullptr);
}

extern "C" __global__ void __launch_bounds__(CONVOLUTION_THREADS)
    convolveWithEnergy(Mesh mesh, Influence influence, EnergySum* gm_energy) {
    convolveSpectrum<true>(mesh, influence, gm_energy);
}
