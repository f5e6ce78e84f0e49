// SPDX-License-Identifier: MIT
#include "CudaForceOutput.h"
#include <vector>

using namespace OpenMM;
using namespace SurrogatePlugin;
using std::vector;

CudaForceOutput::CudaForceOutput(CudaContext& context) : context(context) {
    energySum.initialize<long long>(context, 2, "surrogateEnergySum");
    energySum.upload(vector<long long>(2, 0));
    energyTicket.initialize<int>(context, 1, "surrogateEnergyTicket");
    energyTicket.upload(vector<int>(1, 0));
}

ForceOutputView CudaForceOutput::getView(CUdeviceptr forces) {
    return {forces, context.getPaddedNumAtoms(), context.getEnergyBuffer().getDevicePointer(),
            energySum.getDevicePointer(), energyTicket.getDevicePointer()};
}
