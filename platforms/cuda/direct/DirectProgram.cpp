// SPDX-License-Identifier: MIT
#include "DirectProgram.h"
#include "../SourceText.h"
#include "DirectLayout.h"
#include <cmath>
#include <cstdio>

using namespace SurrogatePlugin;
using std::string;
using std::vector;

namespace {

/** Write a number with all its digits. */
string write(double value) {
    char text[40];
    snprintf(text, sizeof(text), "%.17e", value);
    return text;
}

/** List coefficients in the order in which Horner's rule takes them. */
string listHighestFirst(const vector<double>& ascending, double unit) {
    string list;
    for (auto value = ascending.rbegin(); value != ascending.rend(); ++value)
        list += (list.empty() ? "(Real) " : ", (Real) ") + write(*value * unit);
    return list;
}

string defineText(const char* name, const string& text) {
    return string("#define ") + name + " " + text + "\n";
}

} // namespace

int DirectProgram::getMinBlocks(const DirectProgramOptions& options) {
    return options.doublePrecision ? 3 : options.deterministic ? 4 : options.numKinds > 0 ? 8 : 6;
}

string DirectProgram::makeSource(const DirectProgramOptions& options) {
    const double perCutoff = 1 / options.cutoff;
    return makePairSource(options) + makeForceSource(options.deterministic) +
           defineText("CUTOFF", write(options.cutoff)) +
           defineText("FORCE_COEFFICIENTS", listHighestFirst(options.forceCoefficients, std::pow(perCutoff, 3))) +
           defineText("ENERGY_COEFFICIENTS", listHighestFirst(options.energyCoefficients, perCutoff)) +
           define("NUM_KINDS", options.numKinds) + define("HAS_LENNARD_JONES", options.hasLennardJones) +
           define("USES_SWITCH", options.switchingDistance < options.cutoff) +
           defineText("SWITCHING_DISTANCE", write(options.switchingDistance)) +
           define("EXCEPTIONS_USE_IMAGES", options.exceptionsUseImages) + define("DIRECT_THREADS", Threads) +
           define("DIRECT_BLOCKS", getMinBlocks(options)) + define("SIZE_OF_EXCEPTION_SET", sizeof(ExceptionSetView)) +
           joinFiles({"direct/prolate.cu", "direct/lennardJones.cu", "direct/direct.cu", "direct/exceptions.cu"});
}
