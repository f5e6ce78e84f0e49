# SPDX-License-Identifier: MIT
#[[
Finds LibTorch in the PyPI wheel torch of the interpreter Python_EXECUTABLE, or where OPENMM_SURROGATE_LIBTORCH_DIR says (a folder
with include/ and lib/). Torch's own package file is not used: that of the wheel asks for a CUDA toolkit, which nothing here needs.

Variables
    LibTorch_INCLUDE_DIRS  folders of its headers, which need C++20
    LibTorch_LIBRARIES     libtorch_cpu and libc10, by path
]]
include(FindPackageHandleStandardArgs)

set(OPENMM_SURROGATE_LIBTORCH_DIR "" CACHE PATH "The folder of LibTorch's include and lib; empty means the wheel torch")
set(_libtorch_dir "${OPENMM_SURROGATE_LIBTORCH_DIR}")
if(NOT _libtorch_dir AND Python_EXECUTABLE)
    # find_spec does not run the package, which takes seconds.
    execute_process(
        COMMAND "${Python_EXECUTABLE}" -c "import importlib.util, pathlib
spec = importlib.util.find_spec('torch')
print(pathlib.Path(spec.origin).parent if spec and spec.origin else '')"
        OUTPUT_VARIABLE _libtorch_dir OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET)
endif()
set(LibTorch_INCLUDE_DIR "${_libtorch_dir}/include")
set(LibTorch_LIBRARY "${_libtorch_dir}/lib/libtorch_cpu.so")
set(LibTorch_COMPLETE FALSE)
if(EXISTS "${LibTorch_INCLUDE_DIR}/torch/script.h" AND EXISTS "${LibTorch_LIBRARY}")
    set(LibTorch_COMPLETE TRUE)
endif()
find_package_handle_standard_args(LibTorch
    REQUIRED_VARS LibTorch_LIBRARY LibTorch_INCLUDE_DIR LibTorch_COMPLETE
    REASON_FAILURE_MESSAGE "(it comes with 'pip install torch' for the interpreter given as -DPython_EXECUTABLE=..., or give its folder as \
-DOPENMM_SURROGATE_LIBTORCH_DIR=..., or leave it out with -DOPENMM_SURROGATE_BUILD_LIBTORCH=OFF)")
if(LibTorch_FOUND)
    set(LibTorch_INCLUDE_DIRS "${LibTorch_INCLUDE_DIR}" "${LibTorch_INCLUDE_DIR}/torch/csrc/api/include")
    set(LibTorch_LIBRARIES "${LibTorch_LIBRARY}" "${_libtorch_dir}/lib/libc10.so")
endif()
