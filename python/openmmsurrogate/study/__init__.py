# SPDX-License-Identifier: MIT
"""The experiments of the report PNNL-38353, repeated with OpenMM and the forces of this package."""
