# SPDX-License-Identifier: MIT
"""Configuration of Sphinx, which builds these pages: ./dev docs."""

from importlib.metadata import version as find_version

project = "openmm-surrogate"
author = "openmm-surrogate developers"
release = find_version("openmm-surrogate")
version = release

extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon", "sphinx.ext.mathjax"]
exclude_patterns = ["_build"]
myst_enable_extensions = ["dollarmath"]
myst_heading_anchors = 4
suppress_warnings = ["myst.header"]  # measured tables have headings of one level, wherever they stand

html_theme = "furo"
html_title = "openmm-surrogate"
html_show_sourcelink = False

autodoc_member_order = "bysource"
autodoc_typehints = "signature"
autodoc_default_options = {"members": True, "imported-members": True, "show-inheritance": False}
napoleon_google_docstring = False
napoleon_use_rtype = False


def escape_bars(app, what, name, object, options, lines):
    """Keep |F| in docstrings what it is: in reStructuredText it would be the name of a substitution."""
    for i, line in enumerate(lines):
        parts = line.split("``")  # every second one is code
        parts[::2] = [part.replace("|", r"\|") for part in parts[::2]]
        lines[i] = "``".join(parts)


def setup(app):
    """Connect what Sphinx calls."""
    app.connect("autodoc-process-docstring", escape_bars)
