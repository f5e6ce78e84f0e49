// SPDX-License-Identifier: MIT
#ifndef OPENMM_SURROGATE_LAUNCHES_H_
#define OPENMM_SURROGATE_LAUNCHES_H_

#include "Ledger.h"
#include <cuda.h>
#include <map>
#include <string>
#include <vector>

namespace SurrogateTest {

/** A kernel, or a transform of cuFFT, with the values of its arguments. */
struct Launch {
    std::string name;
    std::vector<std::vector<char> > arguments;
    /** Get the address at a place in the arguments. */
    uintptr_t getAddress(size_t argument, size_t place) const;
};

/** Get the sizes of the arguments of all kernels in a program, from its PTX. */
std::map<std::string, std::vector<int> > readArgumentSizes(const std::string& ptx);

/** Report what is wrong with a launch at the time when it is made. */
void checkLaunch(Ledger& ledger, const Launch& launch);

/** Check a launch on a stream, or record it if the stream is being recorded. */
void launchOrRecord(Ledger& ledger, CUstream stream, const Launch& launch);

} // namespace SurrogateTest

#endif /*OPENMM_SURROGATE_LAUNCHES_H_*/
