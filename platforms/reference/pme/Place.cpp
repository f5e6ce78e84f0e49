// SPDX-License-Identifier: MIT
#include "Place.h"
#include <cmath>

using namespace OpenMM;
using namespace std;

namespace SurrogatePlugin {

/** Get coordinates in units of the box vectors, which are in OpenMM's reduced form. */
static Vec3 findFractionalCoordinates(const Vec3& position, const Vec3 box[3]) {
    Vec3 s;
    s[2] = position[2] / box[2][2];
    s[1] = (position[1] - s[2] * box[2][1]) / box[1][1];
    s[0] = (position[0] - s[1] * box[1][0] - s[2] * box[2][0]) / box[0][0];
    return s;
}

void placeParticles(const vector<Vec3>& positions, const Vec3 box[3], const GridShape& shape, ThreadPool& threads,
                    ParticlePlaces& places) {
    const int numParticles = (int) positions.size();
    vector<array<int, 3> > cells(numParticles);
    vector<array<double, 3> > fractions(numParticles);
    forEachInParallel(threads, numParticles, [&](int i) {
        const Vec3 s = findFractionalCoordinates(positions[i], box);
        for (int d = 0; d < 3; d++) {
            const double u = (s[d] - floor(s[d])) * shape.points[d];
            const double below = floor(u);
            cells[i][d] = (int) below % shape.points[d]; // s may round to a whole box
            fractions[i][d] = u - below;
        }
    });
    places.planeBegin.assign(shape.points[0] + 1, 0);
    for (const array<int, 3>& cell : cells)
        places.planeBegin[cell[0] + 1]++;
    for (int plane = 0; plane < shape.points[0]; plane++)
        places.planeBegin[plane + 1] += places.planeBegin[plane];
    vector<int> next(places.planeBegin.begin(), places.planeBegin.end() - 1);
    places.particles.resize(numParticles);
    places.cells.resize(numParticles);
    places.fractions.resize(numParticles);
    for (int i = 0; i < numParticles; i++) {
        const int place = next[cells[i][0]]++;
        places.particles[place] = i;
        places.cells[place] = cells[i];
        places.fractions[place] = fractions[i];
    }
}

} // namespace SurrogatePlugin
