// SPDX-License-Identifier: MIT
// The smallest C++ program with a SurrogateForce: a model made from arrays, three particles, energy and forces.
#include <OpenMM.h>
#include <OpenMMSurrogate.h>
#include <cmath>
#include <cstdio>
#include <exception>
#include <vector>

using namespace OpenMM;
using namespace SurrogatePlugin;
using namespace std;

/** A network 1-2-1 with tanh. Its force weight w(r), in kJ/mol/nm, is a function of s = r/cutoff. */
static SurrogateModel createModel() {
    const vector<int> widths = {1, 2, 1};
    const vector<vector<float>> weights = {{4.0f, -3.0f}, {100.0f, -50.0f}};
    const vector<vector<float>> biases = {{0.5f, 0.1f}, {-110.0f}};
    PairNetwork network(widths, weights, biases);
    network.setCore(0.2); // nm: closer than this, a repulsive core takes over
    SurrogateModel model({"A"}, 1.0);
    model.setPairNetwork(0, 0, model.addNetwork(network));
    return model;
}

static void run() {
    Platform::loadPluginsFromDirectory(SURROGATE_PLUGIN_DIR);
    const SurrogateModel model = createModel();

    System system;
    SurrogateForce* force = new SurrogateForce(model);
    force->setUsesPeriodicBoundaryConditions(false);
    force->setEvaluationMethod(SurrogateForce::Network);
    const vector<Vec3> positions = {Vec3(0, 0, 0), Vec3(0.4, 0, 0), Vec3(0, 0.5, 0)};
    for (size_t i = 0; i < positions.size(); i++) {
        system.addParticle(40.0);
        force->addParticle("A");
    }
    system.addForce(force); // the System owns it from now on

    VerletIntegrator integrator(0.001);
    Context context(system, integrator, Platform::getPlatform("Reference"));
    context.setPositions(positions);
    const State state = context.getState(State::Energy | State::Forces);
    printf("energy %.12g kJ/mol\n", state.getPotentialEnergy());
    for (const Vec3& f : state.getForces())
        printf("force %.12g %.12g %.12g kJ/mol/nm\n", f[0], f[1], f[2]);

    double expected = 0;
    for (size_t i = 0; i < positions.size(); i++)
        for (size_t j = 0; j < i; j++) {
            const Vec3 delta = positions[i] - positions[j];
            expected += model.computeEnergy(0, 0, sqrt(delta.dot(delta)));
        }
    printf("difference from the model's own sum over pairs: %.1e kJ/mol\n",
           fabs(state.getPotentialEnergy() - expected));
}

int main() {
    try {
        run();
    } catch (const exception& e) {
        fprintf(stderr, "%s\n", e.what());
        return 1;
    }
}
