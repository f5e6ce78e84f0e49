// SPDX-License-Identifier: MIT
#include "DirectLoops.h"
#include "IonicSystems.h"
#include "VerletList.h"
#include "openmmsurrogate/internal/Units.h"
#include "pme/DirectSpace.h"
#include <gtest/gtest.h>
#include <algorithm>
#include <cmath>
#include <numeric>

using namespace SurrogatePlugin;
using namespace SurrogateTest;
using namespace OpenMM;
using std::vector;

namespace {

const double bandwidth = 11.5;

/** Ions with Lennard-Jones parameters of two kinds, some pairs excluded. */
struct Case {
    ChargedSystem charged;
    PeriodicBox box;
    DirectSpaceOptions options;
    vector<NonbondedParticle> particles;
    vector<NonbondedException> exceptions;
    Case(bool triclinic, bool lennardJones, bool hasSwitch) {
        const Vec3 cube[3] = {Vec3(2.2, 0, 0), Vec3(0, 2.3, 0), Vec3(0, 0, 2.4)};
        const Vec3 skewed[3] = {Vec3(2.2, 0, 0), Vec3(0.9, 2.3, 0), Vec3(-1.0, 1.1, 2.4)};
        charged = makeSalt(triclinic ? skewed : cube, 0.33, 0.04);
        box.periodic = true;
        std::copy(charged.box, charged.box + 3, box.vectors);
        options.cutoff = 0.95;
        options.switchingDistance = hasSwitch ? 0.8 : options.cutoff;
        for (double charge : charged.charges)
            particles.push_back(
                {charge, charge > 0 ? 0.1 : 0.15, lennardJones ? 2 * std::sqrt(charge > 0 ? 0.6 : 0.2) : 0});
        exceptions = {{0, 1, 0, 1, 0}, {1, 2, 0, 1, 0}, {7, 30, 0, 1, 0}, {1, 3, 0.2, 0.2, 0.5}};
    }
};

/** What a VerletList asks. */
class CasePairs : public ListedPairs {
public:
    explicit CasePairs(const Case& system) : system(system), members(system.particles.size()) {
        std::iota(members.begin(), members.end(), 0);
    }
    double getCutoff() const override { return system.options.cutoff; }
    const vector<int>& getMembers() const override { return members; }
    int getType(int) const override { return 0; }
    bool interactsWithAll(int) const override { return false; }
    bool interact(int i, int j) const override {
        return std::none_of(system.exceptions.begin(), system.exceptions.end(), [&](const NonbondedException& e) {
            return (e.particle1 == i && e.particle2 == j) || (e.particle1 == j && e.particle2 == i);
        });
    }
    void checkPositions(const vector<Vec3>&) const override {}

private:
    const Case& system;
    vector<int> members;
};

DirectFunction makeFunction(const Case& system, const vector<int>& order, vector<float>& parameters) {
    DirectFunction f;
    const double cutoff = system.options.cutoff;
    const int terms = 9;
    const vector<double> force = ProlateDirectSpace(bandwidth).getForceCoefficients(terms);
    const vector<double> energy = ProlateDirectSpace(bandwidth).getEnergyCoefficients(terms);
    for (int i = 0; i < terms; i++)
        f.force[i] = (float) (force[terms - 1 - i] / std::pow(cutoff, 3));
    for (int i = 0; i <= terms; i++)
        f.energy[i] = (float) (energy[terms - i] / cutoff);
    f.forceTerms = terms;
    f.energyTerms = terms + 1;
    f.cutoff2 = (float) (cutoff * cutoff);
    f.hasSwitch = system.options.switchingDistance < cutoff;
    f.switchingDistance = (float) system.options.switchingDistance;
    f.inverseSwitchWidth = f.hasSwitch ? (float) (1 / (cutoff - system.options.switchingDistance)) : 0;
    f.hasLennardJones = system.particles[0].twoSqrtEpsilon != 0;
    for (int particle : order) {
        const NonbondedParticle& p = system.particles[particle];
        for (double value : {std::sqrt(coulombConstant) * p.charge, p.halfSigma, p.twoSqrtEpsilon, 0.0})
            parameters.push_back((float) value);
    }
    f.parameters = parameters.data();
    return f;
}

} // namespace

/** Whether the box is triclinic, whether there is Lennard-Jones, and whether it is switched. */
class DirectLoops : public testing::TestWithParam<std::tuple<bool, bool, bool> > {};

/** In each instruction set, single precision agrees with the double precision of DirectSpace. */
TEST_P(DirectLoops, agreeWithDoublePrecision) {
    const Case system(std::get<0>(GetParam()), std::get<1>(GetParam()), std::get<2>(GetParam()));
    const int numParticles = (int) system.particles.size();
    ThreadPool threads(2);
    vector<Vec3> expected(numParticles);
    DirectSpace direct(system.options, ProlatePolynomials(bandwidth, system.options.cutoff));
    const double expectedEnergy = direct.computePairs(system.charged.positions, system.particles, system.exceptions,
                                                      system.box, threads, &expected, true);
    VerletList<float> list;
    list.update(system.charged.positions, system.box, CasePairs(system), threads);
    vector<float> parameters;
    const DirectFunction function = makeFunction(system, list.getOrder(), parameters);
    for (const char* instructionSet : {"generic", "AVX2"}) {
        const DirectLoop loop = findDirectLoop(instructionSet);
        if (loop == nullptr)
            continue;
        double error = 0, scale = 0, energy = 0;
        for (int index = 0; index < list.getNumBlocks(); index++) {
            const NeighborBlock block = list.getBlock(index);
            double forces[3 * VerletList<float>::MaxBlockSize], again[3 * VerletList<float>::MaxBlockSize], blockEnergy;
            loop(list.getParticles(), function, block, forces, &blockEnergy);
            loop(list.getParticles(), function, block, again, nullptr);
            energy += blockEnergy;
            for (int k = 0; k < 3 * block.numParticles; k++) {
                const double component = expected[list.getOrder()[block.first + k / 3]][k % 3];
                error += std::pow(forces[k] - component, 2);
                scale += component * component;
                EXPECT_EQ(forces[k], again[k]);
            }
        }
        std::printf("%s: forces %.1e, energy %.1e\n", instructionSet, std::sqrt(error / scale),
                    std::abs(energy / expectedEnergy - 1));
        EXPECT_LT(std::sqrt(error / scale), 3e-6); // the polynomial of 9 terms has 1e-6
        EXPECT_NEAR(energy / expectedEnergy, 1, 1e-6);
    }
}

INSTANTIATE_TEST_SUITE_P(Systems, DirectLoops,
                         testing::Values(std::make_tuple(false, false, false), std::make_tuple(true, false, false),
                                         std::make_tuple(false, true, false), std::make_tuple(true, true, true)));

/** Against all pairs and all images, one by one, by the exact functions. */
TEST(DirectSpace, isTheSumOverAllPairs) {
    const Case system(true, true, false);
    const int numParticles = (int) system.particles.size();
    ThreadPool threads(3);
    vector<Vec3> forces(numParticles), expected(numParticles);
    const double cutoff = system.options.cutoff;
    DirectSpace direct(system.options, ProlatePolynomials(bandwidth, cutoff));
    const double energy = direct.computePairs(system.charged.positions, system.particles, system.exceptions, system.box,
                                              threads, &forces, true);
    const ProlateDirectSpace exact(bandwidth);
    const CasePairs pairs(system);
    double expectedEnergy = 0;
    for (int i = 0; i < numParticles; i++)
        for (int j = 0; j < i; j++)
            for (int image = 0; pairs.interact(i, j) && image < 125; image++) {
                Vec3 delta = system.charged.positions[i] - system.charged.positions[j];
                const int turns[3] = {image % 5 - 2, image / 5 % 5 - 2, image / 25 - 2};
                for (int d = 0; d < 3; d++)
                    delta += system.box.vectors[d] * turns[d];
                const double r = std::sqrt(delta.dot(delta)), s = r * r / (cutoff * cutoff);
                if (s >= 1)
                    continue;
                const NonbondedParticle &a = system.particles[i], &b = system.particles[j];
                const double product = coulombConstant * a.charge * b.charge;
                const double ratio6 = std::pow((a.halfSigma + b.halfSigma) / r, 6);
                const double epsilon4 = a.twoSqrtEpsilon * b.twoSqrtEpsilon;
                expectedEnergy += product * (1 / r - exact.getEnergyFunction(s) / cutoff);
                expectedEnergy += epsilon4 * (ratio6 * ratio6 - ratio6);
                const double force = product * (1 / (r * r * r) - exact.getForceFunction(s) / std::pow(cutoff, 3)) +
                                     epsilon4 * (12 * ratio6 * ratio6 - 6 * ratio6) / (r * r);
                expected[i] += delta * force;
                expected[j] -= delta * force;
            }
    EXPECT_NEAR(energy / expectedEnergy, 1, 1e-12);
    for (int i = 0; i < numParticles; i++)
        for (int d = 0; d < 3; d++)
            EXPECT_NEAR(forces[i][d], expected[i][d], 1e-8);
}
