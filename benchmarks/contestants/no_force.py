# SPDX-License-Identifier: MIT
"""Steps without any force: what the integrator alone costs."""

from contestants.openmm_md import OpenMMContestant

NO_FORCE = OpenMMContestant("none", "no force", lambda numAtoms: [], hasPairs=False)
