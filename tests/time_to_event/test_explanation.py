"""Contributions to a Cox model's score: closed form, exact, and on the planted column."""

import dataclasses

import numpy as np
import pandas as pd
import pytest

from stratify.cohort import Cohort
from stratify.datasets import make_cohort
from stratify.errors import DataError
from stratify.folds import draw_folds
from stratify.preprocess import Preparation
from stratify.schema import Column
from stratify.task import Task
from stratify.time_to_event import (
    CensoredOutcome,
    assemble_followed,
    explain_followed,
    fit_followed_model,
)

OUTCOME = CensoredOutcome(name="relapse", time="days", event="relapsed", horizon=180)
TASK = Task(rule=OUTCOME.make_rule(), question="prognosis")
LATER = [Column(name=name, measured="followup", role="outcome") for name in ("days", "relapsed")]


@pytest.fixture(scope="module")
def made():
    rng = np.random.default_rng(4)
    frame = pd.DataFrame(rng.normal(size=(160, 2)), columns=["x0", "x1"])
    frame.index = [f"P{k:03d}" for k in range(160)]
    frame["sex"] = pd.Categorical(rng.choice(["F", "M"], 160), categories=["F", "M"])
    frame["days"] = np.ceil(rng.exponential(200 * np.exp(-1.5 * frame["x0"])))
    frame["relapsed"] = (rng.random(160) < 0.8) * 1.0
    frame.loc["P003", "x0"] = np.nan
    known = (Column(name="x0"), Column(name="x1"),
             Column(name="sex", kind="category", levels=("F", "M")))  # fmt: skip
    followed = assemble_followed(TASK, OUTCOME, Cohort(frame, (*known, *LATER), simulated=True))
    folds = draw_folds(followed.table, folds=3, inner_folds=3)
    return followed.table.X, fit_followed_model(followed, folds, inner_folds=3)


def test_contributions_add_up_to_the_score_and_the_planted_column_leads(made):
    X, model = made
    found = explain_followed(model, X)
    np.testing.assert_allclose(
        found.contributions.sum(axis=1), model.predict(X)["score"], atol=1e-9
    )
    assert list(found.contributions.columns) == ["x0", "x1", "sex"]
    assert found.importance()["column"][0] == "x0"
    assert "log hazard ratio" in repr(found)


def test_a_contribution_is_the_weight_times_the_distance_from_the_mean(made):
    X, model = made
    found = explain_followed(model, X).contributions["x0"]
    known = X["x0"].notna()
    # The slope between any two patients is the weight of one unit, and the mean has none.
    slope, start = np.polyfit(X["x0"][known], found[known], 1)
    weight = model.cox.weights[0] / X["x0"].std(ddof=0)
    assert slope == pytest.approx(weight, rel=0.02)
    assert -start / slope == pytest.approx(X["x0"].mean(), abs=1e-6)
    assert found["P003"] == pytest.approx(0, abs=1e-9)


def test_exactly_what_averaging_over_training_gives(made):
    """Shapley's value of a sum: a column's part less the mean of its part over training."""
    X, model = made
    filled = X.fillna({"x0": X["x0"].mean()})
    found = explain_followed(model, filled).contributions["x1"]
    swapped = [model.predict(filled.assign(x1=value))["score"].to_numpy() for value in filled["x1"]]
    expected = model.predict(filled)["score"].to_numpy() - np.mean(swapped, axis=0)
    np.testing.assert_allclose(found, expected, atol=1e-9)


def test_one_patient_alone_is_explained_as_in_the_cohort_and_the_table_is_unchanged(made):
    X, model = made
    before = X.copy()
    together = explain_followed(model, X).contributions
    alone = explain_followed(model, X.iloc[[7]]).contributions
    np.testing.assert_allclose(alone, together.iloc[[7]], atol=1e-12)
    pd.testing.assert_frame_equal(X, before)


def test_edges_are_summed_to_networks_and_new_sites_are_not_explained():
    made = make_cohort("site_confounded", patients=80, seed=1, regions=12)
    rng = np.random.default_rng(0)
    frame = made.cohort.frame.assign(
        days=rng.exponential(200, 80).round() + 1, relapsed=(rng.random(80) < 0.7) * 1.0
    )
    cohort = dataclasses.replace(made.cohort, frame=frame, columns=(*made.cohort.columns, *LATER))
    followed = assemble_followed(
        TASK, OUTCOME, cohort, made.connectomes, preparation=Preparation(harmonise="combat")
    ).select("both")
    folds = draw_folds(followed.table, folds=3, inner_folds=3)
    model = fit_followed_model(followed, folds, inner_folds=3)
    X = followed.table.X
    summed = explain_followed(model, X).by_network()
    assert "DMN-SN" in summed
    np.testing.assert_allclose(summed.sum(axis=1), model.predict(X)["score"], atol=1e-9)
    (site,) = (column.name for column in model.columns if column.role == "site")
    elsewhere = X.iloc[:3].copy()
    elsewhere[site] = pd.Categorical(["nowhere", *X[site].iloc[1:3].astype(str)])
    found = explain_followed(model, elsewhere).contributions
    assert found.iloc[0].isna().all()
    assert found.iloc[1:].notna().all(axis=None)
    with pytest.raises(DataError, match="training did not see"):
        explain_followed(model, elsewhere.iloc[:1])
