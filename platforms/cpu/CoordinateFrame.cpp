// SPDX-License-Identifier: MIT
#include "CoordinateFrame.h"
#include <algorithm>
#include <cmath>

using namespace OpenMM;

namespace SurrogatePlugin {

template <class Real>
CoordinateFrame<Real>::CoordinateFrame(const PeriodicBox& box, double range) {
    Vec3 a(RangesPerPeriod * range, 0, 0), b(0, RangesPerPeriod * range, 0), c(0, 0, RangesPerPeriod * range);
    bool triclinic = false;
    if (box.periodic) {
        a = box.vectors[0];
        b = box.vectors[1];
        c = box.vectors[2];
        triclinic = (b[0] != 0 || c[0] != 0 || c[1] != 0);
        if (!triclinic)
            for (Vec3* edge : {&a, &b, &c}) {
                const double length = std::sqrt(edge->dot(*edge));
                *edge /= std::max(1.0, std::floor(length / (RangesPerPeriod * range)));
            }
    }
    const double unit = 1 / CoordinateType<Real>::UnitsPerPeriod;
    lattice = {Real(a[0] * unit), Real(b[0] * unit), Real(b[1] * unit), Real(c[0] * unit),
               Real(c[1] * unit), Real(c[2] * unit), Real(a[0]),        Real(b[1]),
               Real(b[0]),        Real(1 / a[0]),    Real(1 / b[1]),    triclinic};
    inverse[0][0] = 1 / a[0];
    inverse[1][1] = 1 / b[1];
    inverse[2][2] = 1 / c[2];
    inverse[1][0] = -b[0] / (a[0] * b[1]);
    inverse[2][1] = -c[1] / (b[1] * c[2]);
    inverse[2][0] = (b[0] * c[1] - b[1] * c[0]) / (a[0] * b[1] * c[2]);
}

template class CoordinateFrame<float>;
template class CoordinateFrame<double>;

} // namespace SurrogatePlugin
