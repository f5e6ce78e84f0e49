# SPDX-License-Identifier: MIT
# Run by ctest: installs the build to a fresh prefix, builds examples/cpp against it and checks what the program prints.
cmake_minimum_required(VERSION 3.26)

function(run)
    execute_process(COMMAND ${ARGV} RESULT_VARIABLE status OUTPUT_VARIABLE output ERROR_VARIABLE output)
    message("${output}")
    if(NOT status EQUAL 0)
        list(JOIN ARGV " " command)
        message(FATAL_ERROR "failed with ${status}: ${command}")
    endif()
    set(output "${output}" PARENT_SCOPE)
endfunction()

file(REMOVE_RECURSE "${WORK_DIR}")
set(prefix "${WORK_DIR}/prefix")
run("${CMAKE_COMMAND}" --install "${BUILD_DIR}" --prefix "${prefix}")
run("${CMAKE_COMMAND}" -S "${EXAMPLE_DIR}" -B "${WORK_DIR}/build" -G "${GENERATOR}"
    "-DCMAKE_MAKE_PROGRAM=${MAKE_PROGRAM}" "-DCMAKE_CXX_COMPILER=${CXX_COMPILER}" "-DCMAKE_PREFIX_PATH=${prefix}"
    "-DPython_EXECUTABLE=${PYTHON}" "-DOPENMM_DIR=${OPENMM_DIR}")
run("${CMAKE_COMMAND}" --build "${WORK_DIR}/build")
run("${WORK_DIR}/build/minimal")

# CMake has no floating point arithmetic, so the exponent says that the energies agree to 1e-10 kJ/mol or better.
if(NOT output MATCHES "energy -?[0-9.]+(e[-+]?[0-9]+)? kJ/mol")
    message(FATAL_ERROR "the program printed no energy")
endif()
if(NOT output MATCHES "sum over pairs: ([0-9.]+e-[1-9][0-9]|0.0e.00) kJ/mol")
    message(FATAL_ERROR "the energy of the Context is not that of the model")
endif()
