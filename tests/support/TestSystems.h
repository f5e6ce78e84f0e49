// SPDX-License-Identifier: MIT
#ifndef OPENMM_SURROGATE_TESTSYSTEMS_H_
#define OPENMM_SURROGATE_TESTSYSTEMS_H_

#include "PlatformCase.h"
#include "openmmsurrogate/SurrogateForce.h"
#include <openmm/Context.h>
#include <openmm/System.h>
#include <openmm/VerletIntegrator.h>
#include <memory>
#include <random>
#include <string>
#include <vector>

namespace SurrogateTest {

/** Periodic box vectors with a name, in OpenMM's reduced form. */
struct Box {
    std::string name;
    OpenMM::Vec3 a, b, c;
};

/** Get boxes of all kinds with smallest diagonal element 2*cutoff*scale. At scale 1 they are as small as they may be. */
std::vector<Box> makeBoxes(double cutoff, double scale);

/**
 * Place particles on a jittered grid along the box vectors, some of them moved by whole box vectors out of the box.
 *
 * @param box      where to place them
 * @param spacing  least distance of the grid points along each box vector, nm; the jitter is a quarter of it
 * @param seed     of the random numbers
 */
std::vector<OpenMM::Vec3> makeFluid(const Box& box, double spacing, unsigned seed = 1);

/** Place particles at random, in a cube with one corner at the origin. Any distance can occur. */
std::vector<OpenMM::Vec3> makeGas(int numParticles, double edge, unsigned seed = 1);

/** Make a cubic box for so many particles at the density of liquid argon. */
Box makeArgonBox(int numParticles);

/** A System with a SurrogateForce, and the Context that computes it. */
class SurrogateSystem {
public:
    /**
     * @param model      the model
     * @param types      the type of each particle
     * @param positions  nm
     */
    SurrogateSystem(const SurrogatePlugin::SurrogateModel& model, const std::vector<int>& types,
                    const std::vector<OpenMM::Vec3>& positions);
    void setBox(const Box& box);
    SurrogatePlugin::SurrogateForce& getForce() { return *force; }
    OpenMM::System& getSystem() { return system; }
    const std::vector<OpenMM::Vec3>& getPositions() const { return positions; }
    /** Create a Context, with the positions set, of a Verlet integrator. It lives as long as this object, or until the next one. */
    OpenMM::Context& createContext(const PlatformCase& platformCase, double stepSize = 0.002);
    /** Get the Context that was created last. */
    OpenMM::Context& getContext() { return *context; }

private:
    OpenMM::System system;
    SurrogatePlugin::SurrogateForce* force;
    std::vector<OpenMM::Vec3> positions;
    std::unique_ptr<OpenMM::VerletIntegrator> integrator;
    std::unique_ptr<OpenMM::Context> context;
};

/** Get types 0 to numTypes-1 and -1 at random. */
std::vector<int> makeTypes(int numParticles, int numTypes, unsigned seed = 1);

} // namespace SurrogateTest

#endif /*OPENMM_SURROGATE_TESTSYSTEMS_H_*/
