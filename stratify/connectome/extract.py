"""fMRIPrep's images to signals of regions, denoised, with what is known of each scan."""

from __future__ import annotations

import json
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, get_args

import numpy as np
import pandas as pd

from stratify.connectome.atlas import Atlas, find_centres
from stratify.connectome.entities import NamedFile, find_derivatives, parse_name
from stratify.connectome.motion import read_framewise_displacement
from stratify.connectome.raw import Wanted
from stratify.connectome.selection import choose_images
from stratify.errors import DataError, Fault
from stratify.files import replacing

Strategy = Literal["simple", "scrubbing", "compcor", "ica_aroma"]
STRATEGIES: tuple[str, ...] = get_args(Strategy)
"""The denoising strategies of nilearn that take fMRIPrep's confounds."""


@dataclass(frozen=True, kw_only=True)
class Extraction:
    """How signals are taken from images.

    Parameters
    ----------
    atlas : Atlas
    out : Path
        The folder to write.
    strategy : {"simple", "scrubbing", "compcor", "ica_aroma"}
        Of `nilearn.interfaces.fmriprep.load_confounds_strategy`.
    global_signal : bool
        Whether the global signal is regressed out too.
    fd_threshold : float, optional
        In mm, of scrubbing; nilearn's own, if not given.
    least_coverage : float
        A region of which a smaller share lies within the brain mask is not covered.
    """

    atlas: Atlas
    out: Path
    strategy: Strategy = "simple"
    global_signal: bool = False
    fd_threshold: float | None = None
    least_coverage: float = 0.5

    def __post_init__(self) -> None:
        met, wanted = "", ""
        if self.strategy not in STRATEGIES:
            met, wanted = f"confounds {self.strategy!r}", f"one of {', '.join(STRATEGIES)}"
        elif self.fd_threshold is not None and self.strategy != "scrubbing":
            met, wanted = "a threshold of displacement", "the strategy scrubbing"
        elif self.global_signal and self.strategy == "ica_aroma":
            met, wanted = "the global signal", "another strategy than ica_aroma"
        if met:
            raise DataError(
                Fault(
                    where="extract",
                    met=f"{met} with the strategy {self.strategy}",
                    wanted=wanted,
                    way_out="Correct the strategy, or take the other setting out.",
                )
            )


@dataclass(frozen=True, kw_only=True)
class ExtractedScan:
    """What came of one scan.

    Parameters
    ----------
    patient, place : str
    volumes : int
        Left after scrubbing.
    scanned : int
    uncovered : int
        How many regions were not covered.
    faults : tuple of Fault
    """

    patient: str
    place: str
    volumes: int = 0
    scanned: int = 0
    uncovered: int = 0
    faults: tuple[Fault, ...] = ()


def find_images(
    folder: str | Path,
    *,
    session: str | None = None,
    run: str | None = None,
    entities: Mapping[str, str] | None = None,
) -> dict[str, list[NamedFile]]:
    """Find fMRIPrep's preprocessed images, by patient.

    Parameters
    ----------
    folder : path
        fMRIPrep's derivatives.
    session, run : str, optional
        All, if not given.
    entities : mapping of str to str, optional
        ``{"task": "rest", "space": "MNI152NLin2009cAsym"}``.

    Raises
    ------
    DataError
        If there is none, or one scan is there in several spaces.
    """
    folder = Path(folder)
    images = [
        file
        for file in find_derivatives(folder)
        if file.suffix == "bold"
        and file.ending in (".nii.gz", ".nii")
        and file.entities.get("desc") in ("preproc", "smoothAROMAnonaggr")
    ]
    wanted = Wanted(session=session, run=run, entities=dict(entities or {}))
    by_patient: dict[str, list[NamedFile]] = {}
    for file in choose_images(images, wanted, folder.name):
        by_patient.setdefault(f"sub-{file.entities['sub']}", []).append(file)
    return by_patient


def extract_scans(extraction: Extraction, images: list[NamedFile]) -> list[ExtractedScan]:
    """Write the signals of one patient's scans; a scan that fails does not stop the next."""
    return [_extract(extraction, image) for image in images]


def _extract(extraction: Extraction, image: NamedFile) -> ExtractedScan:
    patient, place = f"sub-{image.entities['sub']}", image.path.name
    try:
        return extract_scan(extraction, image)
    except DataError as error:
        return ExtractedScan(patient=patient, place=place, faults=error.faults)


def extract_scan(extraction: Extraction, image: NamedFile) -> ExtractedScan:
    """Write one scan's signals, coverage, motion and outliers, named as XCP-D names its own.

    Confounds are regressed out of the signals by nilearn. ``degrees_of_freedom`` in the sidecar are
    the volumes left, less one for each confound and one for the mean.

    Parameters
    ----------
    extraction : Extraction
    image : NamedFile

    Raises
    ------
    DataError
        If the image, its mask or its confounds are not there or cannot be used.

    Source
    ------
    Abraham A et al. 2014, Frontiers in Neuroinformatics 8:14 (nilearn); Wang HT et al. 2024, PLOS
    Computational Biology 20(3), on the strategies.
    """
    bold = _load_image(image)
    if bold.ndim != 4:
        raise DataError(_fault(image, f"an image of {bold.ndim} dimensions", "four dimensions"))
    seconds = float(bold.header.get_zooms()[3])
    confounds, kept, displacement = _confounds(extraction, image)
    if len(displacement) != bold.shape[3]:
        raise DataError(
            _fault(
                image,
                f"{bold.shape[3]} volumes, and confounds of {len(displacement)}",
                "the confounds of this very scan",
            )
        )
    if len(kept) <= confounds.shape[1] + 1:
        raise DataError(
            _fault(
                image,
                f"{len(kept)} volumes left and {confounds.shape[1]} confounds",
                "more volumes than confounds",
            )
        )
    mask = _mask_of(image)
    labels, coverage = _cover(extraction.atlas, bold, mask)
    covered = coverage >= extraction.least_coverage
    signals = _signals(extraction.atlas, bold, labels, mask, confounds, kept)
    signals[:, ~covered] = np.nan
    sidecar = {
        "RepetitionTime": seconds,
        "Strategy": extraction.strategy,
        "GlobalSignal": extraction.global_signal,
        "FramewiseDisplacementThreshold": extraction.fd_threshold,
        "Confounds": list(map(str, confounds.columns)),
        "DegreesOfFreedom": len(kept) - confounds.shape[1] - 1,
    }
    _write(extraction, image, signals, coverage, displacement, kept, sidecar)
    return ExtractedScan(
        patient=f"sub-{image.entities['sub']}",
        place=image.path.name,
        volumes=len(kept),
        scanned=len(displacement),
        uncovered=int((~covered).sum()),
    )


def _load_image(image: NamedFile) -> Any:
    import nibabel

    try:
        return nibabel.load(image.path)
    except Exception as error:  # nibabel fails in many ways on what is no image
        raise DataError(_fault(image, f"it cannot be read ({error})", "a NIfTI image")) from None


def _confounds(
    extraction: Extraction, image: NamedFile
) -> tuple[pd.DataFrame, np.ndarray, np.ndarray]:
    """Return the confounds, which volumes are kept, and the displacement of all."""
    from nilearn.interfaces.fmriprep import load_confounds_strategy

    options: dict[str, Any] = {}
    if extraction.fd_threshold is not None:
        options["fd_threshold"] = extraction.fd_threshold
    if extraction.global_signal:
        options["global_signal"] = "basic"
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # nilearn tells of columns that a strategy leaves out
            confounds, kept = load_confounds_strategy(
                str(image.path), denoise_strategy=extraction.strategy, **options
            )
    except Exception as error:  # nilearn raises several kinds for files and columns it lacks
        raise DataError(
            _fault(
                image,
                f"its confounds cannot be used ({' '.join(str(error).split())[:200]})",
                f"fMRIPrep's table of confounds beside it, with what {extraction.strategy} needs",
            )
        ) from None
    assert isinstance(confounds, pd.DataFrame)
    tables = _beside(image, "confounds")
    if not tables:
        raise DataError(_fault(image, "no table of confounds", "one beside the image"))
    displacement = read_framewise_displacement(tables[0])
    volumes = np.arange(len(confounds)) if kept is None else np.asarray(kept)
    return confounds, volumes, displacement


def _beside(image: NamedFile, described: str) -> list[Path]:
    return [
        file.path
        for path in sorted(image.path.parent.glob(f"sub-{image.entities['sub']}_*"))
        if (file := parse_name(path)) is not None
        and file.scan == image.scan
        and file.entities.get("desc") == described
        and file.ending in (".tsv", ".nii.gz", ".nii")
        and file.entities.get("space") in (None, image.entities.get("space"))
        and file.entities.get("res") in (None, image.entities.get("res"))
    ]


def _mask_of(image: NamedFile) -> Any:
    import nibabel

    masks = _beside(image, "brain")
    if not masks:
        raise DataError(_fault(image, "no brain mask", "desc-brain_mask.nii.gz beside it"))
    return nibabel.load(masks[0])


def _cover(atlas: Atlas, bold: Any, mask: Any) -> tuple[Any, np.ndarray]:
    """Return the atlas on the image's grid, and the share of each region within the mask."""
    from nilearn.image import resample_to_img

    labels = resample_to_img(
        str(atlas.image),
        mask,
        interpolation="nearest",
        force_resample=True,
        copy_header=True,
    )
    numbers = np.rint(labels.get_fdata()).astype(int)
    inside = np.asarray(mask.get_fdata()) > 0
    whole, within = (
        np.array([np.count_nonzero((numbers == index) & where) for index in atlas.indices])
        for where in (True, inside)
    )
    with np.errstate(invalid="ignore"):
        return labels, np.where(whole > 0, within / np.maximum(whole, 1), 0.0)


def _signals(
    atlas: Atlas, bold: Any, labels: Any, mask: Any, confounds: pd.DataFrame, kept: np.ndarray
) -> np.ndarray:
    from nilearn.maskers import NiftiLabelsMasker

    masker = NiftiLabelsMasker(
        labels, mask_img=mask, standardize=None, reports=False, keep_masked_labels=False
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of regions outside the mask, which are counted here
        found = masker.fit_transform(bold, confounds=confounds, sample_mask=kept)
    column = {int(number): k for k, number in masker.region_ids_.items() if k != "background"}
    signals = np.full((len(found), len(atlas.indices)), np.nan)
    for k, index in enumerate(atlas.indices):
        if index in column:
            signals[:, k] = found[:, column[index]]
    return signals


def _write(
    extraction: Extraction,
    image: NamedFile,
    signals: np.ndarray,
    coverage: np.ndarray,
    displacement: np.ndarray,
    kept: np.ndarray,
    sidecar: Mapping[str, Any],
) -> None:
    scan = "_".join(f"{key}-{value}" for key, value in image.scan)
    where = "".join(
        f"_{key}-{image.entities[key]}" for key in ("space", "res") if key in image.entities
    )
    folder = extraction.out / f"sub-{image.entities['sub']}"
    if "ses" in image.entities:
        folder /= f"ses-{image.entities['ses']}"
    folder /= "func"
    stem = f"{scan}{where}_atlas-{extraction.atlas.name}"
    regions = list(extraction.atlas.regions)
    outliers = np.ones(len(displacement), dtype=int)
    outliers[kept] = 0
    tables = {
        f"{stem}_stat-mean_timeseries.tsv": pd.DataFrame(signals, columns=regions),
        f"{stem}_stat-coverage_bold.tsv": pd.DataFrame({"Node": regions, "coverage": coverage}),
        f"{scan}_motion.tsv": pd.DataFrame({"framewise_displacement": displacement}),
        f"{scan}_outliers.tsv": pd.DataFrame({"framewise_displacement": outliers}),
    }
    for name, table in tables.items():
        with replacing(folder / name) as part:
            table.to_csv(part, sep="\t", index=False, na_rep="n/a")
    with replacing(folder / f"{stem}_stat-mean_timeseries.json") as part:
        part.write_text(json.dumps(sidecar, indent=2))


def write_description(extraction: Extraction, version: str) -> None:
    """Write what a folder of signals is, and the labels of its atlas with their centres."""
    said = {
        "Name": "Signals of regions",
        "BIDSVersion": "1.10.0",
        "DatasetType": "derivative",
        "GeneratedBy": [{"Name": "stratify", "Version": version}],
    }
    with replacing(extraction.out / "dataset_description.json") as part:
        part.write_text(json.dumps(said, indent=2))
    labels = pd.DataFrame({"index": extraction.atlas.indices, "name": extraction.atlas.regions})
    labels[["x", "y", "z"]] = find_centres(extraction.atlas).round(1)
    with replacing(extraction.out / f"atlas-{extraction.atlas.name}_dseg.tsv") as part:
        labels.to_csv(part, sep="\t", index=False)


def _fault(image: NamedFile, met: str, wanted: str) -> Fault:
    patient = f"sub-{image.entities['sub']}"
    return Fault(
        where=image.path.name,
        met=met,
        wanted=wanted,
        way_out="Check fMRIPrep's outputs of this scan, or leave the scan out.",
        patients=(patient,),
    )
