// SPDX-License-Identifier: MIT
#include "Interpolate.h"

using namespace OpenMM;
using namespace std;

namespace SurrogatePlugin {

/** The window and its derivative for one particle. */
template <class T>
struct Weights {
    T value[3][MeshWindow::MaxOrder], derivative[3][MeshWindow::MaxOrder];
};

/** Get the derivatives of the potential with respect to the particle's coordinates in grid points. */
template <class T>
static array<T, 3> findGradient(const array<int, 3>& cell, const Weights<T>& w, int order, const GridShape& shape,
                                const vector<T>& grid) {
    array<T, 3> gradient = {0, 0, 0};
    for (int i = 0; i < order; i++) {
        const size_t plane = (size_t) ((cell[0] + i) % shape.points[0]) * shape.points[1];
        for (int j = 0; j < order; j++) {
            const T* row = &grid[(plane + (cell[1] + j) % shape.points[1]) * shape.points[2]];
            T sum = 0, slope = 0;
            for (int k = 0; k < order; k++) {
                const T potential = row[(cell[2] + k) % shape.points[2]];
                sum += w.value[2][k] * potential;
                slope += w.derivative[2][k] * potential;
            }
            gradient[0] += w.derivative[0][i] * w.value[1][j] * sum;
            gradient[1] += w.value[0][i] * w.derivative[1][j] * sum;
            gradient[2] += w.value[0][i] * w.value[1][j] * slope;
        }
    }
    return gradient;
}

/**
 * Transform derivatives with respect to fractional coordinates, for a box in reduced form, to those with respect to x,
 * y and z.
 */
static Vec3 toCartesian(const Vec3& fractional, const Vec3 box[3]) {
    Vec3 gradient;
    gradient[0] = fractional[0] / box[0][0];
    gradient[1] = (fractional[1] - gradient[0] * box[1][0]) / box[1][1];
    gradient[2] = (fractional[2] - gradient[0] * box[2][0] - gradient[1] * box[2][1]) / box[2][2];
    return gradient;
}

template <class T>
void interpolateForces(const ParticlePlaces& places, const vector<double>& charges, const MeshWindow& window,
                       const GridShape& shape, const Vec3 box[3], const vector<T>& grid, ThreadPool& threads,
                       vector<Vec3>& forces) {
    forEachInParallel(threads, (int) places.particles.size(), [&](int place) {
        Weights<T> weights;
        for (int d = 0; d < 3; d++) {
            evaluateWindow(window, places.fractions[place][d], weights.value[d]);
            evaluateWindow(window, places.fractions[place][d], weights.derivative[d], true);
        }
        const array<T, 3> gradient = findGradient(places.cells[place], weights, window.getOrder(), shape, grid);
        const Vec3 fractional(gradient[0] * shape.points[0], gradient[1] * shape.points[1],
                              gradient[2] * shape.points[2]);
        const int particle = places.particles[place];
        forces[particle] -= toCartesian(fractional, box) * charges[particle];
    });
}

template void interpolateForces(const ParticlePlaces&, const vector<double>&, const MeshWindow&, const GridShape&,
                                const Vec3[3], const vector<float>&, ThreadPool&, vector<Vec3>&);
template void interpolateForces(const ParticlePlaces&, const vector<double>&, const MeshWindow&, const GridShape&,
                                const Vec3[3], const vector<double>&, ThreadPool&, vector<Vec3>&);

} // namespace SurrogatePlugin
