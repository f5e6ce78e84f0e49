# SPDX-License-Identifier: MIT
"""Neural-network pair forces for OpenMM at a chosen numeric precision.

Importing the package loads its plugin libraries into OpenMM. What could not be loaded is said in
``pluginLoadFailures``, and ``openmm-surrogate doctor`` explains it.
"""

from openmmsurrogate._loading import check_openmm_version, load_plugins

check_openmm_version()

from openmmsurrogate._loading import check_swig_type_table  # noqa: E402

check_swig_type_table()

from importlib.metadata import version as _version  # noqa: E402

from openmmsurrogate.force import SurrogateForce  # noqa: E402
from openmmsurrogate.forcefield import SurrogateGenerator  # noqa: E402
from openmmsurrogate.model import SurrogateModel, listModels  # noqa: E402
from openmmsurrogate.network import NumericFormat, PairNetwork  # noqa: E402

__version__ = _version("openmm-surrogate")
pluginLoadFailures: list[str] = load_plugins()
"""What kept a plugin library from being loaded, one readable text each; empty if all are there."""

__all__ = [
    "NumericFormat",
    "PairNetwork",
    "SurrogateForce",
    "SurrogateGenerator",
    "SurrogateModel",
    "listModels",
    "pluginLoadFailures",
]
