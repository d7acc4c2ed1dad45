"""Finished work kept on disk, found again by what it was made from."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from stratify.files import replacing
from stratify.model import Tuned, read_tuned, write_tuned

PACKAGES = ("numpy", "scipy", "scikit-learn", "pandas")
ROOMS = ("model", "preprocess", "solvers", "connectome/features", "folds")
"""The code that a fitted model is made by; where it changed, nothing old is found."""

KEPT_FOR_DAYS = 60


@dataclass(frozen=True, slots=True)
class Checkpoints:
    """A folder of finished fits, each in a file named by the digest of all it was made from.

    A file appears whole or not at all, so a killed study finds what it had finished, and a changed
    one what did not change. Files hold weights and held-out scores in the order of the rows, no
    name of a patient; they are not meant to leave the machine.

    Parameters
    ----------
    folder : Path
        Made if need be.
    """

    folder: Path

    def read(self, key: str) -> Tuned | None:
        """Return a finished fit, or None where there is none or its file cannot be read."""
        path = self._path(key)
        return read_tuned(path) if path.exists() else None

    def write(self, key: str, tuned: Tuned) -> None:
        """Keep a finished fit."""
        with replacing(self._path(key)) as part:
            write_tuned(tuned, part)

    def read_array(self, key: str) -> np.ndarray | None:
        """Return a finished array, or None."""
        try:
            return np.load(self._path(key, ".npy"), allow_pickle=False)
        except (OSError, ValueError):
            return None

    def write_array(self, key: str, values: np.ndarray) -> None:
        """Keep a finished array."""
        with replacing(self._path(key, ".npy")) as part:
            np.save(part, values, allow_pickle=False)

    def forget_old(self, days: float = KEPT_FOR_DAYS) -> int:
        """Remove files that were written longer ago; return how many."""
        before = time.time() - 86_400 * days
        old = [path for path in self.folder.glob("??/*.*") if path.stat().st_mtime < before]
        for path in old:
            path.unlink(missing_ok=True)
        return len(old)

    def _path(self, key: str, suffix: str = ".skops") -> Path:
        return self.folder / key[:2] / f"{key}{suffix}"


def digest_of(*parts: Any) -> str:
    """Return the SHA-256 of values of any of these kinds: arrays, frames, and what JSON writes.

    Examples
    --------
    >>> digest_of("svm", 1) == digest_of("svm", 1), digest_of("svm", 1) == digest_of("svm", 2)
    (True, False)
    """
    digest = hashlib.sha256()
    for part in parts:
        if isinstance(part, np.ndarray):
            digest.update(f"{part.dtype.str}{part.shape}".encode())
            digest.update(np.ascontiguousarray(part).tobytes())
        elif isinstance(part, pd.DataFrame):
            digest.update(_digest_of_frame(part).encode())
        else:
            digest.update(json.dumps(part, sort_keys=True, default=repr).encode())
        digest.update(b"\n")
    return digest.hexdigest()


def _digest_of_frame(frame: pd.DataFrame) -> str:
    numbers = frame.select_dtypes("number")
    others = frame.drop(columns=numbers.columns)
    return digest_of(
        [str(name) for name in frame.columns],
        numbers.to_numpy(dtype=np.float64),
        [[None if pd.isna(v) else str(v) for v in others[name]] for name in others],
    )


@lru_cache(maxsize=2)
def digest_of_code(*more: str) -> str:
    """Return the SHA-256 of the code that fits models, and of the packages it stands on.

    Parameters
    ----------
    more : str
        Rooms whose code it is made by beside `ROOMS`.
    """
    root = Path(__file__).parents[1]
    paths: Sequence[Path] = [
        path
        for room in (*ROOMS, *more)
        for path in (sorted((root / room).rglob("*.py")) or [root / room])
    ]
    return digest_of(
        {name: version(name) for name in PACKAGES},
        _version_of_xgboost(),
        {str(path.relative_to(root)): path.read_text(encoding="utf-8") for path in paths},
    )


def _version_of_xgboost() -> str:
    import xgboost

    return xgboost.__version__
