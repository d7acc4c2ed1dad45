"""An event and when it came, or how long nobody had seen it: a censored outcome, and its table."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from stratify.cohort import Cohort, check_response
from stratify.connectome import Connectomes
from stratify.errors import DataError, Fault, count_of
from stratify.outcome import ResponseRule
from stratify.preprocess import Preparation
from stratify.schema import Column
from stratify.task import Scheme, Table, Task, assemble
from stratify.task.values import find_day_of_landmark
from stratify.time_to_event.lasting import DAYS, LOST, add_lost_response


@dataclass(frozen=True, slots=True, kw_only=True)
class CensoredOutcome:
    """An event, such as a relapse, of which it is known when it came or until when it had not.

    Parameters
    ----------
    name : str
        What runs call the event: ``"relapse"``.
    time : str
        The column of days from the first session, or from the response, to the event or to the end
        of follow-up.
    event : str
        The column that tells which: 1 or yes for the event, 0 or no for whose follow-up ended
        without it.
    horizon : float
        The day by which likelihoods are told. Nothing later counts in any figure.
    lost : str
        A response rule with a name, whose loss is the event; ``time`` and ``event`` are then made
        from its scale's values at the visits (`add_lost_response`).

    Examples
    --------
    >>> relapse = CensoredOutcome(name="relapse", time="days", event="relapsed", horizon=180)
    >>> relapse.make_rule().name
    'relapse within 180 days'
    """

    name: str
    horizon: float
    time: str = DAYS
    event: str = LOST
    lost: str = ""

    def __post_init__(self) -> None:
        if not (self.horizon > 0 and np.isfinite(self.horizon)):
            raise DataError(
                Fault(
                    where="time_to_event.horizon",
                    met=f"{self.horizon:g}",
                    wanted="a number of days above 0",
                    way_out="Say by which day likelihoods are told.",
                )
            )

    @property
    def by_horizon(self) -> str:
        """The name of the column, made here, of who had the event by the horizon."""
        name = re.sub(r"\W+", "_", self.name.lower()).strip("_")
        return f"{name}_by_day_{self.horizon:g}"

    def make_rule(self) -> ResponseRule:
        """Return the rule of who had the event by the horizon.

        Folds are balanced by it and columns are searched for copies of it; no model is fitted to
        it, since it does not tell who had no event from who was lost.
        """
        return ResponseRule(
            name=f"{self.name} within {self.horizon:g} days",
            followup=self.by_horizon,
            responder="yes",
        )


@dataclass(frozen=True, eq=False)
class FollowedTable:
    """A table of patients with how long each was followed, and whether the event came.

    Make one with `assemble_followed`.

    Parameters
    ----------
    table : Table
        Its ``y`` is who was seen to have the event by the horizon.
    time : array, shape (n_patients,)
        Days, from the landmark visit where the task has one.
    event : array of int, shape (n_patients,)
        1 for an event then, 0 for whose follow-up ended without one.
    outcome : CensoredOutcome
    horizon : float
        Days, as ``time``.
    """

    table: Table
    time: np.ndarray
    event: np.ndarray
    outcome: CensoredOutcome
    horizon: float

    def __len__(self) -> int:
        return len(self.table)

    def select(self, features: str) -> FollowedTable:
        """Return the same patients with one feature set."""
        return replace(self, table=self.table.select(features))  # type: ignore[arg-type]

    def describe_events(self) -> str:
        """Say what was seen by the horizon: ``"with relapse by day 180"``."""
        return f"with {self.outcome.name} by day {self.outcome.horizon:g}"

    def describe(self) -> str:
        """Return the question as one sentence, for runs."""
        task, told = self.table.task, self.outcome
        who = f"patients with {task.condition}" if task.condition else "all patients"
        under = f" under {task.treatment}" if task.treatment else ""
        at = f", by a landmark model at {task.landmark}" if task.landmark else ""
        read = f"{told.time}, {told.event}"
        if told.lost:
            read = f"{told.lost} no longer met, from the first visit that met it"
            who += " who responded"
        asked = (
            f"Time to {told.name}{at} ({read}), with likelihoods by day "
            f"{told.horizon:g}; in {who}{under}. Patients whose follow-up ended first are censored "
            "then."
        )
        return " ".join((asked, *task.cautions))

    def __repr__(self) -> str:
        kind = "simulated patients" if self.table.simulated else "patients"
        return (
            f"FollowedTable({len(self)} {kind}, {int(self.event.sum())} with {self.outcome.name}, "
            f"followed up to {self.time.max():g} days)"
        )


def assemble_followed(
    task: Task,
    outcome: CensoredOutcome,
    cohort: Cohort,
    connectomes: Connectomes | None = None,
    *,
    preparation: Preparation | None = None,
    scheme: Scheme = "stratified",
    by: str | None = None,
) -> FollowedTable:
    """Make the table of a censored outcome: the right patients, the allowed columns, their times.

    Parameters
    ----------
    task : Task
        Its rule is that of the outcome (`CensoredOutcome.make_rule`). With a landmark, whoever had
        the event or was lost by its day is left out and counted, and time runs from that day.
    outcome : CensoredOutcome
    cohort, connectomes, preparation, scheme, by
        As for `stratify.task.assemble`.

    Raises
    ------
    DataError
        If a time is below 0, an event neither 0 nor 1, a column known before the end of follow-up,
        or nobody is followed to the horizon; and as `stratify.task.assemble` does.
    """
    if outcome.lost:
        _refuse_landmark(task)
        cohort = add_lost_response(cohort, outcome.lost)
    time, event = _read_follow_up(outcome, cohort)
    start = _day_of_landmark(task, outcome, cohort)
    known = time.notna() & event.notna()
    step = "who responded" if outcome.lost else f"followed up for {outcome.name}"
    flow = [("in the cohort", len(cohort)), (step, int(known.sum()))]
    there = known
    if task.landmark is not None:
        # An event on the very day of the landmark was seen there, and is not to be predicted.
        there = known & (time > start)
        step = f"free of {outcome.name} and followed beyond {task.landmark}"
        flow.append((step, int(there.sum())))
    _require_patients(outcome, cohort, there, flow)
    studied = _add_by_horizon(outcome, cohort, time, event).select(there.to_numpy())
    table = assemble(task, studied, connectomes, preparation=preparation, scheme=scheme, by=by)
    rows = list(table.X.index)
    followed = FollowedTable(
        replace(
            table,
            flow=(*flow, *table.flow[1:]),
            outcome_digest=_digest_follow_up(time[there], event[there]),
        ),
        time.loc[rows].to_numpy(float) - start,
        event.loc[rows].to_numpy(int),
        outcome,
        outcome.horizon - start,
    )
    _require_horizon(followed, cohort)
    _refuse_copies_of_time(followed, studied)
    return followed


def _read_follow_up(outcome: CensoredOutcome, cohort: Cohort) -> tuple[pd.Series, pd.Series]:
    """Return times and events as numbers; every fault of either at once."""
    columns = {name: cohort[name] for name in (outcome.time, outcome.event)}
    faults = [*_faults_of_columns(outcome, cohort)]
    if faults:
        raise DataError(faults)
    time, event = (cohort.frame[name] for name in columns)
    faults += _faults_of_values(outcome, cohort, time, event)
    if faults:
        raise DataError(faults)
    return time, event


def _faults_of_columns(outcome: CensoredOutcome, cohort: Cohort) -> Iterator[Fault]:
    for name, kinds, wanted in (
        (outcome.time, ("number",), "days, a number"),
        (outcome.event, ("number", "boolean"), "0 or 1, or a boolean"),
    ):
        column = cohort[name]
        if column.kind not in kinds:
            yield Fault(
                where=f"{cohort.name}: {name}",
                met=f"a {column.kind}",
                wanted=wanted,
                way_out="Correct its kind in the dictionary, or name another column under "
                "[time_to_event].",
            )
        if column.measured != "followup":
            yield Fault(
                where=f"{cohort.name}: {name}",
                met=f"measured {column.measured}",
                wanted="when an event came, and whether, is known at the end of follow-up alone",
                way_out='Write measured = "followup" in the dictionary, so that no model sees it.',
            )


def _faults_of_values(
    outcome: CensoredOutcome, cohort: Cohort, time: pd.Series, event: pd.Series
) -> Iterator[Fault]:
    for name, values, wrong, wanted, way_out in (
        (
            outcome.time,
            time,
            time < 0,
            "days run from the first session on",
            "Correct the time, or leave it empty where it is not known.",
        ),
        (
            outcome.event,
            event,
            event.notna() & ~event.isin([0.0, 1.0]),
            "1 for the event, 0 for whose follow-up ended without it",
            "Code other events, such as another treatment begun, as 0: follow-up ended there.",
        ),
    ):
        if wrong.any():
            first = f"{values[wrong].iloc[0]:g} for patient {values.index[wrong][0]}"
            count = int(wrong.sum())
            yield Fault(
                where=f"{cohort.name}: {name}",
                met=first if count == 1 else f"{count_of(count, 'patient')}: {first}, ...",
                wanted=wanted,
                way_out=way_out,
                patients=tuple(map(str, values.index[wrong])),
            )


def _day_of_landmark(task: Task, outcome: CensoredOutcome, cohort: Cohort) -> float:
    if task.landmark is None:
        return 0.0
    day = find_day_of_landmark(task, cohort.columns)
    if day is None or day >= outcome.horizon:
        raise DataError(
            Fault(
                where="question.landmark",
                met=f"{task.landmark}, whose day is not known"
                if day is None
                else f"{task.landmark}, on day {day:g}",
                wanted=f"a day before the horizon, day {outcome.horizon:g}, from which time runs",
                way_out="Say the visit's day in the dictionary, or name a later horizon.",
            )
        )
    return day


def _refuse_landmark(task: Task) -> None:
    if task.landmark is not None:
        raise DataError(
            Fault(
                where="question.landmark",
                met=f"{task.landmark}, with the time from a response to its loss",
                wanted="one beginning: each patient's response, or the visit",
                way_out="Take question.landmark out, or name columns of days from the first "
                "session.",
            )
        )


def _require_patients(
    outcome: CensoredOutcome, cohort: Cohort, kept: pd.Series, flow: list[tuple[str, int]]
) -> None:
    if not kept.any():
        raise DataError(
            Fault(
                where=f"{cohort.name}: {outcome.time}, {outcome.event}",
                met="; ".join(f"{count} {step}" for step, count in flow),
                wanted="at least one patient is left",
                way_out="Name the columns of time and event under [time_to_event].",
            )
        )


def _add_by_horizon(
    outcome: CensoredOutcome, cohort: Cohort, time: pd.Series, event: pd.Series
) -> Cohort:
    """Put beside the other columns who was seen to have the event by the horizon."""
    name = outcome.by_horizon
    happened = ((event == 1) & (time <= outcome.horizon)).astype(float)
    column = Column(
        name=name, kind="boolean", role="outcome", measured="followup", levels=("no", "yes")
    )
    if not happened.any():
        raise DataError(
            Fault(
                where=f"{cohort.name}: {outcome.event}",
                met=f"nobody with {outcome.name} by day {outcome.horizon:g}",
                wanted="events, since nothing is learned of when they come without any",
                way_out="Check the coding (1 for the event), or name a later horizon.",
            )
        )
    return replace(
        cohort, frame=cohort.frame.assign(**{name: happened}), columns=(*cohort.columns, column)
    )


def _digest_follow_up(time: pd.Series, event: pd.Series) -> str:
    """Digest times and events whatever the horizon, so that no horizon is tried uncounted."""
    rows = sorted(map(str, zip(time.index, time, event, strict=True)))
    return hashlib.sha256("\n".join(rows).encode()).hexdigest()


def _require_horizon(followed: FollowedTable, cohort: Cohort) -> None:
    """Refuse a horizon to which nobody was followed."""
    last = float(followed.time.max())
    if followed.horizon > last:
        start = followed.outcome.horizon - followed.horizon
        raise DataError(
            Fault(
                where="time_to_event.horizon",
                met=f"day {followed.outcome.horizon:g}, and nobody was followed beyond day "
                f"{last + start:g}",
                wanted="a day up to which somebody was followed",
                way_out=f"Write horizon = {last + start:g}, or an earlier day that matters to "
                "patients.",
            )
        )


def _refuse_copies_of_time(followed: FollowedTable, cohort: Cohort) -> None:
    """Refuse features that tell the time itself."""
    table, told = followed.table, followed.outcome
    assert table.y is not None
    chosen = cohort.select(np.isin(cohort.patients, table.patients))
    faults = check_response(
        chosen,
        pd.Series(table.y.astype(float), index=table.X.index),
        features=[c.name for c in table.columns if c.name in chosen],
        derived={told.time: chosen.frame[told.time]},
    )
    errors = [fault for fault in faults if fault.severity == "error"]
    if errors:
        raise DataError(errors)
