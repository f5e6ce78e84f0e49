// SPDX-License-Identifier: MIT
#ifndef OPENMM_SURROGATE_TESTMODELS_H_
#define OPENMM_SURROGATE_TESTMODELS_H_

#include "openmmsurrogate/SurrogateModel.h"
#include <functional>
#include <string>

namespace SurrogateTest {

/**
 * Make a small model in which everything that a file can hold is present and differs from its default: three types,
 * shared, lacking and non-interacting pairs, both outputs, a polynomial activation, quantized layers, provenance.
 */
SurrogatePlugin::SurrogateModel makeFullModel();

/** Make a model of one type and one random network of given size, with defaults elsewhere. */
SurrogatePlugin::SurrogateModel makeSimpleModel(unsigned seed = 1);

/** Expect two models to agree in every value, bit by bit. */
void expectSameModel(const SurrogatePlugin::SurrogateModel& a, const SurrogatePlugin::SurrogateModel& b);

/** Expect an action to throw an OpenMMException whose message contains a text. */
void expectException(const std::function<void()>& action, const std::string& message);

/** Get a text with the only occurrence of a part replaced; a test fails if there is none, or more than one. */
std::string replaceOnce(const std::string& text, const std::string& from, const std::string& to);

} // namespace SurrogateTest

#endif /*OPENMM_SURROGATE_TESTMODELS_H_*/
