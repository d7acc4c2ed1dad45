"""Whole sites, trials and later patients held out; small and lopsided cohorts end in sense."""

from dataclasses import replace

import numpy as np
import pytest

from stratify.errors import DataError
from stratify.evaluation import cross_validate_many, make_certificate, make_verdict, refit
from stratify.folds import draw_folds


def evaluate(table, *, inner_folds=3, **how):
    folds = draw_folds(table, inner_folds=inner_folds, **how)
    candidates = [("prevalence", table), ("logistic", table)]
    return folds, cross_validate_many(candidates, folds, inner_folds=inner_folds)


def by_site(table, sites=None):
    sites = table.site if sites is None else np.asarray(sites)
    return replace(table, scheme="leave one site out", by=sites, site=sites)


def test_each_site_is_predicted_from_the_others(make_table):
    table = by_site(make_table(90, effect=2.0))
    folds, (_, logistic) = evaluate(table)
    assert len(folds) == 3
    assert logistic.scheme == "leave one site out"
    assert logistic.certificate.passed
    assert any("no site is in training and test" in c.name for c in logistic.certificate.checks)
    assert logistic.metrics["auc"].value > 0.6
    assert refit(logistic, table, inner_folds=3).left_out_share == pytest.approx(1 / 3)


def test_site_on_both_sides_is_named(make_table):
    table = by_site(make_table(90))
    folds, (_, logistic) = evaluate(table)
    moved = replace(table, by=np.roll(table.by, 1))
    failed = [
        c.name for c in make_certificate(moved, folds, logistic.replicas).checks if not c.passed
    ]
    assert "no site is in training and test of the same fold" in failed


def test_site_with_one_class_is_predicted_and_has_no_auc(make_table):
    table = make_table(80, effect=0.8)
    sites = np.where(np.arange(80) % 2, "A", "B")
    sites[np.flatnonzero(table.y == 1)[:6]] = "C"
    table = by_site(table, sites)
    _, (prevalence, logistic) = evaluate(table)
    assert logistic.by_fold["auc"].isna().tolist() == [False, False, True]
    assert np.isfinite(logistic.metrics["auc"].value)
    assert make_verdict([prevalence, logistic], table).finding in ("cannot tell", "responder model")


def test_later_patients_are_predicted_from_earlier_ones(make_table):
    table = replace(
        make_table(120, effect=2.0), scheme="temporal", by=np.arange(120)[::-1].astype(float)
    )
    folds, (prevalence, logistic) = evaluate(table, folds=4)
    assert logistic.certificate.passed
    assert len(logistic.predictions) == sum(len(fold.test) for fold in folds) < 120
    assert make_verdict([prevalence, logistic], table).words
    model = refit(logistic, table, inner_folds=3)
    assert 0 < model.left_out_share < 1
    early = replace(table, by=table.by[::-1])
    failed = [
        c.name for c in make_certificate(early, folds, logistic.replicas).checks if not c.passed
    ]
    assert failed == ["whoever is tested came later than everybody trained on"]


def test_a_class_with_four_members_ends_in_cannot_tell(make_table):
    table = make_table(60)
    table.y[:] = 0
    table.y[[3, 20, 40, 55]] = 1
    with pytest.raises(DataError, match=r"folds to 4 and validation\.inner_folds to 3"):
        draw_folds(table, folds=5, inner_folds=5)
    _, evaluations = evaluate(table, folds=4, inner_folds=3)
    assert make_verdict(evaluations, table).finding == "cannot tell"


def test_twelve_patients_end_in_cannot_tell(make_table):
    table = make_table(12)
    table.y[:] = [0, 1] * 6
    with pytest.raises(DataError, match=r"validation\.inner_folds to 4"):
        draw_folds(table, folds=5, inner_folds=5)
    _, evaluations = evaluate(table, folds=5, repeats=2, inner_folds=4)
    assert make_verdict(evaluations, table).finding == "cannot tell"
    assert evaluations[1].metrics["auc"].low < 0.5


def test_an_outcome_nothing_predicts_ends_in_cannot_tell(make_table):
    table = make_table(80, effect=0.0, seed=3)
    # The same for everybody: there is nothing at all to learn.
    constant = replace(table, X=table.X.assign(severity=1.0, age=40.0, sex=table.X["sex"].iloc[0]))
    constant.X["sex"] = constant.X["sex"].astype(table.X["sex"].dtype)
    _, evaluations = evaluate(constant, folds=4)
    assert make_verdict(evaluations, constant).finding == "cannot tell"
    assert evaluations[1].metrics["auc"].value == 0.5
