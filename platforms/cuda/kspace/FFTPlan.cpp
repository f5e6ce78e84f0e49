// SPDX-License-Identifier: MIT
#include "FFTPlan.h"
#include <openmm/OpenMMException.h>
#include <dlfcn.h>
#include <string>

using namespace SurrogatePlugin;
using OpenMM::OpenMMException;
using std::string;

namespace {

/** The functions and constants of cuFFT that are used here, as cufft.h of CUDA 12 and 13 declares them. */
class Cufft {
public:
    static constexpr int R2C = 0x2a, C2R = 0x2c, D2Z = 0x6a, Z2D = 0x6c, AllocationFailed = 2;
    int (*plan3d)(int* plan, int x, int y, int z, int type);
    int (*destroy)(int plan);
    int (*setStream)(int plan, CUstream stream);
    int (*execR2C)(int plan, void* in, void* out);
    int (*execC2R)(int plan, void* in, void* out);
    int (*execD2Z)(int plan, void* in, void* out);
    int (*execZ2D)(int plan, void* in, void* out);
    static const Cufft& get() {
        static const Cufft instance;
        return instance;
    }

private:
    Cufft() {
        void* library = nullptr;
        for (const char* name : {"libcufft.so.12", "libcufft.so.11"})
            if (library == nullptr)
                library = dlopen(name, RTLD_NOW);
        if (library == nullptr)
            throw OpenMMException(
                "TunablePMEForce: cuFFT (libcufft.so.12 or libcufft.so.11) cannot be loaded. It comes "
                "with OpenMM's CUDA platform: pip install 'openmm[cuda13]'");
        find(library, "cufftPlan3d", plan3d);
        find(library, "cufftDestroy", destroy);
        find(library, "cufftSetStream", setStream);
        find(library, "cufftExecR2C", execR2C);
        find(library, "cufftExecC2R", execC2R);
        find(library, "cufftExecD2Z", execD2Z);
        find(library, "cufftExecZ2D", execZ2D);
    }
    template <class Function>
    static void find(void* library, const char* name, Function& function) {
        function = reinterpret_cast<Function>(dlsym(library, name));
        if (function == nullptr)
            throw OpenMMException(string("TunablePMEForce: the installed cuFFT has no function ") + name);
    }
};

void check(int result, const string& what) {
    if (result == Cufft::AllocationFailed)
        throw OpenMMException("TunablePMEForce: cuFFT has not enough device memory for " + what +
                              ". Use a coarser grid, or a device with more memory.");
    if (result != 0)
        throw OpenMMException("TunablePMEForce: cuFFT error " + std::to_string(result) + " in " + what);
}

int makePlan(const std::array<int, 3>& size, int type) {
    int plan;
    check(Cufft::get().plan3d(&plan, size[0], size[1], size[2], type),
          "a plan for a grid of " + std::to_string(size[0]) + " x " + std::to_string(size[1]) + " x " +
              std::to_string(size[2]) + " points");
    return plan;
}

void* toPointer(CUdeviceptr address) {
    return reinterpret_cast<void*>(address);
}

} // namespace

FFTPlan::FFTPlan(const std::array<int, 3>& size, bool doublePrecision)
    : forward(makePlan(size, doublePrecision ? Cufft::D2Z : Cufft::R2C)), backward(0),
      doublePrecision(doublePrecision) {
    try {
        backward = makePlan(size, doublePrecision ? Cufft::Z2D : Cufft::C2R);
    } catch (...) {
        Cufft::get().destroy(forward);
        throw;
    }
}

FFTPlan::~FFTPlan() {
    Cufft::get().destroy(forward);
    Cufft::get().destroy(backward);
}

void FFTPlan::transformForward(CUdeviceptr grid, CUstream stream) {
    const Cufft& cufft = Cufft::get();
    check(cufft.setStream(forward, stream), "choosing a stream");
    check((doublePrecision ? cufft.execD2Z : cufft.execR2C)(forward, toPointer(grid), toPointer(grid)),
          "a forward transform");
}

void FFTPlan::transformBackward(CUdeviceptr grid, CUstream stream) {
    const Cufft& cufft = Cufft::get();
    check(cufft.setStream(backward, stream), "choosing a stream");
    check((doublePrecision ? cufft.execZ2D : cufft.execC2R)(backward, toPointer(grid), toPointer(grid)),
          "a backward transform");
}
