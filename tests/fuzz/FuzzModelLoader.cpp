// SPDX-License-Identifier: MIT
// Entry point for libFuzzer; run.sh builds and runs it.
#include "FuzzTargets.h"
#include <cstddef>
#include <cstdint>

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    SurrogateTest::tryInput(std::string((const char*) data, size));
    return 0;
}
