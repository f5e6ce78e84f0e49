// SPDX-License-Identifier: MIT
#include "openmmsurrogate/internal/ProlateParameters.h"
#include "openmmsurrogate/internal/PMESettings.h"
#include <openmm/OpenMMException.h>
#include <algorithm>
#include <cmath>
#include <sstream>

using namespace SurrogatePlugin;
using std::vector;

const vector<ProlateParameters>& SurrogatePlugin::getProlateRows() {
    static const vector<ProlateParameters> rows = {
        // tolerance, order, spacing, bandwidth, window width, direct terms
        {1e-3, 5, 0.275, 10.5, 1.45, 8},  {5e-4, 5, 0.25, 11.5, 1.5, 9},   {2e-4, 6, 0.25, 12.5, 1.3, 10},
        {1e-4, 6, 0.228, 13.0, 1.4, 10},  {5e-5, 7, 0.228, 13.5, 1.3, 10}, {1e-5, 8, 0.20, 15.0, 1.3, 11},
        {1e-6, 10, 0.17, 17.0, 1.25, 13},
    };
    return rows;
}

vector<double> SurrogatePlugin::getProlateTolerances() {
    vector<double> tolerances;
    for (const ProlateParameters& row : getProlateRows())
        tolerances.push_back(row.tolerance);
    return tolerances;
}

const ProlateParameters& SurrogatePlugin::chooseProlateRow(double tolerance) {
    for (const ProlateParameters& row : getProlateRows())
        if (row.tolerance <= tolerance * (1 + 1e-9))
            return row;
    std::stringstream message;
    message << "TunablePMEForce: the error tolerance " << tolerance << " is below " << getProlateRows().back().tolerance
            << ", the least that prolate (ESP) splitting has parameters for. Use a larger one, or "
               "setKSpaceMethod(SPME).";
    throw OpenMM::OpenMMException(message.str());
}

std::array<int, 3> SurrogatePlugin::chooseProlateGrid(const ProlateParameters& row, const OpenMM::Vec3 box[3],
                                                      double cutoff) {
    std::array<int, 3> grid;
    for (int d = 0; d < 3; d++) {
        const double length = std::sqrt(box[d].dot(box[d]));
        const double points = std::ceil(length / (cutoff * row.spacing) * (1 - 1e-9));
        grid[d] = findFFTSize(std::max((int) points, row.order));
    }
    return grid;
}
