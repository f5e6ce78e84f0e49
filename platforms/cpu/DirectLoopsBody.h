// SPDX-License-Identifier: MIT
/**
 * The inner loop of ESP's direct space, compiled once per instruction set; PairLoopsBody.h says what that means for this
 * file.
 */
#include "DirectLoops.h"
#include "PairLoopsBody.h"

namespace SurrogatePlugin {

namespace {

/** What is computed of a batch of neighbours beside their distances. */
struct DirectBatch {
    alignas(64) float charge[BATCH_SIZE];
    alignas(64) float halfSigma[BATCH_SIZE];
    alignas(64) float root[BATCH_SIZE]; // twice that of epsilon
    alignas(64) float z[BATCH_SIZE];
    alignas(64) float force[BATCH_SIZE];  // the long-range part over the distance
    alignas(64) float energy[BATCH_SIZE]; // the long-range part
};

/** Horner's rule for a batch; z stays in the first-level cache. */
inline void evaluatePolynomial(const float* coefficients, int terms, int count, const float* z, float* values) {
#pragma omp simd
    for (int k = 0; k < count; k++)
        values[k] = coefficients[0];
    for (int term = 1; term < terms; term++) {
        const float coefficient = coefficients[term];
#pragma omp simd
        for (int k = 0; k < count; k++)
            values[k] = values[k] * z[k] + coefficient;
    }
}

/** OpenMM's switching function and its derivative, at t = 0 (where it begins) to 1. */
inline void applySwitch(float r, const DirectFunction& f, float& force, float& energy) {
    const float t0 = (r - f.switchingDistance) * f.inverseSwitchWidth, t = t0 > 0 ? t0 : 0;
    const float value = 1 + t * t * t * (-10 + t * (15 - 6 * t));
    const float slope = t * t * (-30 + t * (60 - 30 * t)) * f.inverseSwitchWidth;
    force = force * value - energy * slope / r;
    energy *= value;
}

/** Add up the forces of a batch on a particle with the given parameters. */
template <bool LennardJones, bool Switch, bool Energy>
inline void addDirectForces(const DirectFunction& f, const float* own, int count, const Batch<float>& batch,
                            const DirectBatch& direct, Sums<float>& sums) {
    const float charge = own[0], halfSigma = own[1], root = own[2], cutoff2 = f.cutoff2;
    float fx = 0, fy = 0, fz = 0, total = 0;
#pragma omp simd reduction(+ : fx, fy, fz, total)
    for (int k = 0; k < count; k++) {
        const bool inside = (batch.r2[k] < cutoff2) & (batch.r2[k] > 0); // the particle itself fills up its list
        const float r2 = inside ? batch.r2[k] : 1.0f, inverse = 1 / __builtin_sqrtf(r2), inverse2 = inverse * inverse;
        const float product = charge * direct.charge[k];
        float force = product * (inverse * inverse2 - direct.force[k]);
        float energy = Energy ? product * (inverse - direct.energy[k]) : 0.0f;
        if (LennardJones) {
            const float sigma = halfSigma + direct.halfSigma[k], sigma2 = sigma * sigma * inverse2;
            const float sigma6 = sigma2 * sigma2 * sigma2, scaled = root * direct.root[k] * sigma6;
            float pairEnergy = scaled * (sigma6 - 1), pairForce = scaled * (12 * sigma6 - 6) * inverse2;
            if (Switch)
                applySwitch(r2 * inverse, f, pairForce, pairEnergy);
            force += pairForce;
            energy += pairEnergy;
        }
        force = inside ? force : 0.0f;
        fx += batch.x[k] * force;
        fy += batch.y[k] * force;
        fz += batch.z[k] * force;
        if (Energy)
            total += inside ? energy : 0.0f;
    }
    sums.fx += fx;
    sums.fy += fy;
    sums.fz += fz;
    sums.energy += total;
}

template <bool Triclinic, bool LennardJones, bool Switch, bool Energy>
int computeDirectBlock(const SortedParticles<float>& particles, const DirectFunction& f, const NeighborBlock& block,
                       double* forces, double& energy) {
    Batch<float> batch;
    DirectBatch direct;
    const float scale = 2 / f.cutoff2, cutoff2 = f.cutoff2;
    int numCoincident = 0;
    for (int p = 0; p < block.numParticles; p++) {
        const int i = block.first + p, end = block.starts[p + 1];
        const float* own = f.parameters + 4 * (long) i;
        double force[3] = {0, 0, 0}, particleEnergy = 0;
        for (int begin = block.starts[p]; begin < end; begin += BATCH_SIZE) {
            const int count = end - begin < BATCH_SIZE ? end - begin : BATCH_SIZE;
            const int* neighbors = block.neighbors + begin;
            gatherRows(particles.coordinates, neighbors, count, batch.a, batch.b, batch.c, (int32_t*) nullptr);
            gatherRows(f.parameters, neighbors, count, direct.charge, direct.halfSigma, direct.root, (float*) nullptr);
            computeDistances<float, Triclinic>(particles, i, count, batch);
#pragma omp simd reduction(+ : numCoincident)
            for (int k = 0; k < count; k++) { // beyond the cutoff the polynomials explode
                direct.z[k] = scale * (batch.r2[k] < cutoff2 ? batch.r2[k] : cutoff2) - 1;
                numCoincident += batch.r2[k] == 0 ? 1 : 0;
            }
            evaluatePolynomial(f.force, f.forceTerms, count, direct.z, direct.force);
            if (Energy)
                evaluatePolynomial(f.energy, f.energyTerms, count, direct.z, direct.energy);
            Sums<float> sums = {0, 0, 0, 0, 0};
            if (LennardJones && own[2] != 0) // hydrogens of water have none
                addDirectForces<true, Switch, Energy>(f, own, count, batch, direct, sums);
            else
                addDirectForces<false, false, Energy>(f, own, count, batch, direct, sums);
            force[0] += sums.fx;
            force[1] += sums.fy;
            force[2] += sums.fz;
            particleEnergy += sums.energy;
        }
        for (int d = 0; d < 3; d++)
            forces[3 * p + d] = force[d];
        energy += 0.5 * particleEnergy; // each pair is in the lists of both particles
    }
    return numCoincident;
}

template <bool Triclinic, bool LennardJones, bool Switch>
int computeDirectBlock(const SortedParticles<float>& particles, const DirectFunction& f, const NeighborBlock& block,
                       double* forces, double* energy) {
    double ignored = 0;
    if (energy == nullptr)
        return computeDirectBlock<Triclinic, LennardJones, Switch, false>(particles, f, block, forces, ignored);
    *energy = 0;
    return computeDirectBlock<Triclinic, LennardJones, Switch, true>(particles, f, block, forces, *energy);
}

template <bool Triclinic>
int computeDirectBlock(const SortedParticles<float>& particles, const DirectFunction& f, const NeighborBlock& block,
                       double* forces, double* energy) {
    if (!f.hasLennardJones)
        return computeDirectBlock<Triclinic, false, false>(particles, f, block, forces, energy);
    if (f.hasSwitch)
        return computeDirectBlock<Triclinic, true, true>(particles, f, block, forces, energy);
    return computeDirectBlock<Triclinic, true, false>(particles, f, block, forces, energy);
}

int computeDirectForces(const SortedParticles<float>& particles, const DirectFunction& f, const NeighborBlock& block,
                        double* forces, double* energy) {
    return particles.lattice.triclinic ? computeDirectBlock<true>(particles, f, block, forces, energy)
                                       : computeDirectBlock<false>(particles, f, block, forces, energy);
}

} // namespace

} // namespace SurrogatePlugin
