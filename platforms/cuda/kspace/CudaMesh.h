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
 * A mesh on the GPU: charges are sorted into tiles of the grid and spread, the grid is transformed, multiplied by the influence function and
 * transformed back, and forces are interpolated. One for the charges, and one for dispersion.
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
    /** Get the numbers in the grid's memory: points, and room for the waves in their place. */
    size_t countReals() const;
    void uploadInfluence(const MeshWindow& window);
    void uploadTransform(const EwaldSplit& split, double cutoff);
    void compile(const MeshWindow& window);
    void setBox(const OpenMM::Vec3 box[3]);
    /** Make the table of the next run, whatever is in memory: without room for any charge, but with their counts. */
    void makeTable();
    void sortSites();
    void spread();
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
    bool hasTable;        // made by an earlier run, all of whose launches have succeeded
    LaunchGraph graphs[2];
    OpenMM::CudaArray charges, siteStart[2], siteCount[2], sites, sums, grid, energies;
    OpenMM::CudaArray inverse[3]; // 1/U^2 along each axis
    OpenMM::CudaArray transform;
    CUfunction locateKernel, spreadKernel, readKernel, convolveKernel, convolveWithEnergyKernel, interpolateKernel;
};

} // namespace SurrogatePlugin

#endif /*OPENMM_SURROGATE_CUDAMESH_H_*/
