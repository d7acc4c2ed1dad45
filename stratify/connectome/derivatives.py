"""Folders of derivatives: one scan of each patient, on one atlas, with how good it is."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from stratify.connectome.averaging import average_scans
from stratify.connectome.conventions import CONVENTIONS, PRODUCERS, Holding
from stratify.connectome.entities import NamedFile, find_derivatives
from stratify.connectome.matrix_files import read_matrix_files
from stratify.connectome.motion import read_framewise_displacement
from stratify.connectome.raw import RawMatrices, Wanted
from stratify.connectome.scans import Measured, Scan, gather, measure_scans
from stratify.connectome.selection import choose_atlas, choose_scans
from stratify.connectome.signals import read_signals
from stratify.errors import DataError, Fault
from stratify.sheet import read_sheet

TABLES_FIRST = (".tsv", ".tsv.gz", ".1D", ".npy", ".pconn.nii", ".ptseries.nii", ".pscalar.nii")


ScanKey = tuple[tuple[str, str], ...]


@dataclass(frozen=True, eq=False)
class Derivatives:
    """The files of a folder by what they hold.

    Parameters
    ----------
    folder : Path
    producer : str
        With its version, where the folder says it.
    files : mapping of role to list of (NamedFile, Holding)
    seconds : mapping of scan to float
        The repetition time of each scan, where a sidecar says it.
    """

    folder: Path
    producer: str
    files: Mapping[str, Sequence[tuple[NamedFile, Holding]]]
    seconds: Mapping[ScanKey, float]
    _by_scan: Mapping[tuple[str, ScanKey], Sequence[NamedFile]]

    def of_scan(self, role: str, scan: ScanKey, atlas: str = "") -> list[Path]:
        """Return the files of a role that belong to a scan, the plainest name first."""
        found = [
            file
            for file in self._by_scan.get((role, scan), ())
            if not atlas or file.entities.get("atlas") == atlas
        ]
        return [file.path for file in sorted(found, key=_plainness)]


def _plainness(file: NamedFile) -> tuple[int, bool, str]:
    # Of two definitions of displacement, Power's is the one that thresholds are given for.
    return len(file.entities), "jenkinson" in file.suffix, file.path.name


def find_files(folder: Path, format: str) -> Derivatives:
    """Find the files of a derivatives folder, and say what each holds."""
    holding_of = CONVENTIONS[format]
    files: dict[str, list[tuple[NamedFile, Holding]]] = defaultdict(list)
    by_scan: dict[tuple[str, ScanKey], list[NamedFile]] = defaultdict(list)
    sidecars = []
    for file in find_derivatives(folder):
        if file.ending == ".json":
            sidecars.append(file)
        holding = holding_of(file)
        if holding is not None:
            files[holding.role].append((file, holding))
            by_scan[holding.role, file.scan].append(file)
    if not files:
        raise DataError(
            Fault(
                where=folder.name,
                met=f"no file that is named as {PRODUCERS[format]} names its outputs"
                if folder.is_dir()
                else "no such folder",
                wanted="the folder of derivatives, with one folder sub-... a patient",
                way_out="Correct the path, or the format.",
            )
        )
    producer = producer_of(folder) or PRODUCERS[format]
    return Derivatives(folder, producer, files, _repetition_times(sidecars), by_scan)


def producer_of(folder: Path) -> str:
    """Return what wrote a folder and its version, by its ``dataset_description.json``."""
    said = _json(folder / "dataset_description.json")
    by = said.get("GeneratedBy") or said.get("PipelineDescription") or {}
    first = by[0] if isinstance(by, list) and by else by
    if not isinstance(first, dict):
        return ""
    name = str(first.get("Name", ""))
    name = "XCP-D" if name.lower() in ("xcp_d", "xcp-d") else name
    return f"{name} {first.get('Version', '')}".strip()


def _sidecar(file: NamedFile) -> Path:
    return file.path.with_name(file.path.name.removesuffix(file.ending) + ".json")


def _json(path: Path) -> dict[str, object]:
    try:
        said = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError):
        return {}
    return said if isinstance(said, dict) else {}


def _repetition_times(sidecars: Iterable[NamedFile]) -> dict[ScanKey, float]:
    seconds: dict[ScanKey, float] = {}
    for file in sidecars:
        if file.scan not in seconds:
            value = _json(file.path).get("RepetitionTime")
            if isinstance(value, int | float) and value > 0:
                seconds[file.scan] = float(value)
    return seconds


def matrices_of_derivatives(folder: Path, wanted: Wanted, format: str) -> RawMatrices:
    """Read the connectivity of a derivatives folder, or compute it of the signals in it.

    Pearson correlations (and C-PAC's partial ones) are read from the producer's matrices. Any
    other kind, and a threshold of displacement, are computed from its signals.
    """
    found = find_files(folder, format)
    role = _role(found, wanted, format)
    files = [
        (file, holding)
        for file, holding in found.files[role]
        if role == "signals" or holding.what == _kind_in_files(found, wanted)
    ]
    chosen, atlas = choose_atlas(
        [file for file, _ in files], wanted, folder.name, prefer=TABLES_FIRST
    )
    scans = choose_scans(chosen, wanted, folder.name)
    kind = wanted.kind or _kind_in_files(found, wanted)
    if role == "signals":
        read = [_read_signals(found, file) for file in scans.files]
        regions, measured, more = measure_scans(
            read, replace(wanted, kind=kind or None), folder.name
        )
    else:
        regions, measured, more = _read_matrices(found, scans.files, wanted)
    measured = average_scans(measured, scans.averaged, kind)
    return gather(
        regions,
        measured,
        [*scans.faults, *more],
        wanted.regions,
        kind=kind,
        atlas=atlas,
        producer=found.producer,
    )


def _kind_in_files(found: Derivatives, wanted: Wanted) -> str:
    """Return the kind of matrix to look for: the one asked for, or the only one there is."""
    there = sorted({holding.what for _, holding in found.files.get("matrix", ())})
    asked = "pearson r" if wanted.kind == "fisher z" else wanted.kind
    if asked is not None:
        return asked
    if len(there) > 1:
        raise DataError(
            Fault(
                where=found.folder.name,
                met=f"matrices of {' and of '.join(there)}",
                wanted="one kind of connectivity",
                way_out="Say which kind to read.",
            )
        )
    return there[0] if there else ""


def _role(found: Derivatives, wanted: Wanted, format: str) -> str:
    """Say whether to read matrices, or to compute them of signals."""
    there = {holding.what for _, holding in found.files.get("matrix", ())}
    kind = _kind_in_files(found, wanted)
    signals = "signals" in found.files
    if kind in there and wanted.fd_threshold is None:
        return "matrix"
    if signals:
        return "signals"
    what = (
        f"no signals to leave out volumes of, above {wanted.fd_threshold:g} mm"
        if wanted.fd_threshold is not None
        else f"no matrices of {kind} and no signals to compute them of"
    )
    raise DataError(
        Fault(
            where=found.folder.name,
            met=what,
            wanted=f"the matrices or the signals that {PRODUCERS[format]} writes for each atlas",
            way_out="Correct the path or the kind"
            + (f"; there are matrices of {', '.join(sorted(there))}." if there else "."),
        )
    )


def _read_signals(found: Derivatives, file: NamedFile) -> Scan:
    scan = read_scan(found, file)
    try:
        scan.signals = read_signals(file.path)
        scan.seconds = scan.seconds or scan.signals.seconds
    except DataError as error:
        for fault in error.faults:
            scan.tell(fault.met, fault.wanted, fault.way_out)
    return scan


def read_scan(found: Derivatives, file: NamedFile) -> Scan:
    """Make the scan of a file, with its motion and outliers but without its signals."""
    place = file.path.relative_to(found.folder).as_posix()
    scan = Scan(f"sub-{file.entities['sub']}", place, seconds=found.seconds.get(file.scan))
    scan.coverage = _covered(found, file)
    freedom = _json(_sidecar(file)).get("DegreesOfFreedom")
    scan.degrees_of_freedom = float(freedom) if isinstance(freedom, int | float) else None
    try:
        motion, outliers = (found.of_scan(role, file.scan) for role in ("motion", "outliers"))
        if motion:
            scan.displacement = read_framewise_displacement(motion[0])
        if outliers:
            scan.censored = _read_outliers(outliers[0])
    except DataError as error:
        for fault in error.faults:
            scan.tell(f"{fault.where}: {fault.met}", fault.wanted, fault.way_out)
    return scan


def _read_outliers(file: Path) -> np.ndarray:
    """Read which volumes were left out: the column of framewise displacement, or the only one."""
    found = read_signals(file)
    names = found.names or ()
    column = names.index("framewise_displacement") if "framewise_displacement" in names else 0
    return np.asarray(found.values[:, column] > 0)


def _read_matrices(
    found: Derivatives, files: Sequence[NamedFile], wanted: Wanted
) -> tuple[tuple[str, ...], list[Measured], list[Fault]]:
    scans = [read_scan(found, file) for file in files]
    regions, matrices, faults = read_matrix_files(
        [(scan.patient, scan.place, file.path) for scan, file in zip(scans, files, strict=True)],
        wanted.regions,
    )
    measured = []
    for scan, file, matrix in zip(scans, files, matrices, strict=True):
        if matrix is not None:
            to_z = wanted.kind == "fisher z"
            values = _as_fisher_z(matrix) if to_z else matrix
            measured.append(Measured(scan, values, _quality(found, file, scan, matrix, wanted)))
    return regions, measured, [*faults, *(fault for scan in scans for fault in scan.faults)]


def _as_fisher_z(matrix: np.ndarray) -> np.ndarray:
    """Return the Fisher z of correlations, 0 on the diagonal."""
    z = matrix.copy()
    np.fill_diagonal(z, 0.0)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.arctanh(z)


def _quality(
    found: Derivatives,
    file: NamedFile,
    scan: Scan,
    matrix: np.ndarray,
    wanted: Wanted,
) -> dict[str, float]:
    """Say how good a scan is, from the tables beside its matrix."""
    covered = _share_of_regions(matrix) if scan.coverage is None else scan.coverage
    quality = {"coverage": covered}
    summary = _summary(found, file)
    if scan.displacement is not None and np.isfinite(scan.displacement).any():
        quality["mean_fd"] = float(np.nanmean(scan.displacement))
    elif "mean_fd" in summary:
        quality["mean_fd"] = summary["mean_fd"]
    volumes = None
    if scan.censored is not None:
        volumes = float((~scan.censored).sum())
    elif "volumes" in summary:
        volumes = summary["volumes"]
    elif scan.displacement is not None:
        volumes = float(len(scan.displacement))
    seconds = wanted.repetition_time or scan.seconds
    if volumes is not None:
        quality["volumes"] = volumes
        if seconds is not None:
            quality["minutes"] = volumes * seconds / 60
    return quality


def _covered(found: Derivatives, file: NamedFile) -> float | None:
    """Return the mean share of each region that is covered, where a table has it."""
    tables = found.of_scan("coverage", file.scan, file.entities["atlas"])
    if not tables:
        return None
    sheet = read_sheet(tables[0])
    values, _ = sheet.numbers(sheet.headers[-1:])
    return float(np.nan_to_num(values).mean()) if values.size else None


def _share_of_regions(matrix: np.ndarray) -> float:
    off = ~np.eye(len(matrix), dtype=bool)
    return float(1 - np.isnan(np.where(off, matrix, np.nan)).all(axis=1).mean())


_SUMMARY = {
    "mean_fd": ("mean_fd", "meanfd"),
    "volumes": ("num_retained_volumes", "nvols_retained"),
}


def _summary(found: Derivatives, file: NamedFile) -> dict[str, float]:
    """Return what the producer's own table of quality says of a scan."""
    tables = found.of_scan("summary", file.scan)
    if not tables:
        return {}
    sheet = read_sheet(tables[0])
    by_lower = {header.lower(): header for header in sheet.headers}
    said = {}
    for name, headers in _SUMMARY.items():
        header = next((by_lower[one] for one in headers if one in by_lower), None)
        if header is not None and len(sheet) == 1:
            value = float(sheet.numbers([header])[0][0, 0])
            if np.isfinite(value):
                said[name] = value
    return said
