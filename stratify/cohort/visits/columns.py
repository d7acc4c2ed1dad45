"""What an instrument means, and its values as the column of one visit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from stratify.cohort.spelling import match_numbers, merge_numbers
from stratify.cohort.visits.naming import tell_names
from stratify.cohort.visits.tables import slug
from stratify.cohort.visits.values import KEYS, Visits
from stratify.dialect import read_written_numbers
from stratify.errors import Fault, count_of, name_some
from stratify.schema import Column, Measured


def find_meaning(instrument: str) -> Column | None:
    """Return what a rating scale's total means, by the total's name or the scale's."""
    from stratify.instruments import list_instruments, make_columns, read_instrument

    for scale in list_instruments():
        if not instrument.startswith(scale):
            continue
        columns = make_columns(read_instrument(scale))
        if instrument == scale and len(columns) == 1:
            return columns[0]
        for column in columns:
            if column.name == instrument:
                return column
    return None


class ColumnValues:
    """The values of one instrument, as its column wants them."""

    def __init__(
        self, visits: Visits, instrument: str, template: Column | None, faults: list[Fault]
    ) -> None:
        self.instrument = instrument
        rows = visits.frame[visits.frame["instrument"] == instrument]
        cells = rows["value"]
        numbers = _read_numbers(cells, f"{visits.name}: {instrument}", faults)
        kind = "category" if template is None and numbers.isna().all() else "number"
        template = template or Column(name=instrument, kind=kind)  # type: ignore[arg-type]
        if template.kind == "category":
            levels = template.levels or tuple(sorted(set(cells.replace(merge_numbers(cells)))))
            template = replace(template, levels=levels)
            values = _read_levels(cells, levels, f"{visits.name}: {instrument}", faults)
            wrong, wanted = ~values.isin(levels), f"one of {name_some(levels, most=8)}"
        else:
            values = numbers
            low = -np.inf if template.low is None else template.low
            high = np.inf if template.high is None else template.high
            # NaN compares as outside: a word among numbers is a fault too.
            wrong = ~((numbers >= low) & (numbers <= high) & np.isfinite(numbers))
            unit = f" {template.unit}" if template.unit else ""
            bounded = not (np.isinf(low) and np.isinf(high))
            wanted = f"a number from {low:g} to {high:g}{unit}" if bounded else "a number"
        self.template = template
        self.means = dict(zip(cells, values, strict=True))
        if wrong.any():
            faults.append(_wrong_values(rows[wrong], visits.name, template, wanted))

    def column(self, visit: str, measured: Measured, day: float | None) -> Column:
        """Return the column of the instrument at one visit."""
        one = self.template
        at = "before treatment" if measured == "baseline" else f"at {visit}"
        return Column(
            name=f"{self.instrument}_{slug(visit)}",
            kind=one.kind,
            role="outcome" if measured == "followup" else "feature",
            measured=measured,
            unit=one.unit,
            low=one.low,
            high=one.high,
            levels=one.levels,
            label=f"{one.words} {at}",
            visit=visit,
            day=day,
        )

    def take(self, rows: pd.DataFrame, index: Sequence[tuple[str, str]]) -> Any:
        """Return one value for each patient and period, missing where there is none.

        Parameters
        ----------
        rows : DataFrame
            The rows of one visit, with their cells as in the file.
        index : sequence of (str, str)
            Each patient and period.
        """
        keys = pd.MultiIndex.from_frame(rows[KEYS])
        values = rows["value"].map(self.means).set_axis(keys)
        values = values.reindex(pd.MultiIndex.from_tuples(index, names=KEYS))
        if self.template.kind == "category":
            levels = pd.Index(self.template.levels, dtype="str")
            known = values.where(values.notna(), None).to_numpy(object)
            return pd.Categorical(known, categories=levels)
        return values.to_numpy(float)


def _read_numbers(cells: pd.Series, where: str, faults: list[Fault]) -> pd.Series:
    """Read cells as numbers, NaN where they are none; those written otherwise with a warning."""
    numbers = pd.to_numeric(cells, errors="coerce").astype(float)
    if not numbers.isna().any():
        return numbers
    written = read_written_numbers(cells)
    if written is None:
        return numbers
    faults.append(
        Fault(
            where=where,
            met=f"{written[1]} in {count_of(int(numbers.isna().sum()), 'cell')}",
            wanted="numbers with a decimal point",
            way_out="They were read as such numbers; nothing else in these values can be meant.",
            severity="warning",
        )
    )
    return pd.Series(written[0], index=cells.index)


def _read_levels(
    cells: pd.Series, levels: Sequence[str], where: str, faults: list[Fault]
) -> pd.Series:
    """Read cells as levels; 1.0 as the level 1, with a warning."""
    read_as = match_numbers(dict.fromkeys(cells), levels)
    if read_as:
        faults.append(tell_names(where, read_as, "levels written as the dictionary has them"))
    return cells.replace(read_as)


def _wrong_values(rows: pd.DataFrame, where: str, template: Column, wanted: str) -> Fault:
    some = name_some(
        f"{r.value!r} at {r.visit} for patient {r.patient}" for r in rows.itertuples(index=False)
    )
    return Fault(
        where=f"{where}: {rows['instrument'].iloc[0]}",
        met=some,
        wanted=f"{template.words} is {wanted}",
        way_out="Correct the rows, or leave the value empty to mark it missing.",
        patients=tuple(dict.fromkeys(rows["patient"])),
    )
