"""Which simple models a cohort allows, and what each is made of."""

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
