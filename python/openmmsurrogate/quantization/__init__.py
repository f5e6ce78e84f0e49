# SPDX-License-Identifier: MIT
"""Models in reduced numeric formats: plain rounding, refit of the readout, fine-tuning (extra ``train``)."""

from openmmsurrogate.quantization.config import FORMAT_NAMES, METHODS, QuantizationConfig
from openmmsurrogate.quantization.run import QuantizationResult, quantize

__all__ = ["FORMAT_NAMES", "METHODS", "QuantizationConfig", "QuantizationResult", "quantize"]
