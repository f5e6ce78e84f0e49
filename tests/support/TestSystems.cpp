// SPDX-License-Identifier: MIT
#include "TestSystems.h"
#include "ArgonLikeModel.h"
#include "Tolerances.h"
#include <cmath>

using namespace OpenMM;
using namespace SurrogatePlugin;
using std::vector;

namespace SurrogateTest {

vector<Box> makeBoxes(double cutoff, double scale) {
    const double d = 2 * cutoff * scale;
    vector<Box> boxes = {
        {"Cubic", Vec3(1, 0, 0), Vec3(0, 1, 0), Vec3(0, 0, 1)},
        {"Orthorhombic", Vec3(1.6, 0, 0), Vec3(0, 1, 0), Vec3(0, 0, 2.1)},
        {"RhombicDodecahedron", Vec3(1, 0, 0), Vec3(0, 1, 0), Vec3(0.5, 0.5, std::sqrt(0.5))},
        {"TruncatedOctahedron", Vec3(1, 0, 0), Vec3(1.0 / 3, 2 * std::sqrt(2) / 3, 0),
         Vec3(-1.0 / 3, std::sqrt(2) / 3, std::sqrt(6) / 3)},
        {"Skewed", Vec3(1, 0, 0), Vec3(0.499, 1, 0), Vec3(-0.499, 0.499, 1)},
        {"SkewedAndLong", Vec3(7, 0, 0), Vec3(3.4, 1, 0), Vec3(-3.4, 0.45, 1)},
    };
    for (Box& box : boxes) {
        const double factor = d / std::min(box.a[0], std::min(box.b[1], box.c[2])) * (1 + 1e-14);
        box.a *= factor;
        box.b *= factor;
        box.c *= factor;
    }
    return boxes;
}

vector<Vec3> makeFluid(const Box& box, double spacing, unsigned seed) {
    std::mt19937 generator(seed);
    std::uniform_real_distribution<double> jitter(-0.125 * spacing, 0.125 * spacing);
    std::uniform_int_distribution<int> image(-2, 2);
    // Along lines of grid points in x, y and z, which the box vectors shear but leave as far apart.
    const int nx = int(box.a[0] / spacing), ny = int(box.b[1] / spacing), nz = int(box.c[2] / spacing);
    vector<Vec3> positions;
    for (int i = 0; i < nx; i++)
        for (int j = 0; j < ny; j++)
            for (int k = 0; k < nz; k++) {
                Vec3 position(i * box.a[0] / nx, j * box.b[1] / ny, k * box.c[2] / nz);
                position += Vec3(jitter(generator), jitter(generator), jitter(generator));
                position += box.a * image(generator) + box.b * image(generator) + box.c * image(generator);
                positions.push_back(position);
            }
    return positions;
}

vector<Vec3> makeGas(int numParticles, double edge, unsigned seed) {
    std::mt19937 generator(seed);
    std::uniform_real_distribution<double> uniform(0, edge);
    vector<Vec3> positions(numParticles);
    for (Vec3& position : positions)
        position = Vec3(uniform(generator), uniform(generator), uniform(generator));
    return positions;
}

Box makeArgonBox(int numParticles) {
    const double edge = std::cbrt(numParticles / Argon::density);
    return {"Argon", Vec3(edge, 0, 0), Vec3(0, edge, 0), Vec3(0, 0, edge)};
}

SurrogateSystem::SurrogateSystem(const SurrogateModel& model, const vector<int>& types, const vector<Vec3>& positions)
    : force(new SurrogateForce(model)), positions(positions) {
    for (int type : types) {
        system.addParticle(Argon::mass);
        force->addParticle(type);
    }
    force->setUsesPeriodicBoundaryConditions(false);
    system.addForce(force);
}

void SurrogateSystem::setBox(const Box& box) {
    system.setDefaultPeriodicBoxVectors(box.a, box.b, box.c);
    force->setUsesPeriodicBoundaryConditions(true);
}

Context& SurrogateSystem::createContext(const PlatformCase& platformCase, double stepSize) {
    force->setEvaluationMethod(platformCase.method);
    force->setPrecision(platformCase.precision);
    force->setTableTolerance(tableTolerance);
    context.reset(); // before its integrator
    integrator.reset(new VerletIntegrator(stepSize));
    context.reset(new Context(system, *integrator, platformCase.getPlatform(), platformCase.getProperties()));
    if (platformCase.hasSinglePositions()) // so that what is expected is computed for the same positions
        for (Vec3& position : positions)
            position = Vec3((float) position[0], (float) position[1], (float) position[2]);
    context->setPositions(positions);
    return *context;
}

vector<int> makeTypes(int numParticles, int numTypes, unsigned seed) {
    std::mt19937 generator(seed);
    std::uniform_int_distribution<int> type(-1, numTypes - 1);
    vector<int> types(numParticles);
    for (int& t : types)
        t = type(generator);
    return types;
}

} // namespace SurrogateTest
