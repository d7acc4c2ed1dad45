import json

import numpy as np
import pytest
from scipy import stats

from stratify.metrics import (
    Estimate,
    compute_bootstrap_interval,
    compute_corrected_interval,
    compute_corrected_p_value,
)


def test_corrected_interval_is_nadeau_and_bengios():
    values = np.array([0.6, 0.7, 0.65, 0.55, 0.75])
    # By hand: variance 0.00625, factor 1/5 + (1/5)/(4/5) = 0.45, t with 4 degrees 2.776445.
    half = 2.776445 * np.sqrt(0.45 * 0.00625)
    interval = compute_corrected_interval(values, test_share=0.2, folds=5)
    assert interval.value == pytest.approx(0.65)
    assert interval.low == pytest.approx(0.65 - half, abs=1e-6)
    assert interval.high == pytest.approx(0.65 + half, abs=1e-6)


def test_repeating_the_same_folds_does_not_narrow_much():
    values = np.array([0.6, 0.7, 0.65, 0.55, 0.75])
    once = compute_corrected_interval(values, test_share=0.2, folds=5)
    often = compute_corrected_interval(np.tile(values, 100), test_share=0.2, folds=5)
    plain = stats.sem(np.tile(values, 100)) * 1.96
    assert often.high - often.value > 0.6 * (once.high - once.value)
    assert often.high - often.value > 5 * plain


def test_missing_folds_are_left_out():
    values = np.array([0.6, np.nan, 0.7])
    assert compute_corrected_interval(values, test_share=0.2, folds=3).value == pytest.approx(0.65)


def test_p_value_is_the_tail_of_the_corrected_t():
    values = np.array([0.01, 0.03, 0.02, 0.04])
    t = values.mean() / np.sqrt((0.25 + 0.25 / 0.75) * values.var(ddof=1))
    p = compute_corrected_p_value(values, test_share=0.25)
    assert p == pytest.approx(stats.t.sf(t, 3))
    assert compute_corrected_p_value(-values, test_share=0.25) == pytest.approx(1 - p)


def test_equal_folds_prove_nothing():
    assert compute_corrected_p_value(np.zeros(10), test_share=0.2) == 1.0


def test_bootstrap_interval_of_a_mean_is_near_the_normal_one():
    x = np.random.default_rng(0).normal(size=400)
    interval = compute_bootstrap_interval(lambda rows: float(x[rows].mean()), 400, seed=1)
    assert interval.high - interval.low == pytest.approx(2 * 1.96 * x.std() / 20, rel=0.15)
    assert interval.low < x.mean() < interval.high


def test_equal_seeds_give_equal_intervals():
    def mean(rows):
        return float(rows.mean())

    first, second = (compute_bootstrap_interval(mean, 50, seed=4, draws=50) for _ in range(2))
    assert first == second


def test_estimate_names_its_bounds_as_json_and_mlflow_do():
    assert json.dumps(Estimate(0.6, 0.5, 0.7).to_dict("auc")) == (
        '{"auc": 0.6, "auc_low": 0.5, "auc_high": 0.7}'
    )


def test_interval_stays_where_the_figure_can_lie():
    values = np.array([0.9, 1.0, 0.7])
    interval = compute_corrected_interval(values, test_share=1 / 3, folds=3, bounds=(0, 1))
    assert interval.high == 1
    assert interval.low < 0.7
