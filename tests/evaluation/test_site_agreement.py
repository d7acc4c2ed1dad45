"""All sites together beside within sites: what each figure is, and when they disagree."""

from dataclasses import replace

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from stratify.evaluation import compute_site_agreement, cross_validate
from stratify.folds import make_folds


@pytest.fixture(scope="module")
def made():
    from made import RULE, make_small_cohort

    from stratify.task import Task, assemble

    table = assemble(Task(rule=RULE, question="prognosis"), make_small_cohort(200))
    evaluation = cross_validate(table, "prevalence", make_folds(table.y, folds=2), inner_folds=2)
    return table, evaluation


def say(made, log_odds, y=None):
    """The evaluation with other predictions, in the order of the table."""
    table, evaluation = made
    y = table.y if y is None else y
    predictions = evaluation.predictions.copy()
    rows = [list(table.X.index.astype(str)).index(p) for p in predictions["patient"]]
    predictions["log_odds"], predictions["y"] = log_odds[rows], y[rows]
    return replace(table, y=y), replace(evaluation, predictions=predictions)


def test_model_that_only_knows_the_site_disagrees(made):
    rng = np.random.default_rng(0)
    site = np.where(np.arange(200) < 100, "A", "B")
    y = (rng.random(200) < np.where(site == "A", 0.2, 0.8)).astype(int)
    table, evaluation = say(made, np.where(site == "A", -1.0, 1.0), y)
    found = compute_site_agreement(evaluation, replace(table, site=site))
    assert found.pooled.value == pytest.approx(roc_auc_score(y, site == "B"))
    assert found.within.value == 0.5
    assert found.finding == "disagree"
    assert "telling the sites apart" in str(found)


def test_levels_that_differ_between_sites_make_the_pooled_figure_worse(made):
    rng = np.random.default_rng(1)
    site, y = np.where(np.arange(200) % 2, "A", "B"), rng.integers(0, 2, 200)
    score = y + rng.normal(size=200)
    table, evaluation = say(made, score + 5.0 * (site == "A"), y)
    found = compute_site_agreement(evaluation, replace(table, site=site))
    each = [roc_auc_score(y[site == s], score[site == s]) for s in "AB"]
    assert found.within.value == pytest.approx(np.mean(each))
    assert found.by_site["auc"].tolist() == pytest.approx(each)
    assert found.pooled.value < found.within.value
    assert "recalibration" in str(found)


def test_sites_alike_agree(made):
    table, evaluation = say(made, np.random.default_rng(2).normal(size=200) + made[0].y)
    found = compute_site_agreement(evaluation, table)
    assert found.finding in ("agree", "differ")
    assert found.to_dict()["difference"] == pytest.approx(found.pooled.value - found.within.value)


def test_site_with_one_class_has_no_auc_of_its_own(made):
    table, evaluation = made
    site = np.where((table.y == 1) & (np.arange(200) < 60), "D", table.site)
    found = compute_site_agreement(evaluation, replace(table, site=site))
    assert found.by_site.set_index("site")["auc"].isna().tolist() == [False, False, False, True]


def test_one_site_is_not_compared(made):
    table, evaluation = made
    assert compute_site_agreement(evaluation, replace(table, site=None)) is None
    assert compute_site_agreement(evaluation, replace(table, site=np.full(200, "A"))) is None


def test_agreement_of_three_sites_kept_together_cannot_be_told(made):
    table, evaluation = say(made, np.random.default_rng(3).normal(size=200))
    site = np.array(["A", "B", "C"])[np.arange(200) % 3]
    found = compute_site_agreement(evaluation, replace(table, site=site, groups=site))
    assert abs(found.difference.value) < 0.05
    assert found.finding == "cannot tell"
    assert str(found).endswith("whether they differ cannot be told.")
