// SPDX-License-Identifier: MIT
#ifndef OPENMM_SURROGATE_STAGEFORMAT_H_
#define OPENMM_SURROGATE_STAGEFORMAT_H_

#include "openmmsurrogate/NumericFormat.h"
#include <complex>
#include <vector>

namespace SurrogatePlugin {

/** Call function(T()) for the arithmetic of a format: double for Double, float for all others. */
template <class Function>
void withArithmetic(NumericFormat::Type format, const Function& function) {
    if (format == NumericFormat::Double)
        function(double());
    else
        function(float());
}

/**
 * Round all values to what a stage stores. Double and Single change nothing in their own arithmetic. The 16-bit formats
 * share one scale, the power of two that brings the largest absolute value to between 2^14 and 2^15.
 */
template <class T>
void roundToFormat(NumericFormat::Type format, std::vector<T>& values);

/** Round real and imaginary parts, with one scale. */
template <class T>
void roundToFormat(NumericFormat::Type format, std::vector<std::complex<T> >& values);

} // namespace SurrogatePlugin

#endif /*OPENMM_SURROGATE_STAGEFORMAT_H_*/
