"""How long a response lasts: times and events made from a scale's values at the visits."""

from __future__ import annotations

from dataclasses import replace

from stratify.cohort import Cohort
from stratify.errors import DataError, Fault, SettingsError, name_some
from stratify.outcome import compute_relapse, make_rule
from stratify.outcome.named import find_rule
from stratify.schema import Column

DAYS, LOST = "days_of_response", "response_lost"


def add_lost_response(cohort: Cohort, rule: str) -> Cohort:
    """Put beside the other columns how long each responder's response lasted.

    Time runs from the first visit at which the rule is met to the first later one at which it is
    not, or to the last value. Patients who never responded, or have no baseline, have neither.

    Parameters
    ----------
    cohort : Cohort
        With the scale at two or more visits after the first session, whose days are known.
    rule : str
        One with a name: ``"madrs_response_50"``.

    Returns
    -------
    cohort : Cohort
        With the columns ``days_of_response`` and ``response_lost``, measured at follow-up.

    Raises
    ------
    DataError
        If the scale is not there at two such visits, or nobody responded.

    Examples
    --------
    >>> import pandas as pd
    >>> frame = pd.DataFrame({"madrs_baseline": [30.0, 30.0], "madrs_week6": [12.0, 14.0],
    ...                       "madrs_week12": [13.0, 22.0]}, index=["P1", "P2"])
    >>> columns = (Column(name="madrs_baseline"),
    ...            Column(name="madrs_week6", measured="followup", visit="week 6", day=42),
    ...            Column(name="madrs_week12", measured="followup", visit="week 12", day=84))
    >>> added = add_lost_response(Cohort(frame, columns), "madrs_response_50")
    >>> added.frame[["days_of_response", "response_lost"]].to_numpy().tolist()
    [[42.0, 0.0], [42.0, 1.0]]
    """
    baseline, visits = _find_scale(cohort, rule)
    values = cohort.frame[[column.name for column in visits]]
    values = values.set_axis([float(column.day or 0) for column in visits], axis=1)
    before = None if baseline is None else cohort.frame[baseline]
    if before is not None:
        values = values[before > 0]
    found = compute_relapse(
        values,
        responds=find_rule(rule).read_threshold(),
        baseline=None if before is None else before[before > 0],
    )
    if found.empty:
        raise DataError(
            Fault(
                where=f"{cohort.name}: {name_some(values.columns)}",
                met=f"nobody meets {rule} at any visit",
                wanted="responders, whose response may be lost",
                way_out="Name another rule as time_to_event.lost.",
            )
        )
    added = {
        DAYS: found["duration"].reindex(cohort.frame.index),
        LOST: found["event"].reindex(cohort.frame.index).astype(float),
    }
    columns = tuple(Column(name=name, role="outcome", measured="followup") for name in added)
    return replace(cohort, frame=cohort.frame.assign(**added), columns=(*cohort.columns, *columns))


def _find_scale(cohort: Cohort, rule: str) -> tuple[str | None, list[Column]]:
    """Find a rule's baseline, and its scale at each visit whose day is known."""
    later = [c for c in cohort.columns if c.measured != "baseline" and c.visit]
    baseline = None
    found: dict[float, Column] = {}
    for visit in dict.fromkeys(column.visit for column in later):
        try:
            made = make_rule(rule, columns=cohort.columns, visit=visit)
        except SettingsError as error:
            # The scale was not taken at this visit; several columns, or no baseline, are a fault.
            if error.faults[0].where == "response.followup" and error.faults[0].met.startswith("0"):
                continue
            raise
        baseline = made.baseline
        column = cohort[made.followup]
        if column.day is not None and column.day >= 0:
            found[column.day] = column
    if len(found) < 2:
        met = name_some(column.name for column in found.values()) if found else "no column"
        raise DataError(
            Fault(
                where=f"{cohort.name}: time_to_event.lost",
                met=f"{met} of the scale of {rule} at a visit whose day is known",
                wanted="two visits or more after the first session, the later ones telling whether "
                "a response was lost",
                way_out="Say each column's visit and day in the dictionary, or name the columns of "
                "time and event instead.",
            )
        )
    return baseline, [found[day] for day in sorted(found)]
