"""Held-out Cox models: a planted effect is found, noise is not, and nothing leaks."""

import dataclasses
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from stratify.cohort import Cohort
from stratify.datasets import make_cohort
from stratify.evaluation import Compute
from stratify.folds import draw_folds
from stratify.preprocess import Preparation
from stratify.schema import Column
from stratify.task import Task
from stratify.time_to_event import (
    CensoredOutcome,
    assemble_followed,
    canary,
    check_shuffled_times,
    compute_brier_gain,
    compute_harrell_c,
    compute_strictly,
    cross_validate_cox,
    evaluate_baselines,
    fit_cox_model,
    make_time_to_event_verdict,
)
from stratify.time_to_event.certificate import make_certificate
from stratify.time_to_event.plots import (
    plot_horizon_calibration,
    plot_risk_groups,
    tabulate_risk_groups,
)

OUTCOME = CensoredOutcome(name="relapse", time="days", event="relapsed", horizon=180)


def make(effect, *, patients=150, seed=1, columns=6, **more):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(patients, columns))
    time = rng.exponential(200 * np.exp(-effect * X[:, 0]))
    lost = rng.uniform(60, 500, patients)
    frame = pd.DataFrame(X, columns=[f"x{k}" for k in range(columns)])
    frame.index = [f"P{k:03d}" for k in range(patients)]
    frame["sex"] = pd.Categorical(rng.choice(["F", "M"], patients), categories=["F", "M"])
    frame.loc[frame.index[:7], "x1"] = np.nan
    frame["days"], frame["relapsed"] = np.ceil(np.minimum(time, lost)), (time <= lost) * 1.0
    for name, values in more.items():
        frame[name] = values(frame)
    known = [Column(name=name) for name in frame if str(name).startswith("x")]
    later = [Column(name=n, measured="followup", role="outcome") for n in ("days", "relapsed")]
    sex = Column(name="sex", kind="category", levels=("F", "M"))
    by_name = {c.name: c for c in (*known, sex, *later)}
    for name in more:
        by_name[name] = Column(name=name, kind="text", role="person")
    cohort = Cohort(frame, tuple(by_name[name] for name in frame), simulated=True)
    return assemble_followed(Task(rule=OUTCOME.make_rule(), question="prognosis"), OUTCOME, cohort)


def evaluate(followed, *, repeats=1, **more):
    folds = draw_folds(followed.table, folds=5, repeats=repeats, inner_folds=3)
    return cross_validate_cox(followed, folds, inner_folds=3, **more)


@pytest.fixture(scope="module")
def planted():
    followed = make(1.2, patients=240)
    return followed, evaluate(followed, repeats=2)


def test_a_planted_effect_is_found_with_likelihoods_that_are_right(planted):
    followed, found = planted
    assert found.metrics["uno_c"].low > 0.6
    assert found.metrics["calibration_slope"].value == pytest.approx(1, abs=0.3)
    assert found.metrics["observed_over_expected"].value == pytest.approx(1, abs=0.1)
    verdict = make_time_to_event_verdict([found], followed)
    assert (verdict.finding, verdict.features) == ("time-to-event model", "clinical")
    assert "up to day 180" in verdict.words
    assert "simulated patients" in verdict.words


def test_held_out_concordance_is_near_that_of_the_true_risk(planted):
    followed, found = planted
    true = compute_harrell_c(followed.time, followed.event, followed.table.X["x0"].to_numpy())
    assert found.metrics["harrell_c"].value == pytest.approx(true, abs=0.03)


@pytest.mark.parametrize("seed", range(5))
def test_of_noise_it_cannot_tell(seed):
    followed = make(0.0, patients=120, seed=seed)
    found = evaluate(followed)
    verdict = make_time_to_event_verdict([found], followed)
    assert verdict.finding == "cannot tell"
    assert "no usable individual prediction" in verdict.words
    assert "of 1 model none" in verdict.words
    later = make_time_to_event_verdict([found], followed, tried=7)
    assert "of 1 model none" in later.words  # of those of other studies it cannot speak
    assert "(7 on this outcome of these patients so far, in this study and others)" in later.words


def test_more_models_tried_make_the_deciding_interval_wider(planted):
    followed, found = planted
    shown = found.metrics["uno_c"]
    assert compute_strictly("uno_c", found, followed, tried=1) == shown
    strict = compute_strictly("uno_c", found, followed, tried=10)
    assert strict.value == shown.value
    assert strict.low < shown.low
    assert make_time_to_event_verdict([found], followed, tried=9).words.count("9 models were tried")


def test_the_same_seed_gives_the_same_figures(planted):
    followed, found = planted
    again = evaluate(followed, repeats=2)
    assert again.metrics == found.metrics
    assert again.certificate == found.certificate


def test_two_workers_give_the_same_to_the_last_digit(planted):
    followed, found = planted
    beside = evaluate(followed, repeats=2, compute=Compute(workers=2))
    pd.testing.assert_frame_equal(beside.predictions, found.predictions, check_exact=True)
    assert beside.metrics == found.metrics


def test_hazard_ratios_are_told_the_planted_one_first(planted):
    _, found = planted
    table = found.hazard_ratios
    assert table["column"].iloc[0] == "x0"
    first = table.iloc[0]
    assert 1.5 < first["lowest"] <= first["hazard_ratio"] <= first["highest"] < 6
    assert set(table["column"]) >= {"sex=F", "sex=M"}
    assert (table["folds"] == 10).all()


def test_each_patient_is_held_out_once_a_repeat(planted):
    followed, found = planted
    assert len(found.predictions) == 2 * len(followed)
    assert found.of_patients()["patient"].nunique() == len(followed)
    assert found.predictions["likelihood"].between(0, 1).all()


def test_the_certificate_passes_and_knows_what_must_not_be_seen(planted):
    _, found = planted
    assert found.certificate.passed, str(found.certificate)
    names = [check.name for check in found.certificate.checks]
    assert "neither the time nor the event is a feature" in names
    assert "no single column orders the events as their times do" in names


def test_a_column_that_orders_events_as_their_times_do_fails_the_certificate(planted):
    followed, _ = planted
    rng = np.random.default_rng(0)
    X = followed.table.X.assign(x1=-followed.time + rng.normal(size=len(followed)))
    leaky = dataclasses.replace(followed, table=dataclasses.replace(followed.table, X=X))
    found = evaluate(leaky)
    failed = [check for check in found.certificate.checks if not check.passed]
    assert any("orders the events" in check.name for check in failed)
    verdict = make_time_to_event_verdict([found], leaky)
    assert verdict.finding == "leak"


def test_a_model_fitted_on_those_tested_too_fails_the_certificate(planted):
    followed, _ = planted
    folds = draw_folds(followed.table, folds=3, inner_folds=3)
    rows = np.arange(len(followed))
    inner = [(rows[rows % 3 != k], rows[rows % 3 == k]) for k in range(3)]
    peeking = fit_cox_model(followed.table.X, followed.time, followed.event, inner)
    certificate = make_certificate(followed, folds, [peeking] * 3)
    assert not certificate.passed


def test_a_concordance_too_good_to_be_true_is_an_alarm():
    followed = make(4.0, patients=150)
    assert make_time_to_event_verdict([evaluate(followed)], followed).finding == "alarm"


def test_a_persons_periods_are_never_parted():
    followed = make(0.8, who=lambda frame: [f"W{k // 2}" for k in range(len(frame))])
    found = evaluate(followed)
    assert found.certificate.passed, str(found.certificate)
    folds = draw_folds(followed.table, folds=5, inner_folds=3)
    groups = followed.table.groups
    assert all(not set(groups[f.train]) & set(groups[f.test]) for f in folds)


def test_one_patient_alone_gets_the_same_likelihood_as_in_the_cohort(planted):
    followed, _ = planted
    X = followed.table.X
    rows = np.arange(len(X))
    inner = [(rows[rows % 3 != k], rows[rows % 3 == k]) for k in range(3)]
    before = X.copy()
    model = fit_cox_model(X, followed.time, followed.event, inner)
    together = model.predict(X, 90.0)
    alone = np.concatenate([model.predict(X.iloc[k : k + 1], 90.0) for k in range(20)])
    np.testing.assert_allclose(alone, together[:20], atol=1e-12)
    pd.testing.assert_frame_equal(X, before)


def test_more_columns_than_patients_are_no_trouble():
    found = evaluate(make(1.5, patients=90, columns=300))
    assert np.isfinite(found.metrics["uno_c"].value)
    assert found.certificate.passed


def with_age(effect_of_age, effect, seed=2):
    """Make a study with an age that tells as much as asked, and a column beside it."""
    rng = np.random.default_rng(seed)
    n = 240
    frame = pd.DataFrame({"age": rng.normal(45, 10, n), "x0": rng.normal(size=n)})
    frame.index = [f"P{k:03d}" for k in range(n)]
    told = effect_of_age * (frame["age"] - 45) / 10 + effect * frame["x0"]
    time, lost = rng.exponential(200 * np.exp(-told)), rng.uniform(60, 500, n)
    frame["days"], frame["relapsed"] = np.ceil(np.minimum(time, lost)), (time <= lost) * 1.0
    later = [Column(name=name, measured="followup", role="outcome") for name in frame.columns[2:]]
    cohort = Cohort(frame, (Column(name="age"), Column(name="x0"), *later), simulated=True)
    return assemble_followed(Task(rule=OUTCOME.make_rule(), question="prognosis"), OUTCOME, cohort)


def judge(followed):
    folds = draw_folds(followed.table, folds=5, inner_folds=3)
    found = cross_validate_cox(followed, folds, inner_folds=3)
    baselines = evaluate_baselines(followed, folds, inner_folds=3)
    return found, baselines, make_time_to_event_verdict([found], followed, baselines)


def test_a_model_that_only_knows_the_age_is_told_that_age_alone_would_do():
    found, baselines, verdict = judge(with_age(1.2, 0.0))
    assert [one.name for one in baselines] == ["covariates alone"]
    assert found.metrics["uno_c"].low > 0.5
    assert verdict.finding == "cannot tell"
    assert "not shown to be better than those of covariates alone" in verdict.words


def test_a_model_that_knows_more_than_the_age_beats_it():
    _, _, verdict = judge(with_age(0.3, 1.2))
    assert verdict.finding == "time-to-event model"
    assert "lower than that of covariates alone" in verdict.words


def test_a_model_gains_nothing_over_itself(planted):
    followed, found = planted
    gain = compute_brier_gain(found, found, followed)
    assert (gain.value, gain.low, gain.high) == (0, 0, 0)


def test_risk_groups_part_patients_and_are_drawn(planted):
    followed, found = planted
    curves = tabulate_risk_groups(found)
    first = curves.groupby("group", sort=False)["at_risk"].first()
    assert list(first.index) == ["lowest", "middle", "highest"]
    assert first.sum() == len(followed)
    at_end = curves.groupby("group", sort=False)["free"].last()
    assert at_end["lowest"] > at_end["highest"]
    figure = plot_risk_groups(found, event="relapse")
    assert "relapse" in figure.axes[0].get_ylabel()
    assert plot_horizon_calibration(found).axes


def test_connectivity_is_prepared_in_each_fold_and_whole_sites_can_be_held_out():
    made = make_cohort("site_confounded", patients=100, seed=1, regions=12)
    rng = np.random.default_rng(0)
    cohort, names = made.cohort, ("days", "relapsed")
    days = rng.exponential(200, len(cohort)).round() + 1
    frame = cohort.frame.assign(days=days, relapsed=(rng.random(len(cohort)) < 0.7) * 1.0)
    later = [Column(name=name, measured="followup", role="outcome") for name in names]
    cohort = dataclasses.replace(cohort, frame=frame, columns=(*cohort.columns, *later))
    followed = assemble_followed(
        Task(rule=OUTCOME.make_rule(), question="prognosis"),
        OUTCOME,
        cohort,
        made.connectomes,
        preparation=Preparation(represent="network blocks"),
        scheme="leave one site out",
    )
    both = followed.select("both")
    folds = draw_folds(both.table, inner_folds=3)
    found = cross_validate_cox(both, folds, inner_folds=3)
    assert found.name == "both cox"
    assert found.certificate.passed, str(found.certificate)
    assert any("no site is in training and test" in c.name for c in found.certificate.checks)
    assert len(found.predictions) == len(both)


@pytest.mark.parametrize("effect", [0.0, 1.2])
def test_a_study_of_shuffled_times_finds_nothing_whatever_the_real_one_finds(effect):
    followed = make(effect, patients=120)
    folds = draw_folds(followed.table, folds=5, inner_folds=3)
    check = check_shuffled_times(followed, folds, inner_folds=3, shuffles=6)
    assert check.passed, check.detail
    assert "of 6, where" in check.detail


def test_a_study_of_shuffled_times_sings_where_preparing_has_seen_them(monkeypatch):
    followed = make(0.0, patients=120)
    folds = draw_folds(followed.table, folds=5, inner_folds=3)

    def peek(*fitted, preparer=None):
        return SimpleNamespace(
            score=lambda rows: -seen["time"][X_all.index.get_indexer(rows.index)]
        )

    X_all, seen = followed.table.X, {}
    ranks = canary._rank_within

    def remember(shuffled, *rest):
        seen["time"] = shuffled.time
        return ranks(shuffled, *rest)

    monkeypatch.setattr(canary, "fit_cox_model", peek)
    monkeypatch.setattr(canary, "_rank_within", remember)
    check = check_shuffled_times(followed, folds, inner_folds=3, shuffles=8)
    assert not check.passed
    assert "of 8, where 0.4" in check.detail
