"""Metrics of out-of-fold predictions: what each is taken of, and how wide its interval is."""

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import average_precision_score, brier_score_loss, log_loss, roc_auc_score

from stratify.evaluation import HeldOut, compute_by_fold, compute_estimates
from stratify.folds import make_folds
from stratify.metrics import BASES, METRICS


def make_predictions(n=120, folds=4, repeats=3, *, signal=1.0, shift=0.0, seed=0):
    """Predictions whose folds differ in level by ``shift``."""
    rng = np.random.default_rng(seed)
    y = np.arange(n) % 2
    score = signal * y + rng.normal(size=n)
    rows = []
    for fold in make_folds(y, folds=folds, repeats=repeats, seed=seed):
        f = score[fold.test] - signal / 2 + shift * fold.number
        rows.append(
            pd.DataFrame(
                {
                    "patient": [f"P{k:03d}" for k in fold.test],
                    "repeat": fold.repeat,
                    "fold": fold.number,
                    "y": y[fold.test],
                    "probability": 1 / (1 + np.exp(-f)),
                    "log_odds": f,
                    "base_rate": y[fold.train].mean(),
                }
            )
        )
    return pd.concat(rows, ignore_index=True)


def alone(predictions):
    return {patient: patient for patient in predictions["patient"]}


def test_every_metric_says_of_what_it_is_taken():
    assert set(BASES) == set(METRICS)


def test_auc_is_the_mean_of_the_folds_however_much_their_levels_differ():
    level, apart = (make_predictions(shift=shift) for shift in (0.0, 5.0))
    for predictions in (level, apart):
        auc = compute_estimates(predictions, alone(predictions))["auc"]
        assert auc.value == pytest.approx(compute_by_fold(predictions)["auc"].mean())
    pooled = roc_auc_score(apart["y"], apart["log_odds"])
    assert pooled < compute_estimates(apart, alone(apart))["auc"].value - 0.1


def test_the_others_are_those_of_patients_averaged_over_repeats():
    predictions = make_predictions(shift=0.5)
    estimates = compute_estimates(predictions, alone(predictions))
    repeats = [part for _, part in predictions.groupby("repeat")]
    for name, figure, column in (
        ("average_precision", average_precision_score, "probability"),
        ("brier", brier_score_loss, "probability"),
        ("log_loss", log_loss, "probability"),
    ):
        expected = np.mean([figure(part["y"], part[column]) for part in repeats])
        assert estimates[name].value == pytest.approx(expected), name
    reference = ((predictions["y"] - predictions["base_rate"]) ** 2).mean()
    assert estimates["brier_skill"].value == pytest.approx(1 - estimates["brier"].value / reference)


def test_interval_is_a_third_wider_than_that_of_patients_alone():
    predictions = make_predictions(400, signal=0.5)
    estimate = compute_estimates(predictions, alone(predictions))["brier"]
    held_out = HeldOut.of(predictions)
    parts = ((held_out.y - held_out.probability) ** 2).mean(axis=0)
    plain = 1.96 * parts.std() / np.sqrt(len(parts))
    assert (estimate.high - estimate.low) / 2 == pytest.approx(1.31 * plain, rel=0.1)


def test_patients_who_belong_together_widen_the_interval():
    rows = make_predictions(60, signal=0.5, repeats=1)
    # Each patient's row five times: as many rows as 300 patients, and what 60 can tell.
    copies = pd.concat(
        [rows.assign(patient=rows["patient"] + f"_{k}") for k in range(5)], ignore_index=True
    )
    belongs = {name: name.partition("_")[0] for name in copies["patient"]}
    widths = [
        np.subtract(*(getattr(compute_estimates(copies, groups)["brier"], end) for end in ends))
        for groups, ends in ((alone(copies), ("high", "low")), (belongs, ("high", "low")))
    ]
    assert widths[1] == pytest.approx(widths[0] * np.sqrt(5), rel=0.15)


def test_fold_of_one_class_leaves_the_others_their_auc():
    predictions = make_predictions(repeats=1)
    predictions.loc[predictions["fold"] == 0, "y"] = 1
    auc = compute_estimates(predictions, alone(predictions))["auc"]
    by_fold = compute_by_fold(predictions)
    assert by_fold["auc"].isna().sum() == 1
    assert auc.value == pytest.approx(by_fold["auc"].mean())
    assert auc.low < auc.value < auc.high


def test_order_of_rows_changes_nothing():
    predictions = make_predictions()
    turned = predictions.sample(frac=1, random_state=1)
    assert compute_estimates(turned, alone(turned)) == compute_estimates(
        predictions, alone(predictions)
    )
