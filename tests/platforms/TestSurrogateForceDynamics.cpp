// SPDX-License-Identifier: MIT
/** Conservation laws over many steps. */
#include "ArgonLikeModel.h"
#include "ForceChecks.h"
#include <gtest/gtest.h>
#include <openmm/LangevinMiddleIntegrator.h>
#include <openmm/MonteCarloBarostat.h>
#include <cmath>
#include <map>

using namespace SurrogatePlugin;
using namespace SurrogateTest;
using namespace OpenMM;
using std::vector;

namespace {

const double temperature = 100, kT = 0.0083144626 * temperature; // K, kJ/mol

struct DynamicsCase {
    PlatformCase platformCase;
    int numAtoms;
    double stepSize, duration; // ps
};

std::ostream& operator<<(std::ostream& stream, const DynamicsCase& test) {
    return stream << test.platformCase;
}

class SurrogateForceDynamics : public testing::TestWithParam<DynamicsCase> {};

/** Bring a fluid to the temperature with the table on the CPU platform. */
vector<Vec3> equilibrate(const SurrogateModel& model, const Box& box, vector<Vec3> positions) {
    SurrogateSystem system(model, vector<int>(positions.size(), 0), positions);
    system.setBox(box);
    LangevinMiddleIntegrator integrator(temperature, 5, 0.004);
    integrator.setRandomNumberSeed(1);
    Context context(system.getSystem(), integrator, Platform::getPlatform("CPU"));
    context.setPositions(positions);
    integrator.step(2000);
    return context.getState(State::Positions).getPositions();
}

/** Get the slope of the straight line through equidistant values. */
double fitSlope(const vector<double>& values, double spacing) {
    const double mean = (values.size() - 1) / 2.0;
    double covariance = 0, variance = 0;
    for (size_t k = 0; k < values.size(); k++) {
        covariance += (k - mean) * values[k];
        variance += (k - mean) * (k - mean);
    }
    return covariance / variance / spacing;
}

double findTotalMomentum(const State& state) {
    Vec3 sum;
    for (const Vec3& v : state.getVelocities())
        sum += v;
    return std::sqrt(sum.dot(sum)) / state.getVelocities().size();
}

} // namespace

INSTANTIATE_TEST_SUITE_P(
    Platforms, SurrogateForceDynamics,
    testing::Values(DynamicsCase{{"CPU", SurrogateForce::Table, SurrogateForce::Single}, 1000, 0.002, 20},
                    DynamicsCase{{"CPU", SurrogateForce::Table, SurrogateForce::Double}, 500, 0.002, 20},
                    DynamicsCase{{"CUDA", SurrogateForce::Table, SurrogateForce::Single, "mixed"}, 2000, 0.002, 20},
                    DynamicsCase{{"CUDA", SurrogateForce::Table, SurrogateForce::Double, "double"}, 2000, 0.002, 20},
                    DynamicsCase{{"Reference", SurrogateForce::Network, SurrogateForce::Double}, 256, 0.004, 20}),
    [](const auto& info) { return info.param.platformCase.getName(); });

TEST_P(SurrogateForceDynamics, ConservesEnergyAndMomentum) {
    const DynamicsCase& test = GetParam();
    if (!test.platformCase.getReasonToSkip().empty())
        GTEST_SKIP() << test.platformCase.getReasonToSkip();
    const SurrogateModel model = makeArgonLikeModel();
    const Box box = makeArgonBox(test.numAtoms);
    vector<Vec3> positions = makeFluid(box, 0.98 * box.a[0] / std::ceil(std::cbrt(test.numAtoms)));
    positions.resize(std::min((size_t) test.numAtoms, positions.size()));
    const int n = (int) positions.size();
    SurrogateSystem system(model, vector<int>(n, 0), equilibrate(model, box, positions));
    system.setBox(box);
    Context& context = system.createContext(test.platformCase, test.stepSize);
    context.setVelocitiesToTemperature(temperature, 1);
    vector<double> energies;
    const int numSteps = int(test.duration / test.stepSize), interval = 25;
    const double momentumBefore = findTotalMomentum(context.getState(State::Velocities));
    for (int step = 0; step < numSteps; step += interval) {
        context.getIntegrator().step(interval);
        const State state = context.getState(State::Energy);
        energies.push_back((state.getPotentialEnergy() + state.getKineticEnergy()) / n / kT);
    }
    const double drift = fitSlope(energies, interval * test.stepSize * 1e-3); // kT per atom per ns
    const double momentumChange = std::fabs(findTotalMomentum(context.getState(State::Velocities)) - momentumBefore);
    printf(
        "%s, %d atoms, %g ps in steps of %g fs: drift %.1e kT per atom per ns, mean velocity changed by %.1e nm/ps\n",
        test.platformCase.getName().c_str(), n, test.duration, 1000 * test.stepSize, drift, momentumChange);
    EXPECT_LT(std::fabs(drift), 1e-3);
    EXPECT_LT(momentumChange, test.platformCase.isSingleArithmetic() ? 1e-6 : 1e-12);
}

namespace {

/** Get the mean number density at a pressure, particles per nm^3. */
double findDensity(const PlatformCase& platformCase) {
    const Box box = makeArgonBox(300);
    vector<Vec3> positions = makeFluid(box, 0.98 * box.a[0] / 7);
    positions.resize(300);
    SurrogateSystem system(makeArgonLikeModel(), vector<int>(positions.size(), 0), positions);
    system.setBox(box);
    MonteCarloBarostat* barostat =
        new MonteCarloBarostat(5000, temperature, 5); // 5000 bar: a dense liquid, that fluctuates little
    barostat->setRandomNumberSeed(1);
    system.getSystem().addForce(barostat);
    system.getForce().setEvaluationMethod(platformCase.method);
    system.getForce().setPrecision(platformCase.precision);
    LangevinMiddleIntegrator integrator(temperature, 5, 0.004);
    integrator.setRandomNumberSeed(1);
    Context context(system.getSystem(), integrator, platformCase.getPlatform(), platformCase.getProperties());
    context.setPositions(positions);
    integrator.step(2000);
    double sum = 0;
    const int numSamples = 250;
    for (int sample = 0; sample < numSamples; sample++) {
        integrator.step(20);
        sum += positions.size() / context.getState(State::Positions).getPeriodicBoxVolume();
    }
    return sum / numSamples;
}

class BarostatDensity : public testing::TestWithParam<PlatformCase> {};

} // namespace

INSTANTIATE_TEST_SUITE_P(Platforms, BarostatDensity,
                         testing::Values(PlatformCase{"CPU", SurrogateForce::Table, SurrogateForce::Single},
                                         PlatformCase{"CUDA", SurrogateForce::Table, SurrogateForce::Single, "single"},
                                         PlatformCase{"CUDA", SurrogateForce::Table, SurrogateForce::Single, "mixed"},
                                         PlatformCase{"CUDA", SurrogateForce::Table, SurrogateForce::Double, "double"},
                                         PlatformCase{"CUDA", SurrogateForce::Network, SurrogateForce::Float16,
                                                      "mixed"}),
                         [](const auto& info) { return info.param.getName(); });

TEST_P(BarostatDensity, IsThatOfTheCpuPlatform) {
    if (!GetParam().getReasonToSkip().empty())
        GTEST_SKIP() << GetParam().getReasonToSkip();
    static const double expected = findDensity({"CPU", SurrogateForce::Table, SurrogateForce::Double});
    const double found = findDensity(GetParam());
    printf("%s: %.3f particles per nm^3, CPU %.3f\n", GetParam().getName().c_str(), found, expected);
    EXPECT_NEAR(expected, found, 0.01 * expected); // some four standard errors of the difference
}
