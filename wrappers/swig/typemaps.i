// SPDX-License-Identifier: MIT
// How arguments and results pass between Python and C++.
%include <std_string.i>
%include <std_vector.i>
%include <std_pair.i>

// Anything that Python accepts as an index is an integer, NumPy's integers too.
%typemap(in) int {
    PyObject* index = PyNumber_Index($input);
    if (index == nullptr)
        SWIG_fail;
    int overflow;
    long value = PyLong_AsLongAndOverflow(index, &overflow);
    Py_DECREF(index);
    if (overflow != 0 || value < INT_MIN || value > INT_MAX) {
        raiseOpenMMException("$symname: argument $argnum does not fit a 32-bit integer");
        SWIG_fail;
    }
    $1 = ($1_ltype) value;
}
%typemap(typecheck, precedence=SWIG_TYPECHECK_INTEGER) int {
    $1 = PyIndex_Check($input);
}
%apply int { SurrogatePlugin::NumericFormat::Type, SurrogatePlugin::SurrogateForce::Precision,
             SurrogatePlugin::SurrogateForce::EvaluationMethod, SurrogatePlugin::PairNetwork::Activation,
             SurrogatePlugin::PairNetwork::Output, SurrogatePlugin::TunablePMEForce::Precision,
             SurrogatePlugin::TunablePMEForce::KSpaceMethod };
%apply int& OUTPUT { int& particle1, int& particle2 };
%apply double& OUTPUT { double& absolute, double& relative };

// Without names these make typemaps and no Python classes.
%template() std::vector<int>;
%template() std::vector<float>;
%template() std::vector<double>;
%template() std::vector<std::string>;
%template() std::vector<std::vector<float> >;
%template() std::pair<int, int>;
%template() std::vector<std::pair<int, int> >;

// An object that is part of another one is returned as a copy, which lives as long as Python wants.
%define RETURN_COPY(Class)
%typemap(out) const Class& {
    $result = SWIG_NewPointerObj(new Class(*$1), $descriptor(Class*), SWIG_POINTER_OWN);
}
%enddef
RETURN_COPY(SurrogatePlugin::PairNetwork)
RETURN_COPY(SurrogatePlugin::SurrogateModel)
