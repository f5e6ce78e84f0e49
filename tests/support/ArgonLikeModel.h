// SPDX-License-Identifier: MIT
#ifndef OPENMM_SURROGATE_ARGONLIKEMODEL_H_
#define OPENMM_SURROGATE_ARGONLIKEMODEL_H_

#include "openmmsurrogate/SurrogateModel.h"
#include <vector>

namespace SurrogateTest {

/** Parameters of Lennard-Jones argon: sigma in nm, epsilon in kJ/mol, mass in dalton, number density of the liquid in nm^-3. */
struct Argon {
    static constexpr double sigma = 0.3405, epsilon = 0.99607, mass = 39.948, density = 19.8;
};

/** The cutoff of the models made here, nm. */
constexpr double argonCutoff = 0.85;

/**
 * Make a network that resembles Lennard-Jones argon well enough for stable dynamics: hidden layers with random weights, and a
 * last layer that fits the force of a pair scaled by a switch to zero at the cutoff. The same arguments give the same network.
 *
 * @param seed    of the random weights
 * @param sigma   diameter of the particles, nm
 * @param widths  of the layers
 */
SurrogatePlugin::PairNetwork makeArgonLikeNetwork(unsigned seed = 1, double sigma = Argon::sigma,
                                                  const std::vector<int>& widths = {1, 16, 16, 1});

/** Make a model with one type, "Ar". */
SurrogatePlugin::SurrogateModel makeArgonLikeModel(const std::vector<int>& widths = {1, 16, 16, 1});

/**
 * Make a model with the types "A", "B" and "C", energy offsets, a network of its own for A-A, one shared by A-B and B-B, another for
 * A-C and C-C, and B-C not interacting.
 */
SurrogatePlugin::SurrogateModel makeMixtureModel();

} // namespace SurrogateTest

#endif /*OPENMM_SURROGATE_ARGONLIKEMODEL_H_*/
