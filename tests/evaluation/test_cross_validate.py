import numpy as np
import pandas as pd
import pytest

from stratify.errors import DataError
from stratify.evaluation import Compute, cross_validate, cross_validate_many
from stratify.folds import make_folds
from stratify.metrics import METRICS, compute_auc
from stratify.model import ResponderClassifier


@pytest.fixture
def study(make_table):
    table = make_table(90, effect=2.0)
    return table, make_folds(table.y, table.groups, folds=3, repeats=2, seed=5)


def test_planted_signal_is_found_and_every_metric_has_an_interval(study):
    table, folds = study
    evaluation = cross_validate(table, "logistic", folds)
    assert evaluation.metrics["auc"].value > 0.75
    assert list(evaluation.metrics) == list(METRICS)
    for estimate in evaluation.metrics.values():
        assert estimate.low <= estimate.value <= estimate.high


def test_shuffled_labels_score_at_chance(make_table):
    figures = []
    for seed in range(4):
        table = make_table(120, effect=0.0, seed=seed, regions=10)
        folds = make_folds(table.y, folds=4, seed=seed)
        figures.append(cross_validate(table, "logistic", folds).metrics["auc"].value)
    assert np.mean(figures) == pytest.approx(0.5, abs=0.08)


def test_predictions_are_those_of_a_plain_loop(study):
    table, folds = study
    evaluation = cross_validate(table, "logistic", folds, inner_folds=4, seed=9)
    for fold, replica in zip(folds, evaluation.replicas, strict=True):
        again = ResponderClassifier(
            "logistic", inner_folds=replica.inner_folds_, random_state=replica.random_state
        ).fit(table.X.iloc[fold.train], table.y[fold.train])
        shown = evaluation.predictions.query("repeat == @fold.repeat and fold == @fold.number")
        np.testing.assert_array_equal(
            shown["log_odds"], again.decision_function(table.X.iloc[fold.test])
        )
        assert compute_auc(table.y[fold.test], shown["log_odds"]) == pytest.approx(
            evaluation.by_fold.query("repeat == @fold.repeat and fold == @fold.number")[
                "auc"
            ].item()
        )


def test_number_of_workers_changes_no_digit(make_table):
    table = make_table(60, regions=6)
    folds = make_folds(table.y, folds=3)
    candidates = [("logistic", table), ("xgboost", table.select("clinical"))]
    one, two = (
        cross_validate_many(candidates, folds, inner_folds=3, compute=Compute(workers=workers))
        for workers in (1, 2)
    )
    for first, second in zip(one, two, strict=True):
        pd.testing.assert_frame_equal(first.predictions, second.predictions, check_exact=True)
        assert first.to_dict() == second.to_dict()


def test_every_fold_is_told_as_it_is_done(study):
    table, folds = study
    told = []
    cross_validate_many([("prevalence", table)] * 2, folds, on_fold=lambda: told.append(1))
    assert len(told) == 2 * len(folds)


def test_test_patients_do_not_change_what_is_learned(study):
    table, folds = study
    evaluation = cross_validate(table, "logistic", folds[:3])
    changed = table.X.copy()
    changed.iloc[folds[0].test, 0] += 1000.0
    from dataclasses import replace

    other = cross_validate(replace(table, X=changed), "logistic", folds[:3])
    first, second = evaluation.replicas[0], other.replicas[0]
    np.testing.assert_array_equal(first.encoder_.center_, second.encoder_.center_)
    np.testing.assert_array_equal(first.model_.coef_, second.model_.coef_)
    assert (first.intercept_, first.slope_) == (second.intercept_, second.slope_)


def test_inner_folds_that_cannot_hold_both_classes_are_refused_by_name(make_table):
    table = make_table(40)
    table.y[:] = 0
    table.y[:5] = 1
    folds = make_folds(table.y, folds=5)
    with pytest.raises(DataError, match=r"validation\.inner_folds"):
        cross_validate(table, "logistic", folds, inner_folds=5)


def test_prevalence_has_chance_figures_and_no_slope(study):
    table, folds = study
    evaluation = cross_validate(table, "prevalence", folds)
    assert evaluation.metrics["auc"].value == 0.5
    assert evaluation.metrics["balanced_accuracy"].value == 0.5
    assert np.isnan(evaluation.metrics["calibration_slope"].value)
    assert evaluation.features == "none"


def test_cohort_is_unchanged_by_evaluation(study):
    table, folds = study
    before = table.X.copy(deep=True)
    cross_validate(table, "xgboost", folds[:3])
    pd.testing.assert_frame_equal(table.X, before)
