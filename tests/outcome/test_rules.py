import json
from dataclasses import asdict

import numpy as np
import pandas as pd
import pytest

from stratify.cohort import Cohort
from stratify.errors import DataError
from stratify.outcome import ResponseRule, compute_changes, compute_response
from stratify.schema import Column


def cohort(before, after):
    frame = pd.DataFrame(
        {"before": np.array(before, float), "after": np.array(after, float)},
        index=[f"S{k}" for k in range(len(before))],
    )
    return Cohort(frame, (Column(name="before"), Column(name="after", measured="followup")))


def rule(**changes):
    return ResponseRule(
        **{"name": "response", "followup": "after", "baseline": "before", "drop": 0.5, **changes}
    )


def test_a_fall_of_exactly_one_half_is_a_response():
    # 0.3 to 0.15 and 34 to 17 are halves that floating point need not divide exactly.
    response = compute_response(rule(lowest_baseline=0.1), cohort([34, 0.3, 20], [17, 0.15, 10.1]))
    assert response.tolist() == [1, 1, 0]


def test_a_rise_is_no_response():
    assert compute_response(rule(), cohort([20], [30])).tolist() == [0]


def test_missing_outcome_is_left_out_or_counts_as_the_rule_says():
    data = cohort([20, 20], [np.nan, 5])
    assert np.isnan(compute_response(rule(), data).iloc[0])
    assert compute_response(rule(missing="nonresponse"), data).tolist() == [0, 1]
    assert compute_response(rule(missing="response"), data).tolist() == [1, 1]
    assert "the best case and no estimate" in rule(missing="response").describe()


def test_worst_and_best_case_bound_every_completion_of_the_missing_outcomes():
    rng = np.random.default_rng(6)
    before, after = rng.uniform(20, 40, 200), rng.uniform(0, 40, 200)
    gone = rng.random(200) < 0.3
    seen = cohort(before, np.where(gone, np.nan, after))
    worst, best = (
        compute_response(rule(missing=missing), seen) for missing in ("nonresponse", "response")
    )
    truth = compute_response(rule(), cohort(before, after))
    assert (worst <= truth).all()
    assert (truth <= best).all()
    assert (best - worst).sum() == gone.sum()


def test_an_outcome_to_be_imputed_is_missing_until_it_is():
    response = compute_response(rule(missing="multiple"), cohort([20, 40], [5, np.nan]))
    np.testing.assert_array_equal(response, [1.0, np.nan])


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ({"imputations": 1}, "2 or more"),
        ({"missing": "excluded", "auxiliary": ("early",)}, "those that outcomes are imputed from"),
        ({"auxiliary": ("after",)}, "not imputed from itself"),
    ],
)
def test_imputing_that_cannot_be_meant_is_refused(said, told):
    with pytest.raises(DataError, match=told):
        rule(**{"missing": "multiple", **said})


def test_a_rule_that_imputes_survives_a_turn_through_json():
    before = rule(missing="multiple", imputations=5, auxiliary=("early", "site"))
    assert ResponseRule.from_dict(json.loads(json.dumps(asdict(before)))) == before


def test_changes_are_those_of_every_part_of_a_rule():
    found = compute_changes(rule(), cohort([20, 40], [5, 30]))
    assert found["after"].tolist() == [5, 30]
    assert found["the change in after"].tolist() == [-15, -10]
    assert found["the percentage change in after"].tolist() == [-0.75, -0.25]


def test_baseline_too_low_for_a_proportion_is_refused_by_patient():
    with pytest.raises(DataError, match="1 patients below 1") as caught:
        compute_response(rule(), cohort([0, 20], [0, 5]))
    assert caught.value.faults[0].patients == ("S0",)


def test_baseline_measured_later_is_refused():
    data = cohort([20], [5])
    swapped = rule(baseline="after", followup="before")
    with pytest.raises(DataError, match="measured followup"):
        compute_response(swapped, data)


def test_rule_needs_a_fall_or_a_level_and_not_both():
    with pytest.raises(DataError, match="exactly one"):
        ResponseRule(name="r", followup="after", drop=0.5, baseline="b", responder="yes")
    with pytest.raises(DataError, match="exactly one"):
        ResponseRule(name="r", followup="after")


def test_level_that_never_occurs_is_refused_with_those_that_do():
    frame = pd.DataFrame({"link": pd.Categorical(["yes", "no"])}, index=["a", "b"])
    data = Cohort(frame, (Column(name="link", kind="category", measured="followup"),))
    with pytest.raises(DataError, match=r"'Yes'.*\['no', 'yes'\]"):
        compute_response(ResponseRule(name="r", followup="link", responder="Yes"), data)


def test_boolean_outcome_is_matched_by_its_words():
    frame = pd.DataFrame({"link": [1.0, 0.0, np.nan]}, index=["a", "b", "c"])
    column = Column(name="link", kind="boolean", levels=("no", "yes"), measured="followup")
    response = compute_response(
        ResponseRule(name="r", followup="link", responder="yes"), Cohort(frame, (column,))
    )
    np.testing.assert_array_equal(response, [1, 0, np.nan])
