"""A landmark model is declared, uses what was known by its visit, and says so everywhere."""

import dataclasses

import numpy as np
import pandas as pd
import pytest

from stratify.cohort import Cohort
from stratify.errors import DataError
from stratify.outcome import ResponseRule
from stratify.schema import Column
from stratify.task import Task, assemble

RULE = ResponseRule(name="response", followup="week6", baseline="before", drop=0.5)
COLUMNS = (
    Column(name="before"),
    Column(name="week1", measured="during", visit="week 1", day=7),
    Column(name="week2", measured="during", visit="week 2", day=14),
    Column(name="week3", measured="during", visit="week 3", day=21),
    Column(name="week6", measured="followup", role="outcome", visit="week 6", day=42),
)


AGE = Column(name="age")


def make(columns=COLUMNS, **changes):
    values = {
        "before": [30.0] * 6,
        "week1": [25.0] * 6,
        "week2": [20.0, 21, 22, 23, 24, np.nan],
        "week3": [18.0] * 6,
        "week6": [15.0, 16, 15, 16, 15, 16],
        **changes,
    }
    frame = pd.DataFrame(values, index=[f"P{k}" for k in range(6)])
    return Cohort(frame, columns)


def landmark(visit="week 2", **more):
    return Task(rule=RULE, question="prognosis", landmark=visit, **more)


def change(name, **fields):
    return tuple(dataclasses.replace(c, **fields) if c.name == name else c for c in COLUMNS)


def test_without_a_landmark_a_column_during_treatment_is_refused_by_name():
    task = Task(rule=RULE, question="prognosis", clinical=("before", "week2"))
    with pytest.raises(DataError, match=r"week2: measured during.*question\.landmark"):
        assemble(task, make())


def test_a_landmark_model_uses_what_was_measured_up_to_its_visit_and_no_later():
    table = assemble(landmark(), make())
    assert list(table.X) == ["before", "week1", "week2"]
    with pytest.raises(DataError, match=r"week3: measured during at week 3.*known by week 2"):
        assemble(landmark(clinical=("before", "week2", "week3")), make())


def test_the_outcome_is_never_a_feature_even_of_a_landmark_model():
    with pytest.raises(DataError, match="week6: measured followup"):
        assemble(landmark(clinical=("week2", "week6")), make())


def test_an_outcome_at_baseline_is_no_feature_either():
    group = ResponseRule(name="severe", followup="before", at_least=31)
    table = assemble(
        Task(rule=group, question="diagnosis"),
        make((*COLUMNS, AGE), before=[30.0, 31, 32, 33, 29, 28], age=[50.0] * 6),
    )
    assert list(table.X) == ["age"]
    assert table.y.tolist() == [0, 1, 1, 1, 0, 0]


def test_only_patients_seen_at_the_landmark_are_studied_and_the_flow_says_so():
    table = assemble(landmark(), make())
    assert table.patients == ("P0", "P1", "P2", "P3", "P4")
    assert ("seen at week 2", 5) in table.flow


def test_a_new_patient_not_seen_at_the_landmark_is_refused_alone_and_with_others():
    new = make()
    assert len(assemble(landmark(), new.select(np.arange(5)), labelled=False)) == 5
    for rows in (np.arange(6), np.array([5])):
        with pytest.raises(DataError, match="nothing measured at week 2 for P5") as caught:
            assemble(landmark(), new.select(rows), labelled=False)
        assert caught.value.faults[0].patients == ("P5",)


def test_the_outcome_is_later_than_the_landmark():
    early = change("week6", measured="during", day=14)
    with pytest.raises(DataError, match="on day 14; the outcome of a landmark model is later"):
        assemble(landmark(), make(early))
    unknown = change("week6", measured="during", day=None)
    with pytest.raises(DataError, match="say the days of both"):
        assemble(landmark(), make(unknown))
    followup = change("week6", day=None)
    assert list(assemble(landmark(), make(followup)).X) == ["before", "week1", "week2"]


def test_a_visit_after_treatment_or_of_no_name_is_no_landmark():
    with pytest.raises(DataError, match="week6 measured followup; a visit during treatment"):
        assemble(landmark("week 6"), make())
    with pytest.raises(DataError, match=r"no column of that visit; .*: week 1, week 2, week 3"):
        assemble(landmark("week 5"), make())


def test_a_landmark_model_must_use_something_seen_at_its_visit():
    with pytest.raises(DataError, match="nothing measured at week 2"):
        assemble(landmark(clinical=("before", "week1")), make())


def test_a_column_during_treatment_without_a_day_is_not_taken_for_early():
    table = assemble(landmark(), make(change("week1", day=None)))
    assert list(table.X) == ["before", "week2"]


def test_the_question_says_that_it_is_a_landmark_model():
    said = landmark().describe()
    assert "Prognosis, by a landmark model at week 2:" in said
    assert "says nothing of a patient at baseline" in said
    assert "landmark" not in Task(rule=RULE, question="prognosis").describe()


def test_columns_of_a_landmark_keep_their_visit_in_a_dictionary(tmp_path):
    from stratify.cohort import Dictionary, read_columns, write_columns

    dictionary = Dictionary.of(make())
    write_columns(dictionary, tmp_path / "columns.toml")
    assert read_columns(tmp_path / "columns.toml").columns[1:] == COLUMNS


def test_periods_of_one_patient_are_never_split():
    columns = (*COLUMNS, Column(name="who", kind="text", role="person"))
    cohort = make(columns, who=["A", "A", "B", "B", "C", "C"])
    task = Task(rule=RULE, question="prognosis")
    table = assemble(task, cohort)
    assert table.groups.tolist() == ["A", "A", "B", "B", "C", "C"]
    assert table.warnings[-1].met == "6 treatment periods of 3 patients"
    sites = (*columns, Column(name="site", kind="category", role="site"))
    moved = make(
        sites,
        who=["A", "A", "B", "B", "C", "C"],
        site=pd.Categorical(["X", "Y", "X", "X", "Y", "Y"]),
    )
    with pytest.raises(DataError, match="several values of site for A") as caught:
        assemble(Task(rule=RULE, question="prognosis", together="site"), moved)
    assert caught.value.faults[0].patients == ("A",)


def test_a_verdict_on_a_landmark_model_says_when_its_patients_were_seen():
    from stratify.evaluation import cross_validate, make_verdict
    from stratify.folds import make_folds

    rng = np.random.default_rng(0)
    week2 = rng.normal(20, 5, size=80)
    frame = pd.DataFrame(
        {
            "before": 30.0 + rng.normal(size=80),
            "week2": week2,
            "week6": np.where(week2 + rng.normal(scale=2, size=80) < 20, 10.0, 20.0),
        },
        index=[f"P{k}" for k in range(80)],
    )
    columns = tuple(c for c in COLUMNS if c.name in frame)
    table = assemble(landmark(), Cohort(frame, columns, simulated=True))
    folds = make_folds(table.y, table.groups, folds=3, repeats=1)
    evaluations = [
        cross_validate(table, family, folds, inner_folds=3) for family in ("prevalence", "logistic")
    ]
    verdict = make_verdict(evaluations, table)
    assert verdict.finding == "alarm"
    assert "patients seen at week 2" in verdict.words
    assert "a landmark model sees the early response" in verdict.words
    certificate = evaluations[1].certificate
    assert certificate.passed
    assert any("by the landmark visit, week 2" in check.name for check in certificate.checks)


def test_the_certificate_takes_early_columns_only_where_a_landmark_is_declared():
    from stratify.evaluation.certificate.columns import check_columns

    table = assemble(landmark(), make())
    assert check_columns(table).passed
    undeclared = dataclasses.replace(table, task=Task(rule=RULE, question="prognosis"))
    told = check_columns(undeclared)
    assert not told.passed
    assert told.detail.startswith("3 columns, 2 measured later")
    earlier = dataclasses.replace(table, task=landmark("week 1"))
    assert check_columns(earlier).detail.startswith("3 columns, 1 measured later")
