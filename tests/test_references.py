"""Which simple models a cohort allows, and what each is made of."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from made import RULE, make_small_cohort, make_small_connectomes

from stratify.cohort import Cohort
from stratify.outcome import ResponseRule
from stratify.preprocess import Preparation
from stratify.references import find_references
from stratify.schema import Column
from stratify.task import Task, assemble

RULE_OF_FALL = ResponseRule(name="fall", baseline="madrs", followup="madrs_after", drop=0.5)


@pytest.fixture
def cohort():
    n = 20
    frame = pd.DataFrame(
        {
            "madrs": np.linspace(20, 40, n),
            "age": np.linspace(20, 60, n),
            "sex": pd.Categorical(["F", "M"] * 10),
            "site": pd.Categorical(["A", "B"] * 10),
            "mean_fd": np.linspace(0.1, 0.3, n),
            "stage": np.linspace(1, 3, n),
            "scanner": np.linspace(1, 2, n),
            "madrs_after": np.linspace(0, 40, n),
            "age_at_end": np.linspace(20, 60, n),
        },
        index=pd.Index([f"P{k}" for k in range(n)], name="patient"),
    )
    columns = (
        Column(name="madrs"),
        Column(name="age"),
        Column(name="sex", kind="category", levels=("F", "M")),
        Column(name="site", kind="category", role="site", levels=("A", "B")),
        Column(name="mean_fd"),
        Column(name="stage"),
        Column(name="scanner", role="confound"),
        Column(name="madrs_after", role="outcome", measured="followup"),
        Column(name="age_at_end", measured="followup"),
    )
    return Cohort(frame, columns)


def names_of(references):
    return {one.name: [column.name for column in one.columns] for one in references}


def test_severity_covariates_site_and_motion_are_found(cohort):
    assert names_of(find_references(RULE_OF_FALL, cohort)) == {
        "severity": ["madrs"],
        "covariates": ["age", "sex", "scanner"],
        "site": ["site"],
        "motion": ["mean_fd"],
    }


def test_what_is_removed_from_connectivity_is_a_covariate(cohort):
    found = names_of(find_references(RULE_OF_FALL, cohort, confounds=["stage"]))
    assert "stage" in found["covariates"]


def test_motion_of_the_scans_counts(cohort):
    still = Cohort(
        cohort.frame.drop(columns="mean_fd"), [c for c in cohort.columns if c.name != "mean_fd"]
    )
    assert "motion" not in names_of(find_references(RULE_OF_FALL, still))
    quality = pd.DataFrame({"mean_fd": np.linspace(0, 1, 20), "volumes": np.arange(20.0)})
    found = find_references(RULE_OF_FALL, still, quality=quality)
    assert names_of(found)["motion"] == ["mean_fd"]
    assert found[-1].X.index.equals(still.frame.index)


def test_the_outcome_is_never_a_simple_model(cohort):
    rule = ResponseRule(name="male", followup="sex", responder="M")
    assert names_of(find_references(rule, cohort))["covariates"] == ["age", "scanner"]


def test_a_column_that_is_the_same_for_everybody_makes_none(cohort):
    frame = cohort.frame.assign(site=pd.Categorical(["A"] * 20, categories=["A", "B"]))
    assert "site" not in names_of(find_references(RULE_OF_FALL, Cohort(frame, cohort.columns)))


def test_site_says_nothing_where_whole_sites_are_held_out():
    task = Task(rule=RULE, question="prognosis")
    for scheme, there in (("stratified", True), ("leave one site out", False)):
        table = assemble(task, make_small_cohort(40), scheme=scheme)
        assert ("site" in names_of(table.references)) is there


def test_table_of_a_simple_model_has_its_columns_and_nothing_prepared():
    cohort = make_small_cohort(40)
    table = assemble(
        Task(rule=RULE, question="prognosis"),
        cohort,
        make_small_connectomes(cohort, 4),
        preparation=Preparation(remove=("age",)),
    )
    site = next(one for one in table.references if one.name == "site")
    narrowed = table.narrow_to(site)
    assert list(narrowed.X) == ["site"]
    assert narrowed.preparer is None
    assert narrowed.reference == "site"
    assert narrowed.patients == table.patients


def at_week2(cohort):
    """The cohort with the outcome's scale at week 2, of one patient not known."""
    early = np.linspace(30, 20, len(cohort))
    early[3] = np.nan
    column = Column(name="madrs_week2", measured="during", visit="week 2", day=14)
    renamed = [
        replace(one, name="madrs_week6", visit="week 6", day=42)
        if one.name == "madrs_after"
        else one
        for one in cohort.columns
    ]
    frame = cohort.frame.rename(columns={"madrs_after": "madrs_week6"}).assign(madrs_week2=early)
    return Cohort(frame, (*renamed, column))


FALL_BY_WEEK_6 = replace(RULE_OF_FALL, followup="madrs_week6")


def test_a_landmark_model_is_held_against_early_change(cohort):
    seen = at_week2(cohort)
    found = {one.name: one for one in find_references(FALL_BY_WEEK_6, seen, landmark="week 2")}
    early = found["early change"]
    assert list(early.X) == ["madrs", "madrs_week2", "madrs_week2_percentage_change"]
    expected = 100 * (seen.frame["madrs_week2"] / seen.frame["madrs"] - 1)
    pd.testing.assert_series_equal(
        early.X["madrs_week2_percentage_change"], expected, check_names=False, check_dtype=False
    )
    assert "percentage change of" in early.words
    assert set(found) == {"severity", "covariates", "site", "motion", "early change"}


def test_early_change_is_a_simple_model_of_no_other_study(cohort):
    assert "early change" not in names_of(find_references(FALL_BY_WEEK_6, at_week2(cohort)))
    assert "early change" not in names_of(
        find_references(FALL_BY_WEEK_6, at_week2(cohort), landmark="week 1")
    )
    assert "early change" not in names_of(find_references(RULE_OF_FALL, cohort, landmark="week 2"))


def test_a_threshold_without_a_baseline_has_an_early_score(cohort):
    remission = ResponseRule(name="remission", followup="madrs_week6", at_most=10)
    found = names_of(find_references(remission, at_week2(cohort), landmark="week 2"))
    assert found["early change"] == ["madrs_week2"]


def test_the_certificate_passes_early_change_at_its_landmark_alone(cohort):
    from stratify.evaluation.certificate.columns import check_columns

    for visit, passed in (("week 2", True), ("week 1", False)):
        task = Task(rule=FALL_BY_WEEK_6, question="prognosis", landmark="week 2")
        table = assemble(task, at_week2(cohort))
        (early,) = (one for one in table.references if one.name == "early change")
        narrow = table.narrow_to(early)
        moved = replace(narrow, task=replace(task, landmark=visit))
        assert check_columns(moved).passed is passed
