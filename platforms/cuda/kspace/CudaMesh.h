// SPDX-License-Identifier: MIT
#ifndef OPENMM_SURROGATE_CUDAMESH_H_
#define OPENMM_SURROGATE_CUDAMESH_H_

#include "FFTPlan.h"
#include "LaunchGraph.h"
#include "MeshLayout.h"
#include "MeshProgram.h"
#include "openmmsurrogate/internal/EwaldSplit.h"
#include "openmmsurrogate/internal/PMESettings.h"
#include <openmm/Vec3.h>
#include <openmm/cuda/CudaArray.h>
#include <openmm/cuda/CudaContext.h>
#include <memory>
#include <vector>

namespace SurrogatePlugin {

/**
 * A mesh on the GPU: charges, sorted into tiles of the grid now and then, are spread, the grid is transformed, multiplied by the influence
 * function and transformed back, and forces are interpolated. One for the charges, and one for dispersion.
 *
 * The device side is in the .cu files beside this one, a stage each.
 */
class CudaMesh {
public:
    /**
     * @param context     the mesh keeps a reference
     * @param settings    split and window (of charges; dispersion is split by a Gaussian) and precisions
     * @param parameters  alpha and grid
     * @param dispersion  whether the potential is that of dispersion instead of Coulomb's
     * @param report      device address of a MeshReport
     */
    CudaMesh(OpenMM::CudaContext& context, const PMESettings& settings, const MeshParameters& parameters,
             bool dispersion, CUdeviceptr report);
    ~CudaMesh();
    /** Set the charges, by original index. */
    void setCharges(const std::vector<double>& charges);
    /** Sort charges in the next run: positions in memory have changed their meaning. Where charges have just moved, the GPU finds out itself. */
    void invalidate() { mustSort = true; }
    /**
     * Launch all stages on the Context's current stream. Does not wait for them.
     *
     * @param box            nm
     * @param forces         device address of forces to add to, laid out as the Context's; 0 for none
     * @param includeEnergy  whether to compute what readEnergy() gets
     */
    void run(const OpenMM::Vec3 box[3], CUdeviceptr forces, bool includeEnergy);
    /** Get the energy of the last run that included it, kJ/mol. Waits for the current stream. */
    double readEnergy();

private:
    void allocate();
    void allocateTables();
    /** Get the numbers in the grid's memory: points, and room for the waves in their place. */
    size_t countReals() const;
    void uploadInfluence(const MeshWindow& window);
    void uploadTransform(const EwaldSplit& split, double cutoff);
    void compile(const MeshWindow& window);
    void setBox(const OpenMM::Vec3 box[3]);
    /** Make what kernels leave to later ones as it is at first: whatever is there, or whichever launch of the last run has failed. */
    void clear();
    void sortCharges();
    void spread();
    int countConvolutionBlocks() const;
    void computeFactors();
    void convolve(bool includeEnergy);
    void interpolate(CUdeviceptr forces);
    void launchStages(CUdeviceptr forces, bool includeEnergy);
    /** Launch all stages, one by one or as a graph. */
    void launchStep(CUdeviceptr forces, bool includeEnergy);
    OpenMM::CudaContext& context;
    MeshProgramOptions options;
    const int order;
    MeshView view;
    InfluenceView influence;
    int mostBlocks;
    std::unique_ptr<FFTPlan> plan;
    double largestWeight; // of a charge at a grid point
    bool isClean;         // sums, tiles and state are as a run leaves them that has succeeded
    bool hasRooms;        // for the charges of each tile, from an earlier sorting
    bool mustSort;
    OpenMM::Vec3 lastBox[3];
    bool hasFactors;   // of the convolution, for this box
    LaunchGraph graph; // of a step
    OpenMM::CudaArray charges, tiles, members, state, sites, tileRows, strays, sums, factors, grid, energies;
    OpenMM::CudaArray inverse[3]; // 1/U^2 along each axis
    OpenMM::CudaArray transform;
    CUfunction sortKernel, finishSortKernel, factorKernel, spreadKernel, readKernel, convolveKernel,
        convolveWithEnergyKernel, interpolateKernel;
};

} // namespace SurrogatePlugin

#endif /*OPENMM_SURROGATE_CUDAMESH_H_*/
