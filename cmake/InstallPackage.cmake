# SPDX-License-Identifier: MIT
# Installs what find_package(OpenMMSurrogate) reads.
include(CMakePackageConfigHelpers)

set(package_dir "${CMAKE_INSTALL_LIBDIR}/cmake/OpenMMSurrogate")
configure_package_config_file(cmake/OpenMMSurrogateConfig.cmake.in OpenMMSurrogateConfig.cmake
    INSTALL_DESTINATION "${package_dir}" PATH_VARS OPENMM_SURROGATE_PLUGIN_DIR)
write_basic_package_version_file(OpenMMSurrogateConfigVersion.cmake COMPATIBILITY SameMinorVersion)
install(EXPORT OpenMMSurrogateTargets NAMESPACE OpenMMSurrogate:: DESTINATION "${package_dir}")
install(FILES
    "${PROJECT_BINARY_DIR}/OpenMMSurrogateConfig.cmake"
    "${PROJECT_BINARY_DIR}/OpenMMSurrogateConfigVersion.cmake"
    cmake/FindOpenMM.cmake
    DESTINATION "${package_dir}")
