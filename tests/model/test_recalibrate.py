from dataclasses import replace

import numpy as np
import pytest
from scipy.special import logit

from stratify.errors import DataError
from stratify.evaluation import cross_validate, refit
from stratify.explanation import explain
from stratify.folds import make_folds
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
