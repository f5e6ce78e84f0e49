// SPDX-License-Identifier: MIT
#include "CellList.h"
#include "TestSystems.h"
#include <gtest/gtest.h>
#include <map>
#include <numeric>

using namespace SurrogatePlugin;
using namespace SurrogateTest;
using OpenMM::Vec3;
using std::vector;

namespace {

using PairCount = std::map<std::pair<int, int>, int>;

PeriodicBox makePeriodicBox(const Box& box) {
    PeriodicBox result;
    result.periodic = true;
    result.vectors[0] = box.a;
    result.vectors[1] = box.b;
    result.vectors[2] = box.c;
    return result;
}

/** Get the distance of the nearest image, found by trying many. */
double findDistance(const PeriodicBox& box, Vec3 d) {
    double smallest = std::sqrt(d.dot(d));
    if (!box.periodic)
        return smallest;
    for (int k = 2; k >= 0; k--)
        d -= box.vectors[k] * std::floor(d[k] / box.vectors[k][k] + 0.5);
    for (int x = -2; x <= 2; x++)
        for (int y = -2; y <= 2; y++)
            for (int z = -2; z <= 2; z++) {
                const Vec3 image = d + box.vectors[0] * x + box.vectors[1] * y + box.vectors[2] * z;
                smallest = std::min(smallest, std::sqrt(image.dot(image)));
            }
    return smallest;
}

vector<int> makeIndices(int n) {
    vector<int> indices(n);
    std::iota(indices.begin(), indices.end(), 0);
    return indices;
}

/** Expect the list to have each pair within the range, at the minimum image, and none twice. */
void checkPairs(const vector<Vec3>& positions, const vector<int>& members, const PeriodicBox& box, double range,
                int cellsPerRange) {
    CellList cells(cellsPerRange);
    cells.build(positions, members, box, range);
    PairCount visits;
    cells.forEachCandidatePair([&](int i, int j) { visits[std::minmax(i, j)]++; });
    int numPairs = 0;
    for (size_t m = 0; m < members.size(); m++)
        for (size_t n = 0; n < m; n++) {
            const std::pair<int, int> pair = std::minmax(members[m], members[n]);
            const double distance = findDistance(box, positions[pair.first] - positions[pair.second]);
            if (distance >= range)
                continue;
            numPairs++;
            EXPECT_EQ(1, visits.count(pair)) << "lost pair at distance " << distance;
            const Vec3 image = box.minimumImage(positions[pair.first] - positions[pair.second]);
            EXPECT_NEAR(distance, std::sqrt(image.dot(image)), 1e-12);
        }
    for (auto& visit : visits)
        ASSERT_EQ(1, visit.second) << "doubled pair " << visit.first.first << " " << visit.first.second;
    EXPECT_TRUE(numPairs > 0 || members.size() <= 100);
}

struct CellListCase {
    double scale;
    int cellsPerRange;
};

class CellListInBoxes : public testing::TestWithParam<CellListCase> {};

} // namespace

TEST_P(CellListInBoxes, FindsAllPairsOnce) {
    const double range = 0.9;
    for (const Box& box : makeBoxes(range, GetParam().scale)) {
        SCOPED_TRACE(box.name);
        const vector<Vec3> positions = makeFluid(box, GetParam().scale < 1.2 ? 0.3 : 0.6);
        checkPairs(positions, makeIndices(positions.size()), makePeriodicBox(box), range, GetParam().cellsPerRange);
    }
}

// At scale 1 the range is exactly half the box; fewer than three cells fit along some axes up to scale 1.5.
INSTANTIATE_TEST_SUITE_P(Scales, CellListInBoxes,
                         testing::Values(CellListCase{1.0, 1}, CellListCase{1.0, 2}, CellListCase{1.25, 1},
                                         CellListCase{1.5, 1}, CellListCase{2.3, 1}, CellListCase{2.3, 2}),
                         [](const auto& info) {
                             return "Percent" + std::to_string(int(100 * info.param.scale)) + "_" +
                                    std::to_string(info.param.cellsPerRange) + "CellsPerRange";
                         });

TEST(CellList, FindsPairsOfParticlesOnCellBoundaries) {
    // With a range of a third of the box, cells end at multiples of it: put a particle on each corner, also at both ends of the box.
    const double edge = 3.0;
    for (double skew : {0.0, 0.5, -0.5}) {
        const Box box = {"", Vec3(edge, 0, 0), Vec3(skew * edge, edge, 0), Vec3(-skew * edge, skew * edge, edge)};
        vector<Vec3> positions;
        for (int i = 0; i <= 6; i++)
            for (int j = 0; j <= 6; j++)
                for (int k = 0; k <= 6; k++)
                    positions.push_back(Vec3(i, j, k) * (edge / 6));
        for (double range : {1.0, 0.5, 0.5 * (1 + 1e-12), 1.5})
            checkPairs(positions, makeIndices(positions.size()), makePeriodicBox(box), range, 1);
    }
}

TEST(CellList, FindsAllPairsWithoutBox) {
    vector<Vec3> positions = makeGas(600, 3.0);
    positions.push_back(Vec3(-5, 1, 2));
    positions.push_back(Vec3(9e5, -9e5, 9e5));
    positions.push_back(Vec3(9e5, -9e5, 9e5 + 0.5));
    for (double range : {0.3, 0.9, 50.0})
        for (int cellsPerRange : {1, 2})
            checkPairs(positions, makeIndices(positions.size()), PeriodicBox(), range, cellsPerRange);
}

TEST(CellList, IgnoresParticlesThatAreNotMembers) {
    const vector<Vec3> positions = makeGas(300, 2.0);
    vector<int> members;
    for (int i = 0; i < 300; i += 2)
        members.push_back(i);
    checkPairs(positions, members, PeriodicBox(), 0.5, 1);
    checkPairs(positions, members, makePeriodicBox(makeBoxes(0.5, 2.0)[2]), 0.5, 1);
}

TEST(CellList, HandlesFewParticles) {
    const PeriodicBox box = makePeriodicBox(makeBoxes(0.9, 1.0)[3]);
    const vector<Vec3> positions = {Vec3(0.1, 0.2, 0.3), Vec3(0.1, 0.2, 0.3) + box.vectors[2] * 3 + Vec3(0.4, 0, 0)};
    for (int n = 0; n <= 2; n++) {
        checkPairs(positions, makeIndices(n), box, 0.9, 1);
        checkPairs(positions, makeIndices(n), PeriodicBox(), 0.9, 1);
    }
}

/** Count candidate pairs per particle: the cost of a search, whatever the machine. */
static double countCandidates(const vector<Vec3>& positions, const PeriodicBox& box, double range) {
    CellList cells;
    cells.build(positions, makeIndices(positions.size()), box, range);
    long long count = 0;
    cells.forEachCandidatePair([&](int, int) { count++; });
    EXPECT_LE(cells.getNumCells(), (int) positions.size());
    return double(count) / positions.size();
}

TEST(CellList, CostPerParticleDoesNotGrow) {
    const double range = 0.9, spacing = 0.3;
    // A row of cells whose box is as skewed as it may be, and twice and four times as long.
    double first = 0;
    for (int length : {16, 32, 64}) {
        const double edge = 2.1 * range;
        const Box box = {"", Vec3(length * edge, 0, 0), Vec3(0.499 * length * edge, edge, 0),
                         Vec3(-0.499 * length * edge, 0.4 * edge, edge)};
        const double candidates = countCandidates(makeFluid(box, spacing), makePeriodicBox(box), range);
        printf("skewed box of length %.1f nm: %.0f candidates per particle\n", box.a[0], candidates);
        if (first == 0)
            first = candidates;
        EXPECT_LE(candidates, 1.1 * first);
    }
    // A droplet in a huge box costs as much as in a small one, and a dilute gas next to nothing.
    const vector<Vec3> droplet = makeGas(4000, 5.5);
    Box small = makeBoxes(range, 6.0)[2], huge = makeBoxes(range, 3e5)[2];
    const double inSmall = countCandidates(droplet, makePeriodicBox(small), range);
    EXPECT_LE(countCandidates(droplet, makePeriodicBox(huge), range), 1.3 * inSmall);
    EXPECT_LE(countCandidates(droplet, PeriodicBox(), range), 1.3 * inSmall);
    EXPECT_LE(countCandidates(makeGas(4000, 4e5), makePeriodicBox(huge), range), 0.01);
}
