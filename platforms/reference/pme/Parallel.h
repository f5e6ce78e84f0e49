// SPDX-License-Identifier: MIT
#ifndef OPENMM_SURROGATE_PARALLEL_H_
#define OPENMM_SURROGATE_PARALLEL_H_

#include <openmm/internal/ThreadPool.h>

namespace SurrogatePlugin {

/**
 * Call function(i) for i from 0 to count-1 on all threads of a Context, in contiguous ranges. The function must not
 * throw.
 */
template <class Function>
void forEachInParallel(OpenMM::ThreadPool& threads, int count, const Function& function) {
    threads.execute([&](OpenMM::ThreadPool& pool, int index) {
        const long long numThreads = pool.getNumThreads();
        const int end = (int) ((index + 1) * (long long) count / numThreads);
        for (int i = (int) (index * (long long) count / numThreads); i < end; i++)
            function(i);
    });
    threads.waitForThreads();
}

} // namespace SurrogatePlugin

#endif /*OPENMM_SURROGATE_PARALLEL_H_*/
