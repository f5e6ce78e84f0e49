// SPDX-License-Identifier: MIT
#ifndef OPENMM_SURROGATE_PARALLELRANGES_H_
#define OPENMM_SURROGATE_PARALLELRANGES_H_

#include <openmm/internal/ThreadPool.h>
#include <functional>

namespace SurrogatePlugin {

/**
 * Divide 0 to size-1 into as many ranges as OpenMM uses threads, and call a function for each range on a thread of its
 * own. It must not throw.
 */
inline void forRangesInParallel(int size, const std::function<void(int first, int last)>& function) {
    OpenMM::ThreadPool threads;
    threads.execute([&](OpenMM::ThreadPool& pool, int index) {
        const long long count = pool.getNumThreads();
        function((int) (size * index / count), (int) (size * (index + 1) / count));
    });
    threads.waitForThreads();
}

} // namespace SurrogatePlugin

#endif /*OPENMM_SURROGATE_PARALLELRANGES_H_*/
