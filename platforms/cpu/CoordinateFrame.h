// SPDX-License-Identifier: MIT
#ifndef OPENMM_SURROGATE_COORDINATEFRAME_H_
#define OPENMM_SURROGATE_COORDINATEFRAME_H_

#include "PairLoops.h"
#include "PeriodicBox.h"

namespace SurrogatePlugin {

/**
 * Turns positions into the coordinates that PairLoops work with.
 *
 * Coordinates are fractions of a period: the box, in triclinic ones. Where the axes are independent, the period is an integer
 * part of the edge of about RangesPerPeriod times the range of the pair list, so that the resolution does not depend on
 * the box: about 1e-11 nm in single precision. Without a box it is that long too. A position modulo such a period says less than the
 * position, but enough for pairs known to be near each other, and of others none is taken for near: candidates of the
 * pair list are closer than four times the range along each axis.
 */
template <class Real>
class CoordinateFrame {
public:
    using Coordinate = typename CoordinateType<Real>::Type;
    /**
     * @param box    the box
     * @param range  the range of the pair list, nm; at most half the smallest edge of the box
     */
    CoordinateFrame(const PeriodicBox& box, double range);
    CoordinateFrame() = default;
    const Lattice<Real>& getLattice() const { return lattice; }
    /** Convert a position. @param[out] coordinates  [3] */
    void convert(const OpenMM::Vec3& position, Coordinate* coordinates) const {
        const double c = position[2] * inverse[2][2];
        const double b = position[1] * inverse[1][1] + position[2] * inverse[2][1];
        const double a = position[0] * inverse[0][0] + position[1] * inverse[1][0] + position[2] * inverse[2][0];
        coordinates[0] = store(a, Coordinate());
        coordinates[1] = store(b, Coordinate());
        coordinates[2] = store(c, Coordinate());
    }

private:
    static constexpr double RangesPerPeriod = 16;
    static double store(double fraction, double) { return fraction; }
    static int32_t store(double fraction, int32_t) {
        // Positions are at most 1e6 nm and periods not much shorter than the cutoff: this fits into 64 bits. Whole periods drop out.
        return (int32_t) (uint32_t) (int64_t) (fraction * CoordinateType<float>::UnitsPerPeriod);
    }
    Lattice<Real> lattice;
    double inverse[3][3]; // fraction[k] = sum over l of inverse[l][k]*position[l]
};

} // namespace SurrogatePlugin

#endif /*OPENMM_SURROGATE_COORDINATEFRAME_H_*/
