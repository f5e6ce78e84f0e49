// SPDX-License-Identifier: MIT
#ifndef OPENMM_SURROGATE_TESTNETWORKS_H_
#define OPENMM_SURROGATE_TESTNETWORKS_H_

#include "openmmsurrogate/PairNetwork.h"
#include <string>
#include <vector>

namespace SurrogateTest {

/** What to vary in a network made for a test. */
struct NetworkOptions {
    std::vector<int> widths = {1, 64, 64, 64, 1};
    SurrogatePlugin::PairNetwork::Activation activation = SurrogatePlugin::PairNetwork::Tanh;
    SurrogatePlugin::PairNetwork::Output output = SurrogatePlugin::PairNetwork::ForceWeight;
    /** Frequency of the wiggles: standard deviation of the first layer's weights. */
    double frequency = 4.0;
    /** Standard deviation of the output, kJ/mol/nm or kJ/mol. */
    double scale = 20.0;
    /** Where the repulsive core begins, nm; 0 for none. */
    double minimumDistance = 0.3;
};

/** Make a network with random weights. The same seed gives the same network. */
SurrogatePlugin::PairNetwork makeRandomNetwork(unsigned seed, const NetworkOptions& options = NetworkOptions());

/** Get a name for a test case from its network's options. */
std::string describe(const NetworkOptions& options);

} // namespace SurrogateTest

#endif /*OPENMM_SURROGATE_TESTNETWORKS_H_*/
