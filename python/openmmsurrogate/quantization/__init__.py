# SPDX-License-Identifier: MIT
"""Models in reduced numeric formats: plain rounding, refit of the readout, fine-tuning (extra ``train``)."""

from openmmsurrogate.quantization.config import FORMATS, METHODS, QuantizationConfig
from openmmsurrogate.quantization.run import QuantizationResult, quantize

__all__ = ["FORMATS", "METHODS", "QuantizationConfig", "QuantizationResult", "quantize"]
