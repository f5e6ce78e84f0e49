# SPDX-License-Identifier: MIT
"""Force data: configurations of a System with the forces in them, from simulations and trajectories.

Files are HDF5 and need h5py, which the extra ``train`` of the package installs. Arrays are plain numpy arrays in
OpenMM's units: nm, ps, kJ/mol, kJ/mol/nm.
"""

from openmmsurrogate.data.force_dataset import ForceDataset
from openmmsurrogate.data.force_dataset_writer import ForceDatasetWriter
from openmmsurrogate.data.frame import Frame
from openmmsurrogate.data.pairs import findNeighbors, findPairs
from openmmsurrogate.data.particle_types import ParticleTypes, assignTypes, findExclusions, parseTypeMap
from openmmsurrogate.data.sampling import sampleForces
from openmmsurrogate.data.sampling_settings import RecordingSettings, SamplingSettings
from openmmsurrogate.data.summary import DataSummary, summarizeData
from openmmsurrogate.data.system_source import SystemSource, loadSystem, parseOptions
from openmmsurrogate.data.trajectory import recordTrajectory
from openmmsurrogate.data.virial import computeVirial

__all__ = [
    "DataSummary",
    "ForceDataset",
    "ForceDatasetWriter",
    "Frame",
    "ParticleTypes",
    "RecordingSettings",
    "SamplingSettings",
    "SystemSource",
    "assignTypes",
    "computeVirial",
    "findExclusions",
    "findNeighbors",
    "findPairs",
    "loadSystem",
    "parseOptions",
    "parseTypeMap",
    "recordTrajectory",
    "sampleForces",
    "summarizeData",
]
