"""DPABI's and DPARSF's correlations and signals of regions: one text or MATLAB file a subject."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

from stratify.connectome.matrix_files import read_found_files
from stratify.connectome.raw import RawMatrices, Wanted
from stratify.connectome.scans import Scan, matrices_of_scans
from stratify.connectome.signals import read_signals
from stratify.errors import DataError, Fault

NAMES = re.compile(
    r"(?P<what>ROICorrelation_FisherZ|ROICorrelation|ROISignals)_(?P<patient>.+)\.(txt|mat)"
)
_KINDS = {"ROICorrelation": "pearson r", "ROICorrelation_FisherZ": "fisher z"}


def matrices_of_dpabi(folder: Path, wanted: Wanted) -> RawMatrices:
    """Read a folder of ``ROICorrelation_*.txt``, ``ROICorrelation_FisherZ_*`` or ``ROISignals_*``.

    The files name no regions, so their list is needed. Kinds that are not in the folder are
    computed of the signals.
    """
    found: dict[str, list[tuple[str, str, Path]]] = {}
    for file in sorted(folder.iterdir()) if folder.is_dir() else ():
        match = NAMES.fullmatch(file.name)
        if match:
            some = found.setdefault(match["what"], [])
            if match["patient"] not in {patient for patient, _, _ in some}:  # .mat beside .txt
                some.append((match["patient"], f"{folder.name}/{file.name}", file))
    there = {_KINDS[what]: some for what, some in found.items() if what in _KINDS}
    if wanted.kind is None and len(there) == 1:
        kind = next(iter(there))
    elif wanted.kind is None:
        raise DataError(
            Fault(
                where=folder.name,
                met=f"files of {' and of '.join(there)}" if there else "no file ROICorrelation_*",
                wanted="one kind of connectivity",
                way_out="Say which kind to read." if there else "Correct the path or the kind.",
            )
        )
    else:
        kind = wanted.kind
    if kind in there:
        raw = read_found_files(there[kind], wanted.regions)
        return _of_dpabi(raw, kind)
    scans = []
    for patient, place, file in found.get("ROISignals", ()):
        scan = Scan(patient, place)
        scan.signals = read_signals(file)
        scans.append(scan)
    return _of_dpabi(matrices_of_scans(scans, wanted, folder.name), kind)


def _of_dpabi(raw: RawMatrices, kind: str) -> RawMatrices:
    return replace(raw, kind=kind, producer="DPABI")
