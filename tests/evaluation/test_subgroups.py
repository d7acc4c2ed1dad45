import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from made import RULE, make_small_cohort

from stratify.cohort import Cohort
from stratify.errors import DataError
from stratify.evaluation import (
    Grouping,
    compute_evaluation_subgroups,
    cross_validate,
    find_groupings,
    label_patients,
)
from stratify.folds import make_folds
from stratify.metrics import compute_held_out_estimates
from stratify.schema import Column
from stratify.task import Task, assemble


@pytest.fixture(scope="module")
def study():
    cohort = make_small_cohort(160)
    table = assemble(Task(rule=RULE, question="prognosis"), cohort)
    folds = make_folds(table.y, table.groups, folds=3, repeats=2)
    return cohort, table, cross_validate(table, "ridge", folds)


def test_patients_are_parted_by_sex_age_and_site_without_being_asked():
    groupings = find_groupings(make_small_cohort(60))
    assert [(g.name, g.groups) for g in groupings] == [
        ("sex", ("F", "M")),
        ("age", ("below 30 years", "30 to 44 years", "45 to 59 years", "60 years or more")),
        ("site", ("A", "B", "C")),
    ]


def test_a_sex_that_is_the_outcome_makes_no_groups():
    cohort = make_small_cohort(60)
    asked = tuple(
        replace(column, role="outcome", measured="followup") if column.name == "sex" else column
        for column in cohort.columns
    )
    named = [grouping.name for grouping in find_groupings(replace(cohort, columns=asked))]
    assert "sex" in [grouping.name for grouping in find_groupings(cohort)]
    assert "sex" not in named


def test_figures_of_a_group_are_those_of_its_patients_alone(study):
    cohort, table, evaluation = study
    labels = label_patients(find_groupings(cohort), cohort, table.patients)
    found = compute_evaluation_subgroups(evaluation, table, labels, thresholds=[0.5])
    women = cohort.frame.index[cohort.frame["sex"] == "F"]
    own = evaluation.predictions[evaluation.predictions["patient"].isin(women)]
    own = own.sort_values(["repeat", "patient"])
    f, y, base = (own[n].to_numpy().reshape(2, -1) for n in ("log_odds", "y", "base_rate"))
    alone = compute_held_out_estimates(y[0], f, base)
    rows = found.table.query("grouping == 'sex' and group == 'F'").set_index("metric")
    for name, estimate in alone.items():
        assert rows.loc[name, ["value", "low", "high"]].tolist() == pytest.approx(
            [estimate.value, estimate.low, estimate.high]
        )
    called = own["probability"] >= 0.5
    assert rows.loc["sensitivity_at_0.5", "value"] == pytest.approx(called[own["y"] == 1].mean())
    assert set(found.tables()) == {"subgroups"}


def test_order_of_the_table_changes_nothing(study):
    cohort, table, evaluation = study
    order = np.random.default_rng(0).permutation(len(table))
    shuffled = replace(table, X=table.X.iloc[order], y=table.y[order], groups=table.groups[order])
    groupings = find_groupings(cohort)
    found = [
        compute_evaluation_subgroups(evaluation, t, label_patients(groupings, cohort, t.patients))
        for t in (table, shuffled)
    ]
    pd.testing.assert_frame_equal(found[0].table, found[1].table)


def test_an_age_without_anybody_and_an_age_not_recorded_are_shown(study):
    cohort, table, evaluation = study
    young = Cohort(
        cohort.frame.assign(age=cohort.frame["age"].clip(upper=50)), cohort.columns, simulated=True
    )
    labels = label_patients(find_groupings(young), young, table.patients)
    shown = compute_evaluation_subgroups(evaluation, table, labels).of("auc")
    ages = shown[shown["grouping"] == "age"].set_index("group")
    assert ages.loc["60 years or more", ["patients", "why_not"]].tolist() == [0, "no patients"]
    assert ages.loc["not recorded", "patients"] == cohort.frame["age"].isna().sum() > 0
    assert ages["patients"].sum() == len(table)


def test_named_columns_replace_sex_and_age_and_sites_stay():
    cohort = make_small_cohort(90)
    severity, site = find_groupings(cohort, ["severity"])
    assert (severity.name, site.name) == ("severity", "site")
    counts = severity.label(cohort.frame["severity"]).value_counts()
    assert counts.sum() == 90
    assert counts.between(28, 32).all()
    assert len(severity.edges) == 2


def test_a_boolean_is_parted_in_its_own_words():
    frame = pd.DataFrame({"pain": [1.0, 0.0, np.nan]}, index=pd.Index(["a", "b", "c"]))
    cohort = Cohort(frame, (Column(name="pain", kind="boolean", levels=("no", "yes")),))
    (pain,) = find_groupings(cohort, ["pain"])
    assert label_patients([pain], cohort, ["b", "a", "c"])["pain"].tolist() == ["no", "yes", np.nan]


def test_groupings_are_the_same_after_json():
    for grouping in find_groupings(make_small_cohort(30)):
        assert Grouping.from_dict(json.loads(json.dumps(grouping.to_dict()))) == grouping


def test_a_new_patient_is_placed_by_the_table_alone(study):
    cohort, _, _ = study
    new = assemble(Task(rule=RULE, question="prognosis"), cohort, labelled=False)
    for grouping in find_groupings(cohort):
        told = grouping.label_table(new)
        assert told.tolist() == grouping.label(cohort.frame[grouping.column]).tolist()
    assert Grouping("x", "x", "feature", ("a",), words={"a": "a"}).label_table(new) is None


def test_columns_that_are_not_there_or_part_into_too_many_are_refused():
    cohort = make_small_cohort(30)
    with pytest.raises(DataError, match=r"no column 'sexe' with groups \(did you mean 'sex'\?\)"):
        find_groupings(cohort, ["sexe"])
    levels = tuple(f"L{k}" for k in range(41))
    frame = cohort.frame.assign(ward=pd.Categorical(["L1"] * 30, levels))
    many = Cohort(frame, (*cohort.columns, Column(name="ward", kind="category", levels=levels)))
    with pytest.raises(DataError, match="41 groups"):
        find_groupings(many, ["ward"])
