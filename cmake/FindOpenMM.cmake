# SPDX-License-Identifier: MIT
#[[
Finds OpenMM: in OPENMM_DIR (a CMake or environment variable) if that is set, else in the openmm wheel of the Python
interpreter Python_EXECUTABLE (by default the python3 on the path).

Targets
    OpenMM::OpenMM     libOpenMM, with its public and internal headers
    OpenMM::Reference  the headers of the Reference platform (which is part of libOpenMM)
    OpenMM::CUDA       the headers of the CUDA platform only: its library may not be there (see platforms/cuda)
Variables
    OpenMM_VERSION     what Platform::getOpenMMVersion() says
    OpenMM_INCLUDE_DIR, OpenMM_LIBRARY
    OpenMM_PLUGIN_DIR  the folder of OpenMM's own plugins
]]
include(FindPackageHandleStandardArgs)

set(OPENMM_DIR "$ENV{OPENMM_DIR}" CACHE PATH "Where OpenMM is installed; empty means the wheel of Python_EXECUTABLE")

# Sets <out> to the folder of the wheel's headers and libraries, or to empty, and <why> to what was found out.
function(_openmm_find_wheel out why)
    set(${out} "" PARENT_SCOPE)
    if(Python_EXECUTABLE)
        set(python "${Python_EXECUTABLE}")
    else()
        find_program(_openmm_python NAMES python3 python NO_CACHE)
        set(python "${_openmm_python}")
    endif()
    if(NOT python)
        set(${why} "no Python interpreter was found" PARENT_SCOPE)
        return()
    endif()
    # find_spec does not run the package, and so works without a usable libOpenMM.
    execute_process(
        COMMAND "${python}" -c "import importlib.util, pathlib
spec = importlib.util.find_spec('openmm')
print(pathlib.Path(spec.origin).parent.parent / 'OpenMM.libs' if spec and spec.origin else '')"
        OUTPUT_VARIABLE prefix OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET)
    if(NOT prefix)
        set(${why} "the Python interpreter ${python} has no package openmm" PARENT_SCOPE)
    elseif(NOT EXISTS "${prefix}")
        set(${why} "openmm in ${python} was not installed from PyPI (no folder ${prefix})" PARENT_SCOPE)
    else()
        set(${out} "${prefix}" PARENT_SCOPE)
        set(${why} "looked in ${prefix}" PARENT_SCOPE)
    endif()
endfunction()

# The headers carry no version, so a small program asks the library.
function(_openmm_read_version out)
    set(source "${CMAKE_BINARY_DIR}/CMakeFiles/OpenMMVersion.cpp")
    file(WRITE "${source}" "#include <openmm/Platform.h>
#include <iostream>
int main() { std::cout << OpenMM::Platform::getOpenMMVersion(); }
")
    try_run(ran compiled SOURCES "${source}"
        CMAKE_FLAGS "-DINCLUDE_DIRECTORIES=${OpenMM_INCLUDE_DIR}"
        LINK_LIBRARIES "${OpenMM_LIBRARY}"
        COMPILE_OUTPUT_VARIABLE compile_output RUN_OUTPUT_VARIABLE output)
    if(NOT compiled OR NOT ran STREQUAL "0")
        message(FATAL_ERROR "A program with ${OpenMM_LIBRARY} could not be built and run with ${CMAKE_CXX_COMPILER}. "
            "The wheels of OpenMM need glibc 2.34 and g++ 11 or newer.\n${compile_output}\n${output}")
    endif()
    set(${out} "${output}" PARENT_SCOPE)
endfunction()

set(_openmm_reason "")
if(OPENMM_DIR)
    set(_openmm_prefix "${OPENMM_DIR}")
    set(_openmm_reason "OPENMM_DIR is ${OPENMM_DIR}")
else()
    _openmm_find_wheel(_openmm_prefix _openmm_reason)
endif()

if(_openmm_prefix)
    set(_openmm_hints HINTS "${_openmm_prefix}" NO_DEFAULT_PATH)
    find_path(OpenMM_INCLUDE_DIR OpenMM.h ${_openmm_hints} PATH_SUFFIXES include)
    find_library(OpenMM_LIBRARY OpenMM ${_openmm_hints} PATH_SUFFIXES lib)
    mark_as_advanced(OpenMM_INCLUDE_DIR OpenMM_LIBRARY)
endif()
if(OpenMM_INCLUDE_DIR AND OpenMM_LIBRARY)
    if(NOT OpenMM_VERSION OR NOT OpenMM_VERSION_OF STREQUAL OpenMM_LIBRARY)
        _openmm_read_version(_openmm_version)
        set(OpenMM_VERSION "${_openmm_version}" CACHE INTERNAL "")
        set(OpenMM_VERSION_OF "${OpenMM_LIBRARY}" CACHE INTERNAL "")
    endif()
    cmake_path(GET OpenMM_LIBRARY PARENT_PATH OpenMM_PLUGIN_DIR)
    cmake_path(APPEND OpenMM_PLUGIN_DIR plugins)
endif()

find_package_handle_standard_args(OpenMM
    REQUIRED_VARS OpenMM_LIBRARY OpenMM_INCLUDE_DIR
    VERSION_VAR OpenMM_VERSION
    HANDLE_VERSION_RANGE
    REASON_FAILURE_MESSAGE "(${_openmm_reason}. Install it with 'pip install \"openmm>=8.6.1,<8.7\"' and give that \
interpreter as -DPython_EXECUTABLE=..., or give an OpenMM 8.6 installation as -DOPENMM_DIR=...)")

if(OpenMM_FOUND AND NOT TARGET OpenMM::OpenMM)
    set(_openmm_headers "${OpenMM_INCLUDE_DIR}/openmm")
    add_library(OpenMM::OpenMM SHARED IMPORTED)
    set_target_properties(OpenMM::OpenMM PROPERTIES
        IMPORTED_LOCATION "${OpenMM_LIBRARY}"
        INTERFACE_INCLUDE_DIRECTORIES "${OpenMM_INCLUDE_DIR}")
    # Headers of the platforms include each other without their folder's name.
    add_library(OpenMM::Reference INTERFACE IMPORTED)
    set_target_properties(OpenMM::Reference PROPERTIES
        INTERFACE_LINK_LIBRARIES OpenMM::OpenMM
        INTERFACE_INCLUDE_DIRECTORIES "${_openmm_headers};${_openmm_headers}/internal;${_openmm_headers}/reference")
    # The CPU platform's own kernels. Wheels have it for every processor; it refuses to register on those that it does not support.
    add_library(OpenMM::CPU SHARED IMPORTED)
    set_target_properties(OpenMM::CPU PROPERTIES
        IMPORTED_LOCATION "${OpenMM_PLUGIN_DIR}/libOpenMMCPU.so"
        INTERFACE_LINK_LIBRARIES OpenMM::Reference
        INTERFACE_INCLUDE_DIRECTORIES "${_openmm_headers}/cpu")
    add_library(OpenMM::CUDA INTERFACE IMPORTED)
    set_target_properties(OpenMM::CUDA PROPERTIES
        INTERFACE_LINK_LIBRARIES OpenMM::OpenMM
        INTERFACE_INCLUDE_DIRECTORIES
            "${_openmm_headers};${_openmm_headers}/internal;${_openmm_headers}/common;${_openmm_headers}/cuda")
endif()
