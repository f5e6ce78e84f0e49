# SPDX-License-Identifier: MIT
# What all libraries of this project share: warnings, run paths and install destinations.
include_guard()

# Plugins have a folder of their own, as OpenMM's have, so that Platform::loadPluginsFromDirectory() can be given it.
set(OPENMM_SURROGATE_PLUGIN_DIR "${CMAKE_INSTALL_LIBDIR}/plugins")

add_library(SurrogateBuildOptions INTERFACE)
target_compile_options(SurrogateBuildOptions INTERFACE -Wall -Wextra -Wno-unused-parameter)

# surrogate_configure_library(<target> <install folder> <run path>...)
#
# Installed libraries look for each other by relative run paths. A C++ installation also remembers where OpenMM is; a wheel must
# not (the OpenMM it was built with is in a folder that pip deletes), and finds it in the site-packages that both are in.
function(surrogate_configure_library target destination)
    target_link_libraries(${target} PRIVATE SurrogateBuildOptions)
    set_target_properties(${target} PROPERTIES INSTALL_RPATH "${ARGN}")
    if(NOT SKBUILD)
        set_target_properties(${target} PROPERTIES INSTALL_RPATH_USE_LINK_PATH ON)
    endif()
    install(TARGETS ${target} LIBRARY DESTINATION "${destination}")
endfunction()
