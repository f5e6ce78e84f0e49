// SPDX-License-Identifier: MIT
#include "SourceText.h"
#include <openmm/OpenMMException.h>

using std::string;

string SurrogatePlugin::define(const string& name, int value) {
    return "#define " + name + " " + std::to_string(value) + "\n";
}

string SurrogatePlugin::joinFiles(const std::vector<string>& files) {
    string source;
    for (const string& file : files) {
        const string* text = findKernelText(file);
        if (text == nullptr)
            throw OpenMM::OpenMMException("openmm-surrogate: there is no device source '" + file + "' in this library");
        source += "#line 1 \"" + file + "\"\n" + *text;
    }
    return source;
}
