"""Every named rule at its boundary, worked by hand."""

import dataclasses
import json

import numpy as np
import pandas as pd
import pytest

from stratify.cohort import Cohort
from stratify.errors import DataError, SettingsError
from stratify.outcome import RESPONSE_RULES, ResponseRule, compute_response, make_rule
from stratify.outcome.rules import UNVALIDATED
from stratify.schema import Column

# Rule: (baseline, value that just meets it, value that just does not).
FALLS = {
    "madrs_response_50": (34, 17, 18),
    "hamd17_response_50": (21, 10, 11),
    "phq9_response_50": (20, 10, 11),
    "phq8_response_50": (20, 10, 11),
    "qids_response_50": (16, 8, 9),
    "bdi2_response_50": (30, 15, 16),
    "gad7_response_50": (14, 7, 8),
    "hama_response_50": (24, 12, 13),
    "pain_30": (10, 7, 7.1),
    "pain_50": (9, 4.5, 5),
    "pain_nrs_minus2": (7, 5, 6),
    "pain_vas_30": (70, 49, 50),
    "pain_vas_50": (70, 35, 36),
    "bpi_pain_30": (5, 3.5, 3.75),
    "bpi_pain_50": (5, 2.5, 2.75),
    "bpi_worst_pain_30": (10, 7, 8),
    "bpi_worst_pain_50": (8, 4, 5),
    "craving_vas_30": (100, 70, 71),
    "craving_vas_50": (80, 40, 41),
    "ocds_30": (20, 14, 15),
    "ocds_50": (20, 10, 11),
}
# Rule: (value that just meets it, value that just does not).
VALUES = {
    "madrs_remission": (10, 11),
    "madrs_remission_12": (12, 13),
    "madrs_remission_9": (9, 10),
    "hamd17_remission": (7, 8),
    "phq9_remission": (4, 5),
    "phq8_remission": (4, 5),
    "qids_remission": (5, 6),
    "bdi2_remission": (12, 13),
    "bdi2_remission_13": (13, 14),
    "gad7_remission": (4, 5),
    "hama_remission": (7, 8),
    "cgi_i_le2": (2, 3),
    "cgi_s_remission": (2, 3),
    "sud_abstinent": (0, 1),
    "sud_no_heavy_days": (0, 1),
}
LEVELS = ("abstinent", "low", "medium", "high", "very high")


def numbers(**values):
    frame = pd.DataFrame({name: np.array(v, float) for name, v in values.items()})
    columns = tuple(
        Column(name=name, measured="baseline" if name.startswith("before") else "followup")
        for name in values
    )
    return Cohort(frame.set_axis([f"P{k}" for k in range(len(frame))]), columns)


def levels(before, after):
    dtype = pd.CategoricalDtype(list(LEVELS))
    frame = pd.DataFrame(
        {"before": pd.Series(before, dtype=dtype), "after": pd.Series(after, dtype=dtype)}
    ).set_axis([f"P{k}" for k in range(len(before))])
    columns = (
        Column(name="before", kind="category", levels=LEVELS),
        Column(name="after", kind="category", levels=LEVELS, measured="followup"),
    )
    return Cohort(frame, columns)


def test_every_named_rule_is_worked_by_hand_below():
    assert set(RESPONSE_RULES) == {*FALLS, *VALUES, "sud_who_minus1", "sud_who_minus2"}


@pytest.mark.parametrize("name", FALLS)
def test_a_fall_responds_at_its_threshold_and_not_one_step_short(name):
    before, met, unmet = FALLS[name]
    rule = make_rule(name, baseline="before", followup="after")
    data = numbers(before=[before] * 4, after=[met, unmet, before, np.nan])
    np.testing.assert_array_equal(compute_response(rule, data), [1, 0, 0, np.nan])


@pytest.mark.parametrize("name", VALUES)
def test_a_threshold_is_reached_at_its_value_and_not_one_step_beyond(name):
    met, unmet = VALUES[name]
    rule = make_rule(name, followup="after")
    data = numbers(after=[met, unmet, np.nan])
    np.testing.assert_array_equal(compute_response(rule, data), [1, 0, np.nan])


def test_who_risk_level_falls_by_one_or_two_levels_in_their_own_order():
    data = levels(["very high", "high", "medium", "high"], ["high", "low", "high", None])
    one, two = (
        compute_response(make_rule(f"sud_who_minus{k}", baseline="before", followup="after"), data)
        for k in (1, 2)
    )
    np.testing.assert_array_equal(one, [1, 1, 0, np.nan])
    np.testing.assert_array_equal(two, [0, 1, 0, np.nan])


def test_a_level_that_cannot_fall_so_far_is_refused_by_patient():
    data = levels(["high", "low"], ["low", "abstinent"])
    rule = make_rule("sud_who_minus2", baseline="before", followup="after")
    with pytest.raises(DataError, match=r"1 patients below medium.*so far") as caught:
        compute_response(rule, data)
    assert caught.value.faults[0].patients == ("P1",)


def test_a_level_of_another_name_is_refused_with_those_known():
    dtype = pd.CategoricalDtype(["LOW", "high"])
    frame = pd.DataFrame({"before": pd.Series(["high"], dtype=dtype), "after": ["LOW"]})
    frame["after"] = frame["after"].astype(dtype)
    columns = (
        Column(name="before", kind="category"),
        Column(name="after", kind="category", measured="followup"),
    )
    rule = make_rule("sud_who_minus1", baseline="before", followup="after")
    with pytest.raises(DataError, match=r"'LOW'; the levels .*abstinent, low, medium"):
        compute_response(rule, Cohort(frame, columns))


def test_two_points_cannot_fall_from_one():
    rule = make_rule("pain_nrs_minus2", baseline="before", followup="after")
    with pytest.raises(DataError, match="1 patients below 2"):
        compute_response(rule, numbers(before=[1, 2], after=[0, 0]))


def test_urine_is_negative_for_as_many_weeks_as_named():
    rule = make_rule("sud_urine_negative_weeks", weeks=3, screens_per_week=2, followup="run")
    np.testing.assert_array_equal(
        compute_response(rule, numbers(run=[6, 5, np.nan])), [1, 0, np.nan]
    )
    assert "last 3 weeks (UDS, 2 a week)" in rule.name
    with pytest.raises(SettingsError, match="for how many weeks"):
        make_rule("sud_urine_negative_weeks", followup="run")


def test_an_improvement_that_was_not_assessed_is_no_response():
    with pytest.raises(DataError, match=r"0 for patient P0; the scale of .*CGI-I.* from 1 to 7"):
        compute_response(make_rule("cgi_i_le2", followup="after"), numbers(after=[0, 1]))


def test_millimetres_are_refused_where_points_are_wanted():
    rule = make_rule("pain_30", baseline="before", followup="after")
    with pytest.raises(DataError, match=r"70 for patient P0.*from 0 to 10"):
        compute_response(rule, numbers(before=[70, 8], after=[3, 4]))


def test_thresholds_and_their_source_come_from_the_scales_own_file():
    rule = make_rule("phq9_remission", followup="after")
    assert rule.below == 5
    assert "Shanok et al. 2024" in rule.source
    assert rule.condition == "depression"


def test_durable_response_is_there_at_both_visits_and_fails_at_either():
    rule = make_rule(
        "durable_response", of="madrs_response_50", baseline="before", followup="w6", later="m6"
    )
    data = numbers(
        before=[30] * 6,
        w6=[15, 15, 16, 16, 15, np.nan],
        m6=[15, 16, 15, np.nan, np.nan, 15],
    )
    # Who did not respond at first is no durable responder, whatever came later or is missing.
    np.testing.assert_array_equal(compute_response(rule, data), [1, 0, 0, 0, np.nan, np.nan])
    assert rule.outcomes == ("w6", "m6")
    same = make_rule("madrs_response_50", baseline="before", followup="w6", later="m6")
    assert same == rule
    assert not rule.combines_conditions
    assert UNVALIDATED not in rule.describe()


def test_a_rule_that_combines_conditions_says_that_it_is_unvalidated():
    both = ResponseRule(
        name="depression and pain",
        followup="pain",
        all_of=(
            make_rule("madrs_response_50", baseline="before_m", followup="madrs"),
            make_rule("pain_30", baseline="before_p", followup="pain"),
        ),
    )
    assert UNVALIDATED in both.describe()
    data = numbers(
        before_m=[30] * 4, before_p=[10] * 4, madrs=[15, 15, 16, 15], pain=[7, 8, np.nan, np.nan]
    )
    np.testing.assert_array_equal(compute_response(both, data), [1, 0, 0, np.nan])


def test_a_combination_of_scales_without_a_condition_is_not_taken_for_validated():
    both = ResponseRule(
        name="both",
        followup="b",
        all_of=(
            ResponseRule(name="a", followup="a", at_most=3),
            ResponseRule(name="b", followup="b", at_most=3),
        ),
    )
    assert UNVALIDATED in both.describe()


def test_any_rule_is_itself_after_a_turn_through_json():
    for rule in (
        make_rule("sud_who_minus2", baseline="before", followup="after"),
        make_rule("madrs_response_50", baseline="before", followup="w6", later="m6"),
    ):
        text = json.dumps(dataclasses.asdict(rule))
        assert ResponseRule.from_dict(json.loads(text)) == rule


def test_columns_are_found_by_scale_and_visit():
    columns = (
        Column(name="madrs_baseline"),
        Column(name="madrs_week1", measured="during"),
        Column(name="madrs_week6", measured="followup"),
        Column(name="pain_nrs_week6", measured="followup"),
    )
    rule = make_rule("madrs_response_50", columns=columns, visit="week 6")
    assert (rule.baseline, rule.followup) == ("madrs_baseline", "madrs_week6")
    with pytest.raises(SettingsError, match="0 columns for madrs_remission at week 9"):
        make_rule("madrs_remission", columns=columns, visit="week 9")
    with pytest.raises(SettingsError, match="no column and no visit"):
        make_rule("madrs_remission", columns=columns)
    twice = (*columns, Column(name="madrs_screening"))
    with pytest.raises(SettingsError, match=r"2 columns .*madrs_baseline, madrs_screening"):
        make_rule("madrs_response_50", columns=twice, visit="week 6")


def test_an_unknown_name_is_told_with_the_nearest():
    with pytest.raises(SettingsError, match="did you mean 'madrs_response_50'"):
        make_rule("madrs_respnse_50", followup="after")


def test_a_remission_takes_no_baseline():
    with pytest.raises(SettingsError, match="whatever the baseline was"):
        make_rule("madrs_remission", followup="after", baseline="before")


def test_a_named_rule_says_how_often_and_from_what_its_outcomes_are_imputed():
    rule = make_rule(
        "madrs_remission", followup="after", missing="multiple", imputations=7, auxiliary=("early",)
    )
    assert rule.describe().endswith("have it imputed 7 times from early")
