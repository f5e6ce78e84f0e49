// SPDX-License-Identifier: MIT
#include "openmmsurrogate/internal/EwaldSum.h"
#include "ParallelRanges.h"
#include "openmmsurrogate/internal/Units.h"
#include <algorithm>
#include <cmath>
#include <mutex>

using namespace SurrogatePlugin;
using OpenMM::Vec3;
using std::complex;
using std::vector;

namespace {

// Both sums are cut where their terms have fallen by exp(-convergence^2) = 1e-12.
const double convergence = 5.25;
// Particles whose phases are kept at a time, so that they stay in the cache.
const int blockSize = 256;

double findSmallestEdge(const Vec3 box[3]) {
    return std::min({box[0][0], box[1][1], box[2][2]});
}

/** Get minus the derivative of erfc(alpha r)/r, over r. */
double screenedForce(double alpha, double r) {
    const double x = alpha * r;
    return (std::erfc(x) / r + 2 * alpha / std::sqrt(pi) * std::exp(-x * x)) / (r * r);
}

double norm(const Vec3& v) {
    return std::sqrt(v.dot(v));
}

} // namespace

EwaldSum::EwaldSum(const ChargedSystem& system) : system(system) {
    const Vec3* box = system.box;
    volume = box[0][0] * box[1][1] * box[2][2];
    const double scale = 2 * pi / volume;
    reciprocal[0] = box[1].cross(box[2]) * scale;
    reciprocal[1] = box[2].cross(box[0]) * scale;
    reciprocal[2] = box[0].cross(box[1]) * scale;
    cutoff = 0.5 * findSmallestEdge(box); // the most for which only the nearest image counts
    alpha = convergence / cutoff;
    largestWave = 2 * alpha * convergence;
    findColumns();
    computeStructureFactor();
}

Vec3 EwaldSum::minimumImage(Vec3 delta) const {
    for (int axis = 2; axis >= 0; axis--)
        delta -= system.box[axis] * std::round(delta[axis] / system.box[axis][axis]);
    return delta;
}

Vec3 EwaldSum::getWave(int x, int y, int z) const {
    return reciprocal[0] * x + reciprocal[1] * y + reciprocal[2] * z;
}

double EwaldSum::getTransform(const Vec3& wave) const {
    const double k2 = wave.dot(wave);
    if (k2 > largestWave * largestWave)
        return 0;
    return 4 * pi * coulombConstant * std::exp(-k2 / (4 * alpha * alpha)) / (k2 * volume);
}

/** One of each pair of opposite waves is kept: x > 0, or x = 0 and y > 0, or x = y = 0 and z > 0. */
void EwaldSum::findColumns() {
    // |k| >= |k.a|/|a| = 2 pi |m|/|a| bounds the component m along each box vector.
    int largest[3];
    for (int d = 0; d < 3; d++)
        largest[d] = (int) (largestWave * norm(system.box[d]) / (2 * pi));
    numX = largest[0];
    numY = largest[1];
    numZ = largest[2];
    for (int x = 0; x <= largest[0]; x++)
        for (int y = x == 0 ? 0 : -largest[1]; y <= largest[1]; y++) {
            // Along z the column is closest to the origin where it is perpendicular to the third reciprocal vector.
            Vec3 wave = getWave(x, y, 0);
            wave -= reciprocal[2] * (wave.dot(reciprocal[2]) / reciprocal[2].dot(reciprocal[2]));
            if (norm(wave) <= largestWave)
                columns.push_back({x, y});
        }
}

complex<double> EwaldSum::getPhase(int particle, int axis, int multiple) const {
    return std::polar(1.0, multiple * reciprocal[axis].dot(system.positions[particle]));
}

vector<complex<double> > EwaldSum::makePhaseTable(int begin, int end, int axis, int largest) const {
    vector<complex<double> > table;
    for (int multiple = -largest; multiple <= largest; multiple++)
        for (int i = begin; i < end; i++)
            table.push_back(getPhase(i, axis, multiple));
    return table;
}

void EwaldSum::addBlock(int begin, int end, vector<complex<double> >& sums) const {
    const int size = end - begin, height = 2 * numZ + 1;
    const vector<complex<double> > phasesX = makePhaseTable(begin, end, 0, numX),
                                   phasesY = makePhaseTable(begin, end, 1, numY);
    vector<complex<double> > lowest(size);
    double real[blockSize], imaginary[blockSize], stepReal[blockSize], stepImaginary[blockSize];
    for (int i = 0; i < size; i++) {
        const complex<double> step = getPhase(begin + i, 2, 1);
        stepReal[i] = step.real();
        stepImaginary[i] = step.imag();
        lowest[i] = system.charges[begin + i] * getPhase(begin + i, 2, -numZ);
    }
    for (size_t column = 0; column < columns.size(); column++) {
        for (int i = 0; i < size; i++) {
            const complex<double> phase = lowest[i] * phasesX[(columns[column].x + numX) * size + i] *
                                          phasesY[(columns[column].y + numY) * size + i];
            real[i] = phase.real();
            imaginary[i] = phase.imag();
        }
        for (int z = 0; z < height; z++) {
            double sumReal = 0, sumImaginary = 0;
            for (int i = 0; i < size; i++) {
                sumReal += real[i];
                sumImaginary += imaginary[i];
                const double next = real[i] * stepReal[i] - imaginary[i] * stepImaginary[i];
                imaginary[i] = real[i] * stepImaginary[i] + imaginary[i] * stepReal[i];
                real[i] = next;
            }
            sums[column * height + z] += complex<double>(sumReal, sumImaginary);
        }
    }
}

void EwaldSum::computeStructureFactor() {
    const int numParticles = (int) system.positions.size();
    structureFactor.assign(columns.size() * (2 * numZ + 1), 0.0);
    std::mutex mutex;
    forRangesInParallel((numParticles + blockSize - 1) / blockSize, [&](int first, int last) {
        vector<complex<double> > sums(structureFactor.size(), 0.0);
        for (int block = first; block < last; block++)
            addBlock(block * blockSize, std::min((block + 1) * blockSize, numParticles), sums);
        std::lock_guard<std::mutex> lock(mutex);
        for (size_t k = 0; k < sums.size(); k++)
            structureFactor[k] += sums[k];
    });
}

Vec3 EwaldSum::computeMeshlessForce(int particle) const {
    const int height = 2 * numZ + 1;
    const complex<double> step = getPhase(particle, 2, 1);
    Vec3 force;
    for (size_t column = 0; column < columns.size(); column++) {
        const Column& c = columns[column];
        complex<double> phase = getPhase(particle, 0, c.x) * getPhase(particle, 1, c.y) * getPhase(particle, 2, -numZ);
        for (int z = -numZ; z <= numZ; z++, phase *= step) {
            if (c.x == 0 && c.y == 0 && z <= 0)
                continue;
            const Vec3 wave = getWave(c.x, c.y, z);
            const complex<double> s = structureFactor[column * height + z + numZ];
            force += wave * (2 * getTransform(wave) * (phase.imag() * s.real() - phase.real() * s.imag()));
        }
    }
    return force * system.charges[particle];
}

void EwaldSum::addPairForces(int particle, Vec3& force) const {
    for (size_t j = 0; j < system.positions.size(); j++) {
        const Vec3 delta = minimumImage(system.positions[particle] - system.positions[j]);
        const double r = norm(delta);
        if ((int) j != particle && r < cutoff && system.charges[j] != 0)
            force += delta * (coulombConstant * system.charges[particle] * system.charges[j] * screenedForce(alpha, r));
    }
}

void EwaldSum::addExceptionForces(const vector<int>& indexOfParticle, vector<Vec3>& forces) const {
    const CoulombSplit& split = *system.exceptionSplit;
    for (const ChargeException& e : system.exceptions) {
        const Vec3 plain = system.positions[e.particle1] - system.positions[e.particle2];
        const Vec3 nearest = minimumImage(plain), delta = system.exceptionsArePeriodic ? nearest : plain;
        const double product = system.charges[e.particle1] * system.charges[e.particle2];
        const double r = norm(delta);
        Vec3 force = delta * (-product * split.getLongRangeForce(r));
        if (product != 0) {
            const double r0 = norm(nearest);
            force -= nearest * (product * (1 / (r0 * r0 * r0) - split.getLongRangeForce(r0)));
        }
        if (e.chargeProduct != 0)
            force += delta * (e.chargeProduct / (r * r * r));
        force *= coulombConstant;
        if (indexOfParticle[e.particle1] >= 0)
            forces[indexOfParticle[e.particle1]] += force;
        if (indexOfParticle[e.particle2] >= 0)
            forces[indexOfParticle[e.particle2]] -= force;
    }
}

vector<Vec3> EwaldSum::computeForces(const vector<int>& particles) const {
    vector<Vec3> forces(particles.size());
    vector<int> indexOfParticle(system.positions.size(), -1);
    for (size_t i = 0; i < particles.size(); i++)
        indexOfParticle[particles[i]] = (int) i;
    forRangesInParallel((int) particles.size(), [&](int first, int last) {
        for (int i = first; i < last; i++) {
            forces[i] = computeMeshlessForce(particles[i]);
            addPairForces(particles[i], forces[i]);
        }
    });
    addExceptionForces(indexOfParticle, forces);
    return forces;
}

double EwaldSum::computePairEnergy(int particle) const {
    double energy = 0;
    for (size_t j = particle + 1; j < system.positions.size(); j++) {
        const double r = norm(minimumImage(system.positions[particle] - system.positions[j]));
        if (r < cutoff && system.charges[j] != 0)
            energy += system.charges[particle] * system.charges[j] * std::erfc(alpha * r) / r;
    }
    return coulombConstant * energy;
}

double EwaldSum::computeExceptionEnergy() const {
    double energy = 0;
    const CoulombSplit& split = *system.exceptionSplit;
    for (const ChargeException& e : system.exceptions) {
        const Vec3 plain = system.positions[e.particle1] - system.positions[e.particle2];
        const Vec3 nearest = minimumImage(plain);
        const double r = norm(system.exceptionsArePeriodic ? nearest : plain), r0 = norm(nearest);
        const double product = system.charges[e.particle1] * system.charges[e.particle2];
        energy -= product * split.getLongRangeEnergy(r);
        if (product != 0)
            energy -= product * (1 / r0 - split.getLongRangeEnergy(r0));
        if (e.chargeProduct != 0)
            energy += e.chargeProduct / r;
    }
    return coulombConstant * energy;
}

double EwaldSum::computeEnergy() const {
    const int height = 2 * numZ + 1;
    double energy = computeExceptionEnergy(), sum = 0, sumSquares = 0;
    for (size_t column = 0; column < columns.size(); column++)
        for (int z = -numZ; z <= numZ; z++)
            if (columns[column].x != 0 || columns[column].y != 0 || z > 0)
                energy += getTransform(getWave(columns[column].x, columns[column].y, z)) *
                          std::norm(structureFactor[column * height + z + numZ]);
    for (size_t i = 0; i < system.positions.size(); i++) {
        energy += computePairEnergy((int) i);
        sum += system.charges[i];
        sumSquares += system.charges[i] * system.charges[i];
    }
    energy -= coulombConstant * alpha / std::sqrt(pi) * sumSquares;
    return energy - coulombConstant * pi * sum * sum / (2 * volume * alpha * alpha);
}
