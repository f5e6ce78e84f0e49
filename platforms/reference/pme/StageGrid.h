// SPDX-License-Identifier: MIT
#ifndef OPENMM_SURROGATE_STAGEGRID_H_
#define OPENMM_SURROGATE_STAGEGRID_H_

#include <array>
#include <complex>
#include <cstddef>
#include <type_traits>
#include <vector>

namespace SurrogatePlugin {

/**
 * The numbers of points of a mesh, and where a point is in memory: the last axis runs fastest. A transformed grid holds
 * only the waves 0 to n/2 along the last axis, as the others are complex conjugates of these.
 */
struct GridShape {
    std::array<int, 3> points;
    int getNumWavesZ() const { return points[2] / 2 + 1; }
    size_t getNumPoints() const { return (size_t) points[0] * points[1] * points[2]; }
    size_t getNumWaves() const { return (size_t) points[0] * points[1] * getNumWavesZ(); }
};

/**
 * Values on a grid in one of two arithmetics. Each stage asks for them in its own; a change of arithmetic converts them
 * all.
 */
template <class Single, class Double>
class StageGrid {
public:
    template <class T>
    std::vector<T>& get() {
        static_assert(std::is_same_v<T, Single> || std::is_same_v<T, Double>);
        if constexpr (std::is_same_v<T, Single>)
            return convert(single, full);
        else
            return convert(full, single);
    }

private:
    template <class To, class From>
    static std::vector<To>& convert(std::vector<To>& to, std::vector<From>& from) {
        if (!from.empty()) {
            to.assign(from.begin(), from.end());
            std::vector<From>().swap(from);
        }
        return to;
    }
    std::vector<Single> single;
    std::vector<Double> full;
};

using RealGrid = StageGrid<float, double>;
using ComplexGrid = StageGrid<std::complex<float>, std::complex<double> >;

} // namespace SurrogatePlugin

#endif /*OPENMM_SURROGATE_STAGEGRID_H_*/
