from dataclasses import replace

import numpy as np
import pytest
from scipy.special import expit, logit
from scipy.stats import norm

from stratify.errors import DataError
from stratify.evaluation import cross_validate, refit
from stratify.explanation import explain
from stratify.folds import make_folds
from stratify.metrics import fit_recalibration
from stratify.model import SiteCalibration, read_model, recalibrate, write_model

SITE = SiteCalibration("elsewhere", intercept=-0.7, slope=0.8, n_patients=80, n_responders=20)


@pytest.fixture(scope="module", params=["clinical", "late fusion"])
def fitted(request):
    from made import RULE, make_small_cohort, make_small_connectomes

    from stratify.task import Task, assemble

    cohort = make_small_cohort(70)
    scans = make_small_connectomes(cohort, 5)
    whole = assemble(Task(rule=RULE, question="prognosis"), cohort, scans)
    table = whole.select(request.param)
    evaluation = cross_validate(table, "ridge", make_folds(table.y, folds=3), inner_folds=3)
    return table, refit(evaluation, table, inner_folds=3)


def test_log_odds_are_those_of_the_formula_and_the_old_model_is_untouched(fitted):
    table, model = fitted
    before = model.predict(table.X).table
    after = recalibrate(model, SITE).predict(table.X).table
    np.testing.assert_allclose(after["log_odds"], -0.7 + 0.8 * before["log_odds"], atol=1e-12)
    width = logit(before["high"]) - logit(before["low"])
    np.testing.assert_allclose(logit(after["high"]) - logit(after["low"]), 0.8 * width, atol=1e-9)
    assert model.predict(table.X).table.equals(before)
    assert model.calibration is None


@pytest.mark.parametrize("method", ["intercept", "intercept and slope"])
def test_interval_has_in_it_how_far_other_patients_of_the_site_would_move_it(fitted, method):
    """The spread, over samples of a site, of what recalibration makes of the same log-odds."""
    table, model = fitted
    rng = np.random.default_rng(0)
    asked, made, told = np.array([-2.0, 0.0, 1.5]), [], []
    for _ in range(300):
        f = rng.normal(size=150)
        y = (rng.random(150) < expit(0.8 * f - 0.7)).astype(int)
        learned = fit_recalibration(y, f, method=method)
        site = SiteCalibration(
            "elsewhere",
            learned.intercept.value,
            learned.slope.value,
            150,
            learned.events,
            *learned.variances,
            learned.covariance,
        )
        made.append(learned.apply(asked))
        told.append(site.compute_variance(learned.apply(asked)))
    spread, said = np.std(made, axis=0, ddof=1), np.sqrt(np.mean(told, axis=0))
    np.testing.assert_allclose(said, spread, rtol=0.15)
    bare = recalibrate(model, replace(site, intercept_variance=0.0, slope_variance=0.0,
                                      covariance=0.0)).predict(table.X).table  # fmt: skip
    whole = recalibrate(model, site).predict(table.X).table
    half, half_bare = (
        (logit(one["high"]) - logit(one["low"])) / 2 / norm.ppf(0.975) for one in (whole, bare)
    )
    added = site.compute_variance(whole["log_odds"].to_numpy())
    np.testing.assert_allclose(half**2 - half_bare**2, added, rtol=1e-6)
    assert (added > 0).all()


def test_explanations_still_add_up_to_the_log_odds(fitted):
    table, model = fitted
    changed = recalibrate(model, SITE)
    told = explain(changed, table.X)
    total = told.base + told.contributions.sum(axis=1)
    np.testing.assert_allclose(total, changed.predict(table.X).table["log_odds"], atol=1e-9)


def test_it_is_the_same_once_written_and_read(fitted, tmp_path):
    table, model = fitted
    changed = recalibrate(model, SITE)
    read = read_model(write_model(changed, tmp_path))
    assert read.calibration == SITE
    assert read.base_rate == 0.25
    np.testing.assert_array_equal(
        read.predict(table.X).table["log_odds"], changed.predict(table.X).table["log_odds"]
    )


def test_a_second_recalibration_and_a_slope_that_turns_ranks_are_refused(fitted):
    _, model = fitted
    with pytest.raises(DataError, match="a model that was brought to elsewhere already"):
        recalibrate(recalibrate(model, SITE), SITE)
    with pytest.raises(DataError, match=r"a slope of -0\.2"):
        recalibrate(model, replace(SITE, slope=-0.2))


def test_sites_a_recalibrated_model_knows_are_not_called_those_of_training(fitted):
    table, model = fitted
    moved = recalibrate(model, SiteCalibration("north", 0.2, 0.9, 80, 30), sites=["N"])
    ((silence,),) = moved.predict(table.X.iloc[:1], site=["A"]).silences
    assert str(silence) == "site: A (the model knows N)"
    ((before,),) = model.predict(table.X.iloc[:1], site=["N"]).silences
    assert "training saw A, B, C" in str(before)
