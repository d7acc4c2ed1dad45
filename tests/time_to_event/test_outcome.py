"""A censored outcome is read with care: who is studied, from when, and what no model may see."""

import dataclasses

import numpy as np
import pandas as pd
import pytest

from stratify.cohort import Cohort
from stratify.errors import DataError
from stratify.schema import Column
from stratify.task import Task
from stratify.time_to_event import CensoredOutcome, assemble_followed

OUTCOME = CensoredOutcome(name="relapse", time="days", event="relapsed", horizon=60)
COLUMNS = (
    Column(name="severity"),
    Column(name="early", measured="during", visit="week 2", day=14),
    Column(name="days", measured="followup", role="outcome"),
    Column(name="relapsed", measured="followup", role="outcome"),
)
DAYS = [5.0, 10, 20, 30, 40, 50, 70, 80, 90, 100, 110, 120]


def make(columns=COLUMNS, **changes):
    values = {
        "severity": np.tile([3.0, 1.0, 4.0, 1.5], 3),
        "early": np.linspace(0, 1, 12) % 0.37,
        "days": DAYS,
        "relapsed": np.tile([1.0, 0.0, 1.0], 4),
        **changes,
    }
    return Cohort(pd.DataFrame(values, index=[f"P{k:02d}" for k in range(12)]), columns)


def ask(cohort, outcome=OUTCOME, **more):
    task = Task(rule=outcome.make_rule(), question="prognosis", **more)
    return assemble_followed(task, outcome, cohort)


def change(name, **fields):
    return tuple(dataclasses.replace(c, **fields) if c.name == name else c for c in COLUMNS)


def test_times_and_events_are_those_of_the_file_and_no_feature():
    followed = ask(make())
    assert followed.time.tolist() == DAYS
    assert followed.event.tolist() == [1, 0, 1] * 4
    assert list(followed.table.X) == ["severity"]
    # Folds are balanced by who was seen to relapse by the horizon.
    assert followed.table.y.tolist() == [1, 0, 1, 1, 0, 1, 0, 0, 0, 0, 0, 0]


def test_a_boolean_will_do_and_the_cohort_is_left_as_it_was():
    cohort = make(change("relapsed", kind="boolean", levels=("no", "yes")))
    before = cohort.frame.copy()
    assert ask(cohort).event.tolist() == [1, 0, 1] * 4
    pd.testing.assert_frame_equal(cohort.frame, before)
    assert len(cohort.columns) == 4


def test_who_was_not_followed_is_left_out_and_counted():
    followed = ask(make(days=[np.nan, *DAYS[1:]]))
    assert len(followed) == 11
    assert ("followed up for relapse", 11) in followed.table.flow


def test_with_a_landmark_time_runs_from_it_and_whoever_relapsed_by_then_is_left_out():
    followed = ask(make(), landmark="week 2")
    assert followed.time.tolist() == [day - 14 for day in DAYS[2:]]
    assert followed.horizon == 46
    assert set(followed.table.X) == {"severity", "early"}
    assert ("free of relapse and followed beyond week 2", 10) in followed.table.flow
    assert "by a landmark model at week 2" in followed.describe()


def test_an_event_on_the_day_of_the_landmark_was_seen_there():
    assert len(ask(make(days=[5.0, 14, *DAYS[2:]]), landmark="week 2")) == 10
    assert len(ask(make(days=[5.0, 15, *DAYS[2:]]), landmark="week 2")) == 11


@pytest.mark.parametrize(
    ("columns", "changes", "told"),
    [
        (COLUMNS, {"days": [-3.0, *DAYS[1:]]}, "-3 for patient P00; days run from the first"),
        (COLUMNS, {"relapsed": [2.0] + [1.0, 0.0, 1.0] * 3 + [0.0, 1.0]}, "2 for patient P00; 1 f"),
        (COLUMNS, {"relapsed": [0.0] * 12}, "nobody with relapse by day 60"),
        (COLUMNS, {"days": [1.0 + k for k in range(12)]}, "nobody was followed beyond day 12"),
        (COLUMNS, {"days": [np.nan] * 12}, "0 followed up for relapse"),
        (change("days", measured="baseline"), {}, "days: measured baseline"),
        (change("relapsed", measured="during"), {}, "relapsed: measured during"),
        (change("relapsed", kind="text"), {}, "a text; 0 or 1, or a boolean"),
    ],
)
def test_what_cannot_be_is_refused_by_name(columns, changes, told):
    with pytest.raises(DataError) as caught:
        ask(make(columns, **changes))
    assert told in str(caught.value)


def test_a_landmark_without_a_day_or_after_the_horizon_is_refused():
    with pytest.raises(DataError, match="week 2, whose day is not known"):
        ask(make(change("early", day=None)), landmark="week 2")
    with pytest.raises(DataError, match="on day 60; a day before the horizon"):
        ask(make(change("early", day=60)), landmark="week 2")


def test_a_horizon_is_above_0():
    with pytest.raises(DataError, match="a number of days above 0"):
        CensoredOutcome(name="relapse", time="days", event="relapsed", horizon=0)


def test_a_feature_that_copies_the_time_is_refused():
    rng = np.random.default_rng(0)
    days = rng.exponential(80, 60).round(1)
    frame = pd.DataFrame(
        {
            "severity": rng.normal(size=60),
            "weeks_in_study": days / 7,
            "days": days,
            "relapsed": (rng.random(60) < 0.6).astype(float),
        },
        index=[f"P{k:02d}" for k in range(60)],
    )
    columns = (COLUMNS[0], Column(name="weeks_in_study"), *COLUMNS[2:])
    with pytest.raises(DataError, match=r"weeks_in_study.*days"):
        ask(Cohort(frame, columns))
