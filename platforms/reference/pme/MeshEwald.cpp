// SPDX-License-Identifier: MIT
#include "MeshEwald.h"
#include "Convolve.h"
#include "Interpolate.h"
#include "Spread.h"
#include "StageFormat.h"
#include "Transform.h"
#include <openmm/OpenMMException.h>
#include <algorithm>
#include <new>

using namespace OpenMM;
using namespace std;

namespace SurrogatePlugin {

MeshEwald::MeshEwald(const PMESettings& settings, unique_ptr<EwaldSplit> split, const array<int, 3>& grid)
    : settings(settings), split(move(split)),
      window(settings.makeWindow(settings.spreading == NumericFormat::Double ||
                                 settings.interpolation == NumericFormat::Double)),
      shape{grid} {
    for (int d = 0; d < 3; d++)
        squaredTransform[d] = computeSquaredTransform(window, grid[d]);
}

void MeshEwald::updateInfluence(const Vec3 box[3], ThreadPool& threads) {
    if (!influence.empty() && equal(box, box + 3, influenceBox))
        return;
    computeInfluence(shape, box, *split, squaredTransform, threads, influence);
    roundToFormat(settings.convolution, influence);
    copy(box, box + 3, influenceBox);
}

double MeshEwald::computeConstantEnergy(const vector<double>& charges, const Vec3 box[3]) const {
    double sum = 0, sumSquares = 0;
    for (double charge : charges) {
        sum += charge;
        sumSquares += charge * charge;
    }
    const double volume = box[0][0] * box[1][1] * box[2][2];
    return split->getSelfEnergy() * sumSquares + split->getBackgroundEnergy() * sum * sum / volume;
}

double MeshEwald::compute(const vector<Vec3>& positions, const vector<double>& charges, const Vec3 box[3],
                          ThreadPool& threads, vector<Vec3>* forces, bool includeEnergy) {
    if (all_of(charges.begin(), charges.end(), [](double charge) { return charge == 0; }))
        return 0;
    try {
        updateInfluence(box, threads);
        placeParticles(positions, box, shape, threads, places);
        withArithmetic(settings.spreading, [&](auto zero) {
            auto& values = grid.get<decltype(zero)>();
            spreadCharges(places, charges, window, shape, threads, values);
            roundToFormat(settings.spreading, values);
        });
        withArithmetic(settings.fft, [&](auto zero) {
            using T = decltype(zero);
            transformForward(shape, threads.getNumThreads(), grid.get<T>(), waves.get<complex<T> >());
            roundToFormat(settings.fft, waves.get<complex<T> >());
        });
        double energy = includeEnergy ? computeConstantEnergy(charges, box) : 0;
        withArithmetic(settings.convolution, [&](auto zero) {
            auto& values = waves.get<complex<decltype(zero)> >();
            if (includeEnergy)
                energy += computeMeshEnergy(shape, influence, threads, values);
            if (forces != nullptr)
                convolve(influence, threads, shape.points[0], values);
            roundToFormat(settings.convolution, values);
        });
        if (forces == nullptr)
            return energy;
        withArithmetic(settings.fft, [&](auto zero) {
            using T = decltype(zero);
            transformBack(shape, threads.getNumThreads(), waves.get<complex<T> >(), grid.get<T>());
            roundToFormat(settings.fft, grid.get<T>());
        });
        withArithmetic(settings.interpolation, [&](auto zero) {
            auto& values = grid.get<decltype(zero)>();
            roundToFormat(settings.interpolation, values);
            interpolateForces(places, charges, window, shape, box, values, threads, *forces);
        });
        return energy;
    } catch (const bad_alloc&) {
        throw OpenMMException("TunablePMEForce: there is not enough memory for a grid of " +
                              to_string(shape.points[0]) + " x " + to_string(shape.points[1]) + " x " +
                              to_string(shape.points[2]) +
                              " points. Set a larger error tolerance, or fewer points with setPMEParameters().");
    }
}

} // namespace SurrogatePlugin
