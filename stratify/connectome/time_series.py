"""Signals of regions, one file a patient."""

from __future__ import annotations

from pathlib import Path

from stratify.connectome.motion import read_framewise_displacement
from stratify.connectome.patient_files import PATIENT, find_patient_files
from stratify.connectome.raw import RawMatrices, Wanted
from stratify.connectome.scans import Scan, matrices_of_scans
from stratify.connectome.signals import SIGNAL_ENDINGS, Signals, read_signals
from stratify.errors import DataError, Fault

_MOTION_NAMES = ("{stem}_motion{end}", "{stem}_fd{end}", "{stem}_framewise_displacement{end}")
_MOTION_ENDINGS = (".tsv", ".csv", ".txt", ".1D", ".tsv.gz", ".csv.gz")


def matrices_of_time_series(path: Path, wanted: Wanted) -> RawMatrices:
    """Read one file of signals a patient, and compute each patient's connectivity.

    Parameters
    ----------
    path : Path
        A folder, whose files are named by patient; or a path with ``{patient}`` (or one ``*``)
        where the patient's name stands.
    wanted : Wanted
        The kind to compute is needed. Files of framewise displacement are found beside the signals
        as ``PATIENT_motion.tsv`` or ``PATIENT_fd.txt``, or by the pattern ``motion``.
    """
    found = find_patient_files(path, SIGNAL_ENDINGS, what="time series")
    if path.is_dir():
        found = [(_plain(stem), place, file) for stem, place, file in found]
    stems = {patient for patient, _, _ in found}
    found = [one for one in found if not _is_motion_of(one[0], stems)]
    scans = [_read_scan(patient, place, file, wanted) for patient, place, file in found]
    return matrices_of_scans(scans, wanted, path.name)


def _plain(stem: str) -> str:
    for word in ("_timeseries", "_time_series", "_signals"):
        stem = stem.removesuffix(word)
    return stem


def _is_motion_of(stem: str, stems: set[str]) -> bool:
    """Whether a file holds the motion of another, and no signals."""
    return any(
        stem.endswith(mark) and stem.removesuffix(mark) in stems
        for mark in ("_motion", "_fd", "_framewise_displacement")
    )


def _read_scan(patient: str, place: str, file: Path, wanted: Wanted) -> Scan:
    scan = Scan(patient, place)
    try:
        scan.signals = read_signals(file)
        scan.seconds = scan.signals.seconds
        motion = _find_motion(patient, file, wanted.motion)
        if motion is not None:
            scan.displacement = read_framewise_displacement(
                motion, volumes=len(scan.signals.values)
            )
            _compare_lengths(scan, scan.signals, motion)
    except DataError as error:
        scan.signals = None
        for fault in error.faults:
            scan.tell(f"{fault.where}: {fault.met}", fault.wanted, fault.way_out)
    return scan


def _find_motion(patient: str, file: Path, pattern: Path | None) -> Path | None:
    if pattern is not None:
        found = _named(pattern, patient)
        if not found.is_file():
            raise DataError(
                Fault(
                    where=found.name,
                    met="no such file",
                    wanted="a file of motion for each patient",
                    way_out="Correct the pattern of the files of motion; {patient} stands where "
                    "the patient's name is.",
                )
            )
        return found
    ends = [end for end in SIGNAL_ENDINGS if file.name.lower().endswith(end)]
    stem = _plain(file.name[: -len(max(ends, key=len))] if ends else file.stem)
    named = (
        file.with_name(name.format(stem=stem, end=end))
        for name in _MOTION_NAMES
        for end in _MOTION_ENDINGS
    )
    return next((candidate for candidate in named if candidate.is_file()), None)


def _named(pattern: Path, patient: str) -> Path:
    return Path(str(pattern).replace(PATIENT, patient))


def _compare_lengths(scan: Scan, signals: Signals, motion: Path) -> None:
    """Tell of motion that is of other volumes than the signals are."""
    assert scan.displacement is not None
    scanned, left = len(scan.displacement), len(signals.values)
    if scanned != left:
        scan.tell(
            f"{left} volumes of signals and {scanned} of motion in {motion.name}",
            "as many of each",
            "The mean displacement is that of all the motion; volumes cannot be censored by it.",
            warning=True,
        )
