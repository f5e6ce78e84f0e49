// SPDX-License-Identifier: MIT
#ifndef OPENMM_SURROGATE_UNITS_H_
#define OPENMM_SURROGATE_UNITS_H_

namespace SurrogatePlugin {

constexpr double pi = 3.14159265358979323846;

/** 1/(4 pi epsilon_0) as OpenMM 8.6 has it (SimTKOpenMMRealType.h), kJ nm / mol / e^2. */
constexpr double coulombConstant = 138.93545764438198;

} // namespace SurrogatePlugin

#endif /*OPENMM_SURROGATE_UNITS_H_*/
