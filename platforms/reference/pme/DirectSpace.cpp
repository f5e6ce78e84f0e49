// SPDX-License-Identifier: MIT
#include "DirectSpace.h"
#include "openmmsurrogate/internal/Units.h"
#include <algorithm>
#include <cmath>
#include <numeric>

using namespace OpenMM;
using namespace std;

namespace SurrogatePlugin {

// The error of the polynomials over k/rc^2 and k/rc: rounding.
static const double POLYNOMIAL_TOLERANCE = 1e-14;

ProlatePolynomials::ProlatePolynomials(double bandwidth, double cutoff) : cutoff(cutoff), cutoff2(cutoff * cutoff) {
    const ProlateDirectSpace direct(bandwidth);
    const int terms = direct.findNumTerms(POLYNOMIAL_TOLERANCE);
    force = direct.getForceCoefficients(terms);
    energy = direct.getEnergyCoefficients(terms);
    reverse(force.begin(), force.end());
    reverse(energy.begin(), energy.end());
    for (double& coefficient : force)
        coefficient *= coulombConstant / (cutoff * cutoff * cutoff);
    for (double& coefficient : energy)
        coefficient *= coulombConstant / cutoff;
}

double ProlatePolynomials::evaluate(const vector<double>& coefficients, double r2) const {
    const double z = 2 * r2 / cutoff2 - 1;
    double value = 0;
    for (double coefficient : coefficients)
        value = value * z + coefficient;
    return value;
}

double ProlatePolynomials::getPlainForce(double r2) {
    return coulombConstant / (r2 * sqrt(r2));
}

double ProlatePolynomials::getPlainEnergy(double r2) {
    return coulombConstant / sqrt(r2);
}

/** The neighbors of one particle within the cutoff, and what is computed of them. Arrays are longer than used. */
struct DirectSpace::Block {
    int size = 0;
    vector<int> places;
    vector<double> dx, dy, dz, r2; // from the neighbor to the particle
    vector<double> z, longRange, longRangeEnergy;
    void clear() { size = 0; }
    double* end(vector<double>& values) { return values.data() + size; }
    /** Make room for some more candidates. */
    void makeRoom(int count) {
        if ((int) places.size() >= size + count)
            return;
        places.resize(2 * (size + count));
        for (auto* values : {&dx, &dy, &dz, &r2, &z, &longRange, &longRangeEnergy})
            values->resize(places.size());
    }
    /** Keep those of the candidates at the end that are within the cutoff. @param begin  place of the first */
    void keepWithin(int begin, int count, double cutoff2, int self) {
        const int first = size;
        for (int i = 0; i < count; i++) {
            const int from = first + i;
            dx[size] = dx[from];
            dy[size] = dy[from];
            dz[size] = dz[from];
            r2[size] = r2[from];
            places[size] = begin + i;
            size += r2[from] < cutoff2 && begin + i != self ? 1 : 0;
        }
    }
    void remove(int place) {
        const int index = (int) (find(places.begin(), places.begin() + size, place) - places.begin());
        if (index == size)
            return;
        size--;
        for (auto* values : {&dx, &dy, &dz, &r2})
            (*values)[index] = (*values)[size];
        places[index] = places[size];
    }
};

DirectSpace::DirectSpace(const DirectSpaceOptions& options, const ProlatePolynomials& polynomials)
    : options(options), polynomials(polynomials), cells(2) {}

void DirectSpace::sortParticles(const vector<Vec3>& positions, const PeriodicBox& box,
                                const vector<NonbondedParticle>& particles) {
    vector<int> members(positions.size());
    iota(members.begin(), members.end(), 0);
    cells.build(positions, members, box, min(options.cutoff, 0.5 * box.getSmallestEdge()));
    const vector<int>& order = cells.getOrder();
    x.resize(order.size());
    y.resize(order.size());
    z.resize(order.size());
    sorted.resize(order.size());
    placeOfParticle.resize(order.size());
    for (size_t place = 0; place < order.size(); place++) {
        const Vec3 position = box.wrap(positions[order[place]]);
        x[place] = position[0];
        y[place] = position[1];
        z[place] = position[2];
        sorted[place] = particles[order[place]];
        placeOfParticle[order[place]] = (int) place;
    }
}

void DirectSpace::sortExceptions(const vector<NonbondedException>& exceptions) {
    excludedBegin.assign(placeOfParticle.size() + 1, 0);
    for (const NonbondedException& e : exceptions) {
        excludedBegin[placeOfParticle[e.particle1] + 1]++;
        excludedBegin[placeOfParticle[e.particle2] + 1]++;
    }
    partial_sum(excludedBegin.begin(), excludedBegin.end(), excludedBegin.begin());
    vector<int> next(excludedBegin.begin(), excludedBegin.end() - 1);
    excluded.resize(2 * exceptions.size());
    for (const NonbondedException& e : exceptions) {
        const int place1 = placeOfParticle[e.particle1], place2 = placeOfParticle[e.particle2];
        excluded[next[place1]++] = place2;
        excluded[next[place2]++] = place1;
    }
}

/** Round to a whole number without a branch or a call, for numbers below 2^51. */
static double roundToWhole(double x) {
    const double shift = 6755399441055744.0; // 1.5 2^52: the sum has no room for a fraction
    return (x + shift) - shift;
}

void DirectSpace::findNeighbors(int place, const vector<int>& neighborCells, const PeriodicBox& box,
                                Block& block) const {
    const double cutoff2 = options.cutoff * options.cutoff;
    const Vec3 *v = box.vectors, inverse(1 / v[0][0], 1 / v[1][1], 1 / v[2][2]);
    block.clear();
    for (int cell : neighborCells) {
        const int begin = cells.getStart(cell), count = cells.getStart(cell + 1) - begin;
        block.makeRoom(count);
        double *dx = block.end(block.dx), *dy = block.end(block.dy), *dz = block.end(block.dz);
        double* r2 = block.end(block.r2);
        for (int i = 0; i < count; i++) { // the image of PeriodicBox::minimumImage(), in a loop without calls
            dx[i] = x[place] - x[begin + i];
            dy[i] = y[place] - y[begin + i];
            dz[i] = z[place] - z[begin + i];
            const double c = roundToWhole(dz[i] * inverse[2]);
            dx[i] -= c * v[2][0];
            dy[i] -= c * v[2][1];
            dz[i] -= c * v[2][2];
            const double b = roundToWhole(dy[i] * inverse[1]);
            dx[i] -= b * v[1][0];
            dy[i] -= b * v[1][1];
            dx[i] -= roundToWhole(dx[i] * inverse[0]) * v[0][0];
            r2[i] = dx[i] * dx[i] + dy[i] * dy[i] + dz[i] * dz[i];
        }
        block.keepWithin(begin, count, cutoff2, place);
    }
    for (int i = excludedBegin[place]; i < excludedBegin[place + 1]; i++)
        block.remove(excluded[i]);
}

/** Horner's rule for many values of z. */
static void evaluatePolynomial(const vector<double>& coefficients, const double* z, int count, double* values) {
    fill(values, values + count, 0.0);
    for (double coefficient : coefficients)
        for (int i = 0; i < count; i++)
            values[i] = values[i] * z[i] + coefficient;
}

/** The Lennard-Jones potential: energy, and force over distance. */
struct LennardJones {
    double energy, force;
    /** @param epsilon4  four times epsilon */
    LennardJones(double sigma, double epsilon4, double inverse2) {
        const double sigma2 = sigma * sigma * inverse2, sigma6 = sigma2 * sigma2 * sigma2;
        energy = epsilon4 * sigma6 * (sigma6 - 1);
        force = epsilon4 * sigma6 * (12 * sigma6 - 6) * inverse2;
    }
    /** Multiply by OpenMM's switching function: 1 - 10 t^3 + 15 t^4 - 6 t^5, t from 0 at the distance where it begins. */
    void applySwitch(double r, double begin, double end) {
        const double t = max(0.0, (r - begin) / (end - begin));
        const double value = 1 + t * t * t * (-10 + t * (15 - 6 * t));
        const double slope = t * t * (-30 + t * (60 - 30 * t)) / (end - begin);
        force = force * value - energy * slope / r;
        energy *= value;
    }
};

void DirectSpace::evaluate(int place, Block& block, bool includeEnergy, Vec3& force, double& energy) const {
    const NonbondedParticle& own = sorted[place];
    const int count = block.size;
    const double scale = 2 / (options.cutoff * options.cutoff);
    const bool hasSwitch = options.switchingDistance < options.cutoff;
    for (int i = 0; i < count; i++)
        block.z[i] = scale * block.r2[i] - 1;
    evaluatePolynomial(polynomials.getForceCoefficients(), block.z.data(), count, block.longRange.data());
    if (includeEnergy)
        evaluatePolynomial(polynomials.getEnergyCoefficients(), block.z.data(), count, block.longRangeEnergy.data());
    for (int i = 0; i < count; i++) {
        const NonbondedParticle& other = sorted[block.places[i]];
        const double inverse2 = 1 / block.r2[i], inverse = sqrt(inverse2), product = own.charge * other.charge;
        double pairForce = product * (coulombConstant * inverse * inverse2 - block.longRange[i]);
        double pairEnergy = includeEnergy ? product * (coulombConstant * inverse - block.longRangeEnergy[i]) : 0;
        const double epsilon4 = own.twoSqrtEpsilon * other.twoSqrtEpsilon;
        if (epsilon4 != 0) {
            LennardJones lj(own.halfSigma + other.halfSigma, epsilon4, inverse2);
            if (hasSwitch)
                lj.applySwitch(block.r2[i] * inverse, options.switchingDistance, options.cutoff);
            pairForce += lj.force;
            pairEnergy += lj.energy;
        }
        force += Vec3(block.dx[i], block.dy[i], block.dz[i]) * pairForce;
        energy += 0.5 * pairEnergy; // the other half is the neighbor's
    }
}

double DirectSpace::computeCell(int cell, const PeriodicBox& box, vector<Vec3>* forces, bool includeEnergy) const {
    vector<int> neighborCells;
    cells.findNeighbors(cell, neighborCells);
    Block block;
    double energy = 0;
    for (int place = cells.getStart(cell); place < cells.getStart(cell + 1); place++) {
        Vec3 force;
        findNeighbors(place, neighborCells, box, block);
        evaluate(place, block, includeEnergy, force, energy);
        if (forces != nullptr)
            (*forces)[cells.getOrder()[place]] += force;
    }
    return energy;
}

double DirectSpace::computePairs(const vector<Vec3>& positions, const vector<NonbondedParticle>& particles,
                                 const vector<NonbondedException>& exceptions, const PeriodicBox& box,
                                 ThreadPool& threads, vector<Vec3>* forces, bool includeEnergy) {
    sortParticles(positions, box, particles);
    sortExceptions(exceptions);
    vector<double> energies(cells.getNumCells());
    forEachInParallel(threads, cells.getNumCells(),
                      [&](int cell) { energies[cell] = computeCell(cell, box, forces, includeEnergy); });
    return accumulate(energies.begin(), energies.end(), 0.0);
}

void DirectSpace::listExceptions(int numParticles, const vector<NonbondedException>& exceptions) {
    exceptionsBegin.assign(numParticles + 1, 0);
    for (const NonbondedException& e : exceptions)
        for (int particle : {e.particle1, e.particle2})
            exceptionsBegin[particle + 1]++;
    partial_sum(exceptionsBegin.begin(), exceptionsBegin.end(), exceptionsBegin.begin());
    vector<int> next(exceptionsBegin.begin(), exceptionsBegin.end() - 1);
    exceptionsOf.resize(2 * exceptions.size());
    for (int i = 0; i < (int) exceptions.size(); i++)
        for (int particle : {exceptions[i].particle1, exceptions[i].particle2})
            exceptionsOf[next[particle]++] = i;
}

/** Compute an exception. @param[out] force  over the distance */
void DirectSpace::evaluateException(const NonbondedException& e, const Vec3& delta,
                                    const vector<NonbondedParticle>& particles, double& force, double& energy) const {
    const double r2 = delta.dot(delta), product = particles[e.particle1].charge * particles[e.particle2].charge;
    force = -product * polynomials.getForce(r2);
    energy = -product * polynomials.getEnergy(r2);
    if (e.chargeProduct != 0) {
        force += e.chargeProduct * ProlatePolynomials::getPlainForce(r2);
        energy += e.chargeProduct * ProlatePolynomials::getPlainEnergy(r2);
    }
    if (e.epsilon != 0) {
        const LennardJones lj(e.sigma, 4 * e.epsilon, 1 / r2);
        force += lj.force;
        energy += lj.energy;
    }
}

double DirectSpace::computeExceptions(const vector<Vec3>& positions, const vector<NonbondedParticle>& particles,
                                      const vector<NonbondedException>& exceptions, const PeriodicBox& box,
                                      ThreadPool& threads, vector<Vec3>* forces) {
    if (exceptionsBegin.empty())
        listExceptions((int) particles.size(), exceptions);
    vector<double> energies(particles.size());
    forEachInParallel(threads, (int) particles.size(), [&](int particle) {
        for (int i = exceptionsBegin[particle]; i < exceptionsBegin[particle + 1]; i++) {
            const NonbondedException& e = exceptions[exceptionsOf[i]];
            Vec3 delta = positions[particle] - positions[particle == e.particle1 ? e.particle2 : e.particle1];
            if (options.exceptionsArePeriodic)
                delta = box.minimumImage(delta);
            double force, energy;
            evaluateException(e, delta, particles, force, energy);
            energies[particle] += 0.5 * energy; // the other half is the other particle's
            if (forces != nullptr)
                (*forces)[particle] += delta * force;
        }
    });
    return accumulate(energies.begin(), energies.end(), 0.0);
}

} // namespace SurrogatePlugin
