"""Arrays with names, as numpy and MATLAB keep them."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from stratify.errors import DataError, Fault, name_some

ARRAY_SUFFIXES = (".npy", ".npz", ".mat")


def load_arrays(path: Path) -> dict[str, np.ndarray]:
    """Load the arrays of an ``.npy``, ``.npz`` or ``.mat`` file by their names.

    Parameters
    ----------
    path : Path
        MATLAB's files may be of any version; those of 7.3 are HDF5. Cells of text become arrays of
        text; structures, functions and objects are passed over.

    Returns
    -------
    arrays : dict of str to array
        The one array of an ``.npy`` file is called ``matrices``.

    Raises
    ------
    DataError
        If the file cannot be read.
    """
    try:
        if path.suffix.lower() == ".mat":
            return _load_matlab(path)
        with path.open("rb") as file, warnings.catch_warnings():
            warnings.simplefilter("ignore")  # numpy warns of headers written by old versions
            loaded = np.load(file, allow_pickle=False)
            if isinstance(loaded, np.ndarray):
                return {"matrices": loaded}
            return {key: loaded[key] for key in loaded.files}
    except FileNotFoundError:
        met, way_out = "no such file", "Correct the path."
    except Exception as error:  # the readers fail in a dozen ways on a damaged file
        met = f"it cannot be read ({error})"
        way_out = (
            "Save the names as text: numpy.array(names, dtype=str)."
            if "allow_pickle" in str(error)
            else "Copy the file again, or write it again."
        )
    raise DataError(
        Fault(
            where=path.name,
            met=met,
            wanted="arrays of numbers and text, saved by "
            + ("MATLAB" if path.suffix.lower() == ".mat" else "numpy"),
            way_out=way_out,
        )
    )


def one_array(path: Path, arrays: Mapping[str, np.ndarray], *, dimensions: int) -> np.ndarray:
    """Return the one array of numbers with so many dimensions.

    Raises
    ------
    DataError
        If there is none, or there are several.
    """
    fitting = {
        name: array
        for name, array in arrays.items()
        if array.ndim == dimensions
        and np.issubdtype(array.dtype, np.number)
        and min(array.shape) > 1
    }
    if len(fitting) != 1:
        shapes = (f"{name} {array.shape}" for name, array in arrays.items())
        raise DataError(
            Fault(
                where=path.name,
                met=f"the arrays {name_some(shapes, most=8)}",
                wanted=f"exactly one array of numbers with {dimensions} dimensions",
                way_out="Save that array alone.",
            )
        )
    return next(iter(fitting.values()))


def as_real(path: Path, array: np.ndarray) -> np.ndarray:
    """Return an array as floating point.

    Raises
    ------
    DataError
        If its values are no numbers, or complex with something in the imaginary part.
    """
    met = ""
    if not np.issubdtype(array.dtype, np.number) and array.dtype != np.bool_:
        met = f"values of type {array.dtype}"
    elif np.iscomplexobj(array) and np.nan_to_num(array.imag).any():
        met = "complex values"
    if met:
        raise DataError(
            Fault(
                where=path.name,
                met=met,
                wanted="real numbers",
                way_out="Save a real measure of connectivity; of a coherency, its size or its "
                "imaginary part.",
            )
        )
    return array.real.astype(float)


def _load_matlab(path: Path) -> dict[str, np.ndarray]:
    with path.open("rb") as file:
        first = file.read(128)
    if first[:20].startswith(b"MATLAB 7.3") or first.startswith(b"\x89HDF"):
        return _load_hdf5(path)
    from scipy.io import loadmat

    found = loadmat(path, chars_as_strings=True)
    arrays = {}
    for name, value in found.items():
        if not name.startswith("__"):
            array = _plain_matlab(value)
            if array is not None:
                arrays[name] = array
    return arrays


def _plain_matlab(value: Any) -> np.ndarray | None:
    """Return numbers as they are and cells of text as text; nothing for whatever else it is."""
    array = np.asarray(value)
    if array.dtype == object:
        cells = [np.asarray(cell) for cell in array.ravel(order="F")]
        if all(cell.dtype.kind == "U" for cell in cells):
            return np.array([str(cell.item()) if cell.size == 1 else "" for cell in cells])
        if all(np.issubdtype(cell.dtype, np.number) and cell.ndim == 2 for cell in cells):
            flat = [cell.ravel() for cell in cells]
            return np.array(flat) if len({len(one) for one in flat}) == 1 else None
        return None
    if array.dtype.kind == "U":
        return np.array([text.rstrip() for text in array.ravel()])
    if array.dtype.names is not None or not np.issubdtype(array.dtype, np.number):
        return None
    return array


def _load_hdf5(path: Path) -> dict[str, np.ndarray]:
    import h5py

    arrays = {}
    with h5py.File(path, "r") as file:
        for name, item in file.items():
            if isinstance(item, h5py.Dataset):
                array = _plain_hdf5(file, item)
                if array is not None:
                    arrays[name] = array
    return arrays


def _plain_hdf5(file: Any, item: Any) -> np.ndarray | None:
    """Return one variable with its axes as MATLAB has them: HDF5 keeps them the other way round."""
    import h5py

    values = item[()]
    kind = item.attrs.get("MATLAB_class", b"")
    kind = kind.decode() if isinstance(kind, bytes) else str(kind)
    if item.attrs.get("MATLAB_empty", 0):
        return None
    if kind == "char":
        return np.array(["".join(map(chr, row)).rstrip() for row in np.atleast_2d(values.T)])
    if h5py.check_ref_dtype(item.dtype) is not None:
        cells = [_plain_hdf5(file, file[reference]) for reference in values.T.ravel(order="F")]
        if all(cell is not None and cell.dtype.kind == "U" for cell in cells):
            return np.array([str(cell[0]) for cell in cells if cell is not None])
        numbers = [cell.ravel() for cell in cells if cell is not None]
        if len(numbers) == len(cells) and len({len(one) for one in numbers}) == 1:
            return np.array(numbers)
        return None
    if not np.issubdtype(values.dtype, np.number):
        return None
    return np.asarray(values.T)
