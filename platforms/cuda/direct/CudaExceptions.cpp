// SPDX-License-Identifier: MIT
#include "CudaExceptions.h"
#include "../CudaDriver.h"
#include "DirectProgram.h"
#include "openmmsurrogate/internal/Units.h"
#include <algorithm>
#include <cmath>

using namespace OpenMM;
using namespace SurrogatePlugin;
using std::vector;

namespace {

void upload(CudaContext& context, CudaArray& array, const vector<int>& values, const char* name) {
    array.initialize<int>(context, std::max<size_t>(1, values.size()), name);
    if (!values.empty())
        array.upload(values);
}

} // namespace

/** OpenMM permutes particles in memory now and then. */
template <class Real>
class CudaExceptions<Real>::ReorderListener : public ComputeContext::ReorderListener {
public:
    explicit ReorderListener(CudaExceptions& exceptions) : exceptions(exceptions) {}
    void execute() override { exceptions.slotsChanged = true; }

private:
    CudaExceptions& exceptions;
};

template <class Real>
CudaExceptions<Real>::CudaExceptions(CudaContext& context, int numParticles, const vector<std::pair<int, int> >& pairs)
    : context(context), view() {
    vector<vector<std::pair<int, int> > > partners(numParticles); // of each particle: the other, and which exception
    for (size_t k = 0; k < pairs.size(); k++) {
        partners[pairs[k].first].push_back({pairs[k].second, (int) k});
        partners[pairs[k].second].push_back({pairs[k].first, (int) k});
    }
    vector<int> particles, starts, others;
    for (int i = 0; i < numParticles; i++) {
        if (partners[i].empty())
            continue;
        particles.push_back(i);
        starts.push_back((int) others.size());
        for (const std::pair<int, int>& pair : partners[i]) {
            others.push_back(pair.first);
            exceptionOfPair.push_back(pair.second);
        }
    }
    starts.push_back((int) others.size());
    upload(context, particle, particles, "directExceptionParticle");
    upload(context, start, starts, "directExceptionStart");
    upload(context, partner, others, "directExceptionPartner");
    own.initialize<int>(context, std::max<size_t>(1, others.size()), "directExceptionOwn");
    parameters.initialize(context, std::max<size_t>(1, pairs.size()), 4 * sizeof(Real), "directExceptionParameters");
    charge.initialize(context, std::max(1, numParticles), sizeof(Real), "directExceptionCharge");
    slot.initialize<int>(context, std::max(1, numParticles), "directExceptionSlot");
    view.numAtoms = numParticles;
    view.numParticles = (int) particles.size();
    view.charge = charge.getDevicePointer();
    view.particle = particle.getDevicePointer();
    view.start = start.getDevicePointer();
    view.partner = partner.getDevicePointer();
    view.own = own.getDevicePointer();
    view.parameters = parameters.getDevicePointer();
    view.slot = slot.getDevicePointer();
    context.addReorderListener(new ReorderListener(*this));
}

template <class Real>
void CudaExceptions<Real>::setParameters(const vector<NonbondedParticle>& particles,
                                         const vector<NonbondedException>& pairs, bool withLennardJones) {
    if (pairs.empty())
        return;
    vector<Real> charges, packed;
    for (const NonbondedParticle& particle : particles)
        charges.push_back(Real(std::sqrt(coulombConstant) * particle.charge));
    charge.upload(charges.data());
    vector<bool> hasOwn;
    for (const NonbondedException& pair : pairs) {
        const double epsilon = withLennardJones ? pair.epsilon : 0;
        packed.insert(packed.end(),
                      {Real(coulombConstant * pair.chargeProduct), Real(pair.sigma), Real(4 * epsilon), Real(0)});
        hasOwn.push_back(pair.chargeProduct != 0 || epsilon != 0);
    }
    parameters.upload(packed.data());
    vector<int> which;
    for (int exception : exceptionOfPair)
        which.push_back(hasOwn[exception] ? exception : -1);
    own.upload(which);
}

template <class Real>
void CudaExceptions<Real>::setModule(CUmodule& module) {
    findSlots = context.getKernel(module, "findSlots");
    computeExceptions = context.getKernel(module, "computeExceptions");
}

template <class Real>
void CudaExceptions<Real>::launch(PairListView<Real>& list, ForceOutputView& output, bool includeEnergy) {
    if (view.numParticles == 0)
        return;
    const int threads = DirectProgram::ExceptionThreads;
    auto countBlocks = [&](int num) { return std::min((num + threads - 1) / threads, 4096); };
    if (slotsChanged) {
        CUdeviceptr atomIndex = context.getAtomIndexArray().getDevicePointer();
        void* arguments[] = {&view, &atomIndex};
        launchKernel(context, findSlots, arguments, countBlocks(view.numAtoms), threads);
        slotsChanged = false;
    }
    int withEnergy = includeEnergy ? 1 : 0;
    void* arguments[] = {&list, &view, &output, &withEnergy};
    launchKernel(context, computeExceptions, arguments, countBlocks(view.numParticles), threads);
}

namespace SurrogatePlugin {
template class CudaExceptions<float>;
template class CudaExceptions<double>;
} // namespace SurrogatePlugin
