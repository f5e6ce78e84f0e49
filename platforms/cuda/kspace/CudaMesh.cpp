// SPDX-License-Identifier: MIT
#include "CudaMesh.h"
#include "../CudaDriver.h"
#include "../KernelSource.h"
#include "openmmsurrogate/internal/Units.h"
#include <openmm/common/ContextSelector.h>
#include <algorithm>
#include <cmath>

using namespace OpenMM;
using namespace SurrogatePlugin;
using std::string;
using std::vector;

namespace {

constexpr int NumEnergies = 1024; // blocks that sum energies

bool isDouble(NumericFormat::Type format) {
    return format == NumericFormat::Double;
}

/** Get a bound of the weight of a charge at a grid point. */
double findLargestWeight(const MeshWindow& window) {
    const vector<double>& c = window.getHornerCoefficients();
    const int order = window.getOrder(), numSamples = 64;
    double largest = 0;
    for (int i = 0; i <= numSamples; i++)
        for (int j = 0; j < order; j++) {
            double weight = 0;
            for (int k = 0; k <= window.getDegree(); k++)
                weight = weight * ((double) i / numSamples - 0.5) + c[k * order + j];
            largest = std::max(largest, std::fabs(weight));
        }
    return std::pow(1.01 * largest, 3); // between samples it may be a little larger
}

} // namespace

CudaMesh::CudaMesh(CudaContext& context, const PMESettings& settings, const MeshParameters& parameters, bool dispersion,
                   CUdeviceptr report)
    : context(context), order(settings.splineOrder), view(), influence(), largestWeight(0), hasTable(false) {
    options.doublePositions = context.getUseDoublePrecision();
    options.spreadDouble = isDouble(settings.spreading);
    options.fftDouble = isDouble(settings.fft);
    options.convolutionDouble = isDouble(settings.convolution);
    options.interpolationDouble = isDouble(settings.interpolation);
    options.positionCorrection =
        context.getUseMixedPrecision() && (options.spreadDouble || options.interpolationDouble);
    options.dispersion = dispersion;
    options.prolate = settings.isProlate() && !dispersion;
    view.numSites = context.getNumAtoms();
    view.report = report;
    influence.alpha = parameters.alpha;
    int numProcessors;
    checkCuda(cuDeviceGetAttribute(&numProcessors, CU_DEVICE_ATTRIBUTE_MULTIPROCESSOR_COUNT, context.getDevice()),
              "counting multiprocessors");
    mostBlocks = 16 * numProcessors; // of 128 threads: as many as can be resident
    options.grid = parameters.grid;
    options.tiles =
        MeshProgram::chooseTiles(parameters.grid, order, options.spreadDouble || options.fftDouble, numProcessors);
    const MeshWindow window = dispersion ? makeBSplineWindow(order)
                                         : settings.makeWindow(options.spreadDouble || options.interpolationDouble);
    largestWeight = findLargestWeight(window);
    allocate();
    uploadInfluence(window);
    if (options.prolate)
        uploadTransform(*settings.makeCoulombSplit(), settings.cutoff);
    compile(window);
    plan.reset(new FFTPlan(parameters.grid, options.fftDouble));
}

CudaMesh::~CudaMesh() {
    if (!context.getContextIsValid()) {
        plan.release(); // has gone with its CUDA context
        for (LaunchGraph& graph : graphs)
            graph.release();
        return;
    }
    ContextSelector selector(context);
    plan.reset();
    for (LaunchGraph& graph : graphs)
        graph.clear();
}

void CudaMesh::allocate() {
    const int numTiles = options.countTiles(), numSites = std::max(1, view.numSites);
    const int siteReal = options.spreadDouble || options.interpolationDouble ? sizeof(double) : sizeof(float);
    const int siteSize = (4 * siteReal + 12 + 15) / 16 * 16; // Site of grid.cu
    const int gridReal = options.fftDouble ? sizeof(double) : sizeof(float);
    const int sumSize = options.spreadDouble ? sizeof(long long) : sizeof(int);
    const size_t numPoints = (countReals() + 3) / 4 * 4; // readSums takes four at a time
    charges.initialize<double>(context, numSites, "meshCharges");
    for (int i = 0; i < 2; i++) {
        siteStart[i].initialize<int>(context, numTiles + 1, "meshSiteStart");
        siteCount[i].initialize<int>(context, numTiles + 1, "meshSiteCount");
    }
    // The rooms that makeRoom() gives, and a place for each charge that finds none.
    sites.initialize(context, (size_t) numSites + numSites / 8 + 16 * numTiles + numSites, siteSize, "meshSites");
    grid.initialize(context, numPoints, gridReal, "meshGrid");
    energies.initialize<double>(context, NumEnergies, "meshEnergies");
    view.table = {siteStart[0].getDevicePointer(), siteCount[0].getDevicePointer()};
    view.nextTable = {siteStart[1].getDevicePointer(), siteCount[1].getDevicePointer()};
    view.sites = sites.getDevicePointer();
    view.grid = grid.getDevicePointer();
    view.spectrum = view.grid;
    if (sumSize == gridReal)
        view.sum = view.grid;
    else {
        sums.initialize(context, numPoints, sumSize, "meshSums");
        view.sum = sums.getDevicePointer();
    }
}

size_t CudaMesh::countReals() const {
    return (size_t) options.grid[0] * options.grid[1] * 2 * (options.grid[2] / 2 + 1);
}

void CudaMesh::uploadInfluence(const MeshWindow& window) {
    for (int axis = 0; axis < 3; axis++) {
        vector<double> values = computeSquaredTransform(window, options.grid[axis]);
        for (double& value : values)
            value = 1 / value;
        if (options.convolutionDouble) {
            inverse[axis].initialize<double>(context, values.size(), "meshInverse");
            inverse[axis].upload(values);
        } else {
            inverse[axis].initialize<float>(context, values.size(), "meshInverse");
            inverse[axis].upload(vector<float>(values.begin(), values.end()));
        }
    }
    influence.inverseX = inverse[0].getDevicePointer();
    influence.inverseY = inverse[1].getDevicePointer();
    influence.inverseZ = inverse[2].getDevicePointer();
}

/** Tabulate the transform of the long-range part over that of Coulomb's potential, by cubic interpolation in each cell. */
void CudaMesh::uploadTransform(const EwaldSplit& split, double cutoff) {
    const int numCells = MeshProgram::getTransformCells(options);
    influence.cellsPerWave = 2 * pi * cutoff * numCells / MeshProgram::LargestWave;
    vector<double> values; // at the ends and two points between those of each cell
    for (int i = 0; i <= 3 * numCells; i++) {
        const double k = MeshProgram::LargestWave / cutoff * i / (3 * numCells), k2 = k * k;
        values.push_back(i == 0 ? 1 : split.getTransform(k2) * k2 / (4 * pi * coulombConstant));
    }
    vector<double> cubics;
    for (int cell = 0; cell < numCells; cell++) {
        const double* v = &values[3 * cell];
        cubics.push_back(v[0]);
        cubics.push_back(-5.5 * v[0] + 9 * v[1] - 4.5 * v[2] + v[3]);
        cubics.push_back(9 * v[0] - 22.5 * v[1] + 18 * v[2] - 4.5 * v[3]);
        cubics.push_back(4.5 * (v[3] - v[0]) + 13.5 * (v[1] - v[2]));
    }
    if (options.convolutionDouble) {
        transform.initialize<double>(context, cubics.size(), "meshTransform");
        transform.upload(cubics);
    } else {
        transform.initialize<float>(context, cubics.size(), "meshTransform");
        transform.upload(vector<float>(cubics.begin(), cubics.end()));
    }
    influence.transform = transform.getDevicePointer();
}

void CudaMesh::compile(const MeshWindow& window) {
    CUmodule module = context.createModule(MeshProgram::makeSource(options, window), KernelSource::getFlags());
    locateKernel = context.getKernel(module, "locateSites");
    spreadKernel = context.getKernel(module, "spreadCharges");
    readKernel = context.getKernel(module, "readSums");
    convolveKernel = context.getKernel(module, "convolve");
    convolveWithEnergyKernel = context.getKernel(module, "convolveWithEnergy");
    interpolateKernel = context.getKernel(module, "interpolateForces");
    checkCuda(cuFuncSetAttribute(spreadKernel, CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES,
                                 MeshProgram::getSpreadBytes(options, order)),
              "reserving shared memory for the spreading of charges");
    checkCuda(cuFuncSetAttribute(interpolateKernel, CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES,
                                 MeshProgram::getInterpolationBytes(options, order)),
              "reserving shared memory for the interpolation of forces");
}

void CudaMesh::setCharges(const vector<double>& values) {
    if (values.empty())
        return;
    charges.upload(values);
    double largest = 0, sum = 0;
    for (double charge : values) {
        largest = std::max(largest, std::fabs(charge));
        sum += std::fabs(charge);
    }
    // What a charge adds to a point stays below 2^22, or 2^(22+26) in double, and uniformly spread charges of one sign below 16 times that;
    // spread.cu has room for 64 times. A power of two, so that charges scale exactly.
    const double room = std::ldexp(1.0, options.spreadDouble ? 22 + 26 : 22);
    const double most =
        std::max(largest * largestWeight, sum / (16.0 * options.grid[0] * options.grid[1] * options.grid[2]));
    view.chargeScale = most == 0 ? 1 : std::exp2(std::floor(std::log2(room / most)));
}

void CudaMesh::setBox(const Vec3 box[3]) {
    const double ax = box[0][0], bx = box[1][0], by = box[1][1], cx = box[2][0], cy = box[2][1], cz = box[2][2];
    // Rows of the inverse of the box matrix, which are the reciprocal vectors too.
    view.rowX = influence.bx = 1 / ax;
    view.rowXy = influence.bxy = -bx / (ax * by);
    view.rowXz = influence.bxz = (bx * cy - by * cx) / (ax * by * cz);
    view.rowY = influence.by = 1 / by;
    view.rowYz = influence.byz = -cy / (by * cz);
    view.rowZ = influence.bz = 1 / cz;
    const double volume = ax * by * cz;
    influence.prefactor = options.dispersion ? -pi * std::sqrt(pi) * std::pow(influence.alpha, 3) / (3 * volume)
                                             : coulombConstant / (pi * volume);
}

void CudaMesh::sortSites() {
    CUdeviceptr posq = context.getPosq().getDevicePointer(), correction = 0,
                atomIndex = context.getAtomIndexArray().getDevicePointer(), charge = charges.getDevicePointer();
    if (options.positionCorrection)
        correction = context.getPosqCorrection().getDevicePointer();
    const int threads = MeshProgram::LocateThreads;
    void* arguments[] = {&view, &posq, &correction, &atomIndex, &charge};
    launchKernel(context, locateKernel, arguments, std::min(mostBlocks, (view.numSites + threads - 1) / threads),
                 threads);
}

void CudaMesh::spread() {
    const int threads = MeshProgram::ReadThreads;
    void* arguments[] = {&view};
    launchKernel(context, spreadKernel, arguments, options.countTiles() + MeshProgram::RestBlocks,
                 MeshProgram::SpreadThreads, MeshProgram::getSpreadBytes(options, order));
    const int numVectors = (int) (grid.getSize() / 4);
    launchKernel(context, readKernel, arguments, std::min(mostBlocks, (numVectors + threads - 1) / threads) + 1,
                 threads);
}

void CudaMesh::convolve(bool includeEnergy) {
    const size_t numWaves = countReals() / 2;
    const int threads = MeshProgram::ConvolutionThreads;
    if (includeEnergy) {
        CUdeviceptr buffer = energies.getDevicePointer();
        void* arguments[] = {&view, &influence, &buffer};
        launchKernel(context, convolveWithEnergyKernel, arguments, NumEnergies, threads);
    } else {
        void* arguments[] = {&view, &influence};
        launchKernel(context, convolveKernel, arguments,
                     (int) std::min<size_t>(mostBlocks, (numWaves + threads - 1) / threads), threads);
    }
}

void CudaMesh::interpolate(CUdeviceptr forces) {
    CUdeviceptr atomIndex = context.getAtomIndexArray().getDevicePointer();
    int paddedNumAtoms = context.getPaddedNumAtoms();
    void* arguments[] = {&view, &forces, &paddedNumAtoms, &atomIndex};
    launchKernel(context, interpolateKernel, arguments, options.countTiles() + MeshProgram::RestBlocks,
                 MeshProgram::InterpolateThreads, MeshProgram::getInterpolationBytes(options, order));
}

void CudaMesh::launchStages(CUdeviceptr forces, bool includeEnergy) {
    sortSites();
    spread();
    plan->transformForward(view.grid, context.getCurrentStream());
    convolve(includeEnergy);
    if (forces == 0)
        return;
    plan->transformBackward(view.grid, context.getCurrentStream());
    interpolate(forces);
}

void CudaMesh::makeTable() {
    for (int i = 0; i < 2; i++) {
        context.clearBuffer(siteStart[i]);
        context.clearBuffer(siteCount[i]);
    }
    sortSites();
    spread();
}

void CudaMesh::launchStep(CUdeviceptr forces, bool includeEnergy) {
    const CUstream stream = context.getCurrentStream();
    if (stream == nullptr || forces == 0 || includeEnergy) {
        launchStages(forces, includeEnergy);
        return;
    }
    // A step. All else that kernels are given stays the same as long as the Context lives.
    LaunchGraph::Key key;
    key.add(view);
    key.add(influence);
    key.add(forces);
    LaunchGraph& graph = graphs[view.table.start == siteStart[0].getDevicePointer()]; // one for each table
    graph.launch(stream, key, [&] { launchStages(forces, false); });
}

void CudaMesh::run(const Vec3 box[3], CUdeviceptr forces, bool includeEnergy) {
    setBox(box);
    if (!hasTable)
        makeTable();
    hasTable = false; // a launch that fails leaves counts of an earlier run, and with them places beyond the table
    std::swap(view.table, view.nextTable);
    launchStep(forces, includeEnergy);
    hasTable = true;
}

double CudaMesh::readEnergy() {
    vector<double> values;
    energies.download(values);
    double sum = 0;
    for (double value : values)
        sum += value;
    return sum;
}
