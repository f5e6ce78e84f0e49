// SPDX-License-Identifier: MIT
#ifndef OPENMM_SURROGATE_PERIODICBOX_H_
#define OPENMM_SURROGATE_PERIODICBOX_H_

#include <openmm/Vec3.h>
#include <algorithm>
#include <cmath>

namespace SurrogatePlugin {

/**
 * The periodic box of a System, or the absence of one. The vectors are in OpenMM's reduced form: a = (ax, 0, 0),
 * b = (bx, by, 0), c = (cx, cy, cz), with positive diagonal.
 */
struct PeriodicBox {
    bool periodic = false;
    OpenMM::Vec3 vectors[3];
    /** Get the edge of the brick with one corner at the origin into which wrap() moves positions. nm */
    double getEdge(int axis) const { return vectors[axis][axis]; }
    double getSmallestEdge() const { return std::min(getEdge(0), std::min(getEdge(1), getEdge(2))); }
    /**
     * Get the image of a displacement that is nearest, as OpenMM does: reduce z by c, then y by b, then x by a.
     *
     * For a general displacement this need not be the shortest image, but it is whenever an image shorter than half the
     * smallest edge exists. That image has |z| < cz/2, and only c changes z, so rounding finds its multiple of c; then
     * |y| < by/2, and of a and b only b changes y; then likewise a. For the same reason there is only one such image.
     */
    OpenMM::Vec3 minimumImage(OpenMM::Vec3 delta) const {
        if (periodic)
            for (int axis = 2; axis >= 0; axis--)
                delta -= vectors[axis] * std::round(delta[axis] / vectors[axis][axis]);
        return delta;
    }
    /** Move a position into the brick [0, ax) x [0, by) x [0, cz), up to rounding. */
    OpenMM::Vec3 wrap(OpenMM::Vec3 position) const {
        if (periodic)
            for (int axis = 2; axis >= 0; axis--)
                position -= vectors[axis] * std::floor(position[axis] / vectors[axis][axis]);
        return position;
    }
    bool operator==(const PeriodicBox& other) const {
        if (periodic != other.periodic)
            return false;
        return !periodic ||
               (vectors[0] == other.vectors[0] && vectors[1] == other.vectors[1] && vectors[2] == other.vectors[2]);
    }
    bool operator!=(const PeriodicBox& other) const { return !(*this == other); }
};

} // namespace SurrogatePlugin

#endif /*OPENMM_SURROGATE_PERIODICBOX_H_*/
