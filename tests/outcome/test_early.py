"""Who has responded by an early visit is counted, where the same scale was seen then."""

import numpy as np
import pandas as pd

from stratify.cohort import Cohort
from stratify.outcome import ResponseRule, find_early_rule, make_durable, tell_early_response
from stratify.schema import Column

RULE = ResponseRule(name="response", followup="madrs_week6", baseline="madrs_before", drop=0.5)
COLUMNS = (
    Column(name="madrs_before"),
    Column(name="bdi_week2", measured="during", visit="week 2"),
    Column(name="madrs_week2", measured="during", visit="week 2"),
    Column(name="madrs_week6", measured="followup", visit="week 6"),
)


def make():
    frame = pd.DataFrame(
        {
            "madrs_before": [30.0] * 4,
            "bdi_week2": [1.0] * 4,
            "madrs_week2": [15.0, 16.0, 10.0, np.nan],
            "madrs_week6": [14.0, 14.0, 28.0, 14.0],
        },
        index=list("abcd"),
    )
    return Cohort(frame, COLUMNS)


def test_the_same_scale_at_the_earlier_visit_is_meant_and_no_other():
    assert find_early_rule(RULE, COLUMNS, "Week 2").followup == "madrs_week2"
    assert find_early_rule(RULE, COLUMNS[:2], "week 2") is None
    assert find_early_rule(RULE, COLUMNS, "week 3") is None


def test_a_durable_response_begins_with_its_first_visit():
    durable = make_durable(RULE, later="madrs_month6")
    assert find_early_rule(durable, COLUMNS, "week 2").baseline == "madrs_before"


def test_those_who_meet_it_are_counted_among_those_seen_without_naming_them():
    (fault,) = tell_early_response(RULE, make(), "week 2")
    assert fault.severity == "warning"
    assert "2 of 3 patients meet the rule at week 2 already" in str(fault.anonymous())


def test_nothing_is_said_where_the_scale_was_not_seen_or_the_rule_cannot_be_asked():
    assert tell_early_response(RULE, make(), "week 1") == ()
    low = ResponseRule(
        name="response", followup="madrs_week6", baseline="madrs_before", drop=0.5,
        lowest_baseline=40,
    )  # fmt: skip
    assert tell_early_response(low, make(), "week 2") == ()
