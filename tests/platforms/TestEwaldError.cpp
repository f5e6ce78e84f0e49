// SPDX-License-Identifier: MIT
#include "IonicSystems.h"
#include "PlatformCase.h"
#include "openmmsurrogate/TunablePMEForce.h"
#include "openmmsurrogate/internal/EwaldError.h"
#include <gtest/gtest.h>
#include <openmm/System.h>
#include <openmm/VerletIntegrator.h>
#include <openmm/internal/NonbondedForceImpl.h>
#include <cmath>
#include <cstdio>

using namespace SurrogatePlugin;
using namespace SurrogateTest;
using namespace OpenMM;

namespace {

const double cutoff = 1.0;

ChargedBox makeChargedBox(const ChargedSystem& system) {
    ChargedBox box;
    box.numParticles = (int) system.charges.size();
    for (double charge : system.charges)
        box.sumSquaredCharges += charge * charge;
    for (int d = 0; d < 3; d++)
        box.vectors[d] = system.box[d];
    return box;
}

/** A TunablePMEForce in a Context on platform CPU, with all stages in Double. */
class Measurement {
public:
    Measurement(const ChargedSystem& charged, int order) : integrator(0.001), force(new TunablePMEForce()) {
        for (double charge : charged.charges) {
            system.addParticle(1);
            force->addParticle(charge, 1, 0);
        }
        for (const ChargeException& exception : charged.exceptions)
            force->addException(exception.particle1, exception.particle2, exception.chargeProduct, 1, 0);
        system.setDefaultPeriodicBoxVectors(charged.box[0], charged.box[1], charged.box[2]);
        system.addForce(force);
        force->setNonbondedMethod(NonbondedForce::PME);
        force->setCutoffDistance(cutoff);
        force->setKSpaceMethod(TunablePMEForce::SPME);
        force->setSplineOrder(order);
        force->setSpreadingPrecision(TunablePMEForce::Double);
        force->setFFTPrecision(TunablePMEForce::Double);
        force->setConvolutionPrecision(TunablePMEForce::Double);
        force->setInterpolationPrecision(TunablePMEForce::Double);
        positions = charged.positions;
    }
    TunablePMEForce& getForce() { return *force; }
    /** Set alpha and grid to what OpenMM's rule gives. */
    void setOpenMMParameters() {
        double alpha;
        int x, y, z;
        NonbondedForceImpl::calcPMEParameters(system, *force, alpha, x, y, z, false);
        force->setPMEParameters(alpha, x, y, z);
    }
    /** Get the root mean square error of the forces, kJ/mol/nm. */
    double measure() {
        loadPlugins();
        Context context(system, integrator, Platform::getPlatform("CPU"));
        context.setPositions(positions);
        double absolute, relative;
        force->measureForceErrorInContext(context, absolute, relative, 100);
        force->getPMEParametersInContext(context, parameters.alpha, parameters.grid[0], parameters.grid[1],
                                         parameters.grid[2]);
        return absolute;
    }
    const MeshParameters& getParameters() const { return parameters; }

private:
    System system;
    VerletIntegrator integrator;
    TunablePMEForce* force;
    std::vector<Vec3> positions;
    MeshParameters parameters;
};

} // namespace

/** Tests for each spline order. */
class EwaldError : public testing::TestWithParam<int> {};

/** The error of the forces is within a factor of four of the tolerance, either way, whatever the system. */
TEST_P(EwaldError, toleranceIsMet) {
    for (const IonicSystem& ionic : makeIonicSystems())
        for (double tolerance : {2.0, 0.05}) {
            Measurement measurement(ionic.charged, GetParam());
            measurement.getForce().setForceErrorTolerance(tolerance);
            const double error = measurement.measure();
            const MeshParameters& parameters = measurement.getParameters();
            std::printf("%s: tolerance %g, error %.2g kJ/mol/nm (alpha %.3f, grid %d %d %d)\n", ionic.name.c_str(),
                        tolerance, error, parameters.alpha, parameters.grid[0], parameters.grid[1], parameters.grid[2]);
            EXPECT_LT(error, 4 * tolerance) << ionic.name;
            EXPECT_GT(error, tolerance / 4) << ionic.name;
        }
}

/** What setEwaldErrorTolerance() chooses has no larger error than what OpenMM chooses, which is for order 5. */
TEST_P(EwaldError, ewaldToleranceGivesOpenMMsError) {
    for (const IonicSystem& ionic : makeIonicSystems())
        for (double tolerance : {5e-4, 1e-5}) {
            Measurement openmm(ionic.charged, 5), ours(ionic.charged, GetParam());
            for (Measurement* measurement : {&openmm, &ours})
                measurement->getForce().setEwaldErrorTolerance(tolerance);
            openmm.setOpenMMParameters();
            const double expected = openmm.measure(), error = ours.measure();
            std::printf("%s: tolerance %g, error %.3g kJ/mol/nm, OpenMM %.3g (%d and %d points)\n", ionic.name.c_str(),
                        tolerance, error, expected, ours.getParameters().grid[0], openmm.getParameters().grid[0]);
            EXPECT_LT(error, 1.2 * expected) << ionic.name;
            EXPECT_GT(error, 0.5 * expected) << ionic.name;
        }
}

/** With a direct sum that is practically exact only the mesh is wrong. */
TEST_P(EwaldError, meshErrorIsEstimated) {
    for (const IonicSystem& ionic : makeIonicSystems()) {
        MeshParameters parameters;
        parameters.alpha = 4.5;
        for (int d = 0; d < 3; d++)
            parameters.grid[d] =
                findFFTSize((int) std::ceil(std::sqrt(ionic.charged.box[d].dot(ionic.charged.box[d])) / 0.09));
        Measurement measurement(ionic.charged, GetParam());
        measurement.getForce().setPMEParameters(parameters.alpha, parameters.grid[0], parameters.grid[1],
                                                parameters.grid[2]);
        const double error = measurement.measure();
        const double estimate = estimateMeshError(makeChargedBox(ionic.charged), GetParam(), parameters);
        std::printf("%s: mesh error %.3g, estimate %.3g kJ/mol/nm\n", ionic.name.c_str(), error, estimate);
        EXPECT_LT(error, 2 * estimate) << ionic.name;
        EXPECT_GT(error, estimate / 4) << ionic.name;
    }
}

INSTANTIATE_TEST_SUITE_P(Orders, EwaldError, testing::Values(4, 5, 8));

TEST(EwaldErrorEstimate, impossibleToleranceIsRefused) {
    const std::vector<IonicSystem> systems = makeIonicSystems();
    try {
        chooseMeshParameters(makeChargedBox(systems[0].charged), cutoff, 4, 1e-13);
        FAIL() << "there was no exception";
    } catch (const OpenMMException& error) {
        EXPECT_NE(std::string(error.what()).find("Use a higher order"), std::string::npos) << error.what();
    }
}
