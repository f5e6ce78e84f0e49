// SPDX-License-Identifier: MIT
#include "Transform.h"
#include <pocketfft/pocketfft_hdronly.h>

using namespace std;

namespace SurrogatePlugin {

static const pocketfft::shape_t axes = {0, 1, 2};

static pocketfft::shape_t makeShape(const GridShape& shape) {
    return pocketfft::shape_t(shape.points.begin(), shape.points.end());
}

static pocketfft::stride_t makeStrides(const GridShape& shape, int lengthZ, size_t elementSize) {
    return {(ptrdiff_t) (elementSize * lengthZ * shape.points[1]), (ptrdiff_t) (elementSize * lengthZ),
            (ptrdiff_t) elementSize};
}

template <class T>
void transformForward(const GridShape& shape, int numThreads, const vector<T>& grid, vector<complex<T> >& waves) {
    waves.resize(shape.getNumWaves());
    pocketfft::r2c(makeShape(shape), makeStrides(shape, shape.points[2], sizeof(T)),
                   makeStrides(shape, shape.getNumWavesZ(), sizeof(complex<T>)), axes, pocketfft::FORWARD, grid.data(),
                   waves.data(), (T) 1, numThreads);
}

template <class T>
void transformBack(const GridShape& shape, int numThreads, const vector<complex<T> >& waves, vector<T>& grid) {
    grid.resize(shape.getNumPoints());
    pocketfft::c2r(makeShape(shape), makeStrides(shape, shape.getNumWavesZ(), sizeof(complex<T>)),
                   makeStrides(shape, shape.points[2], sizeof(T)), axes, pocketfft::BACKWARD, waves.data(), grid.data(),
                   (T) 1, numThreads);
}

template void transformForward(const GridShape&, int, const vector<float>&, vector<complex<float> >&);
template void transformForward(const GridShape&, int, const vector<double>&, vector<complex<double> >&);
template void transformBack(const GridShape&, int, const vector<complex<float> >&, vector<float>&);
template void transformBack(const GridShape&, int, const vector<complex<double> >&, vector<double>&);

} // namespace SurrogatePlugin
