"""A category that was replaced by the mean outcome of its patients, over the whole file."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from stratify.cohort import Cohort, check_response
from stratify.datasets import make_cohort
from stratify.errors import DataError
from stratify.outcome import ResponseRule, compute_response
from stratify.schema import Column
from stratify.task import Task, assemble

N = 160


def make_outcome(seed=0, levels=12):
    rng = np.random.default_rng(seed)
    clinician = rng.integers(0, levels, N)
    lean = rng.normal(scale=0.8, size=levels)[clinician]
    change = 10 + 6 * (lean + rng.normal(size=N))
    return clinician, change, (change > 10).astype(float)


def find(values, response, change=None):
    index = [f"P{k}" for k in range(N)]
    cohort = Cohort(pd.DataFrame({"x": values}, index=index), (Column(name="x"),))
    derived = {} if change is None else {"the change": pd.Series(change, index=index)}
    faults = check_response(cohort, pd.Series(response, index=index), derived=derived)
    return [fault for fault in faults if "among the patients who have" in fault.met]


def encode(category, outcome):
    return pd.Series(outcome).groupby(category).transform("mean").to_numpy(copy=True)


@pytest.mark.parametrize("decimals", [2, 3, 15])
def test_shares_of_responders_are_told_however_they_are_rounded(decimals):
    clinician, _, response = make_outcome()
    (fault,) = find(encode(clinician, response).round(decimals), response)
    assert fault.severity == "error"
    assert "the share of responders" in fault.met
    assert "a category was replaced here by the outcome" in fault.wanted


def test_means_of_what_the_response_was_computed_from_are_told():
    clinician, change, response = make_outcome()
    (fault,) = find(encode(clinician, change), response, change)
    assert "the mean of the change" in fault.met


def test_patients_whose_outcome_or_value_is_missing_do_not_hide_it():
    clinician, _, response = make_outcome()
    response[:6] = np.nan
    values = encode(clinician, response)
    values[:4] = np.nan
    assert len(find(values, response)) == 1


def make_honest(kind, rng, clinician, response):
    if kind == "other outcomes":
        # The share of an earlier year's responders is known before treatment.
        return encode(clinician, rng.random(N) < response * 0.4 + 0.3)
    if kind == "other patients":
        return rng.random(40)[clinician].round(2)
    if kind == "quarters":
        return rng.integers(0, 5, N) / 4
    if kind == "two values":
        return np.where(rng.random(N) < 0.5, 0.25, 0.5)
    if kind == "score":
        return rng.integers(0, 60, N).astype(float)
    return (response + rng.normal(scale=0.7, size=N)).round(1)


@pytest.mark.parametrize(
    "kind", ["other outcomes", "other patients", "quarters", "two values", "score", "strong"]
)
def test_honest_columns_are_none(kind):
    for seed in range(200):
        rng = np.random.default_rng(seed)
        clinician, change, response = make_outcome(seed, levels=int(rng.choice([3, 12, 40])))
        assert find(make_honest(kind, rng, clinician, response), response, change) == [], seed


def test_a_study_of_one_arm_refuses_shares_taken_over_all_arms():
    made = make_cohort("realistic", patients=300, seed=4, regions=12).cohort
    rule = ResponseRule(
        name="response", followup="madrs_week6", baseline="madrs_baseline", drop=0.5
    )
    met = compute_response(rule.exclude_missing(), made)
    clinician = np.random.default_rng(0).integers(0, 20, len(made))
    shares = encode(clinician, met.reindex(made.frame.index))
    frame = made.frame.assign(clinician_rate=shares)
    cohort = replace(made, frame=frame, columns=(*made.columns, Column(name="clinician_rate")))
    assert len(assemble(Task(rule=rule, treatment="tms+ketamine"), made)) < len(made)
    with pytest.raises(DataError, match=r"clinician_rate: each of its .* the share of responders"):
        assemble(Task(rule=rule, treatment="tms+ketamine"), cohort)
