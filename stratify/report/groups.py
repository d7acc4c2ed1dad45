"""How well a model did in the groups that one patient belongs to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from stratify.metrics import Estimate
from stratify.report.values import GroupFigures, ReportTable, Section, shorten, visible

FIGURES = ("auc", "calibration_intercept")


def summarise_subgroups(table: pd.DataFrame, *, level: float = 0.95) -> tuple[GroupFigures, ...]:
    """Gather from a table of subgroups what a report says of them.

    Parameters
    ----------
    table : DataFrame
        As `Subgroups.table`, or as it is read back from a run.
    level : float
        Of its intervals.
    """
    # Read back from a file, a column in which nothing stands is one of numbers.
    words = table[["grouping", "why_not"]].astype(object)
    chosen = table.assign(**words.where(words.notna(), ""))[table["metric"].isin(FIGURES)]
    found: dict[tuple[str, str], GroupFigures] = {}
    for key, rows in chosen.groupby(["grouping", "group"], sort=False):
        grouping, group = map(str, key)
        if not grouping:
            continue
        records = rows.to_dict("records")
        of_metric = {row["metric"]: row for row in records}
        found[grouping, group] = GroupFigures(
            grouping=grouping,
            group=group,
            patients=int(records[0]["patients"]),
            auc=_estimate(of_metric["auc"], level),
            intercept=_estimate(of_metric["calibration_intercept"], level),
            why_not=str(of_metric["auc"]["why_not"]),
        )
    return tuple(found.values())


def _estimate(row: Mapping[Any, Any], level: float) -> Estimate | None:
    return None if row["why_not"] else Estimate(row["value"], row["low"], row["high"], level)


def make_groups_section(
    subgroups: Sequence[GroupFigures], groups: Mapping[str, str], *, people: str, person: str
) -> Section | None:
    """Show the groups that a patient belongs to; None where none of them was looked at.

    Parameters
    ----------
    subgroups : sequence of GroupFigures
        Of the study.
    groups : mapping of str to str
        The patient's group in each grouping: ``{"sex": "female"}``.
    people, person : str
    """
    rows = [one for one in subgroups if groups.get(one.grouping) == one.group]
    if not rows:
        return None
    return Section(
        f"How well it did in the groups this {person} belongs to",
        (
            f"On held-out {people}. Small groups have wide intervals, and groups whose intervals "
            "overlap cannot be told apart.",
        ),
        table=ReportTable(
            ("Group", people.capitalize(), "Separation (AUC)", "Likelihoods on average"),
            tuple((_name(one), str(one.patients), _say_auc(one), _say_level(one)) for one in rows),
        ),
    )


def _say_auc(one: GroupFigures) -> str:
    if one.auc is None:
        return f"cannot be told: {one.why_not}"
    return f"{one.auc.value:.2f} ({one.auc.low:.2f} to {one.auc.high:.2f})"


def _say_level(one: GroupFigures) -> str:
    if one.intercept is None:
        return "cannot be told"
    if one.intercept.low > 0:
        return "too low"
    if one.intercept.high < 0:
        return "too high"
    return "no error can be told"


def _name(one: GroupFigures) -> str:
    return shorten(visible(f"{one.grouping}: {one.group}"), 60)
