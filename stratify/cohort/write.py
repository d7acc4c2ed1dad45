"""Cohort tables: from patients to a file that reads back as the same patients."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from stratify.cohort.values import Cohort
from stratify.dialect import HIDDEN_MARKS
from stratify.errors import DataError, Fault, name_some
from stratify.files import replacing
from stratify.schema import Column
from stratify.sheet import DELIMITERS, MISSING_WORDS


def write_cohort(cohort: Cohort, path: str | Path, *, patient: str = "patient") -> None:
    """Write a cohort as a table that `read_cohort` reads back equal.

    Numbers are written to their last digit, booleans as the words of their levels (or no and yes),
    dates as year-month-day, and a missing value as an empty cell.

    Parameters
    ----------
    cohort : Cohort
    path : str or Path
        ``.csv``, ``.tsv`` or ``.parquet``. Replaced as a whole, if it exists.
    patient : str
        The name of the column for the patients' identifiers.

    Raises
    ------
    DataError
        If the ending is another, or a cell holds a word that would read back as missing, or as
        another word.
    """
    path = Path(path)
    suffix = path.suffix.lower()
    if suffix not in (*DELIMITERS, ".parquet"):
        raise DataError(
            Fault(
                where=path.name,
                met=f"the ending {suffix!r}",
                wanted=f"one of {', '.join(DELIMITERS)}, .parquet",
                way_out="Name the file so.",
            )
        )
    frame = cohort.frame.copy()
    faults = [] if suffix == ".parquet" else _changed_words(cohort)
    for column in cohort.columns:
        values = frame[column.name]
        faults += _lost_words(cohort, column, values)
        if column.kind == "boolean":
            no, yes = column.levels or ("no", "yes")
            frame[column.name] = values.map({0.0: no, 1.0: yes}).astype("str")
        elif column.kind == "category":
            frame[column.name] = values.astype("str")
    if faults:
        raise DataError(faults)
    frame = frame.reset_index(names=patient)
    with replacing(path) as part:
        if suffix == ".parquet":
            frame.to_parquet(part, index=False)
        else:
            frame.to_csv(part, sep=DELIMITERS[suffix], index=False, lineterminator="\n")


def _changed_words(cohort: Cohort) -> list[Fault]:
    """Refuse words that a text table does not keep: marks nobody sees, and formulas."""
    words = {"patient": pd.Series(cohort.patients, index=cohort.frame.index, dtype="str")}
    words |= {c.name: cohort.frame[c.name] for c in cohort.columns if c.kind in _OF_WORDS}
    faults = []
    for name, values in words.items():
        wrong = values.astype("str").str.contains(_NOT_KEPT, na=False).to_numpy()
        if wrong.any():
            patients = tuple(map(str, cohort.frame.index[wrong]))
            faults.append(
                Fault(
                    where=f"{cohort.name}: {name}",
                    met=f"marks without width, or a formula, of patient {name_some(patients)}",
                    wanted="words that read back as they are",
                    way_out="Write them without, or write a .parquet file.",
                    patients=patients,
                )
            )
    return faults


_OF_WORDS = ("category", "text")
_NOT_KEPT = f'[{HIDDEN_MARKS}]|^="[^"]*"$'


def _lost_words(cohort: Cohort, column: Column, values: pd.Series) -> list[Fault]:
    if column.kind not in ("category", "text"):
        return []
    lost = sorted((set(MISSING_WORDS) - set(column.levels)) & set(values.dropna().astype(str)))
    if not lost:
        return []
    rows = np.isin(values.astype(object).to_numpy().astype(str), lost)
    return [
        Fault(
            where=f"{cohort.name}: {column.name}",
            met=f"the word {name_some(map(repr, lost))}",
            wanted="words that do not stand for a missing value",
            way_out="Give the column's levels, if this word is one of them.",
            patients=tuple(map(str, cohort.frame.index[rows])),
        )
    ]
