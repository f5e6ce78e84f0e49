// SPDX-License-Identifier: MIT
#include "CudaTableKernel.h"
#include "../CudaDriver.h"
#include "TableRows.h"
#include <algorithm>

using namespace OpenMM;
using namespace SurrogatePlugin;
using std::vector;

template <class Real>
void CudaTableKernel<Real>::upload(const SurrogateForce&) {
    CudaContext& context = this->context;
    const TableRows<Real> rows(*this->interactions);
    auto replace = [&](CudaArray& array, const vector<Real>& values, int width, const char* name) {
        const size_t size = values.size() / width;
        if (!array.isInitialized())
            array.initialize(context, size, width * sizeof(Real), name);
        else if (array.getSize() != size)
            array.resize(size);
        array.upload(values.data());
        return array.getDevicePointer();
    };
    this->isWhole = false;
    std::copy(rows.grids.begin(), rows.grids.begin() + 2, tables.grid);
    tables.end = rows.end;
    tables.numRows = rows.getNumRows();
    tables.forceRows = replace(forceRows, rows.forces, TableRows<Real>::ForceWidth, "surrogateForceRows");
    tables.energyRows = replace(energyRows, rows.energies, 4, "surrogateEnergyRows");
    tables.grids = replace(grids, rows.grids, 2, "surrogateTableGrids");
    this->isWhole = true;
}

template <class Real>
void CudaTableKernel<Real>::compile(bool triclinic) {
    CudaContext& context = this->context;
    TableProgramOptions options;
    options.doublePrecision = context.getUseDoublePrecision();
    options.doubleEnergy = context.getUseDoublePrecision() || context.getUseMixedPrecision();
    options.periodic = this->periodic;
    options.triclinic = triclinic;
    options.hasExclusions = this->hasExclusions;
    options.deterministic = context.getPlatformData().deterministicForces;
    options.numTypes = this->interactions->getNumTypes();
    options.numAtoms = context.getNumAtoms();
    options.longLists = this->tuning.longLists;
    options.numTableRows = (int) forceRows.getSize();
    options.numProcessors = getAttribute(context, CU_DEVICE_ATTRIBUTE_MULTIPROCESSOR_COUNT);
    options.sharedBytes = getAttribute(context, CU_DEVICE_ATTRIBUTE_MAX_SHARED_MEMORY_PER_MULTIPROCESSOR);
    const std::string source = KernelSource::makeTableProgram(options);
    const TableLaunch previous = launch;
    launch = KernelSource::getTableLaunch(options);
    if (source == program && launch.sharedBytes == previous.sharedBytes)
        return;
    program.clear(); // should this fail half-way
    CUmodule module = context.createModule(source, KernelSource::getFlags());
    this->pairs->setModule(module);
    const char* names[] = {"computeTableForces", "computeTableForcesAndEnergy"};
    for (int k = 0; k < 2; k++) {
        kernels[k] = context.getKernel(module, names[k]);
        mostBlocks[k] = countResidentBlocks(context, kernels[k], launch.threads, launch.sharedBytes);
        leaveMemoryToCache(context, kernels[k], launch.threads, launch.sharedBytes);
    }
    program = source;
}

template <class Real>
void CudaTableKernel<Real>::launchForces(bool includeEnergy) {
    CudaContext& context = this->context;
    ForceOutputView output = this->output->getView();
    void* arguments[] = {&this->pairs->getView(), &tables, &output};
    const int groups = launch.threads / KernelSource::getListThreads(context.getNumAtoms(), this->tuning.longLists);
    const int numClusters = (this->pairs->getNumMembers() + KernelSource::ClusterSize - 1) / KernelSource::ClusterSize;
    launchKernel(context, kernels[includeEnergy], arguments,
                 std::min((numClusters + groups - 1) / groups, mostBlocks[includeEnergy]), launch.threads,
                 launch.sharedBytes);
}

namespace SurrogatePlugin {
template class CudaTableKernel<float>;
template class CudaTableKernel<double>;
} // namespace SurrogatePlugin
