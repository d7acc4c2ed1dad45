"""What producers of derivatives call their files."""

from __future__ import annotations

import re
from dataclasses import dataclass

from stratify.connectome.entities import NamedFile

Role = str

_SHORTENED = re.compile(r"\d+volumes")


@dataclass(frozen=True)
class Holding:
    """What one file of a derivatives folder holds.

    Parameters
    ----------
    role : {"matrix", "signals", "coverage", "motion", "outliers", "summary", "regional"}
    what : str
        The kind of a matrix, or the measure of regional values.
    """

    role: Role
    what: str = ""


def xcpd(file: NamedFile) -> Holding | None:
    """Say what a file of XCP-D holds.

    Source
    ------
    XCP-D's own lists of outputs: ``atlas-`` and ``stat-`` since 0.13, ``seg-`` from 0.7 to 0.12,
    ``measure-`` and ``conmat`` in 0.5 and 0.6.
    """
    entities, suffix = file.entities, file.suffix
    stat = entities.get("stat", entities.get("measure", ""))
    tables = file.ending in (".tsv", ".tsv.gz")
    if suffix == "motion" and tables:
        return Holding("motion")
    if suffix == "outliers" and tables:
        return Holding("outliers")
    if suffix == "qc" and tables:
        return Holding("summary")
    if "atlas" not in entities or _SHORTENED.fullmatch(entities.get("desc", "")):
        return None
    if stat == "pearsoncorrelation":
        matrix = suffix in ("relmat", "conmat", "boldmap") and (
            tables or file.ending == ".pconn.nii"
        )
        return Holding("matrix", "pearson r") if matrix else None
    if suffix == "timeseries" and stat in ("", "mean"):
        return Holding("signals") if tables or file.ending == ".ptseries.nii" else None
    measure = stat if suffix in ("bold", "boldmap") else suffix
    if not (tables or file.ending == ".pscalar.nii"):
        return None
    if measure == "coverage":
        return Holding("coverage") if tables else None
    return Holding("regional", measure) if measure in ("alff", "reho", "falff") else None


_CPAC_KINDS = {"Pearson": "pearson r", "Partial": "partial correlation"}


def cpac(file: NamedFile) -> Holding | None:
    """Say what a file of C-PAC holds.

    Source
    ------
    C-PAC's outputs since 1.8, and those of the Reproducible Brain Charts.
    """
    entities, suffix = file.entities, file.suffix
    described = entities.get("desc", "")
    if suffix.startswith("framewise-displacement") and file.ending == ".1D":
        return Holding("motion")
    if suffix == "quality" and described == "xcp":
        return Holding("summary")
    if "atlas" not in entities:
        return None
    if suffix == "timeseries" and described.startswith("Mean") and file.ending == ".1D":
        return Holding("signals")
    if suffix in ("correlations", "connectome"):
        for word, kind in _CPAC_KINDS.items():
            if word in described:
                return Holding("matrix", kind)
    return None


CONVENTIONS = {"xcpd": xcpd, "cpac": cpac}
PRODUCERS = {"xcpd": "XCP-D", "cpac": "C-PAC"}
