from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from stratify.cohort import Cohort, check_cohort, check_response
from stratify.schema import Column

N = 60
RNG = np.random.default_rng(5)
OUTCOME = RNG.normal(20, 6, N)


def cohort_of(*pairs: tuple[Column, object]) -> Cohort:
    index = pd.Index([f"P{k:02d}" for k in range(N)], name="patient")
    frame = pd.DataFrame({column.name: values for column, values in pairs}, index=index)
    return Cohort(frame, tuple(column for column, _ in pairs), "cohort.csv")


def told(*pairs: tuple[Column, object]) -> list[tuple[str, str]]:
    return [(fault.severity, str(fault)) for fault in check_cohort(cohort_of(*pairs))]


WEEK6 = (Column(name="week6", role="outcome", measured="followup"), OUTCOME)
RESPONDED = (
    Column(name="responded", kind="boolean", role="outcome", measured="followup"),
    (OUTCOME < 18).astype(float),
)


def test_a_sound_cohort_raises_no_finding():
    baseline = OUTCOME + RNG.normal(0, 6, N)
    site = pd.Categorical(RNG.choice(["a", "b"], N))
    assert (
        told(
            (Column(name="madrs"), baseline),
            (Column(name="site", kind="category"), site),
            WEEK6,
            RESPONDED,
        )
        == []
    )


def test_a_near_copy_of_the_outcome_is_an_error_for_every_kind_of_column():
    copy = (Column(name="final"), 2 * OUTCOME + RNG.normal(0, 0.1, N))
    (fault,) = told(copy, WEEK6)
    assert fault[0] == "error"
    assert "final: almost a copy of week6" in fault[1]
    monotone = (Column(name="exponential"), np.exp(OUTCOME))
    (fault,) = told(monotone, RESPONDED)
    assert "exponential: almost a copy of responded (correlation or AUC 1.000)" in fault[1]
    words = pd.Categorical(np.where(OUTCOME < 18, "better", "same"))
    (fault,) = told((Column(name="impression", kind="category"), words), RESPONDED)
    assert "impression: almost a copy of responded" in fault[1]
    reversed_words = (Column(name="state", kind="category", role="outcome"), words)
    (fault,) = told((Column(name="flag", kind="boolean"), 1 - RESPONDED[1]), reversed_words)
    assert "flag: almost a copy of state" in fault[1]


def test_a_near_copy_of_another_later_column_is_a_warning():
    later = (Column(name="age_at_followup", measured="followup"), OUTCOME + 1)
    (fault,) = told((Column(name="weight"), OUTCOME), later)
    assert fault[0] == "warning"


def test_a_strong_predictor_is_no_copy():
    strong = OUTCOME + RNG.normal(0, 3, N)
    assert 0.8 < np.corrcoef(strong, OUTCOME)[0, 1] < 0.98
    assert told((Column(name="strong"), strong), WEEK6) == []


def test_a_rare_level_that_falls_with_the_outcome_by_chance_is_no_copy():
    rare = np.zeros(N)
    rare[:2] = 1
    outcome = (Column(name="died", kind="boolean", role="outcome", measured="followup"), rare)
    assert told((Column(name="rare", kind="boolean"), rare), outcome) == []


def test_identifiers_are_refused_as_features():
    names = pd.Categorical([f"name {k}" for k in range(N)])
    (fault,) = told((Column(name="initials", kind="category"), names))
    assert fault[0] == "error"
    assert "60 levels for 60 patients" in fault[1]
    (fault,) = told((Column(name="record"), RNG.permutation(N) + 1.0))
    assert fault[0] == "warning"
    assert "looks like a running number" in fault[1]
    assert told((Column(name="record", role="ignore"), np.arange(N) + 1.0)) == []
    (fault,) = told((Column(name="record"), RNG.permutation(N) * 7.0 + 100))
    assert "each whole number from 100 to 513 by 7, once" in fault[1]
    (fault,) = told((Column(name="chart"), RNG.permutation(90_000)[:N] + 10_000.0))
    assert "a whole number of their own for each of 60 patients" in fault[1]
    assert told((Column(name="volume"), RNG.permutation(90_000)[:N] / 8)) == []


def test_a_feature_that_never_varies_is_warned_of():
    (fault,) = told((Column(name="treated"), np.ones(N)))
    assert "the same value for all 60 patients" in fault[1]


def test_ages_that_identify_are_warned_of_by_patient():
    ages = np.full(N, 50.0)
    ages[0], ages[7] = 33, 93
    (fault,) = check_cohort(cohort_of((Column(name="age"), ages)))
    assert fault.patients == ("P07",)
    assert "93 for patient P07" in fault.met
    dosage = (Column(name="dosage"), ages)
    assert told(dosage) == []


def test_checking_leaves_the_cohort_as_it_was():
    cohort = cohort_of((Column(name="x"), OUTCOME), WEEK6)
    before = cohort.digest
    check_cohort(cohort)
    assert cohort.digest == before


# Copies of the computed response


M = 400
ANSWER = np.random.default_rng(8).integers(0, 2, M).astype(float)


def told_of_response(column: Column, values: object, **more: object) -> list[tuple[str, str]]:
    frame = pd.DataFrame({column.name: values}, index=[f"P{k:03d}" for k in range(M)])
    cohort = Cohort(frame, (column,), "cohort.csv")
    response = pd.Series(ANSWER, index=frame.index)
    return [(f.severity, str(f)) for f in check_response(cohort, response, **more)]


@pytest.mark.parametrize(
    ("kind", "values"),
    [
        ("boolean", ANSWER),
        ("boolean", 1 - ANSWER),
        ("number", 7 * ANSWER - 3),
        ("number", np.exp(ANSWER * 3 + np.linspace(0, 1, M))),
        ("number", np.where(ANSWER == 1, np.arange(M) % 2 * 2.0, 1.0)),
        ("category", pd.Categorical(np.where(ANSWER == 1, "better", "same"))),
        (
            "category",
            pd.Categorical((ANSWER * 3 + np.arange(M) % 3).astype(int).astype(str)),
        ),
    ],
    ids=["same", "flipped", "rescaled", "bent", "not in order", "words", "many words"],
)
def test_a_copy_of_the_computed_response_is_an_error_that_names_the_column(kind, values):
    (fault,) = told_of_response(Column(name="flag", kind=kind), values)
    assert fault[0] == "error"
    assert "cohort.csv: flag: almost a copy of the response" in fault[1]


@pytest.mark.parametrize("share", [0.03, 0.05])
def test_a_copy_of_the_response_with_a_few_rows_changed_raises_an_alarm(share):
    rng = np.random.default_rng(2)
    changed = rng.permutation(M) < share * M
    (fault,) = told_of_response(
        Column(name="flag", kind="boolean"), np.where(changed, 1 - ANSWER, ANSWER)
    )
    assert fault[0] == "warning"
    assert "flag: this column alone tells the response with an AUC of 0.9" in fault[1]


def test_a_strong_predictor_or_a_category_of_many_levels_is_no_copy_of_the_response():
    rng = np.random.default_rng(3)
    assert told_of_response(Column(name="x"), ANSWER + rng.normal(0, 0.7, M)) == []
    levels = pd.Categorical(rng.integers(0, 40, M).astype(str))
    assert told_of_response(Column(name="x", kind="category"), levels) == []


def test_what_the_response_was_computed_from_is_told_under_any_name_but_not_its_baseline():
    rng = np.random.default_rng(4)
    index = [f"P{k:03d}" for k in range(M)]
    change = pd.Series(rng.normal(-10, 5, M), index=index)
    derived = {"the change in week6": change}
    (fault,) = told_of_response(Column(name="delta"), -(change.to_numpy() ** 3), derived=derived)
    assert fault[0] == "error"
    assert "delta: almost a copy of the change in week6" in fault[1]
    assert (
        told_of_response(
            Column(name="week0"), -change.to_numpy(), derived=derived, baselines=["week0"]
        )
        == []
    )
