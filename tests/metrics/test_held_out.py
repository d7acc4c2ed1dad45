import numpy as np
import pytest
from scipy.special import expit

from stratify.metrics import (
    compute_auc,
    compute_balanced_accuracy,
    compute_brier,
    compute_calibration,
    compute_held_out_estimates,
    compute_log_loss,
)
from stratify.metrics.held_out import FIGURES


@pytest.fixture
def held_out():
    rng = np.random.default_rng(0)
    f = rng.normal(size=300)
    return (rng.random(300) < expit(0.3 + 0.7 * f)).astype(int), f


def one_by_one(y, f, rate):
    p = expit(f)
    return [
        compute_auc(y, f),
        compute_balanced_accuracy(y, p, rate),
        compute_brier(y, p),
        compute_log_loss(y, f),
        *compute_calibration(y, f),
    ]


def test_values_are_those_of_the_single_figures(held_out):
    y, f = held_out
    estimates = compute_held_out_estimates(y, f, 0.45)
    assert tuple(estimates) == FIGURES
    assert [e.value for e in estimates.values()] == pytest.approx(one_by_one(y, f, 0.45))


def test_values_of_repeats_are_means_over_them(held_out):
    y, f = held_out
    other = f[::-1]
    both = compute_held_out_estimates(y, np.stack([f, other]), np.array([[0.45], [0.5]]))
    expected = np.mean([one_by_one(y, f, 0.45), one_by_one(y, other, 0.5)], axis=0)
    assert [e.value for e in both.values()] == pytest.approx(expected)


def test_repeating_the_same_likelihoods_adds_no_certainty(held_out):
    y, f = held_out
    once = compute_held_out_estimates(y, f, 0.45)
    often = compute_held_out_estimates(y, np.tile(f, (4, 1)), 0.45)
    for name in FIGURES:
        assert (often[name].low, often[name].high) == pytest.approx(
            (once[name].low, once[name].high)
        )


def test_intervals_are_as_wide_as_the_bootstraps(held_out):
    y, f = held_out
    rng = np.random.default_rng(1)
    drawn = np.array(
        [one_by_one(y[rows], f[rows], 0.45) for rows in rng.integers(0, 300, (1500, 300))]
    )
    widths = np.ptp(np.quantile(drawn, [0.025, 0.975], axis=0), axis=0)
    estimates = compute_held_out_estimates(y, f, 0.45)
    for name, width in zip(FIGURES, widths, strict=True):
        assert estimates[name].high - estimates[name].low == pytest.approx(width, rel=0.1), name


def test_one_class_has_brier_score_and_log_loss_only():
    estimates = compute_held_out_estimates(np.ones(30), np.linspace(-1, 1, 30), 0.5)
    told = {name for name, e in estimates.items() if np.isfinite(e.value)}
    assert told == {"brier", "log_loss"}


def test_equal_likelihoods_have_no_slope_and_rank_at_chance():
    estimates = compute_held_out_estimates(np.arange(40) % 2, np.zeros(40), 0.5)
    assert np.isnan(estimates["calibration_slope"].value)
    auc = estimates["auc"]
    assert (auc.value, auc.low, auc.high) == (0.5, 0.5, 0.5)
