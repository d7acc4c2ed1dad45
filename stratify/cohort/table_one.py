"""Table one: who the patients are, by arm or by site."""

from __future__ import annotations

import html
import warnings
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd

from stratify.cohort.values import Cohort
from stratify.errors import DataError, Fault

By = Literal["arm", "site"]

_ROLES: dict[str, Literal["treatment", "site"]] = {"arm": "treatment", "site": "site"}
_DESCRIBED = ("feature", "confound", "condition", "site", "treatment")
_MOST_LEVELS = 12


@dataclass(frozen=True, eq=False)
class TableOne:
    """A description of a cohort. Make one with `make_table_one`.

    Parameters
    ----------
    table : DataFrame
        ``variable``, ``level``, ``missing`` (how many), ``overall``, one column a group, and one a
        pair of groups with their standardised difference; all text.
    by : {"arm", "site"} or None
    name : str
        Of the cohort.
    smallest_cell : int
        Counts below it are hidden; 0 where none is.
    simulated : bool
    """

    table: pd.DataFrame
    by: By | None
    name: str
    smallest_cell: int
    simulated: bool

    def to_html(self) -> str:
        """Return the table as a page of its own."""
        band = "<p><strong>SIMULATED PATIENTS</strong></p>" if self.simulated else ""
        hidden = (
            f" Counts below {self.smallest_cell} are hidden, and enough others that they cannot "
            "be worked out from this table."
            if self.smallest_cell
            else ""
        )
        style = (
            "body{font-family:sans-serif;margin:2rem}table{border-collapse:collapse}"
            "td,th{padding:.2rem .7rem;border-bottom:1px solid #ccc;text-align:left}"
        )
        title = html.escape(f"The patients of {self.name}" + (f", by {self.by}" if self.by else ""))
        return (
            f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{title}</title>'
            f"<style>{style}</style></head><body><h1>{title}</h1>{band}"
            f"{self.table.to_html(index=False, border=0, na_rep='')}"
            "<p>Mean (standard deviation) of numbers, count (per cent of those known) of levels. "
            "The standardised difference is the difference of two groups over their pooled "
            f"standard deviation; above 0.1 it is often called an imbalance.{hidden}</p>"
            "</body></html>\n"
        )

    def __repr__(self) -> str:
        return f"TableOne({self.name} by {self.by or 'nothing'}: {len(self.table)} rows)"

    def _repr_html_(self) -> str:
        return self.table.to_html(index=False)


def make_table_one(cohort: Cohort, by: By | None = "arm", *, smallest_cell: int = 5) -> TableOne:
    """Describe the patients by arm or by site: baseline columns, gaps, and how groups differ.

    Parameters
    ----------
    cohort : Cohort
    by : {"arm", "site"} or None
        The column with the role treatment, or site; None describes all patients together.
    smallest_cell : int
        Counts from 1 to one less are hidden, with the next smallest where a single hidden count
        could be worked out, since few patients may be recognised by them. 0 hides none, for tables
        that stay where the data are.

    Returns
    -------
    table_one : TableOne

    Raises
    ------
    DataError
        If no column has the role.

    Source
    ------
    Pollard TJ et al. 2018, JAMIA Open 1(1):26-31, doi 10.1093/jamiaopen/ooy012 (tableone). The
    standardised difference: Austin 2009, doi 10.1002/sim.3697; of several levels: Yang and Dalton
    2012.

    Examples
    --------
    >>> from stratify.schema import Column
    >>> frame = pd.DataFrame({"arm": pd.Categorical(["a", "b"] * 10), "age": [40.0, 50.0] * 10})
    >>> cohort = Cohort(frame, (Column(name="arm", kind="category", role="treatment"),
    ...                         Column(name="age", unit="years")))
    >>> make_table_one(cohort).table.loc[1, ["variable", "overall"]].tolist()
    ['age (years), mean (SD)', '45.0 (5.1)']
    """
    groups = None if by is None else cohort.named(_ROLES[by])
    if by is not None and groups is None:
        raise DataError(
            Fault(
                where=cohort.name,
                met=f"no column has the role {_ROLES[by]!r}",
                wanted=f"a table by {by} needs one",
                way_out=f"Give one column of the dictionary the role {_ROLES[by]!r}.",
            )
        )
    column = None if groups is None else groups.name
    frame, categorical, labels = _plain(cohort, column)
    if set(frame.columns) <= {column}:
        table = _count(cohort, column)
    else:
        table = _tidy(_tabulate(frame, categorical, column), labels)
    if smallest_cell:
        table = _hide_small(table, smallest_cell)
    return TableOne(table, by, cohort.name, smallest_cell, cohort.simulated)


def _plain(cohort: Cohort, groups: str | None) -> tuple[pd.DataFrame, list[str], dict[str, str]]:
    """Return the columns to describe as plain values, which are categories, and their words."""
    values: dict[str, object] = {}
    categorical, labels = [], {}
    for column in cohort.columns:
        wanted = column.name == groups or (
            column.measured == "baseline" and column.role in _DESCRIBED
        )
        known = cohort.frame[column.name].dropna()
        if not wanted or not len(known):
            continue
        if column.kind == "number":
            values[column.name] = cohort.frame[column.name].to_numpy(float)
        elif column.kind == "boolean":
            no, yes = column.levels or ("no", "yes")
            values[column.name] = cohort.frame[column.name].map({0.0: no, 1.0: yes}).astype(object)
        elif column.kind == "category" and (
            column.name == groups or known.nunique() <= _MOST_LEVELS
        ):
            values[column.name] = cohort.frame[column.name].astype(object)
        else:
            continue
        if column.kind != "number" and column.name != groups:
            categorical.append(column.name)
        unit = f" ({column.unit})" if column.unit else ""
        labels[column.name] = column.words + unit
    frame = pd.DataFrame(values)
    if groups is not None:
        frame = frame[frame[groups].notna()].reset_index(drop=True)
    return frame, categorical, labels


def _count(cohort: Cohort, groups: str | None) -> pd.DataFrame:
    """Count patients only: tableone takes no table without a column to describe."""
    row = {"variable": "n", "level": "", "missing": "", "overall": str(len(cohort))}
    if groups is not None:
        counts = cohort.frame[groups].value_counts(sort=False)
        row |= {str(level): str(count) for level, count in counts.items()}
    return pd.DataFrame([row])


def _tabulate(frame: pd.DataFrame, categorical: list[str], groups: str | None) -> pd.DataFrame:
    from tableone import TableOne as Tabulated

    several = groups is not None and len(frame[groups].unique()) > 1
    with warnings.catch_warnings():
        # Of pandas, about how tableone sets rows.
        warnings.simplefilter("ignore")
        return Tabulated(
            frame,
            columns=[name for name in frame.columns if name != groups],
            categorical=categorical,
            groupby=groups,
            smd=several,
            # With pandas 3 a missing value would otherwise become a level and spoil the
            # standardised difference.
            include_null=False,
        ).tableone


def _tidy(made: pd.DataFrame, labels: dict[str, str]) -> pd.DataFrame:
    """Return tableone's table with plain rows and headings, in words."""
    made = made.copy()
    made.columns = [str(c[-1]) if isinstance(c, tuple) else str(c) for c in made.columns]
    table = made.reset_index(names=["variable", "level"])
    table.columns = [{"Missing": "missing", "Overall": "overall"}.get(c, c) for c in table.columns]

    def words(variable: str) -> str:
        name, comma, rest = str(variable).rpartition(", ")
        return f"{labels.get(name, name)}{comma}{rest}" if comma else str(variable)

    table["variable"] = table["variable"].map(words)
    text = table.astype(object).where(table.notna(), "").astype(str)
    return text.replace({"None": "", "nan": ""})


def _hide_small(table: pd.DataFrame, smallest: int) -> pd.DataFrame:
    """Hide counts below a size, and one more wherever a sum would give a single one away."""
    table = table.copy()
    cells = [
        column
        for column in table.columns
        if column not in ("variable", "level", "missing") and not column.startswith("SMD")
    ]
    groups = [column for column in cells if column != "overall"]
    for _, rows in table.groupby("variable", sort=False):
        if not rows["variable"].iloc[0].endswith("n (%)"):
            continue
        counts = rows[cells].map(_count_in).to_numpy(float)
        hidden = _protect(counts, smallest, cells.index("overall"))
        block = np.array(rows[cells], dtype=object)
        block[hidden] = "hidden"
        block[hidden & (counts < smallest)] = f"< {smallest}"
        table.loc[rows.index, cells] = block
        if hidden.any():
            differences = [c for c in table.columns if c.startswith("SMD")]
            if len(groups) == 2:
                # With two groups a difference and one share give the other away.
                table.loc[rows.index, differences] = ""
    return table


def _protect(counts: np.ndarray, smallest: int, overall: int) -> np.ndarray:
    """Return which counts to hide, so that no line or column with a known sum hides just one."""
    hidden = (counts > 0) & (counts < smallest)
    for _ in range(counts.size):
        before = hidden.copy()
        for k in range(counts.shape[0]):  # over groups, whose sum stands under overall
            _hide_another(counts[k], hidden[k])
        for j in range(counts.shape[1]):  # over levels, whose sum is the group
            _hide_another(counts[:, j], hidden[:, j])
        if (hidden == before).all():
            break
    return hidden


def _hide_another(counts: np.ndarray, hidden: np.ndarray) -> None:
    """Hide the next smallest count of a line in which only one is hidden."""
    if hidden.sum() == 1 and len(hidden) > 1:
        rest = np.where(hidden | (counts == 0), np.inf, counts)
        if np.isfinite(rest).any():
            hidden[int(np.argmin(rest))] = True


def _count_in(cell: str) -> float:
    try:
        return float(cell.split(" ")[0])
    except ValueError:
        return np.nan
