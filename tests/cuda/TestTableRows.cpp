// SPDX-License-Identifier: MIT
/** The rows that the table kernel reads, looked up on the host as the kernel does. */
#include "ArgonLikeModel.h"
#include "openmmsurrogate/internal/PairInteractions.h"
#include "surrogate/TableRows.h"
#include <gtest/gtest.h>
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstring>

using namespace SurrogatePlugin;
using namespace SurrogateTest;

namespace {

double evaluateForce(const double* row, double t) {
    return row[0] + t * (row[1] + t * row[2]);
}

float evaluateForce(const float* row, float t) {
    uint32_t bits;
    std::memcpy(&bits, &row[1], sizeof(bits));
    bits <<= 20;
    float curvature;
    std::memcpy(&curvature, &bits, sizeof(curvature));
    return row[0] + t * (row[1] + t * curvature);
}

/** What table.cu does with one pair: -2 dU/dx and U. */
template <class Real>
std::pair<Real, Real> lookUp(const TableRows<Real>& rows, int pair, Real x) {
    const Real* grid = &rows.grids[2 * pair];
    const Real inTable = std::min(x, rows.end);
    const Real u = std::fma(inTable, grid[0], grid[1]), row = std::rint(u);
    const bool hasOneType = rows.grids.size() == 2;
    const Real t = hasOneType ? u - row : std::fma(inTable, grid[0], grid[1] - row);
    const Real *f = &rows.forces.at(TableRows<Real>::ForceWidth * (size_t) row),
               *e = &rows.energies.at(4 * (size_t) row);
    EXPECT_LE(std::fabs(t), Real(0.501)); // the number of a row is rounded, too
    return {evaluateForce(f, t), e[0] + t * (e[1] + t * (e[2] + t * e[3]))};
}

template <class Real>
void expectTables(const SurrogateModel& model, double tolerance) {
    SurrogateForce force(model);
    force.setPrecision(SurrogateForce::Double);
    const int numTypes = model.getNumTypes();
    for (int type = 0; type < numTypes; type++)
        for (int twice = 0; twice < 2; twice++)
            force.addParticle(type);
    const KernelSettings settings(force, "CUDA");
    const PairInteractions interactions(force, settings);
    const TableRows<Real> rows(interactions);
    const double cutoff = interactions.getCutoff();
    for (int type1 = 0; type1 < numTypes; type1++)
        for (int type2 = 0; type2 < numTypes; type2++) {
            const int pair = type1 * numTypes + type2;
            for (double x : {cutoff * cutoff * (1 + 1e-6), 1e3, 1e12}) {
                EXPECT_EQ(0, lookUp(rows, pair, Real(x)).first);
                EXPECT_EQ(0, lookUp(rows, pair, Real(x)).second);
            }
            const bool interact = interactions.interact(type1, type2);
            const PairTable* table = interact ? interactions.getTable(interactions.getNetwork(type1, type2)) : nullptr;
            for (int k = 1; k < 5000; k++) {
                const double r = cutoff * k / 5003;
                const auto found = lookUp(rows, pair, Real(r * r));
                const double force = interact ? table->computeForce(r) : 0,
                             energy = interact ? table->computeEnergy(r) : 0;
                EXPECT_NEAR(force, r * found.first, tolerance * std::max(model.getForceScale(), std::fabs(force)))
                    << type1 << "-" << type2 << " at " << r;
                EXPECT_NEAR(energy, found.second,
                            tolerance * std::max(model.getForceScale() * cutoff, std::fabs(energy)));
            }
        }
}

} // namespace

TEST(TableRows, AreTheTablesInDouble) {
    expectTables<double>(makeArgonLikeModel(), 1e-12);
    expectTables<double>(makeMixtureModel(), 1e-12);
}

TEST(TableRows, AreTheTablesInSingle) {
    // Rounding x to 6e-8 of itself moves it within its row; forces change by some ten times as much.
    expectTables<float>(makeArgonLikeModel(), 3e-5);
    expectTables<float>(makeMixtureModel(), 3e-5);
}

/** What the curvature of a row of eight bytes loses is not more than single precision loses anyway. */
TEST(TableRows, OfEightBytesAreAccurate) {
    const SurrogateModel model = makeArgonLikeModel();
    for (double tolerance : {3e-2, 1e-3, 1e-5}) {
        SurrogateForce force(model);
        force.setPrecision(SurrogateForce::Double);
        force.setTableTolerance(tolerance);
        const KernelSettings settings(force, "CUDA");
        const PairInteractions interactions(force, settings);
        const TableRows<float> rows(interactions);
        const PairTable& table = *interactions.getTable(interactions.getNetwork(0, 0));
        double largest = 0, sum = 0;
        const int num = 100000;
        for (int k = 0; k < num; k++) {
            const float x = (float) std::pow(interactions.getCutoff() * (0.3 + 0.7 * k / num), 2);
            const double r = std::sqrt((double) x), w = table.computeForce(r);
            const double error =
                std::fabs(r * lookUp(rows, 0, x).first - w) / std::max(model.getForceScale(), std::fabs(w));
            largest = std::max(largest, error);
            sum += error * error;
        }
        printf("tolerance %.0e: %d rows, error over max(|w|, force scale): largest %.1e, RMS %.1e\n", tolerance,
               rows.getNumRows(), largest, std::sqrt(sum / num));
        EXPECT_LT(largest, 1.5e-5); // rounding of the distance included
        EXPECT_LT(std::sqrt(sum / num), 2e-6);
    }
}
