// SPDX-License-Identifier: MIT
#include "Convolve.h"
#include "openmmsurrogate/internal/Units.h"

using namespace OpenMM;
using namespace std;

namespace SurrogatePlugin {

/** Get the wave vectors of the reciprocal box, 2 pi times the rows of the inverse of the reduced box. */
static void findReciprocalVectors(const Vec3 box[3], Vec3 reciprocal[3]) {
    const double scale = 2 * pi / (box[0][0] * box[1][1] * box[2][2]);
    reciprocal[0] = box[1].cross(box[2]) * scale;
    reciprocal[1] = box[2].cross(box[0]) * scale;
    reciprocal[2] = box[0].cross(box[1]) * scale;
}

void computeInfluence(const GridShape& shape, const Vec3 box[3], const EwaldSplit& split,
                      const array<vector<double>, 3>& squaredTransform, ThreadPool& threads,
                      vector<double>& influence) {
    Vec3 reciprocal[3];
    findReciprocalVectors(box, reciprocal);
    const double volume = box[0][0] * box[1][1] * box[2][2];
    const int numY = shape.points[1], numWavesZ = shape.getNumWavesZ();
    const auto getWave = [&](int axis, int index) {
        return 2 * index <= shape.points[axis] ? index : index - shape.points[axis];
    };
    influence.resize(shape.getNumWaves());
    forEachInParallel(threads, shape.points[0], [&](int x) {
        double* value = &influence[(size_t) x * numY * numWavesZ];
        for (int y = 0; y < numY; y++) {
            const Vec3 plane = reciprocal[0] * getWave(0, x) + reciprocal[1] * getWave(1, y);
            const double window = squaredTransform[0][x] * squaredTransform[1][y] * volume;
            for (int z = 0; z < numWavesZ; z++) {
                const Vec3 wave = plane + reciprocal[2] * z;
                *value++ = split.getTransform(wave.dot(wave)) / (window * squaredTransform[2][z]);
            }
        }
    });
}

template <class T>
void convolve(const vector<double>& influence, ThreadPool& threads, int numPlanes, vector<complex<T> >& waves) {
    const size_t planeSize = waves.size() / numPlanes;
    forEachInParallel(threads, numPlanes, [&](int plane) {
        for (size_t k = plane * planeSize; k < (plane + 1) * planeSize; k++)
            waves[k] *= (T) influence[k];
    });
}

template <class T>
double computeMeshEnergy(const GridShape& shape, const vector<double>& influence, ThreadPool& threads,
                         const vector<complex<T> >& waves) {
    const int numWavesZ = shape.getNumWavesZ();
    const size_t planeSize = (size_t) shape.points[1] * numWavesZ;
    vector<double> planeEnergy(shape.points[0]);
    forEachInParallel(threads, shape.points[0], [&](int plane) {
        double sum = 0;
        for (size_t k = plane * planeSize; k < (plane + 1) * planeSize; k++) {
            const int z = (int) (k % numWavesZ);
            // Waves in between stand for their complex conjugate as well.
            const double multiplicity = z == 0 || 2 * z == shape.points[2] ? 0.5 : 1.0;
            sum += multiplicity * influence[k] * norm((complex<double>) waves[k]);
        }
        planeEnergy[plane] = sum;
    });
    double energy = 0;
    for (double value : planeEnergy)
        energy += value;
    return energy;
}

template void convolve(const vector<double>&, ThreadPool&, int, vector<complex<float> >&);
template void convolve(const vector<double>&, ThreadPool&, int, vector<complex<double> >&);
template double computeMeshEnergy(const GridShape&, const vector<double>&, ThreadPool&, const vector<complex<float> >&);
template double computeMeshEnergy(const GridShape&, const vector<double>&, ThreadPool&,
                                  const vector<complex<double> >&);

} // namespace SurrogatePlugin
