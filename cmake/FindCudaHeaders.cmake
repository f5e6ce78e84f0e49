# SPDX-License-Identifier: MIT
#[[
Finds cuda.h and crt/host_defines.h, which OpenMM's CUDA headers include, in the PyPI wheels nvidia-cuda-runtime and
nvidia-cuda-crt (they share a folder) of the interpreter Python_EXECUTABLE, or where OPENMM_SURROGATE_CUDA_INCLUDE_DIR says.
An installed CUDA toolkit is deliberately not looked for: the build must not change where there happens to be one.

Target
    CudaHeaders::CudaHeaders  the include folder
]]
include(FindPackageHandleStandardArgs)

set(OPENMM_SURROGATE_CUDA_INCLUDE_DIR "" CACHE PATH "The folder of cuda.h; empty means the wheels")
set(CudaHeaders_INCLUDE_DIR "${OPENMM_SURROGATE_CUDA_INCLUDE_DIR}")
if(NOT CudaHeaders_INCLUDE_DIR AND Python_EXECUTABLE)
    execute_process(
        COMMAND "${Python_EXECUTABLE}" -c "from importlib.metadata import files
print(next(f.locate().resolve().parent for f in files('nvidia-cuda-runtime') if f.name == 'cuda.h'))"
        OUTPUT_VARIABLE CudaHeaders_INCLUDE_DIR OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET)
endif()
set(CudaHeaders_COMPLETE FALSE)
if(EXISTS "${CudaHeaders_INCLUDE_DIR}/cuda.h" AND EXISTS "${CudaHeaders_INCLUDE_DIR}/crt/host_defines.h")
    set(CudaHeaders_COMPLETE TRUE)
endif()
find_package_handle_standard_args(CudaHeaders
    REQUIRED_VARS CudaHeaders_INCLUDE_DIR CudaHeaders_COMPLETE
    REASON_FAILURE_MESSAGE "(cuda.h and crt/host_defines.h come with 'pip install \"nvidia-cuda-runtime>=13,<14\" \
\"nvidia-cuda-crt>=13,<14\"' for the interpreter given as -DPython_EXECUTABLE=..., or give their folder as \
-DOPENMM_SURROGATE_CUDA_INCLUDE_DIR=..., or leave CUDA out with -DOPENMM_SURROGATE_BUILD_CUDA=OFF)")
if(CudaHeaders_FOUND AND NOT TARGET CudaHeaders::CudaHeaders)
    add_library(CudaHeaders::CudaHeaders INTERFACE IMPORTED)
    set_target_properties(CudaHeaders::CudaHeaders PROPERTIES INTERFACE_INCLUDE_DIRECTORIES "${CudaHeaders_INCLUDE_DIR}")
endif()
