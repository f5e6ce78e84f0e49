// SPDX-License-Identifier: MIT
#include "PairProgram.h"
#include "../KernelSource.h"
#include "../SourceText.h"
#include "PairListLayout.h"
#include "openmmsurrogate/internal/ForceParticles.h"

using namespace SurrogatePlugin;
using std::string;

string SurrogatePlugin::makePairSource(const PairProgramOptions& options) {
    return define("DOUBLE_PRECISION", options.doublePrecision) + define("DOUBLE_ENERGY", options.doubleEnergy) +
           define("PERIODIC", options.periodic) + define("TRICLINIC", options.triclinic) +
           define("HAS_EXCLUSIONS", options.hasExclusions) + define("EXCLUSION_CLIQUES", options.exclusionsAreCliques) +
           define("CARRIES", options.carries) + define("NUM_TYPES", options.numTypes) +
           define("CLUSTER_SIZE", KernelSource::ClusterSize) + define("BUILD_THREADS", KernelSource::BuildThreads) +
           define("BUILD_BLOCKS", options.doublePrecision ? 2 : 4) + // of a multiprocessor, which bounds registers
           define("LIST_THREADS", KernelSource::getListThreads(options.numAtoms, options.longLists)) +
           define("LARGEST_COORDINATE", (int) ForceParticles::getLargestCoordinate()) +
           define("SIZE_OF_PAIR_LIST",
                  options.doublePrecision ? sizeof(PairListView<double>) : sizeof(PairListView<float>)) +
           define("NUM_SAMPLES", NumMotionSamples) +
           define("SIZE_OF_MOTION_SAMPLE",
                  options.doublePrecision ? sizeof(MotionSample<double>) : sizeof(MotionSample<float>)) +
           define("SIZE_OF_FORCE_OUTPUT", sizeof(ForceOutputView)) +
           joinFiles({"common/arithmetic.cu", "common/fixedPoint.cu", "common/periodicBox.cu", "pairs/pairList.cu",
                      "pairs/displacement.cu", "pairs/motion.cu", "pairs/cells.cu", "pairs/clusters.cu",
                      "pairs/surroundings.cu", "pairs/search.cu", "pairs/neighbors.cu", "pairs/build.cu",
                      "pairs/forceOutput.cu"});
}

string SurrogatePlugin::makeForceSource(bool deterministic) {
    return define("DETERMINISTIC", deterministic) + joinFiles({"pairs/forces.cu"});
}
