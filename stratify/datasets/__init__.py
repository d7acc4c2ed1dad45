"""Patients to learn on: simulated ones with their truth, and public ones by name."""

from stratify.datasets.help_linkage import fetch_help
from stratify.datasets.opn_thickness import fetch_opn_multisite_thickness
from stratify.datasets.public import Dataset
from stratify.datasets.registry import DATASETS, fetch
from stratify.datasets.rpn_signature import fetch_rpn_signature
from stratify.datasets.simulation import PRESETS, Preset, Simulation, make_cohort
from stratify.datasets.sudmex_targets import (
    SudmexTargets,
    fetch_sudmex_targets,
    fetch_sudmex_tms_targets,
)
from stratify.datasets.sudmex_tms import fetch_sudmex_tms
from stratify.datasets.tulsa_mdd import fetch_tulsa_mdd
from stratify.datasets.write import write_simulation

__all__ = [
    "DATASETS",
    "PRESETS",
    "Dataset",
    "Preset",
    "Simulation",
    "SudmexTargets",
    "fetch",
    "fetch_help",
    "fetch_opn_multisite_thickness",
    "fetch_rpn_signature",
    "fetch_sudmex_targets",
    "fetch_sudmex_tms",
    "fetch_sudmex_tms_targets",
    "fetch_tulsa_mdd",
    "make_cohort",
    "write_simulation",
]
