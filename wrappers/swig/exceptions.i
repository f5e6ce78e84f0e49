// SPDX-License-Identifier: MIT
// C++ exceptions become openmm.OpenMMException, which is defined in Python.
%fragment("raiseOpenMMException", "header") {
static void raiseOpenMMException(const char* message) {
    PyObject* module = PyImport_ImportModule("openmm");
    if (module == nullptr)
        return; // with the import's own exception set
    PyObject* type = PyObject_GetAttrString(module, "OpenMMException");
    Py_DECREF(module);
    if (type == nullptr)
        return;
    PyErr_SetString(type, message);
    Py_DECREF(type);
}
}

%exception {
    try {
        $action
    }
    catch (const std::bad_alloc&) {
        PyErr_NoMemory();
        SWIG_fail;
    }
    catch (const std::exception& e) {
        raiseOpenMMException(e.what());
        SWIG_fail;
    }
}
%fragment("raiseOpenMMException");
