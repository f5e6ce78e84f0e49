// SPDX-License-Identifier: MIT
/** Everything a C++ program needs to use openmm-surrogate. */
#ifndef OPENMM_SURROGATE_H_
#define OPENMM_SURROGATE_H_

#include "openmmsurrogate/NumericFormat.h"
#include "openmmsurrogate/PairNetwork.h"
#include "openmmsurrogate/SurrogateForce.h"
#include "openmmsurrogate/SurrogateModel.h"
#include "openmmsurrogate/TunablePMEForce.h"

#endif /*OPENMM_SURROGATE_H_*/
