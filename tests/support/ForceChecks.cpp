// SPDX-License-Identifier: MIT
#include "ForceChecks.h"
#include "Tolerances.h"
#include <gtest/gtest.h>
#include <openmm/State.h>
#include <cmath>
#include <set>

using namespace OpenMM;
using namespace SurrogatePlugin;
using std::vector;

namespace SurrogateTest {

namespace {

/** Move a displacement by whole box vectors to within one of them of the nearest image. */
Vec3 reduce(Vec3 d, const Vec3 box[3]) {
    for (int k = 2; k >= 0; k--)
        d -= box[k] * std::floor(d[k] / box[k][k] + 0.5);
    return d;
}

double norm(const Vec3& v) {
    return std::sqrt(v.dot(v));
}

} // namespace

ForcesAndEnergy computeAllPairs(const SurrogateForce& force, const vector<Vec3>& positions, const Vec3 box[3],
                                NumericFormat::Type format) {
    const SurrogateModel& model = force.getModel();
    const int numImages = (force.usesPeriodicBoundaryConditions() ? 1 : 0);
    std::set<std::pair<int, int> > excluded;
    for (int k = 0; k < force.getNumExclusions(); k++) {
        int i, j;
        force.getExclusionParticles(k, i, j);
        excluded.insert(std::minmax(i, j));
    }
    ForcesAndEnergy result;
    result.forces.resize(positions.size());
    result.forceScales.resize(positions.size(), 0);
    const double forceScale = model.getForceScale();
    for (int i = 0; i < (int) positions.size(); i++) {
        const int type1 = force.getParticleType(i);
        if (type1 >= 0)
            result.energy += model.getEnergyOffset(type1);
        for (int j = 0; j < i; j++) {
            const int type2 = force.getParticleType(j);
            if (type1 < 0 || type2 < 0 || model.getPairNetwork(type1, type2) < 0 || excluded.count({j, i}) > 0)
                continue;
            Vec3 d = positions[i] - positions[j];
            if (numImages > 0)
                d = reduce(d, box);
            for (int x = -numImages; x <= numImages; x++)
                for (int y = -numImages; y <= numImages; y++)
                    for (int z = -numImages; z <= numImages; z++) {
                        const Vec3 image = (numImages == 0 ? d : d + box[0] * x + box[1] * y + box[2] * z);
                        const double r = norm(image);
                        if (r >= model.getCutoff())
                            continue;
                        const double w = model.computeForce(type1, type2, r, format);
                        const Vec3 pairForce = image * (w / r);
                        const double pairEnergy = model.computeEnergy(type1, type2, r, format);
                        result.forces[i] += pairForce;
                        result.forces[j] -= pairForce;
                        result.energy += pairEnergy;
                        result.energyScale += std::fabs(pairEnergy);
                        result.tableEnergyScale += std::fabs(pairEnergy) + forceScale * model.getCutoff();
                        result.forceScales[i] += std::max(std::fabs(w), forceScale);
                        result.forceScales[j] += std::max(std::fabs(w), forceScale);
                    }
        }
    }
    return result;
}

ForcesAndEnergy computeAllPairs(SurrogateSystem& system, NumericFormat::Type format) {
    Vec3 box[3];
    system.getSystem().getDefaultPeriodicBoxVectors(box[0], box[1], box[2]);
    return computeAllPairs(system.getForce(), system.getPositions(), box, format);
}

ForcesAndEnergy getForcesAndEnergy(Context& context, int groups) {
    const State state = context.getState(State::Forces | State::Energy, false, groups);
    ForcesAndEnergy result;
    result.forces = state.getForces();
    result.energy = state.getPotentialEnergy();
    return result;
}

double findRms(const vector<Vec3>& forces) {
    double sum2 = 0;
    for (const Vec3& force : forces)
        sum2 += force.dot(force);
    return std::sqrt(sum2 / std::max(size_t(1), forces.size()));
}

double findForceError(const vector<Vec3>& forces, const vector<Vec3>& expected) {
    double largest = 0;
    for (size_t i = 0; i < expected.size(); i++) {
        const double error = norm(forces[i] - expected[i]);
        if (!(error <= largest)) // so that NaN is kept
            largest = error;
    }
    return largest == 0 ? 0 : largest / findRms(expected);
}

double findNetForce(const vector<Vec3>& forces) {
    Vec3 sum;
    double sumOfNorms = 0;
    for (const Vec3& force : forces) {
        sum += force;
        sumOfNorms += norm(force);
    }
    return sumOfNorms == 0 ? 0 : norm(sum) / sumOfNorms;
}

void expectAgreement(const ForcesAndEnergy& computed, const ForcesAndEnergy& expected, const PlatformCase& platformCase,
                     double tableError) {
    ASSERT_EQ(expected.forces.size(), computed.forces.size());
    const double netForce = findNetForce(computed.forces), rms = findRms(expected.forces);
    printf("%-24s force error %.1e of RMS, energy error %.1e of sum of |U|, net force %.1e\n",
           platformCase.getName().c_str(), findForceError(computed.forces, expected.forces),
           std::fabs(computed.energy - expected.energy) / std::max(1e-300, expected.energyScale), netForce);
    for (size_t i = 0; i < expected.forces.size(); i++)
        EXPECT_LE(norm(computed.forces[i] - expected.forces[i]), getForceTolerance(platformCase) * rms +
                                                                     tableError * expected.forceScales[i] +
                                                                     getForceStep(platformCase))
            << "particle " << i;
    EXPECT_LE(std::fabs(computed.energy - expected.energy),
              getEnergyTolerance(platformCase) * std::max(expected.energyScale, 1.0) +
                  tableError * expected.tableEnergyScale);
    EXPECT_LE(netForce, getMomentumTolerance(platformCase));
}

void expectAgreement(SurrogateSystem& system, const PlatformCase& platformCase) {
    Context& context = system.createContext(platformCase);
    const double tableError = system.getForce().getTableErrorInContext(context);
    EXPECT_EQ(platformCase.usesTable(), tableError > 0);
    expectAgreement(getForcesAndEnergy(context), computeAllPairs(system, platformCase.precision), platformCase,
                    tableError);
}

double findDerivativeError(Context& context, const vector<Vec3>& direction, double step) {
    const State state = context.getState(State::Positions | State::Forces);
    double length2 = 0, slope = 0, forces2 = 0;
    for (size_t i = 0; i < direction.size(); i++) {
        length2 += direction[i].dot(direction[i]);
        slope -= direction[i].dot(state.getForces()[i]);
        forces2 += state.getForces()[i].dot(state.getForces()[i]);
    }
    const double length = std::sqrt(length2);
    auto energyAt = [&](double distance) {
        vector<Vec3> positions = state.getPositions();
        for (size_t i = 0; i < positions.size(); i++)
            positions[i] += direction[i] * (distance / length);
        context.setPositions(positions);
        return context.getState(State::Energy).getPotentialEnergy();
    };
    const double derivative =
        (8 * (energyAt(step) - energyAt(-step)) - (energyAt(2 * step) - energyAt(-2 * step))) / (12 * step);
    context.setPositions(state.getPositions());
    return std::fabs(derivative - slope / length) / std::sqrt(forces2);
}

} // namespace SurrogateTest
