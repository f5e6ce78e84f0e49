# SPDX-License-Identifier: MIT
# Run by ctest: looks up what each of LIBRARIES is linked with, directly and through others.
cmake_minimum_required(VERSION 3.26)
cmake_path(GET OPENMM_LIBRARY PARENT_PATH openmm_folder)
foreach(library IN LISTS LIBRARIES)
    # What cannot be found, such as libcuda.so.1 without a driver, is not LibTorch either: names are looked at, too.
    file(GET_RUNTIME_DEPENDENCIES MODULES "${library}" DIRECTORIES "${openmm_folder}"
        RESOLVED_DEPENDENCIES_VAR found UNRESOLVED_DEPENDENCIES_VAR missing)
    if(NOT "${found}" MATCHES "libOpenMM\\.so")
        message(FATAL_ERROR "${library}: not even OpenMM was found among its dependencies: ${found};${missing}")
    endif()
    if("${found};${missing}" MATCHES "lib(torch|c10|OpenMMSurrogateTorch)")
        message(FATAL_ERROR "${library} depends on LibTorch: ${found};${missing}")
    endif()
endforeach()
