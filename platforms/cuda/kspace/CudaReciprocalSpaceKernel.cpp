// SPDX-License-Identifier: MIT
#include "CudaReciprocalSpaceKernel.h"
#include "../CudaDriver.h"
#include <openmm/OpenMMException.h>
#include <openmm/common/ContextSelector.h>
#include <openmm/cuda/CudaPlatform.h>
#include <openmm/cuda/CudaQueue.h>
#include <openmm/internal/ContextImpl.h>
#include <cmath>
#include <limits>

using namespace OpenMM;
using namespace SurrogatePlugin;
using std::string;
using std::vector;

namespace {

CudaPlatform::PlatformData& getData(ContextImpl& context) {
    return *reinterpret_cast<CudaPlatform::PlatformData*>(context.getPlatformData());
}

void checkPrecision(NumericFormat::Type precision, const char* setter) {
    if (precision != NumericFormat::Single && precision != NumericFormat::Double)
        throw OpenMMException(string("TunablePMEForce: ") + setter + "(" + NumericFormat::getName(precision) +
                              ") is not available on platform CUDA, which computes k-space in single and double; "
                              "choose one of those, or platform Reference, which emulates the others");
}

/** The device keeps grid indices as short, and places in the grid, whose rows have room for waves, as int. */
void checkGrid(const MeshParameters& parameters, const char* setter) {
    const int mostPoints = 32767;
    for (int d = 0; d < 3; d++)
        if (parameters.grid[d] > mostPoints)
            throw OpenMMException("TunablePMEForce: a grid of " + std::to_string(parameters.grid[d]) +
                                  " points along axis " + "xyz"[d] + " is more than the " + std::to_string(mostPoints) +
                                  " that platform CUDA can index; use fewer points (" + setter +
                                  ") with a higher spline order, or a larger error tolerance");
    const double size = 2.0 * parameters.grid[0] * parameters.grid[1] * (parameters.grid[2] / 2 + 1);
    if (size > std::numeric_limits<int>::max())
        throw OpenMMException(string("TunablePMEForce: the grid has more points than platform CUDA can index; use "
                                     "fewer (") +
                              setter + ") with a higher spline order, or a larger error tolerance");
}

} // namespace

/** Comes before the stock kernels look for pairs, which the mesh need not wait for. */
class CudaReciprocalSpaceKernel::Begin : public ComputeContext::ForcePreComputation {
public:
    explicit Begin(CudaReciprocalSpaceKernel& kernel) : kernel(kernel) {}
    void computeForceAndEnergy(bool, bool, int) override { kernel.begin(); }

private:
    CudaReciprocalSpaceKernel& kernel;
};

/** OpenMM permutes particles in memory now and then; tiles hold places in memory. */
class CudaReciprocalSpaceKernel::ReorderListener : public ComputeContext::ReorderListener {
public:
    explicit ReorderListener(CudaReciprocalSpaceKernel& kernel) : kernel(kernel) {}
    void execute() override {
        kernel.coulomb->invalidate();
        if (kernel.dispersion)
            kernel.dispersion->invalidate();
    }

private:
    CudaReciprocalSpaceKernel& kernel;
};

/** Joins the streams, and adds the energy, when all forces of the Context have been launched. */
class CudaReciprocalSpaceKernel::Finish : public ComputeContext::ForcePostComputation {
public:
    explicit Finish(CudaReciprocalSpaceKernel& kernel) : kernel(kernel) {}
    double computeForceAndEnergy(bool, bool includeEnergy, int) override { return kernel.finish(includeEnergy); }

private:
    CudaReciprocalSpaceKernel& kernel;
};

CudaReciprocalSpaceKernel::CudaReciprocalSpaceKernel(const string& name, const Platform& platform, ContextImpl& context)
    : CalcReciprocalSpaceKernel(name, platform), cuda(*getData(context).contexts[0]), meshLacksCharges(true),
      isRunning(false), mustWait(false), dispersionAlpha(0), sumCharges(0), sumSquares(0), sumDispersionSquares(0),
      report(nullptr, [](MeshReport* memory) { cuMemFreeHost(memory); }) {}

CudaReciprocalSpaceKernel::~CudaReciprocalSpaceKernel() {
    if (!cuda.getContextIsValid()) {
        report.release(); // has gone with its CUDA context
        return;
    }
    ContextSelector selector(cuda);
    cuCtxSynchronize(); // kernels of an evaluation that nobody has waited for may still write to the report
    coulomb.reset();
    dispersion.reset();
    report.reset();
    ready.reset();
    done.reset();
    queue.reset();
    if (stream != nullptr)
        cuStreamDestroy(stream);
}

NumericFormat::Type CudaReciprocalSpaceKernel::getDefaultPrecision() const {
    return cuda.getUseDoublePrecision() ? NumericFormat::Double : NumericFormat::Single;
}

void CudaReciprocalSpaceKernel::initialize(const System&, const TunablePMEForce& force, const PMESettings& settings) {
    if (cuda.getPlatformData().contexts.size() > 1)
        throw OpenMMException(
            "TunablePMEForce: this version runs on one GPU at a time; give one DeviceIndex instead of " +
            std::to_string(cuda.getPlatformData().contexts.size()));
    checkGrid(settings.coulomb, "setPMEParameters");
    if (settings.hasDispersion)
        checkGrid(settings.dispersion, "setLJPMEParameters");
    checkPrecision(settings.spreading, "setSpreadingPrecision");
    checkPrecision(settings.fft, "setFFTPrecision");
    checkPrecision(settings.convolution, "setConvolutionPrecision");
    checkPrecision(settings.interpolation, "setInterpolationPrecision");
    ContextSelector selector(cuda);
    particles.reset(new ParticleCharges(force));
    void* memory = nullptr;
    checkCuda(cuMemHostAlloc(&memory, sizeof(MeshReport), CU_MEMHOSTALLOC_DEVICEMAP),
              "allocating the report of the mesh");
    report.reset(static_cast<MeshReport*>(memory));
    *report = MeshReport();
    makeCoulombMesh(settings);
    if (settings.hasDispersion) {
        dispersionAlpha = settings.dispersion.alpha;
        dispersion.reset(new CudaMesh(cuda, settings, settings.dispersion, true, getReportAddress()));
    }
    if (!cuda.getPlatformData().disablePmeStream) {
        // Its kernels go before others that wait for room on the GPU: they are short, and each waits for the one before.
        int lowest, highest;
        checkCuda(cuCtxGetStreamPriorityRange(&lowest, &highest), "asking for priorities of streams");
        checkCuda(cuStreamCreateWithPriority(&stream, CU_STREAM_NON_BLOCKING, highest), "creating a stream");
        queue = std::make_shared<CudaQueue>(stream);
        ready = cuda.createEvent();
        done = cuda.createEvent();
    }
    cuda.addReorderListener(new ReorderListener(*this));
    cuda.addPreComputation(new Begin(*this));
    cuda.addPostComputation(new Finish(*this));
}

CUdeviceptr CudaReciprocalSpaceKernel::getReportAddress() {
    CUdeviceptr address;
    checkCuda(cuMemHostGetDevicePointer(&address, report.get(), 0), "mapping the report of the mesh");
    return address;
}

void CudaReciprocalSpaceKernel::makeCoulombMesh(const PMESettings& settings) {
    coulomb.reset(new CudaMesh(cuda, settings, settings.coulomb, false, getReportAddress()));
    this->settings.reset(new PMESettings(settings));
    split = settings.makeCoulombSplit();
    meshLacksCharges = true;
}

void CudaReciprocalSpaceKernel::setParameters(const PMESettings& settings) {
    checkGrid(settings.coulomb, "setPMEParameters");
    ContextSelector selector(cuda);
    checkCuda(cuCtxSynchronize(), "waiting for the mesh");
    makeCoulombMesh(settings);
}

vector<Vec3> CudaReciprocalSpaceKernel::computeForces(CudaMesh& mesh, const Vec3 box[3]) {
    const int padded = cuda.getPaddedNumAtoms();
    CudaArray buffer(cuda, 3 * padded, sizeof(long long), "meshForces");
    cuda.clearBuffer(buffer);
    mesh.run(box, buffer.getDevicePointer(), false);
    vector<long long> fixed;
    buffer.download(fixed);
    vector<Vec3> forces(cuda.getNumAtoms());
    const vector<int>& atomIndex = cuda.getAtomIndex();
    for (int slot = 0; slot < cuda.getNumAtoms(); slot++)
        for (int k = 0; k < 3; k++)
            forces[atomIndex[slot]][k] = std::ldexp((double) fixed[slot + k * padded], -32);
    return forces;
}

std::unique_ptr<CudaMesh> CudaReciprocalSpaceKernel::makeFinerMesh(const PMESettings& finer) {
    try {
        return std::make_unique<CudaMesh>(cuda, finer, finer.coulomb, false, getReportAddress());
    } catch (const OpenMMException& e) {
        const std::array<int, 3>& grid = finer.coulomb.grid;
        throw OpenMMException(
            "TunablePMEForce: ESP measures its error with a second mesh, of " + std::to_string(grid[0]) + " x " +
            std::to_string(grid[1]) + " x " + std::to_string(grid[2]) +
            " points in double precision, for which the GPU seems to have no memory. It does at the first "
            "evaluation of a Context, and when the box has grown or charges have changed. Free memory, and "
            "the evaluation can be repeated; or use setKSpaceMethod(SPME), which measures nothing. " +
            e.what());
    }
}

double CudaReciprocalSpaceKernel::measureMeshError(ContextImpl& context, vector<Vec3>& forces) {
    forces.clear();
    if (cuda.getNumAtoms() == 0)
        return 0;
    ContextSelector selector(cuda);
    dropReport();
    updateCharges(context);
    Vec3 box[3];
    context.getPeriodicBoxVectors(box[0], box[1], box[2]);
    const PMESettings finer = settings->makeFiner();
    const std::unique_ptr<CudaMesh> mesh = makeFinerMesh(finer);
    mesh->setCharges(particles->getCharges());
    forces = computeForces(*coulomb, box);
    const vector<Vec3> expected = computeForces(*mesh, box);
    checkReport();
    return estimateMeshError(forces, expected, particles->getCharges(), box, finer);
}

void CudaReciprocalSpaceKernel::checkPositions(ContextImpl&) {
    // The GPU does, when it sorts the charges; execute() and finish() tell what it has found.
}

bool CudaReciprocalSpaceKernel::updateCharges(ContextImpl& context) {
    const bool haveChanged = particles->update(context.getParameters());
    if (!haveChanged && !meshLacksCharges)
        return false;
    meshLacksCharges = true; // should an upload fail, also for the next evaluation
    ContextSelector selector(cuda);
    coulomb->setCharges(particles->getCharges());
    sumCharges = sumSquares = sumDispersionSquares = 0;
    for (double charge : particles->getCharges()) {
        sumCharges += charge;
        sumSquares += charge * charge;
    }
    if (dispersion) {
        dispersion->setCharges(particles->getDispersionCharges());
        for (double charge : particles->getDispersionCharges())
            sumDispersionSquares += charge * charge;
    }
    if (queue)
        ready->enqueue(); // the mesh's own stream is to wait for the charges, too
    meshLacksCharges = false;
    return true;
}

double CudaReciprocalSpaceKernel::getConstantEnergy(const Vec3 box[3]) const {
    const double volume = box[0][0] * box[1][1] * box[2][2];
    double energy =
        split->getSelfEnergy() * sumSquares + split->getBackgroundEnergy() * sumCharges * sumCharges / volume;
    if (dispersion)
        energy += GaussianDispersionSplit(dispersionAlpha).getSelfEnergy() * sumDispersionSquares;
    return energy;
}

void CudaReciprocalSpaceKernel::runMeshes(const Vec3 box[3], bool includeForces, bool includeEnergy) {
    const CUdeviceptr forces = includeForces ? cuda.getForce().getDevicePointer() : 0;
    coulomb->run(box, forces, includeEnergy);
    if (dispersion)
        dispersion->run(box, forces, includeEnergy);
}

double CudaReciprocalSpaceKernel::execute(ContextImpl& context, bool includeForces, bool includeEnergy) {
    if (cuda.getNumAtoms() == 0)
        return 0;
    ContextSelector selector(cuda);
    // In a step errors are found late, without waiting for the GPU. Whoever asks for energies looks at the result and must not see a wrong
    // one; and is not to hear of positions that have been replaced since.
    mustWait = includeEnergy;
    if (mustWait)
        dropReport();
    else
        checkReport();
    updateCharges(context);
    Vec3 box[3];
    context.getPeriodicBoxVectors(box[0], box[1], box[2]);
    isRunning = true; // also if a launch fails: the next evaluation then waits for those before it
    try {
        if (queue) {
            cuda.setCurrentQueue(queue);
            ready->queueWait(queue);
        }
        runMeshes(box, includeForces, includeEnergy);
        if (queue)
            done->enqueue();
    } catch (...) {
        if (queue)
            cuda.restoreDefaultQueue();
        throw;
    }
    if (queue)
        cuda.restoreDefaultQueue();
    return includeEnergy ? getConstantEnergy(box) : 0;
}

double CudaReciprocalSpaceKernel::finish(bool includeEnergy) {
    if (!isRunning) // the force's group was not asked for
        return 0;
    isRunning = false;
    ContextSelector selector(cuda);
    if (queue)
        done->queueWait(cuda.getCurrentQueue());
    if (!mustWait)
        return 0;
    double energy = coulomb->readEnergy();
    if (dispersion)
        energy += dispersion->readEnergy();
    checkReport();
    return includeEnergy ? energy : 0;
}

void CudaReciprocalSpaceKernel::begin() {
    abandon();
    if (queue)
        ready->enqueue();
}

void CudaReciprocalSpaceKernel::abandon() {
    if (!isRunning)
        return;
    isRunning = false;
    ContextSelector selector(cuda);
    dropReport();
    cuda.clearAutoclearBuffers(); // of what the mesh may have added to them since the evaluation began
}

void CudaReciprocalSpaceKernel::dropReport() {
    checkCuda(cuCtxSynchronize(), "waiting for the mesh");
    *report = MeshReport();
}

void CudaReciprocalSpaceKernel::checkReport() {
    volatile MeshReport& found = *report;
    if (found.badParticle == 0 && found.overflowing == 0 && found.crowded == 0)
        return;
    ContextSelector selector(cuda);
    checkCuda(cuCtxSynchronize(), "waiting for the mesh");
    const int badParticle = found.badParticle, overflowing = found.overflowing;
    *report = MeshReport();
    if (badParticle != 0)
        throw OpenMMException("TunablePMEForce: particle " + std::to_string(badParticle - 1) +
                              " is at a position that is not finite, or further than 1e6 nm from the origin. The "
                              "simulation has become unstable: use a "
                              "smaller time step, or minimize the energy first.");
    if (overflowing != 0)
        throw OpenMMException("TunablePMEForce: the force on particle " + std::to_string(overflowing - 1) +
                              " is too large for OpenMM's force buffers on platform CUDA");
    throw OpenMMException("TunablePMEForce: so many charges are at one place that the charge grid overflows. Particles "
                          "have collapsed onto each other, or positions have not been set.");
}

void CudaReciprocalSpaceKernel::copyParametersToContext(ContextImpl&, const NonbondedForce& force, int firstParticle,
                                                        int lastParticle) {
    particles->copyParameters(force, firstParticle, lastParticle);
}
