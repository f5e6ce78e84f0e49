// SPDX-License-Identifier: MIT
#include "IonicSystems.h"
#include <cmath>
#include <numeric>
#include <random>

using namespace SurrogatePlugin;
using OpenMM::Vec3;
using std::vector;

namespace SurrogateTest {

namespace {

const Vec3 cube[3] = {Vec3(2.4, 0, 0), Vec3(0, 2.4, 0), Vec3(0, 0, 2.4)};
const Vec3 brick[3] = {Vec3(2.2, 0, 0), Vec3(0, 2.6, 0), Vec3(0, 0, 3.4)};
const Vec3 skewed[3] = {Vec3(2.4, 0, 0), Vec3(0.8, 2.4, 0), Vec3(-0.8, 1.1, 2.4)};

void setBox(ChargedSystem& system, const Vec3 box[3]) {
    for (int d = 0; d < 3; d++)
        system.box[d] = box[d];
}

ChargedSystem makeIonGas(int numParticles, double least) {
    ChargedSystem system;
    setBox(system, cube);
    std::mt19937 random(3);
    std::uniform_real_distribution<double> coordinate(0, cube[0][0]);
    while ((int) system.positions.size() < numParticles) {
        const Vec3 position(coordinate(random), coordinate(random), coordinate(random));
        bool free = true;
        for (const Vec3& other : system.positions) {
            Vec3 delta = position - other;
            for (int d = 0; d < 3; d++)
                delta[d] -= cube[d][d] * std::round(delta[d] / cube[d][d]);
            free = free && delta.dot(delta) > least * least;
        }
        if (free) {
            system.charges.push_back(system.positions.size() % 2 == 0 ? 1 : -1);
            system.positions.push_back(position);
        }
    }
    return system;
}

/**
 * Molecules with the charges and shape of TIP3P water, at random orientations on a grid: their correlations are not
 * those of water.
 */
ChargedSystem makeMolecules() {
    ChargedSystem system;
    setBox(system, cube);
    std::mt19937 random(4);
    std::normal_distribution<double> gauss;
    const int count = 8;
    for (int cell = 0; cell < count * count * count; cell++) {
        const Vec3 center = Vec3(cell % count, cell / count % count, cell / count / count) * (cube[0][0] / count);
        Vec3 u(gauss(random), gauss(random), gauss(random)), v(gauss(random), gauss(random), gauss(random));
        u /= std::sqrt(u.dot(u));
        v -= u * u.dot(v);
        v /= std::sqrt(v.dot(v));
        const int first = (int) system.positions.size();
        system.positions.insert(system.positions.end(),
                                {center, center + u * 0.05859 + v * 0.0757, center + u * 0.05859 - v * 0.0757});
        system.charges.insert(system.charges.end(), {-0.834, 0.417, 0.417});
        system.exceptions.insert(system.exceptions.end(),
                                 {{first, first + 1, 0}, {first, first + 2, 0}, {first + 1, first + 2, 0}});
    }
    return system;
}

} // namespace

ChargedSystem makeSalt(const Vec3 box[3], double spacing, double jitter) {
    ChargedSystem system;
    setBox(system, box);
    int count[3];
    for (int d = 0; d < 3; d++)
        count[d] = 2 * (int) (std::sqrt(box[d].dot(box[d])) / spacing / 2);
    std::mt19937 random(2);
    std::normal_distribution<double> shift(0, jitter);
    for (int i = 0; i < count[0]; i++)
        for (int j = 0; j < count[1]; j++)
            for (int k = 0; k < count[2]; k++) {
                const Vec3 site = box[0] * ((double) i / count[0]) + box[1] * ((double) j / count[1]) +
                                  box[2] * ((double) k / count[2]);
                system.positions.push_back(site + Vec3(shift(random), shift(random), shift(random)));
                system.charges.push_back((i + j + k) % 2 == 0 ? 1 : -1);
            }
    return system;
}

vector<IonicSystem> makeIonicSystems() {
    return {{"salt", makeSalt(cube, 0.29, 0.015)},
            {"salt in a brick", makeSalt(brick, 0.29, 0.015)},
            {"triclinic salt", makeSalt(skewed, 0.29, 0.015)},
            {"disordered salt", makeSalt(cube, 0.29, 0.06)},
            {"uncorrelated ions", makeIonGas(600, 0.15)},
            {"molecules", makeMolecules()}};
}

vector<int> listParticles(const ChargedSystem& system) {
    vector<int> particles(system.positions.size());
    std::iota(particles.begin(), particles.end(), 0);
    return particles;
}

} // namespace SurrogateTest
