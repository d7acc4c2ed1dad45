"""What connectivity files are, told from their names."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Literal

from stratify.connectome.arrays import ARRAY_SUFFIXES
from stratify.connectome.raw import RawMatrices, Wanted

Format = Literal["edges", "stack", "matrices", "timeseries", "xcpd", "cpac"]


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
    if path.is_dir() and (producer := _guess_producer(path)) is not None:
        return producer
    if path.is_dir() or "{patient}" in str(path) or "*" in str(path):
        return "timeseries" if _names_signals(path) else "matrices"
    return "stack" if path.suffix.lower() in ARRAY_SUFFIXES else "edges"


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


def _names_signals(path: Path) -> bool:
    names = [file.name for file in path.iterdir()] if path.is_dir() else [path.name]
    named = [
        "timeseries" in name.lower() or "time_series" in name.lower() or ".ptseries." in name
        for name in names
        if not name.startswith(".")
    ]
    return any(named)


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


FORMATS: dict[str, Callable[[Path, Wanted], RawMatrices]] = {
    "edges": _edges,
    "stack": _stack,
    "matrices": _matrices,
    "timeseries": _time_series,
    "xcpd": _xcpd,
    "cpac": _cpac,
}
"""How each format is read."""
