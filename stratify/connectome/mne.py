"""Connectivity of EEG and MEG, as MNE-Connectivity saves it: one netCDF file a patient."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from stratify.connectome.bands import choose_frequencies
from stratify.connectome.matrix_files import OneFile, arrange_all
from stratify.connectome.patient_files import find_patient_files
from stratify.connectome.raw import RawMatrices, Wanted
from stratify.errors import DataError, Fault

NETCDF_ENDINGS = (".nc", ".netcdf", ".nc4")

METHODS: dict[str, str] = {
    "coh": "coherence",
    "imcoh": "imaginary coherence",
    "plv": "plv",
    "ciplv": "ciplv",
    "ppc": "ppc",
    "pli": "pli",
    "wpli": "wpli",
    "wpli2_debiased": "debiased wpli",
    "envelope correlation": "envelope correlation",
}
"""The kind of each method of MNE-Connectivity that has no direction."""

_DIRECTED = ("dpli", "psi", "gc", "gc_tr", "dtf", "pdc", "ddtf", "VAR")


@dataclass(frozen=True, eq=False)
class _Saved:
    """One file: values by pairs, frequencies, and which pairs and what they are."""

    values: np.ndarray  # (n_pairs, n_frequencies)
    frequencies: np.ndarray | None
    edges: np.ndarray | None
    names: tuple[str, ...]
    indices: Any
    method: str


def matrices_of_mne(path: Path, wanted: Wanted) -> RawMatrices:
    """Read one netCDF file of MNE-Connectivity a patient.

    Parameters
    ----------
    path : Path
        A folder, whose files are named by patient; or a path with ``{patient}`` (or one ``*``)
        where the patient's name stands.
    wanted : Wanted
        A band is needed where the files hold several frequencies. Values of several frequencies
        in it are averaged; of imaginary coherence, whose sign is that of the order of the two
        regions, the size is taken.
    """
    found = find_patient_files(path, NETCDF_ENDINGS, what="connectivity")
    files, methods, bands = [], [], []
    about_bands: dict[str, Fault] = {}
    for patient, place, file in found:
        one = OneFile(patient, place)
        try:
            saved = _open(file)
            methods.append(saved.method)
            matrix, band = _matrix(saved, wanted.band)
            one.matrix, one.names = matrix, saved.names
            bands.append(band)
        except DataError as error:
            for fault in error.faults:
                if fault.where == "band":  # the same of every patient, most often
                    about_bands.setdefault(str(fault), replace(fault, where=f"{place}: band"))
                else:
                    one.tell(fault.met, fault.wanted, fault.way_out)
        files.append(one)
    faults = [
        *about_bands.values(),
        *_disagreement(methods, "method", path.name),
        *_disagreement(bands, "band", path.name),
    ]
    method = methods[0] if methods else ""
    raw = arrange_all(files, wanted.regions)
    return RawMatrices(
        raw.matrices,
        raw.patients,
        raw.regions,
        networks=raw.networks,
        kind=METHODS.get(method, ""),
        places=raw.places,
        producer="MNE-Connectivity",
        band=bands[0] if bands else "",
        faults=(*raw.faults, *faults),
    )


def _disagreement(values: list[str], what: str, where: str) -> list[Fault]:
    counts = Counter(values)
    if len(counts) < 2:
        return []
    shown = ", ".join(f"{value} in {count}" for value, count in counts.most_common())
    return [
        Fault(
            where=where,
            met=f"files of more than one {what}: {shown}",
            wanted=f"one {what} for every patient",
            way_out="Give a path with {patient} that only the files of one match.",
        )
    ]


def _open(file: Path) -> _Saved:
    import xarray

    try:
        with xarray.open_dataarray(file, engine="h5netcdf") as array:
            array.load()
    except Exception as error:  # xarray and h5netcdf fail in many ways on other files
        raise DataError(_fault(f"it cannot be read ({str(error).splitlines()[0]})")) from None
    said = array.attrs
    if "data_structure" not in said or "node_names" not in said:
        raise DataError(_fault("no names of nodes"))
    for axis in ("epochs", "times"):
        if axis in array.dims and array.sizes[axis] > 1:
            raise DataError(
                _fault(
                    f"{array.sizes[axis]} {axis}",
                    "one value for each pair of regions and frequency",
                    f"Average over {axis} before saving.",
                )
            )
        if axis in array.dims:
            array = array.isel({axis: 0})
    method = _require_method(str(said.get("method", "")))
    frequencies = None
    if "freqs" in array.dims:
        frequencies = np.asarray(array.coords["freqs"].values, dtype=float)
        array = array.transpose(..., "freqs")
    values = np.asarray(array.values)
    if values.ndim == 1:
        values = values[:, None]
    if values.ndim != 2 or np.iscomplexobj(values):
        raise DataError(
            _fault(
                f"{values.dtype} values of shape {values.shape}",
                "one real value for each pair of regions and frequency",
                "Save a measure of connectivity between two regions.",
            )
        )
    names = tuple(str(name) for name in np.ravel(said["node_names"]))
    edges = _edges(said.get("freqs_used"), frequencies)
    return _Saved(values, frequencies, edges, names, said.get("indices", "n/a"), method)


def _require_method(method: str) -> str:
    if method in METHODS:
        return method
    directed = method in _DIRECTED
    raise DataError(
        _fault(
            f"the method {method!r}" + (", which has a direction" if directed else ""),
            f"one of {', '.join(METHODS)}",
            "Compute one of them; connectivity with a direction is not supported."
            if directed
            else "Compute one of them.",
        )
    )


def _edges(used: Any, frequencies: np.ndarray | None) -> np.ndarray | None:
    """Return the ends of the bands that values were averaged over, if they were."""
    try:
        edges = np.atleast_2d(np.asarray(used, dtype=float))
    except (TypeError, ValueError):
        return None
    if frequencies is None or edges.shape != (len(frequencies), 2):
        return None
    inside = (edges[:, 0] <= frequencies) & (frequencies <= edges[:, 1])
    return edges if inside.all() and (edges[:, 0] < edges[:, 1]).all() else None


def _matrix(saved: _Saved, asked: str | None) -> tuple[np.ndarray, str]:
    """Return the square matrix of one band."""
    values, band = saved.values[:, 0], ""
    if saved.frequencies is not None:
        chosen, band = choose_frequencies(saved.frequencies, saved.edges, asked)
        values = np.abs(saved.values) if saved.method == "imcoh" else saved.values
        values = values[:, chosen].mean(axis=1)
    elif asked is not None:
        raise DataError(
            _fault(
                "no frequencies",
                f"frequencies of the band {asked}",
                "Leave the band out, if the signals were of one band.",
            )
        )
    elif saved.method == "imcoh":
        values = np.abs(values)
    return _square(values, saved), band


def _square(values: np.ndarray, saved: _Saved) -> np.ndarray:
    """Fill a square matrix of the pairs in a file, each of which holds in both directions."""
    n = len(saved.names)
    matrix = np.full((n, n), np.nan)
    indices = saved.indices
    if isinstance(indices, str):
        if indices == "symmetric" and len(values) == n * (n + 1) // 2:
            first, second = np.triu_indices(n)
            matrix[first, second] = matrix[second, first] = values
        elif len(values) == n * n:
            matrix = _mirrored(values.reshape(n, n))
        else:
            raise DataError(_fault(f"{len(values)} values for {n} nodes", "one a pair of nodes"))
    else:
        pairs = np.asarray(indices)
        if pairs.shape != (2, len(values)):
            raise DataError(
                _fault("connectivity between groups of nodes", "between two nodes", _BIVARIATE)
            )
        first, second = pairs.astype(int)
        matrix[first, second] = values
        lone = np.isnan(matrix) & ~np.isnan(matrix.T)
        matrix[lone] = matrix.T[lone]
    np.fill_diagonal(matrix, np.nan)
    return matrix


_BIVARIATE = "Compute a measure between pairs of regions."


def _mirrored(square: np.ndarray) -> np.ndarray:
    """Fill the upper half where only the lower was computed, as spectral measures do it."""
    upper, lower = np.triu(square, 1), np.tril(square, -1)
    if not upper.any():
        return lower + lower.T
    return upper + upper.T if not lower.any() else square.astype(float)


def _fault(met: str, wanted: str = "", way_out: str = "") -> Fault:
    return Fault(
        where="netCDF",
        met=met,
        wanted=wanted or "a netCDF file that MNE-Connectivity saved",
        way_out=way_out or "Save it with conn.save(file).",
    )
