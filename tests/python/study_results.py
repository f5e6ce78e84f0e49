# SPDX-License-Identifier: MIT
"""Made-up results of studies on a GPU, whose numbers are simple functions of the size."""

import numpy as np

from openmmsurrogate.study import Results, StudySettings
from openmmsurrogate.study.argon import listSpeedContestants as listArgon
from openmmsurrogate.study.argon import listStructureContestants as listArgonStructures
from openmmsurrogate.study.materials import MATERIALS
from openmmsurrogate.study.nacl import FURTHER_FORMATS, SCALING_FORMATS, listSurrogates
from openmmsurrogate.study.nacl import listSpeedContestants as listSalt
from openmmsurrogate.study.nacl import listStructureContestants as listSaltStructures

SIZES = (2000, 64000, 1000000)
DEVICE = {
    "date": "2026-11-27",
    "commit": "1234567",
    "processor": "a processor",
    "cores": 16,
    "python": "3.12.3",
    "openmm": "8.6.1.dev-b399af4",
    "gpu": "NVIDIA Test",
    "driver": "580.0",
}
COSTS = {  # ns per particle: pairs, neighbor list
    "lj": (1.0, 0.3),
    "pme": (2.0, 0.4),
    "tunable": (2.0, 0.4),
    "table": (0.3, 0.05),
    "network": (2.5, 0.05),
    "none": (0.0, 0.0),
}


def make_row(contestant, particles, watts=300.0):
    """Make a row of speed: microseconds of overhead, and costs proportional to the particles."""
    pair, neighbor = COSTS[contestant.name.split("-")[0]]
    factor = {"double": 2.0, "mixed": 1.1}.get(contestant.name.split("-")[-1], 1.0)
    factor *= 6.0 if contestant.name == "network-single" else 40.0 if contestant.name.endswith("-cpu") else 1.0
    pair, other = 0.01 + 1e-6 * pair * factor * particles, 0.012 + 1e-7 * particles
    k_space = 0.03 + 2e-6 * factor * particles if contestant.hasKSpace else None
    parts = {"pair": pair, "k_space": k_space, "neighbor": 1e-6 * neighbor * particles, "other": other}
    whole = sum(value or 0.0 for value in parts.values())
    alone = None if k_space is None else 1.2 * k_space
    row = {
        **contestant.describe(),
        "particles": particles,
        "platform": contestant.platform or "CUDA",
        "state": "liquid at 100 K",
        "ms_per_step": whole,
        "ms_per_step_windows": [0.99 * whole, whole, 1.01 * whole],
        "steps_per_window": 100,
        "temperature_K": 100.0,
    }
    if contestant.platform is None:
        row |= {"W": watts, "J_per_step": watts * whole / 1000.0}
    if contestant.split:
        row["split_ms"] = {**parts, "k_space_alone": alone}
    if contestant.ensembles:
        row["ensemble_state"] = "solid at 60 K"
        row["ensembles_ms"] = {"NVE": [0.97 * whole] * 3, "NPT": [1.2 * whole] * 3}
    return row


def make_structure(contestant, material, seed):
    """Make a row of structure: a peak and noise."""
    rng = np.random.default_rng(seed)
    r = (np.arange(150) + 0.5) * 1.2 / 150
    kinds = list(material.species)
    pairs = [f"{a}-{b}" for i, a in enumerate(kinds) for b in kinds[i:]]
    g = (r > 0.3) * (1.0 + 1.9 * np.exp(-(((r - 0.37) / 0.03) ** 2)))
    row = {
        **contestant.describe(),
        "particles": 2048,
        "platform": contestant.platform or "CUDA",
        "state": material.state.name,
        "steps": 20000,
        "force_r2": 1.0 - 10.0 ** -(seed + 2),
        "force_relative_rms_error": 10.0 ** -(seed + 2),
        "g_r": {"r_nm": r.tolist()},
    }
    for pair in pairs:
        noise = rng.normal(0.0, 0.01, 150) * (g > 0.0)
        row["g_r"][pair] = {"g": (g + noise).tolist(), "standard_error": np.where(g > 0.0, 0.01, 0.0).tolist()}
    energy = {"kJ_per_mol": -4.7 - 0.001 * seed, "standard_error": 0.001}
    if contestant.comparableEnergy:
        row["energy"] = energy
    if not material.isCharged:
        row["judged_energy"] = energy
    return row


def make_results(study, sizes=SIZES, gpu=True, surrogate=True):
    """Make what a finished study would have found."""
    settings = StudySettings(study, "CUDA" if gpu else "CPU", sizes, 1.0, 0.5, 3, 2000, 20000, 5000)
    material = MATERIALS[study]
    device = DEVICE if gpu else {**DEVICE, "gpu": None}
    contents = {"idle": {"device": device, "rows": [{"name": "idle", "label": "idle GPU", "W": 80.0}]}}
    for size in sizes:
        timed = (listArgon if study == "argon" else listSalt)(settings, size)
        if study == "nacl" and surrogate:
            timed += listSurrogates((*SCALING_FORMATS, *(FURTHER_FORMATS if size == 64000 else ())))
        for contestant in timed:
            row = make_row(contestant, material.countParticles(size))
            contents[f"speed-{size}-{contestant.name}"] = {"device": device, "rows": [row]}
    structures = (listArgonStructures if study == "argon" else listSaltStructures)(settings)
    if study == "nacl" and surrogate:
        structures = [*structures, *listSurrogates()]
    for seed, contestant in enumerate(structures):
        row = make_structure(contestant, material, seed)
        contents[f"structure-{contestant.name}"] = {"device": device, "rows": [row]}
    contents["reproducibility"] = {
        "device": device,
        "rows": [make_repetition(structures[0]), make_repetition(structures[1])],
    }
    if study == "nacl" and surrogate:
        rows = [make_repetition(each) for each in listSurrogates()]
        contents["reproducibility-surrogate"] = {"device": device, "rows": rows}
    return Results(settings, contents)


def make_repetition(contestant):
    """Make a row of two runs, different ones for names that end in single."""
    differs = contestant.name.endswith("single")
    return {
        **contestant.describe(),
        "particles": 2048,
        "steps": 5000,
        "interval_ps": 0.2,
        "bitwise_equal": not differs,
        "first_difference_ps": 0.4 if differs else None,
        "divergence_ps": 6.0 if differs else None,
        "rms_distance_nm": [0.0] * 50,
    }
