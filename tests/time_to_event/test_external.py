"""A Cox model of all patients, written and read, and judged on patients it has not seen."""

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
    compute_kaplan_meier,
    compute_uno_c,
    cross_validate_cox,
    fit_followed_model,
    read_followed_model,
    recalibrate_followed,
    validate_followed,
    write_followed_model,
)

OUTCOME = CensoredOutcome(name="relapse", time="days", event="relapsed", horizon=180)
TASK = Task(rule=OUTCOME.make_rule(), question="prognosis")


def make(patients=300, seed=1, effect=1.2, pace=200):
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame(rng.normal(size=(patients, 3)), columns=["x0", "x1", "x2"])
    frame.index = [f"S{seed}-{k:03d}" for k in range(patients)]
    frame["sex"] = pd.Categorical(rng.choice(["F", "M"], patients), categories=["F", "M"])
    time = rng.exponential(pace * np.exp(-effect * frame["x0"]))
    lost = rng.uniform(60, 500, patients)
    frame["days"], frame["relapsed"] = np.ceil(np.minimum(time, lost)), (time <= lost) * 1.0
    later = [Column(name=n, measured="followup", role="outcome") for n in ("days", "relapsed")]
    known = (*(Column(name=f"x{k}") for k in range(3)),
             Column(name="sex", kind="category", levels=("F", "M")))  # fmt: skip
    cohort = Cohort(frame, (*known, *later), name=f"site {seed}", simulated=True)
    return assemble_followed(TASK, OUTCOME, cohort)


@pytest.fixture(scope="module")
def trained():
    followed = make()
    folds = draw_folds(followed.table, folds=5, inner_folds=3)
    found = cross_validate_cox(followed, folds, inner_folds=3)
    return fit_followed_model(followed, folds, inner_folds=3), found.metrics


def judge(trained, **more):
    model, internal = trained
    return validate_followed(model, make(**{"seed": 2, **more}), internal=internal, name="cox")


def test_where_the_same_holds_the_model_ranks_and_its_likelihoods_are_right(trained):
    found = judge(trained, patients=600, seed=3)
    assert found.finding == "better than chance"
    assert found.drop.low < 0 < found.drop.high
    assert found.advice is None
    assert found.external["calibration_slope"].value == pytest.approx(1, abs=0.2)
    assert found.external["observed_over_expected"].value == pytest.approx(1, abs=0.12)
    assert found.external["brier_gain"].low > 0
    assert found.words.startswith("From within the study to 600 simulated patients of site 3 ")
    assert "no recalibration is called for" in found.words


def test_the_concordance_is_that_of_these_patients_and_everybody_is_of_training(trained):
    model, _ = trained
    found, followed = judge(trained), make(seed=2)
    score = model.predict(followed.table.X)["score"].to_numpy()
    expected = compute_uno_c(followed.time, followed.event, score, horizon=180)
    assert found.external["uno_c"].value == pytest.approx(expected, abs=1e-12)
    training = make()
    share = 1 - float(compute_kaplan_meier(training.time, training.event).at(180))
    assert set(found.predictions["everybody"]) == {share}


def test_where_relapses_come_twice_as_fast_likelihoods_are_said_to_be_off(trained):
    found = judge(trained, patients=600, seed=3, pace=80)
    assert found.external["observed_over_expected"].low > 1
    assert found.advice == "intercept"
    assert "recalibrate the baseline hazard before using them" in found.words


def test_where_the_effect_is_turned_round_the_model_is_not_to_be_used(trained):
    found = judge(trained, effect=-1.2)
    assert found.finding == "worse than chance"
    assert "do not use the model here" in found.words


def test_the_baseline_hazard_is_learned_anew_and_ranks_stay(trained):
    model, internal = trained
    followed = make(patients=600, seed=3, pace=80)
    found = validate_followed(model, followed, internal=internal)
    made = recalibrate_followed(model, followed, found)
    assert made.estimates["observed_over_expected"].value == pytest.approx(1, abs=0.05)
    assert made.estimates["brier"].value < found.external["brier"].value
    assert made.estimates["uno_c"] == found.external["uno_c"]
    X = followed.table.X
    pd.testing.assert_series_equal(made.model.predict(X)["score"], model.predict(X)["score"])
    # Without ties as many events are expected by it of these patients as there were.
    apart = dataclasses.replace(followed, time=followed.time + np.linspace(0, 0.5, 600))
    hazard = recalibrate_followed(model, apart, found).model.cox.hazard
    expected = [hazard.at(day) for day in apart.time] * np.exp(model.predict(X)["score"])
    assert expected.sum() == pytest.approx(followed.event.sum(), rel=1e-9)
    # On fresh patients of that place the new one is in line, and the old one is not.
    fresh = make(patients=600, seed=4, pace=80)
    again = validate_followed(made.model, fresh, internal=internal)
    assert again.external["observed_over_expected"].low < 1
    assert validate_followed(model, fresh, internal=internal).external[
        "observed_over_expected"
    ].low > 1  # fmt: skip


def test_scores_that_spread_too_far_are_drawn_together(trained):
    model, internal = trained
    weak = make(patients=600, seed=5, effect=0.5)
    found = validate_followed(model, weak, internal=internal)
    assert found.advice == "intercept and slope"
    made = recalibrate_followed(model, weak, found, method="intercept and slope")
    assert made.slope.value == pytest.approx(found.external["calibration_slope"].value, abs=0.01)
    assert 0 < made.slope.value < 0.7
    assert made.estimates["calibration_slope"].value == pytest.approx(1, abs=0.1)
    X = weak.table.X
    expected = made.slope.value * model.predict(X)["score"]
    pd.testing.assert_series_equal(made.model.predict(X)["score"], expected, atol=1e-12)


def test_too_few_events_and_ranks_turned_round_are_not_recalibrated(trained):
    model, internal = trained
    few = make(patients=40, seed=6)
    with pytest.raises(DataError, match="10 for each number learned"):
        recalibrate_followed(
            model, few, validate_followed(model, few, internal=internal),
            method="intercept and slope",
        )  # fmt: skip
    turned = make(patients=300, seed=6, effect=-1.2)
    with pytest.raises(DataError, match="keeps the order of patients"):
        recalibrate_followed(
            model, turned, validate_followed(model, turned, internal=internal),
            method="intercept and slope",
        )  # fmt: skip


def test_few_events_are_told_and_so_is_whom_the_model_has_not_met(trained):
    few = judge(trained, patients=60)
    assert "are few: calibration elsewhere is hardly known" in few.words
    model, internal = trained
    followed = make(seed=2)
    X = followed.table.X.copy()
    X.iloc[0, 0] = 50.0
    far = dataclasses.replace(followed, table=dataclasses.replace(followed.table, X=X))
    near = validate_followed(model, followed, internal=internal)
    assert validate_followed(model, far, internal=internal).outside == near.outside + 1


def test_a_model_read_back_says_the_same_and_knows_nobody(trained, tmp_path):
    model, _ = trained
    X = make(seed=2).table.X
    write_followed_model(model, tmp_path / "model")
    again = read_followed_model(tmp_path / "model")
    pd.testing.assert_frame_equal(again.predict(X), model.predict(X), check_exact=True)
    assert again.say_silences(X) == model.say_silences(X)
    assert (again.outcome, again.task) == (model.outcome, model.task)
    written = b"".join(path.read_bytes() for path in (tmp_path / "model").iterdir())
    assert b"S1-000" not in written


def test_one_patient_alone_gets_the_same_as_in_the_cohort_and_columns_may_be_in_any_order(trained):
    model, _ = trained
    X = make(seed=2).table.X
    together = model.predict(X)
    alone = pd.concat([model.predict(X.iloc[[k]]) for k in range(20)])
    np.testing.assert_allclose(alone, together.iloc[:20], atol=1e-12)
    pd.testing.assert_frame_equal(model.predict(X[X.columns[::-1]]), together)


def test_a_model_of_connectivity_is_written_and_read_and_keeps_silent_of_new_sites(tmp_path):
    made = make_cohort("site_confounded", patients=90, seed=1, regions=12)
    rng = np.random.default_rng(0)
    frame = made.cohort.frame.assign(
        days=rng.exponential(200, 90).round() + 1, relapsed=(rng.random(90) < 0.7) * 1.0
    )
    later = [Column(name=n, measured="followup", role="outcome") for n in ("days", "relapsed")]
    cohort = dataclasses.replace(made.cohort, frame=frame, columns=(*made.cohort.columns, *later))
    preparation = Preparation(represent="network blocks", harmonise="combat")
    followed = assemble_followed(
        TASK, OUTCOME, cohort, made.connectomes, preparation=preparation
    ).select("both")
    folds = draw_folds(followed.table, folds=3, inner_folds=3)
    model = fit_followed_model(followed, folds, inner_folds=3)
    write_followed_model(model, tmp_path)
    again = read_followed_model(tmp_path)
    X = followed.table.X
    pd.testing.assert_frame_equal(again.predict(X), model.predict(X), check_exact=True)
    (site,) = (column.name for column in model.columns if column.role == "site")
    elsewhere = X.iloc[:2].assign(**{site: pd.Categorical(["nowhere"] * 2)})
    assert again.predict(elsewhere).isna().all(axis=None)
    assert all("site: nowhere" in str(them[0]) for them in again.say_silences(elsewhere))
