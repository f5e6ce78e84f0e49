// SPDX-License-Identifier: MIT
#include "ArgonLikeModel.h"
#include <cmath>
#include <numeric>
#include <random>

using namespace SurrogatePlugin;
using std::vector;

namespace SurrogateTest {

namespace {

/** Solve the symmetric positive definite system A x = b by Cholesky factorization. A is [n][n] row major. */
vector<double> solvePositiveDefinite(vector<double> A, vector<double> b) {
    const int n = (int) b.size();
    for (int i = 0; i < n; i++) {
        for (int j = 0; j <= i; j++) {
            double sum = A[i * n + j];
            for (int k = 0; k < j; k++)
                sum -= A[i * n + k] * A[j * n + k];
            A[i * n + j] = (i == j ? std::sqrt(sum) : sum / A[j * n + j]);
        }
        for (int k = 0; k < i; k++)
            b[i] -= A[i * n + k] * b[k];
        b[i] /= A[i * n + i];
    }
    for (int i = n - 1; i >= 0; i--) {
        for (int k = i + 1; k < n; k++)
            b[i] -= A[k * n + i] * b[k];
        b[i] /= A[i * n + i];
    }
    return b;
}

/** Get the outputs of the last hidden layer, and a 1 for the bias. */
vector<double> computeFeatures(const vector<int>& widths, const vector<vector<float> >& weights,
                               const vector<vector<float> >& biases, double s) {
    vector<double> h = {s};
    for (size_t layer = 0; layer + 2 < widths.size(); layer++) {
        vector<double> next(widths[layer + 1]);
        for (size_t i = 0; i < next.size(); i++) {
            next[i] = biases[layer][i];
            for (size_t k = 0; k < h.size(); k++)
                next[i] += weights[layer][i * h.size() + k] * h[k];
            next[i] = std::tanh(next[i]);
        }
        h = next;
    }
    h.push_back(1);
    return h;
}

/** The Lennard-Jones force times a smooth switch from 1 at half the cutoff to 0 at the cutoff, kJ/mol/nm. */
double computeTarget(double r, double sigma) {
    const double s6 = std::pow(sigma / r, 6), t = std::max(0.0, 2 * r / argonCutoff - 1);
    return 24 * Argon::epsilon / r * s6 * (2 * s6 - 1) * (1 - t * t) * (1 - t * t);
}

} // namespace

PairNetwork makeArgonLikeNetwork(unsigned seed, double sigma, const vector<int>& widths) {
    std::mt19937 generator(seed);
    std::uniform_real_distribution<double> uniform(-1, 1);
    vector<vector<float> > weights, biases;
    for (size_t layer = 0; layer + 1 < widths.size(); layer++) {
        weights.emplace_back((size_t) widths[layer] * widths[layer + 1]);
        biases.emplace_back(widths[layer + 1]);
        for (float& w : weights.back())
            w = float(layer == 0 ? 8 * uniform(generator) : 2 * uniform(generator) / std::sqrt(widths[layer]));
        // In the first layer, spread where the units switch over the range.
        for (size_t i = 0; i < biases.back().size(); i++)
            biases.back()[i] =
                float(layer == 0 ? -weights.back()[i] * (0.65 + 0.35 * uniform(generator)) : 0.5 * uniform(generator));
    }
    const double minimumDistance = 0.9 * sigma, scale = 100;
    const int numFeatures = widths[widths.size() - 2] + 1, numPoints = 400;
    vector<double> normal(numFeatures * numFeatures, 0), right(numFeatures, 0);
    for (int point = 0; point <= numPoints; point++) {
        const double r = minimumDistance + (argonCutoff - minimumDistance) * point / numPoints;
        const vector<double> h = computeFeatures(widths, weights, biases, r / argonCutoff);
        for (int i = 0; i < numFeatures; i++) {
            right[i] += h[i] * computeTarget(r, sigma) / scale;
            for (int j = 0; j < numFeatures; j++)
                normal[i * numFeatures + j] += h[i] * h[j];
        }
    }
    for (int i = 0; i < numFeatures; i++)
        normal[i * numFeatures + i] += 1e-5 * numPoints;
    vector<double> readout = solvePositiveDefinite(normal, right);
    // Make the force vanish at the cutoff: a jump there would cost energy in dynamics.
    const vector<double> last = computeFeatures(widths, weights, biases, 1);
    readout.back() -= std::inner_product(last.begin(), last.end(), readout.begin(), 0.0);
    weights.back().assign(readout.begin(), readout.end() - 1);
    biases.back().assign(1, (float) readout.back());
    PairNetwork network(widths, weights, biases);
    network.setOutputStandardization(0, scale);
    network.setCore(minimumDistance);
    return network;
}

SurrogateModel makeArgonLikeModel(const vector<int>& widths) {
    SurrogateModel model({"Ar"}, argonCutoff);
    model.setPairNetwork(0, 0, model.addNetwork(makeArgonLikeNetwork(1, Argon::sigma, widths)));
    return model;
}

SurrogateModel makeMixtureModel() {
    SurrogateModel model({"A", "B", "C"}, argonCutoff);
    model.addNetwork(makeArgonLikeNetwork(1, 0.34));
    model.addNetwork(makeArgonLikeNetwork(2, 0.32));
    model.addNetwork(makeArgonLikeNetwork(3, 0.30));
    model.setPairNetwork(0, 0, 0);
    model.setPairNetwork(0, 1, 1);
    model.setPairNetwork(1, 1, 1);
    model.setPairNetwork(0, 2, 2);
    model.setPairNetwork(2, 2, 2);
    model.setPairNetwork(1, 2, SurrogateModel::NonInteracting);
    model.setEnergyOffset(0, -3.5);
    model.setEnergyOffset(2, 1.25);
    return model;
}

} // namespace SurrogateTest
