// SPDX-License-Identifier: MIT
#include "DirectParameters.h"
#include "openmmsurrogate/internal/Units.h"
#include <array>
#include <cmath>
#include <map>

using namespace SurrogatePlugin;
using std::vector;

template <class Real>
DirectParameters<Real>::DirectParameters(const vector<NonbondedParticle>& particles, bool withLennardJones) {
    std::map<std::array<double, 3>, int> numbers;
    vector<NonbondedParticle> kinds;
    vector<int> kindOf;
    for (const NonbondedParticle& p : particles) {
        const auto found = numbers.insert({{p.charge, p.halfSigma, p.twoSqrtEpsilon}, (int) kinds.size()});
        if (found.second)
            kinds.push_back(p);
        if (kinds.size() > MostKinds)
            break;
        kindOf.push_back(found.first->second);
    }
    const double scale = withLennardJones ? 1 : 0;
    if (kinds.size() > MostKinds) {
        numKinds = 0;
        for (const NonbondedParticle& p : particles) {
            carried.push_back(Real(std::sqrt(coulombConstant) * p.charge));
            lennardJones.insert(lennardJones.end(), {Real(p.halfSigma), Real(scale * p.twoSqrtEpsilon)});
        }
        return;
    }
    numKinds = (int) kinds.size();
    carried.assign(kindOf.begin(), kindOf.end());
    for (const NonbondedParticle& a : kinds)
        for (const NonbondedParticle& b : kinds) {
            const double epsilon4 = scale * a.twoSqrtEpsilon * b.twoSqrtEpsilon;
            const double sigma6 = std::pow(a.halfSigma + b.halfSigma, 6);
            pairs.insert(pairs.end(), {Real(coulombConstant * a.charge * b.charge),
                                       Real(12 * epsilon4 * sigma6 * sigma6), Real(6 * epsilon4 * sigma6), Real(0)});
        }
}

namespace SurrogatePlugin {
template struct DirectParameters<float>;
template struct DirectParameters<double>;
} // namespace SurrogatePlugin
