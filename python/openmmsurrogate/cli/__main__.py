# SPDX-License-Identifier: MIT
"""Run the command as python -m openmmsurrogate.cli."""

from openmmsurrogate.cli.app import main

main()
