// SPDX-License-Identifier: MIT
#ifndef OPENMM_SURROGATE_REORDERSCHEDULE_H_
#define OPENMM_SURROGATE_REORDERSCHEDULE_H_

#include <openmm/cuda/CudaContext.h>

namespace SurrogatePlugin {

/**
 * Has OpenMM move molecules back into the periodic box, and sort them in memory, now and then. It does so every 250 steps if a force of its own uses its
 * neighbor list, and never if none does: then positions leave the box for good, and in single precision lose digits on the way. It works on the
 * host, which takes as long as tens of steps of a large system, so that here it is done seldom.
 */
class ReorderSchedule {
public:
    /** Steps from one time to the next. Within them an atom of a liquid diffuses half a nanometer. */
    static constexpr int Interval = 10000;
    /**
     * @param context     a reference is kept
     * @param cutoff      of the force, nm
     * @param forceGroup  of the force
     */
    ReorderSchedule(OpenMM::CudaContext& context, double cutoff, int forceGroup)
        : context(context), cutoff(cutoff), forceGroup(forceGroup) {}
    /** Keep to the schedule. To be called in each evaluation of the force, after all forces of the System have been initialized. */
    void update();

private:
    bool isDue(long long step) const;
    OpenMM::CudaContext& context;
    const double cutoff;
    const int forceGroup;
    bool hasLooked = false, isOurs = false; // whether there are other forces that ask for it
    long long lastStep = -1;                // of the last evaluation
};

} // namespace SurrogatePlugin

#endif /*OPENMM_SURROGATE_REORDERSCHEDULE_H_*/
