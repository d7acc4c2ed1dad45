"""SUDMEX: where 27 of the patients were stimulated, and the trial's normative map."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, replace
from importlib.resources import files
from pathlib import Path

from stratify.connectome import (
    TargetFeatures,
    Targets,
    compute_target_features,
    read_targets,
)
from stratify.datasets.fetch import RAW, PublicFile, fetch_file
from stratify.datasets.public import Dataset
from stratify.datasets.sudmex_tms import fetch_sudmex_tms

COMMIT = "135e0f2f38559dc8d9485b86090a4db76f439e12"
REPOSITORY = f"{RAW}/egarza/sudmex_tms_main/{COMMIT}"
MAP_FILE = PublicFile(
    url=f"{REPOSITORY}/data/normative/AVG_CONE_msk_normed_AvgR_Fz.nii.gz",
    sha256="31d4362344397107689579dfcacb0fca74098530fa9ea7c548ecb95460d4ef8d",
    mirror="sudmex_tms/nifti/normative_lDLPFC_FC_AvgR_Fz.nii.gz",
)
SEED = "left_dlpfc"


@dataclass(frozen=True, eq=False)
class SudmexTargets:
    """Targets of the SUDMEX trial, and what is computed of them.

    Parameters
    ----------
    targets : Targets
        Patients as in `fetch_sudmex_tms`.
    features : TargetFeatures
        The distance from the subgenual seed, and the connectivity of each target with the trial's
        average target in the left DLPFC. `TargetFeatures.site_value` is the connectivity of that
        average target with the subgenual seed, one number for all: the map is not seeded there.
    """

    targets: Targets
    features: TargetFeatures


def fetch_sudmex_targets(*, mirror: str | Path | None = None) -> SudmexTargets:
    """Fetch the stimulation targets of 27 of the 44 patients of the SUDMEX trial.

    Parameters
    ----------
    mirror : path, optional
        A folder of public data sets; by default ``STRATIFY_DATA``, or else files are downloaded.

    Source
    ------
    Garza-Villarreal EA et al. 2021, Biol Psychiatry CNNI, doi:10.1016/j.bpsc.2021.01.003. The map:
    resting connectivity of healthy people with the trial's average target, Fisher z.
    """
    told = tomllib.loads(
        files("stratify.datasets").joinpath("sudmex_targets.toml").read_text(encoding="utf-8")
    )
    images = {
        patient: fetch_file(_image_of(patient, sha256), mirror=mirror)
        for patient, sha256 in told["image"].items()
    }
    targets = read_targets(images, name="sudmex_tms")
    features = compute_target_features(
        targets, connectivity=fetch_file(MAP_FILE, mirror=mirror), seed=SEED
    )
    return SudmexTargets(targets, features)


def fetch_sudmex_tms_targets(*, mirror: str | Path | None = None) -> Dataset:
    """Fetch the patients of the SUDMEX trial whose target is known, and what is computed of it.

    Two columns go beside those of `fetch_sudmex_tms`: ``target_distance_sgacc`` and
    ``target_connectivity_left_dlpfc``, both as connectivity and known before treatment.

    Parameters
    ----------
    mirror : path, optional
        A folder of public data sets; by default ``STRATIFY_DATA``, or else files are downloaded.
    """
    trial = fetch_sudmex_tms(mirror=mirror)
    found = fetch_sudmex_targets(mirror=mirror)
    cohort = trial.cohort.select(trial.cohort.frame.index.isin(found.targets.patients))
    return replace(
        trial,
        name="sudmex_tms_targets",
        cohort=cohort.join(found.features.frame, found.features.columns),
        description=f"{len(cohort)} of the {len(trial.cohort)} patients of the SUDMEX trial whose "
        "stimulation target in the left DLPFC is published, its distance from the subgenual "
        "cingulate, and its connectivity in the trial's normative map.",
    )


def _image_of(patient: str, sha256: str) -> PublicFile:
    return PublicFile(
        url=f"{REPOSITORY}/tms_localization/individual_targets/{patient}.nii.gz",
        sha256=sha256,
        mirror=f"sudmex_tms/nifti/individual_targets/{patient}.nii.gz",
    )
