"""What connectivity files are, told from their names."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Literal

from stratify.connectome.arrays import ARRAY_SUFFIXES
from stratify.connectome.raw import RawMatrices, Wanted

Format = Literal["edges", "stack", "matrices", "timeseries", "xcpd", "cpac", "conn", "mne", "dpabi"]


def guess_format(path: str | Path) -> Format:
    """Tell what connectivity files are by their names; nothing is read.

    Parameters
    ----------
    path : str or Path
        As `read_connectomes` takes it.

    Returns
    -------
    format : str
        A key of `FORMATS`.

    Examples
    --------
    >>> guess_format("edges.parquet"), guess_format("signals/{patient}_timeseries.tsv")
    ('edges', 'timeseries')
    """
    path = Path(path)
    if path.is_dir():
        return _guess_folder(path)
    if "{patient}" in str(path) or "*" in str(path):
        if path.name.lower().endswith((".nc", ".netcdf", ".nc4")):
            return "mne"
        return "timeseries" if _is_signals(path.name) else "matrices"
    if path.name.startswith("resultsROI_"):
        return "conn"
    return "stack" if path.suffix.lower() in ARRAY_SUFFIXES else "edges"


def _guess_folder(folder: Path) -> Format:
    names = [file.name for file in folder.iterdir() if not file.name.startswith(".")]
    producer = _guess_producer(folder)
    if producer is not None:
        return producer
    if any(name.startswith("resultsROI_") for name in names):
        return "conn"
    if any(name.startswith(("ROICorrelation_", "ROISignals_")) for name in names):
        return "dpabi"
    if any(name.lower().endswith((".nc", ".netcdf", ".nc4")) for name in names):
        return "mne"
    return "timeseries" if any(map(_is_signals, names)) else "matrices"


def _guess_producer(folder: Path) -> Literal["xcpd", "cpac"] | None:
    """Tell a folder of derivatives by the first names in it that only one producer writes."""
    from stratify.connectome.conventions import cpac, xcpd
    from stratify.connectome.entities import find_derivatives

    for file in find_derivatives(folder):
        for format, holding_of in (("cpac", cpac), ("xcpd", xcpd)):
            holding = holding_of(file)
            if holding is not None and holding.role in ("matrix", "signals"):
                return format  # type: ignore[return-value]
    return None


def _is_signals(name: str) -> bool:
    lower = name.lower()
    return "timeseries" in lower or "time_series" in lower or ".ptseries." in lower


def _edges(path: Path, wanted: Wanted) -> RawMatrices:
    from stratify.connectome.edge_tables import matrices_of_table

    return matrices_of_table(path, wanted)


def _stack(path: Path, wanted: Wanted) -> RawMatrices:
    from stratify.connectome.matrix_files import matrices_of_stack

    return matrices_of_stack(path, regions=wanted.regions, patients=wanted.patients)


def _matrices(path: Path, wanted: Wanted) -> RawMatrices:
    from stratify.connectome.matrix_files import matrices_of_files

    return matrices_of_files(path, regions=wanted.regions)


def _time_series(path: Path, wanted: Wanted) -> RawMatrices:
    from stratify.connectome.time_series import matrices_of_time_series

    return matrices_of_time_series(path, wanted)


def _xcpd(path: Path, wanted: Wanted) -> RawMatrices:
    from stratify.connectome.derivatives import matrices_of_derivatives

    return matrices_of_derivatives(path, wanted, "xcpd")


def _cpac(path: Path, wanted: Wanted) -> RawMatrices:
    from stratify.connectome.derivatives import matrices_of_derivatives

    return matrices_of_derivatives(path, wanted, "cpac")


def _conn(path: Path, wanted: Wanted) -> RawMatrices:
    from stratify.connectome.conn import matrices_of_conn

    return matrices_of_conn(path, wanted)


def _mne(path: Path, wanted: Wanted) -> RawMatrices:
    from stratify.connectome.mne import matrices_of_mne

    return matrices_of_mne(path, wanted)


def _dpabi(path: Path, wanted: Wanted) -> RawMatrices:
    from stratify.connectome.dpabi import matrices_of_dpabi

    return matrices_of_dpabi(path, wanted)


FORMATS: dict[str, Callable[[Path, Wanted], RawMatrices]] = {
    "edges": _edges,
    "stack": _stack,
    "matrices": _matrices,
    "timeseries": _time_series,
    "xcpd": _xcpd,
    "cpac": _cpac,
    "conn": _conn,
    "mne": _mne,
    "dpabi": _dpabi,
}
"""How each format is read."""

OPTIONS: dict[str, tuple[str, ...]] = {
    "session": ("xcpd", "cpac"),
    "run": ("xcpd", "cpac"),
    "entities": ("xcpd", "cpac", "conn"),
    "band": ("edges", "mne"),
    "repetition_time": ("timeseries", "xcpd", "cpac"),
    "fd_threshold": ("timeseries", "xcpd", "cpac"),
    "motion": ("timeseries",),
}
"""Which formats each option is for; elsewhere it would be passed over, and is refused."""


def options_of(format: str, given: Mapping[str, Any]) -> dict[str, Any]:
    """Return those of the options given that a format knows.

    Examples
    --------
    >>> options_of("mne", {"band": "alpha", "session": "1"})
    {'band': 'alpha'}
    """
    return {name: value for name, value in given.items() if format in OPTIONS.get(name, ())}
