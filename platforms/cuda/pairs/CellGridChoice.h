// SPDX-License-Identifier: MIT
#ifndef OPENMM_SURROGATE_CELLGRIDCHOICE_H_
#define OPENMM_SURROGATE_CELLGRIDCHOICE_H_

#include "PairListLayout.h"
#include <openmm/Vec3.h>

namespace SurrogatePlugin {

/** The grids of cells that particles are sorted into. */
template <class Real>
class CellGridChoice {
public:
    /**
     * @param range       cutoff plus skin, nm
     * @param numMembers  particles in the cells
     * @param maxCells    that there is memory for
     */
    CellGridChoice(double range, int numMembers, int maxCells)
        : range(range), numMembers(numMembers), maxCells(maxCells) {}
    /** Make the grid of a periodic box. */
    CellGrid<Real> makePeriodic(const OpenMM::Vec3 box[3]) const;
    /** Make the grid of infinite space. */
    CellGrid<Real> makeInfinite() const;

private:
    struct Cells;
    Cells chooseCells(const double cellsPerBox[3]) const;
    static void setCells(CellGrid<Real>& grid, const Cells& cells, const double reach[3], const double width[3]);
    double range;
    int numMembers, maxCells;
};

} // namespace SurrogatePlugin

#endif /*OPENMM_SURROGATE_CELLGRIDCHOICE_H_*/
