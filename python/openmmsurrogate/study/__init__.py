# SPDX-License-Identifier: MIT
"""The experiments of the report PNNL-38353, repeated with OpenMM and the forces of this package.

A study is a list of experiments on one material. Each writes one JSON file when it is done, so that an interrupted
study goes on where it stopped; figures and the page are made from these files alone.
"""

from openmmsurrogate.study.runner import describeMissing, runStudy
from openmmsurrogate.study.settings import STUDIES, StudySettings
from openmmsurrogate.study.store import Results, StudyFolder

__all__ = ["STUDIES", "Results", "StudyFolder", "StudySettings", "describeMissing", "runStudy"]
