# SPDX-License-Identifier: MIT
# SWIG modules share objects through a table whose layout has a version. A module with another version than OpenMM's builds and
# imports, and then fails on every argument that is an OpenMM object; so compare them now.
execute_process(
    COMMAND "${Python_EXECUTABLE}" -c "import importlib.util, pathlib
print(next(pathlib.Path(importlib.util.find_spec('openmm').origin).parent.glob('_openmm*.so')))"
    OUTPUT_VARIABLE openmm_module OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET RESULT_VARIABLE status)
if(NOT status EQUAL 0)
    message(FATAL_ERROR "The Python module needs the package openmm in ${Python_EXECUTABLE}, and it is not there. "
        "Install it: pip install \"openmm>=8.6.1,<8.7\"")
endif()
file(STRINGS "${openmm_module}" openmm_table REGEX "swig_runtime_data[0-9]+$" LIMIT_COUNT 1)
string(REGEX MATCH "swig_runtime_data([0-9]+)" openmm_table "${openmm_table}")
set(openmm_table "${CMAKE_MATCH_1}")

execute_process(COMMAND "${SWIG_EXECUTABLE}" -python -external-runtime "${CMAKE_CURRENT_BINARY_DIR}/swigrun.h")
file(STRINGS "${CMAKE_CURRENT_BINARY_DIR}/swigrun.h" our_table REGEX "define SWIG_RUNTIME_VERSION")
string(REGEX MATCH "\"([0-9]+)\"" our_table "${our_table}")
set(our_table "${CMAKE_MATCH_1}")

if(NOT openmm_table STREQUAL our_table)
    message(FATAL_ERROR "SWIG ${SWIG_VERSION} makes modules with type table version '${our_table}', but the installed openmm "
        "(${openmm_module}) has version '${openmm_table}'. Use a SWIG that fits: pip install \"swig>=4.4.1\"")
endif()
message(STATUS "SWIG type table version ${our_table}, the same as OpenMM's")
