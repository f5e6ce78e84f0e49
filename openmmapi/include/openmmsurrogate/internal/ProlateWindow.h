// SPDX-License-Identifier: MIT
#ifndef OPENMM_SURROGATE_PROLATEWINDOW_H_
#define OPENMM_SURROGATE_PROLATEWINDOW_H_

#include "openmmsurrogate/internal/MeshWindow.h"

namespace SurrogatePlugin {

/**
 * Make the window psi(2 s/P) - psi(1) for a distance s of at most P/2 grid points, scaled to the integral 1. Without the
 * second term, as in the literature, the energy would jump whenever a particle enters a grid cell.
 *
 * The pieces interpolate the window in points that include the edges of a cell. So they meet, and are 0 at the outer edge,
 * to rounding, whatever their degree. A degree equal to the order is accurate to single precision, 12 to double.
 *
 * @param order   P, the points that a charge is spread over along an axis
 * @param width   the bandwidth of psi over pi P/2: the frequencies up to this number of half waves per grid point
 * @param degree  the degree of the polynomials
 */
MeshWindow makeProlateWindow(int order, double width, int degree);

} // namespace SurrogatePlugin

#endif /*OPENMM_SURROGATE_PROLATEWINDOW_H_*/
