// SPDX-License-Identifier: MIT
#include "IonicSystems.h"
#include "openmmsurrogate/internal/EwaldSum.h"
#include "openmmsurrogate/internal/Units.h"
#include <gtest/gtest.h>
#include <cmath>

using namespace SurrogatePlugin;
using namespace SurrogateTest;
using OpenMM::Vec3;
using std::vector;

namespace {

/** Rock salt with nearest distance 1, so that the energy of an ion is minus the Madelung constant. */
ChargedSystem makeRockSalt(const Vec3 box[3], int edge) {
    ChargedSystem system;
    for (int d = 0; d < 3; d++)
        system.box[d] = box[d];
    for (int i = 0; i < edge * edge * edge; i++) {
        const int x = i % edge, y = i / edge % edge, z = i / edge / edge;
        system.positions.push_back(Vec3(x, y, z));
        system.charges.push_back((x + y + z) % 2 == 0 ? 1 : -1);
    }
    return system;
}

} // namespace

/** Madelung's constant of NaCl, from D. Borwein, J. M. Borwein and K. F. Taylor, J. Math. Phys. 26, 2999 (1985). */
TEST(EwaldSum, rockSaltHasMadelungsConstant) {
    const double madelung = 1.747564594633182;
    const Vec3 cube[3] = {Vec3(4, 0, 0), Vec3(0, 4, 0), Vec3(0, 0, 4)};
    const Vec3 skewed[3] = {Vec3(4, 0, 0), Vec3(2, 4, 0), Vec3(-2, 2, 4)}; // the same crystal by other vectors
    for (const Vec3* box : {cube, skewed}) {
        const ChargedSystem system = makeRockSalt(box, 4);
        EXPECT_NEAR(EwaldSum(system).computeEnergy() / coulombConstant, -madelung * 64 / 2, 1e-9);
        for (const Vec3& force : EwaldSum(system).computeForces({0, 21, 63}))
            EXPECT_NEAR(std::sqrt(force.dot(force)), 0, 1e-8);
    }
}

/** The energy of a charge in its neutralizing background is -2.837297/2 k q^2/L: Wigner's cubic lattice. */
TEST(EwaldSum, singleIonHasTheEnergyOfTheWignerLattice) {
    ChargedSystem system;
    system.positions = {Vec3(0.3, -7, 0.2)};
    system.charges = {1.5};
    for (int d = 0; d < 3; d++)
        system.box[d][d] = 2;
    const double energy = EwaldSum(system).computeEnergy();
    EXPECT_NEAR(energy / (coulombConstant * 2.25 / 2), -2.837297479480620 / 2, 1e-10);
}

TEST(EwaldSum, forcesAreTheGradientOfTheEnergy) {
    for (IonicSystem& ionic : makeIonicSystems()) {
        ChargedSystem& system = ionic.charged;
        system.charges[1] += 0.5; // a net charge
        system.exceptions.push_back({10, 14, 0.3});
        system.exceptionSplit = std::make_shared<GaussianCoulombSplit>(2.5);
        const vector<Vec3> forces = EwaldSum(system).computeForces({10});
        const double step = 1e-4;
        for (int d = 0; d < 3; d++) {
            const Vec3 original = system.positions[10];
            system.positions[10][d] = original[d] + step;
            const double above = EwaldSum(system).computeEnergy();
            system.positions[10][d] = original[d] - step;
            const double below = EwaldSum(system).computeEnergy();
            system.positions[10] = original;
            EXPECT_NEAR(forces[0][d], (below - above) / (2 * step), 1e-3) << ionic.name;
        }
    }
}

TEST(EwaldSum, resultDoesNotDependOnTheBoxVectorsChosen) {
    // A supercell along one axis has another cutoff, another alpha and other waves.
    const Vec3 box[3] = {Vec3(2.2, 0, 0), Vec3(0, 2.4, 0), Vec3(0, 0, 2.3)};
    const ChargedSystem system = makeSalt(box, 0.4, 0.05);
    ChargedSystem twice = system;
    twice.box[0] = box[0] * 2;
    for (const Vec3& position : system.positions)
        twice.positions.push_back(position + box[0]);
    twice.charges.insert(twice.charges.end(), system.charges.begin(), system.charges.end());
    twice.box[2] += box[1]; // which is also a lattice vector
    EXPECT_NEAR(EwaldSum(twice).computeEnergy(), 2 * EwaldSum(system).computeEnergy(), 1e-6);
    const vector<int> some = {0, 7, 50};
    const vector<Vec3> expected = EwaldSum(system).computeForces(some), forces = EwaldSum(twice).computeForces(some);
    for (size_t i = 0; i < some.size(); i++)
        for (int d = 0; d < 3; d++)
            EXPECT_NEAR(forces[i][d], expected[i][d], 1e-6);
}
