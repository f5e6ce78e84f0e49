# SPDX-License-Identifier: MIT
"""A model in a numeric format: plain, with a refitted readout, or fine-tuned."""

from __future__ import annotations

import copy
import datetime
import json
import os
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any

from openmmsurrogate._options import SHORT_NAMES
from openmmsurrogate._torch import torch
from openmmsurrogate.data import ForceDataset
from openmmsurrogate.model import SurrogateModel
from openmmsurrogate.network import NumericFormat, PairNetwork
from openmmsurrogate.quantization.config import FORMATS, METHODS, QuantizationConfig
from openmmsurrogate.quantization.finetune import Reporter, calibrate, finetune, measure, polish, refit
from openmmsurrogate.quantization.matching import MatchingData, MatchingLoss, make_modules
from openmmsurrogate.quantization.rounded_module import RoundedPairModule, Scheme
from openmmsurrogate.training.dataset import compute_fingerprint
from openmmsurrogate.training.loss import copy_parameters, set_parameters


@dataclass(frozen=True)
class QuantizationResult:
    """What quantize() returns.

    Attributes
    ----------
    model
        a model that runs in the format by default
    heldOutError
        root mean square error of force components on held-out frames over their standard deviation, with the terms of
        energy; None with method "plain" and no data
    refitKept
        whether the refit of the readout lowered the held-out error
    """

    model: SurrogateModel
    heldOutError: float | None
    refitKept: bool


def quantize(
    model: SurrogateModel,
    format: str,
    method: str = "finetune",
    paths: Sequence[str | os.PathLike[str]] = (),
    config: QuantizationConfig | None = None,
    reporter: Reporter | None = None,
    start: SurrogateModel | None = None,
) -> QuantizationResult:
    """Make a model that runs in a reduced numeric format.

    Parameters
    ----------
    model
        a trained model; it is not changed
    format
        "bf16", "fp16", "fp8", "int8" or "int4", or the names of NumericFormat
    method
        "plain": weights and activations are rounded as the format's defaults say; "refit": int8 activations have a
        scale per channel, and the readout is refitted to rounded activations; "finetune": all weights are trained
        with rounding in the forward pass, and then the readout is refitted
    paths
        files of forces, as for training; method "plain" needs none
    config
        settings; None takes the defaults
    reporter
        called after each step of the fine-tuning with its number, the number of steps, and the loss
    start
        a model whose weights the fine-tuning or refit starts from, such as one fine-tuned for a coarser format, which
        is robust against rounding; the function to reproduce is that of ``model`` all the same. None takes the model's.

    Raises
    ------
    ValueError
        for an unknown format or method, missing data, or data that do not fit the model
    """
    settings, name = config or QuantizationConfig(), SHORT_NAMES.get(format, format)
    if name not in [SHORT_NAMES.get(short, short) for short in FORMATS]:
        raise ValueError(f"the format must be one of {', '.join(FORMATS)}, but is {format!r}")
    if method not in METHODS:
        raise ValueError(f"the method must be one of {', '.join(METHODS)}, but is {method!r}")
    if not paths and method != "plain":
        raise ValueError(f"method {method} needs data; give files from openmm-surrogate sample with --data")
    if settings.threads:
        torch.set_num_threads(settings.threads)
    if start is not None:
        _check_start(model, start)
    result = copy.copy(model if start is None or method == "plain" else start)
    result.setFormat(NumericFormat.parse(name))
    result.setEndLayersSingle(settings.endLayersSingle)
    result.setWeightGroupSize(settings.weightGroupSize)
    error, kept, fingerprint = None, False, None
    if paths:
        with ExitStack() as stack:
            datasets = [stack.enter_context(ForceDataset(path)) for path in paths]
            data = MatchingData(model, datasets, [os.fspath(path) for path in paths], settings)
            fingerprint = compute_fingerprint(datasets)
        result, error, kept = _improve(result, name, method, data, settings, reporter)
    provenance = _describe(model, name, method, settings, [os.fspath(p) for p in paths], error)
    provenance["quantization"]["fingerprint"] = fingerprint
    if start is not None:
        provenance["quantization"]["start"] = json.loads(start.getProvenance()).get("quantization")
    result.setProvenance(json.dumps(provenance))
    return QuantizationResult(result, error, kept)


def _check_start(model: SurrogateModel, start: SurrogateModel) -> None:
    """Raise ValueError unless two models have the same types and networks for them."""
    alike = model.getTypeNames() == start.getTypeNames() and model.getNumNetworks() == start.getNumNetworks()
    alike = alike and float(model.getCutoff()._value) == float(start.getCutoff()._value)
    if not alike:
        raise ValueError("the model to start from must have the types, the cutoff and the networks of the model")


def _improve(
    model: SurrogateModel,
    format: str,
    method: str,
    data: MatchingData,
    config: QuantizationConfig,
    reporter: Reporter | None,
) -> tuple[SurrogateModel, float, bool]:
    """Return the quantized model, its held-out error, and whether a refit was kept."""
    scheme = Scheme(format, config.endLayersSingle, config.weightGroupSize)
    modules, kept = make_modules(model, scheme, data.deviation), False
    training, fitting, heldOut = (
        MatchingLoss(q, data, config.device) for q in (data.training, data.refit, data.heldOut)
    )
    for module in modules:
        module.to(config.device)
    if method == "plain":
        for module in modules:
            module.calibrate_symmetric(data.grid.low / data.cutoff)
        return model, measure(modules, heldOut, config.seed) ** 0.5, False
    calibrate(modules, training)
    if method == "finetune":
        polish(modules, training, config)
        if config.steps:
            finetune(modules, training, config, reporter)
            calibrate(modules, training)
    kept, error = _refit_and_measure(modules, fitting, heldOut, config)
    if method == "finetune":
        before = copy_parameters(modules)
        polish(modules, training, config)  # scales stay: others would round the weights otherwise
        polished, lower = _refit_and_measure(modules, fitting, heldOut, config)
        if lower < error:
            return _with_networks(model, modules, data), lower, polished
        set_parameters(modules, before)
    return _with_networks(model, modules, data), error, kept


def _refit_and_measure(
    modules: Sequence[RoundedPairModule], fitting: MatchingLoss, heldOut: MatchingLoss, config: QuantizationConfig
) -> tuple[bool, float]:
    """Refit; return whether the refit was kept, and the held-out error."""
    kept = refit(modules, fitting, heldOut, config)
    return kept, measure(modules, heldOut, config.seed) ** 0.5


def _with_networks(model: SurrogateModel, modules: Sequence[RoundedPairModule], data: MatchingData) -> SurrogateModel:
    """Return a copy of a model with other networks."""
    result = SurrogateModel(model.getTypeNames(), model.getCutoff())
    for index, module in enumerate(modules):
        result.addNetwork(_to_network(module, model.getNetwork(index)))
    types = range(model.getNumTypes())
    for a in types:
        result.setEnergyOffset(a, model.getEnergyOffset(a))
        for b in types[: a + 1]:
            if model.getPairNetwork(a, b) != SurrogateModel.Undefined:
                result.setPairNetwork(a, b, model.getPairNetwork(a, b))
    result.setForceScale(model.getForceScale())
    result.setFormat(model.getFormat())
    result.setEndLayersSingle(model.getEndLayersSingle())
    result.setWeightGroupSize(model.getWeightGroupSize())
    return result


def _to_network(module: RoundedPairModule, original: PairNetwork) -> PairNetwork:
    layers = range(original.getNumLayers())
    network = PairNetwork(
        original.getWidths(),
        [module.weights[layer].detach().cpu().numpy() for layer in layers],
        [module.biases[layer].detach().cpu().numpy() for layer in layers],
        original.getActivation(),
        original.getOutput(),
    )
    if original.getActivation() == PairNetwork.ClampedPolynomial:
        network.setActivationCoefficients(original.getActivationCoefficients())
    network.setOutputStandardization(original.getOutputMean(), original.getOutputStandardDeviation())
    network.setCore(original.getMinimumDistance(), original.getCoreStiffness())
    network.setTrainingHistogram(original.getTrainingHistogram())
    module.write_quantization(network)
    return network


def _describe(
    model: SurrogateModel,
    format: str,
    method: str,
    config: QuantizationConfig,
    paths: Sequence[str],
    error: float | None,
) -> dict[str, Any]:
    """Return the provenance of the model, with what has been done to it."""
    provenance: dict[str, Any] = json.loads(model.getProvenance())
    provenance["quantization"] = {
        "command": "openmm-surrogate quantize",
        "date": datetime.datetime.now(datetime.timezone.utc).date().isoformat(),
        "format": format,
        "method": method,
        "data": list(paths),
        "config": config.toDict(),
        "held_out_error": error,
        "torch": torch.__version__,
    }
    return provenance
