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

BoxRows<float> toSingle(const BoxRows<double>& rows) {
    return {(float) rows.x, (float) rows.xy, (float) rows.xz, (float) rows.y, (float) rows.yz, (float) rows.z};
}

SplitNumbers<float> toSingle(const SplitNumbers<double>& numbers) {
    return {(float) numbers.inverseAlpha, (float) numbers.prefactor, (float) numbers.cellsPerWave, 0};
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
    : context(context), order(settings.splineOrder), view(), influence(), largestWeight(0), isClean(false),
      hasRooms(false), mustSort(true), hasFactors(false) {
    options.doublePositions = context.getUseDoublePrecision();
    options.spreadDouble = isDouble(settings.spreading);
    options.fftDouble = isDouble(settings.fft);
    options.convolutionDouble = isDouble(settings.convolution);
    options.interpolationDouble = isDouble(settings.interpolation);
    options.positionCorrection =
        context.getUseMixedPrecision() && (options.spreadDouble || options.interpolationDouble);
    options.dispersion = dispersion;
    options.prolate = settings.isProlate() && !dispersion;
    view.numSites = options.numSites = context.getNumAtoms();
    view.mostStray = view.numSites / 1024;
    view.report = report;
    influence.doubleNumbers.inverseAlpha = 1 / parameters.alpha;
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
        graph.release();
        return;
    }
    ContextSelector selector(context);
    plan.reset();
    graph.clear();
}

void CudaMesh::allocate() {
    const int gridReal = options.fftDouble ? sizeof(double) : sizeof(float);
    const int sumSize = options.spreadDouble ? sizeof(long long) : sizeof(int);
    const size_t numPoints = (countReals() + 3) / 4 * 4; // readSums takes four at a time
    charges.initialize<double>(context, std::max(1, view.numSites), "meshCharges");
    sums.initialize(context, numPoints, sumSize, "meshSums");
    grid.initialize(context, numPoints, gridReal, "meshGrid");
    energies.initialize<double>(context, NumEnergies, "meshEnergies");
    view.posq = context.getPosq().getDevicePointer();
    if (options.positionCorrection)
        view.correction = context.getPosqCorrection().getDevicePointer();
    view.atomIndex = context.getAtomIndexArray().getDevicePointer();
    view.charge = charges.getDevicePointer();
    view.sum = sums.getDevicePointer();
    factors.initialize(context, countReals() / 2, options.convolutionDouble ? sizeof(double) : sizeof(float),
                       "meshFactors");
    view.factor = factors.getDevicePointer();
    view.grid = grid.getDevicePointer();
    view.spectrum = view.grid;
    allocateTables();
}

/** Allocate what says where charges are. */
void CudaMesh::allocateTables() {
    const int numTiles = options.countTiles(), numSites = std::max(1, view.numSites);
    const int siteReal = options.spreadDouble || options.interpolationDouble ? sizeof(double) : sizeof(float);
    // Site, TileSite and Member of grid.cu.
    const int siteSize = (4 * siteReal + 12 + 15) / 16 * 16, tileSiteSize = (3 * siteReal + 4 + 15) / 16 * 16,
              memberSize = 2 * siteReal;
    const size_t rooms = (size_t) numSites + numSites / 8 + 16 * numTiles; // that findRoomSize() gives
    view.memberCapacity = (int) rooms + numSites;                          // all may find no room
    tiles.initialize(context, 2 * (numTiles + 1), sizeof(TileRecord), "meshTiles");
    members.initialize(context, 2 * (size_t) view.memberCapacity, memberSize, "meshMembers");
    state.initialize(context, 1, sizeof(MeshState), "meshState");
    // As findFirstSite() has it.
    sites.initialize(context, 2 * rooms + 64 * (numTiles + rooms / MeshProgram::getOrderBatch(options) + 1),
                     tileSiteSize, "meshSites");
    tileRows.initialize(context, numTiles, sizeof(TileRows), "meshTileRows");
    strays.initialize(context, numSites, siteSize, "meshStrays");
    view.tile = tiles.getDevicePointer();
    view.member = members.getDevicePointer();
    view.state = state.getDevicePointer();
    view.site = sites.getDevicePointer();
    view.rows = tileRows.getDevicePointer();
    view.stray = strays.getDevicePointer();
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
    influence.doubleNumbers.cellsPerWave = 2 * pi * cutoff * numCells / MeshProgram::LargestWave;
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
    sortKernel = context.getKernel(module, "sortCharges");
    finishSortKernel = context.getKernel(module, "finishSort");
    spreadKernel = context.getKernel(module, "spreadCharges");
    readKernel = context.getKernel(module, "readSums");
    factorKernel = context.getKernel(module, "computeFactors");
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
    invalidate();
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
    view.chargeUnit = 1 / view.chargeScale;
}

void CudaMesh::setBox(const Vec3 box[3]) {
    if (std::equal(box, box + 3, lastBox))
        return;
    std::copy(box, box + 3, lastBox);
    hasFactors = false;
    const double ax = box[0][0], bx = box[1][0], by = box[1][1], cx = box[2][0], cy = box[2][1], cz = box[2][2];
    view.doubleRows = {1 / ax, -bx / (ax * by), (bx * cy - by * cx) / (ax * by * cz), 1 / by, -cy / (by * cz), 1 / cz};
    view.singleRows = toSingle(view.doubleRows);
    const double volume = ax * by * cz;
    SplitNumbers<double>& numbers = influence.doubleNumbers;
    numbers.prefactor = options.dispersion ? -pi * std::sqrt(pi) / (3 * volume * std::pow(numbers.inverseAlpha, 3))
                                           : coulombConstant / (pi * volume);
    influence.singleNumbers = toSingle(numbers);
}

/** Sort charges. At first there is no room for any, but then there are counts, which the second time makes room by. */
void CudaMesh::sortCharges() {
    const int threads = MeshProgram::SortThreads;
    void* arguments[] = {&view};
    for (int i = hasRooms ? 1 : 0; i < 2; i++) {
        launchKernel(context, sortKernel, arguments, std::min(mostBlocks, (view.numSites + threads - 1) / threads),
                     threads);
        launchKernel(context, finishSortKernel, arguments, 1, threads);
    }
    hasRooms = true;
    mustSort = false;
}

void CudaMesh::spread() {
    const int threads = MeshProgram::ReadThreads;
    void* arguments[] = {&view};
    launchKernel(context, spreadKernel, arguments, options.countTiles() + MeshProgram::RestBlocks,
                 MeshProgram::getTileThreads(options), MeshProgram::getSpreadBytes(options, order));
    const int numVectors = (int) (grid.getSize() / 4);
    launchKernel(context, readKernel, arguments, std::min(mostBlocks, (numVectors + threads - 1) / threads), threads);
}

/** Get the blocks of a kernel whose threads take a wave each. */
int CudaMesh::countConvolutionBlocks() const {
    const int threads = MeshProgram::ConvolutionThreads;
    return (int) std::min<size_t>(mostBlocks, (countReals() / 2 + threads - 1) / threads);
}

void CudaMesh::computeFactors() {
    void* arguments[] = {&view, &influence};
    launchKernel(context, factorKernel, arguments, countConvolutionBlocks(), MeshProgram::ConvolutionThreads);
    hasFactors = true;
}

void CudaMesh::convolve(bool includeEnergy) {
    const int threads = MeshProgram::ConvolutionThreads;
    if (includeEnergy) {
        CUdeviceptr buffer = energies.getDevicePointer();
        void* arguments[] = {&view, &buffer};
        launchKernel(context, convolveWithEnergyKernel, arguments, NumEnergies, threads);
    } else {
        void* arguments[] = {&view};
        launchKernel(context, convolveKernel, arguments, countConvolutionBlocks() + 1, threads);
    }
}

void CudaMesh::interpolate(CUdeviceptr forces) {
    int paddedNumAtoms = context.getPaddedNumAtoms();
    void* arguments[] = {&view, &forces, &paddedNumAtoms};
    launchKernel(context, interpolateKernel, arguments, options.countTiles() + MeshProgram::RestBlocks,
                 MeshProgram::getTileThreads(options), MeshProgram::getInterpolationBytes(options, order));
}

void CudaMesh::launchStages(CUdeviceptr forces, bool includeEnergy) {
    spread();
    plan->transformForward(view.grid, context.getCurrentStream());
    convolve(includeEnergy);
    if (forces == 0) {
        context.clearBuffer(sums); // the interpolation does
        return;
    }
    plan->transformBackward(view.grid, context.getCurrentStream());
    interpolate(forces);
}

void CudaMesh::clear() {
    context.clearBuffer(sums);
    context.clearBuffer(tiles);
    context.clearBuffer(state);
    hasRooms = hasFactors = false;
    mustSort = true;
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
    key.add(forces);
    graph.launch(stream, key, [&] { launchStages(forces, false); });
}

void CudaMesh::run(const Vec3 box[3], CUdeviceptr forces, bool includeEnergy) {
    setBox(box);
    if (!isClean)
        clear();
    isClean = false; // should a launch fail
    if (!hasFactors)
        computeFactors();
    if (mustSort || includeEnergy) // who asks for energies may have set other positions, all of which would be strays
        sortCharges();
    launchStep(forces, includeEnergy);
    isClean = true;
}

double CudaMesh::readEnergy() {
    vector<double> values;
    energies.download(values);
    double sum = 0;
    for (double value : values)
        sum += value;
    return sum;
}
