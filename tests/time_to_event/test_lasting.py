"""How long a response lasts is read off the visits, for those who responded and nobody else."""

import numpy as np
import pandas as pd
import pytest

from stratify.cohort import Cohort
from stratify.errors import DataError, SettingsError
from stratify.schema import Column
from stratify.task import Task
from stratify.time_to_event import CensoredOutcome, add_lost_response, assemble_followed

RULE = "madrs_response_50"
VISITS = {"week 2": 14.0, "week 6": 42.0, "week 12": 84.0, "week 24": 168.0}


def make(rows, **columns):
    """Make a cohort of MADRS values: baseline and four visits a row."""
    names = ["madrs_baseline", *(f"madrs_{visit.replace(' ', '')}" for visit in VISITS)]
    frame = pd.DataFrame(rows, columns=names, dtype=float)
    frame.index = [f"P{k}" for k in range(len(rows))]
    known = [Column(name="madrs_baseline")]
    for name, (visit, day) in zip(names[1:], VISITS.items(), strict=True):
        known.append(Column(name=name, measured="followup", visit=visit, day=day))
    for name, values in columns.items():
        frame[name] = values
        known.append(Column(name=name))
    return Cohort(frame, tuple(known))


def times(rows):
    frame = add_lost_response(make(rows), RULE).frame
    return frame[["days_of_response", "response_lost"]].to_numpy().tolist()


def test_time_runs_from_the_first_response_to_the_first_visit_without_it():
    assert times([[30, 20, 15, 14, 20]]) == [[168 - 42, 1]]
    assert times([[30, 15, 16, 14, 14]]) == [[42 - 14, 1]]


def test_whoever_never_loses_it_is_censored_at_the_last_value():
    assert times([[30, 20, 15, 14, np.nan]]) == [[84 - 42, 0]]


def test_a_visit_that_was_missed_is_passed_over():
    assert times([[30, 15, np.nan, np.nan, 28]]) == [[168 - 14, 1]]


def test_who_never_responded_or_has_no_baseline_has_no_time():
    found = times([[30, 25, 25, 25, 25], [np.nan, 5, 5, 5, 5], [30, 10, 10, 10, 10]])
    assert np.isnan(found[:2]).all()
    assert found[2] == [168 - 14, 0]


def test_only_responders_are_studied_and_the_flow_says_so():
    rng = np.random.default_rng(0)
    rows = [[30, 12, 12, rng.choice([12, 25]), 25 if k % 2 else 12] for k in range(20)]
    rows += [[30, 28, 28, 28, 28]] * 5
    outcome = CensoredOutcome(name="loss of response", lost=RULE, horizon=100)
    task = Task(rule=outcome.make_rule(), question="prognosis")
    cohort = make(rows, age=rng.normal(50, 9, 25).round())
    followed = assemble_followed(task, outcome, cohort)
    assert len(followed) == 20
    assert ("who responded", 20) in followed.table.flow
    assert set(followed.table.X) == {"madrs_baseline", "age"}
    assert "in all patients who responded" in followed.describe()
    early = Task(rule=outcome.make_rule(), question="prognosis", landmark="week 2")
    with pytest.raises(DataError, match="one beginning"):
        assemble_followed(early, outcome, cohort)


def test_what_is_not_there_is_said():
    cohort = make([[30, 10, 10, 10, 10]])
    with pytest.raises(DataError, match="two visits or more after the first session"):
        add_lost_response(cohort.__class__(cohort.frame.iloc[:, :2], cohort.columns[:2]), RULE)
    with pytest.raises(DataError, match="nobody meets madrs_response_50"):
        add_lost_response(make([[30, 29, 29, 29, 29]]), RULE)
    with pytest.raises(SettingsError, match="no rule"):
        add_lost_response(cohort, "madras_response")
