# SPDX-License-Identifier: MIT
"""Do the platforms compute the forces of this package rightly in a System of the user's own?

``validateSystem`` answers for each force, numeric format and platform; ``openmm-surrogate validate`` is the same as a
command. What is compared, and with which bounds, is in docs/howto/validate.md.
"""

from openmmsurrogate.validation.bounds import Bounds
from openmmsurrogate.validation.inputs import readStructure, readSystem
from openmmsurrogate.validation.report import ValidationReport, ValidationRow
from openmmsurrogate.validation.validate import validateSystem

__all__ = ["Bounds", "ValidationReport", "ValidationRow", "readStructure", "readSystem", "validateSystem"]
