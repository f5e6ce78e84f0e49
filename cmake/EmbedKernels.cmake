# SPDX-License-Identifier: MIT
#[[
surrogate_embed_kernels(<output.cpp> <file.cu>...)

Writes a C++ file that defines SurrogatePlugin::findKernelText(): the text of each device source, by its path relative to the
calling folder. Sources stay files that editors and tools understand, and the library needs none at run time.
]]
function(surrogate_embed_kernels output)
    set(entries "")
    foreach(source IN LISTS ARGN)
        file(READ "${CMAKE_CURRENT_SOURCE_DIR}/${source}" text)
        set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS "${CMAKE_CURRENT_SOURCE_DIR}/${source}")
        string(APPEND entries "    {\"${source}\", R\"CUDA_SOURCE(${text})CUDA_SOURCE\"},\n")
    endforeach()
    # file(CONFIGURE) writes only what has changed.
    file(CONFIGURE OUTPUT "${output}" CONTENT "// Made from the .cu files; change those.
#include \"SourceText.h\"
#include <map>

namespace SurrogatePlugin {

static const std::map<std::string, std::string> texts = {
@entries@};

const std::string* findKernelText(const std::string& file) {
    auto found = texts.find(file);
    return found == texts.end() ? nullptr : &found->second;
}

} // namespace SurrogatePlugin
" @ONLY)
endfunction()
