"""Who belongs to which group of patients, and how well a model does in each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd

from stratify.cohort import Cohort
from stratify.errors import DataError, Fault, did_you_mean
from stratify.evaluation.held_out import HeldOut
from stratify.evaluation.values import Evaluation
from stratify.metrics import Subgroups, compute_subgroups
from stratify.schema import Column, Role
from stratify.task import Table

SEX = ("sex", "gender", "sex_at_birth", "sex_assigned_at_birth")
AGE = ("age", "age_years", "age_at_baseline", "baseline_age")
"""Names by which these columns are found, whatever the case."""

AGE_BANDS = (30.0, 45.0, 60.0)
"""Where one band of ages ends and the next begins, the same in every study."""

MOST_LEVELS = 40

_BY_ROLE: tuple[tuple[str, Role], ...] = (
    ("site", "site"),
    ("arm", "treatment"),
    ("condition", "condition"),
)


@dataclass(frozen=True, slots=True)
class Grouping:
    """One way of parting patients into groups.

    Parameters
    ----------
    name : str
        As it is shown: ``"sex"``, ``"age"``, ``"site"``, ``"arm"``, ``"condition"``, or the column
        in words.
    column : str
        The column whose values part them.
    role : str
        Of that column.
    groups : tuple of str
        Every group, empty ones too, in their order.
    edges : tuple of float
        Of a number: a value at an edge belongs to the group above it. Empty for categories.
    words : mapping of str to str
        The group of each value of a category.
    """

    name: str
    column: str
    role: str
    groups: tuple[str, ...]
    edges: tuple[float, ...] = ()
    words: Mapping[str, str] | None = None

    def label(self, values: pd.Series | Sequence[Any]) -> pd.Categorical:
        """Return the group of each value; missing where there is none, or none such.

        Examples
        --------
        >>> ages = Grouping("age", "age", "feature", ("below 30", "30 to 44", "45 or more"),
        ...                 edges=(30.0, 45.0))
        >>> list(ages.label([29.9, 30.0, float("nan"), 70.0]))
        ['below 30', '30 to 44', nan, '45 or more']
        """
        given = pd.Series(values).reset_index(drop=True)
        if self.edges:
            numbers = given.to_numpy(dtype=float)
            codes: np.ndarray = np.searchsorted(self.edges, numbers, side="right")
            codes[np.isnan(numbers)] = -1
            return pd.Categorical.from_codes(codes, categories=pd.Index(self.groups, dtype=object))
        words = self.words or {}
        named = [None if pd.isna(v) or v == "" else words.get(_text(v)) for v in given]
        return pd.Categorical(named, categories=list(self.groups))

    def label_table(self, table: Table) -> pd.Categorical | None:
        """Return the group of each patient of a table; None where it does not hold the column."""
        beside = {"site": table.site, "treatment": table.treatment}
        if self.column in table.X.columns:
            return self.label(table.X[self.column])
        values = beside.get(self.role)
        return None if values is None else self.label(list(values))

    def to_dict(self) -> dict[str, Any]:
        """Return plain values, for JSON."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Grouping:
        """Read back what `to_dict` returned."""
        lists = {name: tuple(values[name]) for name in ("groups", "edges")}
        return cls(**{**values, **lists})


def find_groupings(cohort: Cohort, columns: Sequence[str] | None = None) -> tuple[Grouping, ...]:
    """Find how patients are parted: by sex, age band, site, arm and condition, as far as known.

    Parameters
    ----------
    cohort : Cohort
    columns : sequence of str, optional
        The columns to part by instead of sex and age; numbers but ages in thirds. Site, arm and
        condition are always there.

    Raises
    ------
    DataError
        If a named column is not there, or parts into too many groups.

    Examples
    --------
    >>> from stratify.datasets import make_cohort
    >>> made = make_cohort("null", patients=60, seed=0, regions=12)
    >>> [grouping.name for grouping in find_groupings(made.cohort)]
    ['sex', 'age', 'site', 'arm', 'condition']
    >>> find_groupings(made.cohort)[1].groups
    ('below 30 years', '30 to 44 years', '45 to 59 years', '60 years or more')
    """
    if columns is None:
        # Who has the outcome is no group to judge a model in: each would be of one class.
        known = [column for column in cohort.columns if column.role != "outcome"]
        by_name = {column.name.lower(): column for column in reversed(known)}
        found = [[by_name[name] for name in names if name in by_name][:1] for names in (SEX, AGE)]
        chosen = [column for some in found for column in some if column.kind != "text"]
    else:
        _require_known(cohort, columns)
        chosen = [cohort[name] for name in columns]
    groupings = [_make_grouping(column, cohort.frame[column.name]) for column in chosen]
    taken = {grouping.column for grouping in groupings}
    for name, role in _BY_ROLE:
        column = cohort.named(role)
        if column is not None and column.name not in taken:
            groupings.append(_make_levels(name, column, cohort.frame[column.name]))
    return tuple(groupings)


def label_patients(
    groupings: Sequence[Grouping], cohort: Cohort, patients: Sequence[str]
) -> dict[str, pd.Categorical]:
    """Return the group of each patient, by the name of each grouping.

    Parameters
    ----------
    groupings : sequence of Grouping
    cohort : Cohort
    patients : sequence of str
        In the order in which they are wanted.
    """
    frame = cohort.frame.set_axis(cohort.frame.index.astype(str)).loc[list(patients)]
    return {grouping.name: grouping.label(frame[grouping.column]) for grouping in groupings}


def compute_evaluation_subgroups(
    evaluation: Evaluation,
    table: Table,
    labels: Mapping[str, Sequence[Any] | pd.Categorical],
    *,
    thresholds: Sequence[float] = (),
    level: float = 0.95,
) -> Subgroups:
    """Compute every figure of a model's held-out likelihoods for every group of patients.

    Parameters
    ----------
    evaluation : Evaluation
    table : Table
        The patients it was evaluated on.
    labels : mapping of str to labels
        Of the patients in the order of the table, as from `label_patients`.
    thresholds : sequence of float
        Where sensitivity, specificity, PPV and NPV are wanted too.
    level : float
    """
    held_out = HeldOut.of(evaluation.predictions)
    place = {patient: k for k, patient in enumerate(table.patients)}
    rows = np.array([place[patient] for patient in held_out.patients])
    return compute_subgroups(
        held_out.y,
        held_out.log_odds,
        held_out.base_rate,
        {name: pd.Series(values).iloc[rows] for name, values in labels.items()},
        thresholds=thresholds,
        level=level,
    )


def _make_grouping(column: Column, values: pd.Series) -> Grouping:
    if column.kind != "number":
        return _make_levels(_name_of(column), column, values)
    edges: tuple[float, ...] = AGE_BANDS
    if column.name.lower() not in AGE:
        numbers = values.dropna().to_numpy(dtype=float)
        thirds = np.quantile(numbers, [1 / 3, 2 / 3]) if len(numbers) else np.zeros(0)
        edges = tuple(float(f"{edge:.3g}") for edge in np.unique(thirds))
    return Grouping(
        _name_of(column), column.name, column.role, _name_bands(edges, column.unit), edges
    )


def _name_of(column: Column) -> str:
    for name, known in (("sex", SEX), ("age", AGE)):
        if column.name.lower() in known:
            return name
    return column.words


def _name_bands(edges: Sequence[float], unit: str) -> tuple[str, ...]:
    if not edges:
        return ("all",)
    unit = f" {unit}" if unit else ""
    whole = unit == " years"
    between = [
        f"{low:g} to {high - 1:g}{unit}" if whole else f"{low:g} to below {high:g}{unit}"
        for low, high in pairwise(edges)
    ]
    return (f"below {edges[0]:g}{unit}", *between, f"{edges[-1]:g}{unit} or more")


def _make_levels(name: str, column: Column, values: pd.Series) -> Grouping:
    if column.kind == "boolean":
        no, yes = column.levels or ("no", "yes")
        words = {"0": no, "1": yes}
    else:
        seen = sorted({_text(value) for value in values.dropna()})
        words = {level: level for level in (column.levels or seen)}
    if len(words) > MOST_LEVELS:
        raise DataError(
            Fault(
                where=f"subgroups: {column.name}",
                met=f"{len(words)} groups",
                wanted=f"at most {MOST_LEVELS}, of patients who have something in common",
                way_out="Name another column, or join levels in the table.",
            )
        )
    return Grouping(name, column.name, column.role, tuple(words.values()), words=words)


def _text(value: Any) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)


def _require_known(cohort: Cohort, columns: Sequence[str]) -> None:
    names = [c.name for c in cohort.columns if c.kind not in ("date", "text")]
    faults = [
        Fault(
            where=f"{cohort.name}: subgroups.columns",
            met=f"no column {name!r} with groups{did_you_mean(name, names)}",
            wanted="a category, boolean or number of the cohort",
            way_out="Correct the name, or take it out.",
        )
        for name in columns
        if name not in names
    ]
    if faults:
        raise DataError(faults)
