// SPDX-License-Identifier: MIT
#include "KernelSource.h"
#include "openmmsurrogate/internal/ForceParticles.h"
#include "pairs/PairListLayout.h"
#include "surrogate/TableLayout.h"
#include <openmm/OpenMMException.h>

using namespace SurrogatePlugin;
using std::string;

namespace {

string define(const string& name, int value) {
    return "#define " + name + " " + std::to_string(value) + "\n";
}

/** Append files, each announced to the compiler by its name, so that its messages name them too. */
string joinFiles(const std::vector<string>& files) {
    string source;
    for (const string& file : files) {
        const string* text = findKernelText(file);
        if (text == nullptr)
            throw OpenMM::OpenMMException("KernelSource: there is no device source '" + file + "' in this library");
        source += "#line 1 \"" + file + "\"\n" + *text;
    }
    return source;
}

/** Sizes of the structs that host and device share, which the device code compares with its own. */
template <class Real>
string defineSizes() {
    return define("SIZE_OF_PAIR_LIST", sizeof(PairListView<Real>)) +
           define("SIZE_OF_TABLE_SET", sizeof(TableView<Real>)) + define("SIZE_OF_FORCE_OUTPUT", sizeof(OutputView));
}

} // namespace

string KernelSource::makeTableProgram(const TableProgramOptions& options) {
    const int cellSize = 4 * (options.doublePrecision ? sizeof(double) : sizeof(float));
    return define("DOUBLE_PRECISION", options.doublePrecision) + define("DOUBLE_ENERGY", options.doubleEnergy) +
           define("PERIODIC", options.periodic) + define("TRICLINIC", options.triclinic) +
           define("HAS_EXCLUSIONS", options.hasExclusions) + define("NUM_TYPES", options.numTypes) +
           define("NUM_TABLE_CELLS", options.numTableCells) + define("THREADS_PER_PARTICLE", ThreadsPerParticle) +
           define("BLOCK_SIZE", BlockSize) +
           define("LARGEST_COORDINATE", (int) ForceParticles::getLargestCoordinate()) +
           (options.doublePrecision ? defineSizes<double>() : defineSizes<float>()) +
           define("TABLE_IN_SHARED_MEMORY", options.numTableCells * cellSize <= LargestSharedTable) +
           joinFiles({"common/arithmetic.cu", "common/periodicBox.cu", "pairs/pairList.cu", "pairs/displacement.cu",
                      "pairs/cells.cu", "pairs/neighbors.cu", "surrogate/table.cu"});
}
