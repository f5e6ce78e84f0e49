# SPDX-License-Identifier: MIT
"""The warnings of this package, which users may want to filter."""


class ApplicabilityWarning(UserWarning):
    """A model is used for configurations that are unlike its training data."""
