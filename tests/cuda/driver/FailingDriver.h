// SPDX-License-Identifier: MIT
#ifndef OPENMM_SURROGATE_FAILINGDRIVER_H_
#define OPENMM_SURROGATE_FAILINGDRIVER_H_

namespace SurrogateTest {

/**
 * A library in the place of CUDA's driver, for tests of what host code does when a call fails. It needs no GPU: memory is the host's, and kernels
 * do nothing. It looks after what real drivers punish by a crash, if one is lucky: handles and memory that are used after their end, in another
 * context or in none, and kernels that are given addresses of memory that has been freed, also by a graph.
 */
struct FailingDriver {
    /** Have a call fail, counted from now on among those that can fail; 0 for none. Freeing something never fails. */
    void (*failAt)(long call);
    /** Get the number of calls that could have failed since failAt(). */
    long (*getNumCalls)();
    /** Get the name of the function that was called then, counted from 1 in the last run after failAt(0). */
    const char* (*getName)(long call);
    /** Get the name of the function that has failed since failAt(); empty if none has. */
    const char* (*getFailed)();
    /** Get what was wrong since the last call of this, a line each. */
    const char* (*takeFaults)();
    /** Get how many streams, events, graphs, plans and pieces of memory live. */
    long (*countLiving)();
};

/** The function that the library has, under the name "getFailingDriver". */
typedef const FailingDriver* (*GetFailingDriver)();

} // namespace SurrogateTest

#endif /*OPENMM_SURROGATE_FAILINGDRIVER_H_*/
