// SPDX-License-Identifier: MIT
// The Python module openmmsurrogate._wrapper with its extension _plugin: the C++ classes as they are. What Python adds (units,
// arrays, names, documentation) is in python/openmmsurrogate, in classes that derive from these.
%module(package="openmmsurrogate") _wrapper

%begin %{
// OpenMM's headers must be read before Python's, which define macros with common names.
#include "OpenMMSurrogate.h"
#include "openmmsurrogate/internal/PMESettings.h"
%}
%{
using namespace OpenMM;
using namespace SurrogatePlugin;
%}

%include "exceptions.i"
%include "typemaps.i"
// Classes of OpenMM's own module, known to us by name. SWIG's shared run-time type table does the rest.
%import(module="openmm") "openmm.i"

%include "model.i"
%include "force.i"
%include "tunablePMEForce.i"

// The version of SWIG's run-time type table, which must be the one that OpenMM's module uses.
%constant const char* SWIG_TYPE_TABLE_VERSION = SWIG_RUNTIME_VERSION;
