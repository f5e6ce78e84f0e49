// SPDX-License-Identifier: MIT
#ifndef OPENMM_SURROGATE_CUDAPAIRLIST_H_
#define OPENMM_SURROGATE_CUDAPAIRLIST_H_

#include "PairListLayout.h"
#include <cuda.h>
#include <openmm/Vec3.h>
#include <openmm/common/ComputeContext.h>
#include <openmm/cuda/CudaArray.h>
#include <openmm/cuda/CudaContext.h>
#include <memory>
#include <string>
#include <vector>

namespace SurrogatePlugin {

/**
 * Particles sorted into cells, and for each cluster of a few that are neighbors in that order a list of the particles within cutoff plus
 * skin of one of them. Built on the GPU, which finds out when it must be; the host launches the same kernels in every step. Time and
 * memory grow as the number of particles, whatever the box.
 *
 * Each pair is in the lists of both its particles: forces need no atomic additions between particles.
 *
 * The device side is in the .cu files beside this one, specialized and compiled together with the kernel that uses the list.
 */
template <class Real>
class CudaPairList {
public:
    /** What the particles of the list are, by original index. */
    struct Particles {
        std::vector<int> types;                    // [numAtoms], -1 takes no part
        std::vector<int> interacts;                // [numTypes][numTypes], 1 where two types interact
        std::vector<std::vector<int> > exclusions; // [numAtoms], ascending; empty if there are none at all
        /** [numAtoms], how fast they are over the average, for programs with CARRIES; empty if they are taken to be alike. */
        std::vector<double> mobilities;
        /** Get whether exclusions are as PairProgramOptions::exclusionsAreCliques says. */
        bool haveCliques() const;
    };
    /** What makes a list fast, and nothing else. */
    struct Tuning {
        double skin = 0.1;      // over the cutoff, on average: thicker means fewer builds and more pairs out of range
        bool longLists = false; // as in the options of the program
    };
    /**
     * @param force     the kind of force that has the list, for messages
     * @param context   the list keeps a reference
     * @param cutoff    nm
     * @param periodic  whether the box matters
     * @param tuning    for how fast the particles are, and how many
     * @throws OpenMM::OpenMMException if the GPU has too little memory
     */
    CudaPairList(const std::string& force, OpenMM::CudaContext& context, const Particles& particles, double cutoff,
                 bool periodic, const Tuning& tuning);
    ~CudaPairList();
    /** Take over types and which types interact; the exclusions stay. */
    void setTypes(const Particles& particles);
    /**
     * Set what programs with CARRIES find beside the sorted positions. The list is built anew at the next update.
     *
     * @param carried       [numAtoms], by original index
     * @param lennardJones  [numAtoms][2], two more numbers of each; empty if none are carried
     */
    void setCarried(const std::vector<Real>& carried, const std::vector<Real>& lennardJones);
    /** Find the kernels in the module that was compiled with them. */
    void setModule(CUmodule& module);
    /** Bring the list up to date with the positions in the Context. Launches kernels; does not wait for them. */
    void update(const OpenMM::Vec3 box[3]);
    /** Build the list anew at the next update. */
    void invalidate() { rebuild = RebuildAll; }
    /**
     * Look at what the kernels have reported so far. Where there is something, waits for all of them before it is read.
     *
     * @throws OpenMM::OpenMMException if a position was invalid, two particles coincide or a force is too large
     */
    void checkReport();
    /**
     * Get whether a force has been reported to be too large, and forget that. False if there is something worse that checkReport() has to tell.
     * Call wait() before.
     */
    bool takeOverflow();
    /** Wait until all kernels of the stream are done. */
    void wait();
    /** Wait, and forget what earlier kernels have reported. */
    void dropReport();
    /** Get how many pairs a kernel has found that lists pairs, if they did not fit; 0 if they did, or have been asked for before. */
    int takePairsNeeded();
    /** Throw an OpenMM::OpenMMException that says what there is no memory for and what to do about it. */
    [[noreturn]] void throwOutOfMemory(const std::string& what, const std::exception& cause) const;
    int getNumMembers() const { return view.numMembers; }
    /** Get the argument that kernels take. */
    PairListView<Real>& getView() { return view; }

private:
    class ReorderListener;
    /** As in pairs/displacement.cu. */
    enum Rebuild { NoRebuild, RebuildBecauseOfBox, RebuildAll };
    void allocate();
    void growIfNeeded();
    void launchUpdate();
    void setCapacity(int capacity);
    void setMobilities(const std::vector<double>& mobilities);
    void chooseSkin(const OpenMM::Vec3 box[3]);
    void chooseGrid(const OpenMM::Vec3 box[3]);
    const std::string force;
    OpenMM::CudaContext& context;
    const double cutoff;
    const bool periodic;
    const Tuning tuning;
    Rebuild rebuild; // that the next update must do
    long long lastStep;
    OpenMM::Vec3 lastBox[3];
    double range, largestMobility;
    int maxCells, numProcessors, residentBlocks;
    PairListView<Real> view;
    std::unique_ptr<PairListReport, void (*)(PairListReport*)> report; // mapped host memory
    OpenMM::CudaArray types, interacts, exclusionStart, exclusion, carried, lennardJones, order, sortedIndex, sorted,
        builtAt, sortedCarried, sortedLennardJones, mobility, samples, horizon, cell, rank, count, cellStart, tileSum,
        sortedClique, numNeighbors, neighbor, state;
    CUfunction updatePositions, buildList;
};

} // namespace SurrogatePlugin

#endif /*OPENMM_SURROGATE_CUDAPAIRLIST_H_*/
