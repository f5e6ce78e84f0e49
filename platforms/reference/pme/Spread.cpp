// SPDX-License-Identifier: MIT
#include "Spread.h"

using namespace OpenMM;
using namespace std;

namespace SurrogatePlugin {

/** Add a particle's share to one plane of the grid. @param weights  [3][order] */
template <class T>
static void addToPlane(const array<int, 3>& cell, T amount, const T* weights, int order, const GridShape& shape,
                       T* plane) {
    const int numY = shape.points[1], numZ = shape.points[2];
    const T *weightsY = weights + order, *weightsZ = weights + 2 * order;
    for (int j = 0; j < order; j++) {
        T* row = plane + (size_t) ((cell[1] + j) % numY) * numZ;
        const T factor = amount * weightsY[j];
        if (cell[2] + order <= numZ)
            for (int k = 0; k < order; k++)
                row[cell[2] + k] += factor * weightsZ[k];
        else
            for (int k = 0; k < order; k++)
                row[(cell[2] + k) % numZ] += factor * weightsZ[k];
    }
}

template <class T>
void spreadCharges(const ParticlePlaces& places, const vector<double>& charges, const MeshWindow& window,
                   const GridShape& shape, ThreadPool& threads, vector<T>& grid) {
    const int order = window.getOrder(), numPlanes = shape.points[0], numPlaces = (int) places.particles.size();
    vector<T> weights((size_t) numPlaces * 3 * order);
    forEachInParallel(threads, numPlaces, [&](int place) {
        for (int d = 0; d < 3; d++)
            evaluateWindow(window, places.fractions[place][d], &weights[((size_t) place * 3 + d) * order]);
    });
    grid.assign(shape.getNumPoints(), 0);
    const size_t planeSize = (size_t) shape.points[1] * shape.points[2];
    forEachInParallel(threads, numPlanes, [&](int plane) {
        for (int i = 0; i < order; i++) {
            const int source = (plane - i + numPlanes) % numPlanes;
            for (int place = places.planeBegin[source]; place < places.planeBegin[source + 1]; place++) {
                const T* w = &weights[(size_t) place * 3 * order];
                const T amount = (T) charges[places.particles[place]] * w[i];
                addToPlane(places.cells[place], amount, w, order, shape, &grid[plane * planeSize]);
            }
        }
    });
}

template void spreadCharges(const ParticlePlaces&, const vector<double>&, const MeshWindow&, const GridShape&,
                            ThreadPool&, vector<float>&);
template void spreadCharges(const ParticlePlaces&, const vector<double>&, const MeshWindow&, const GridShape&,
                            ThreadPool&, vector<double>&);

} // namespace SurrogatePlugin
