from functools import partial

import numpy as np
import pytest
from scipy import stats

from stratify.errors import DataError
from stratify.metrics import (
    compute_auc,
    compute_best_of,
    compute_bootstrap_interval,
    compute_out_of_bag_interval,
    compute_out_of_bag_variance,
    compute_weighted_auc,
    compute_weighted_mean,
)


@pytest.fixture
def held_out():
    rng = np.random.default_rng(0)
    y = (rng.random(120) < 0.4).astype(int)
    score = np.round(y * 0.7 + rng.normal(size=(3, 120)), 1)
    fold = np.array([rng.permutation(120) % 4 for _ in range(3)])
    return y, score, fold


def test_whole_weights_are_patients_repeated(held_out):
    y, score, _ = held_out
    weights = np.random.default_rng(1).integers(0, 3, (6, 120))
    expected = [
        np.mean([compute_auc(np.repeat(y, w), np.repeat(row, w)) for row in score]) for w in weights
    ]
    np.testing.assert_allclose(compute_weighted_auc(y, score, weights), expected)


def test_within_folds_is_the_mean_of_the_folds_own_aucs(held_out):
    y, score, fold = held_out
    expected = np.mean(
        [
            compute_auc(y[numbers == k], row[numbers == k])
            for row, numbers in zip(score, fold, strict=True)
            for k in range(4)
        ]
    )
    assert compute_weighted_auc(y, score, np.ones((1, 120)), fold)[0] == pytest.approx(expected)


def test_a_shift_of_one_fold_changes_the_pooled_auc_only(held_out):
    y, score, fold = held_out
    shifted, whole = score + 3.0 * (fold == 0), np.ones((1, 120))
    assert compute_weighted_auc(y, shifted, whole, fold) == pytest.approx(
        compute_weighted_auc(y, score, whole, fold)
    )
    assert compute_weighted_auc(y, shifted, whole) < compute_weighted_auc(y, score, whole)


def test_samples_of_one_class_have_no_auc(held_out):
    y, score, fold = held_out
    assert np.isnan(compute_weighted_auc(y, score, (y == 1)[None], fold)).all()
    assert np.isnan(compute_weighted_mean(score, np.zeros((1, 120)))).all()


def test_interval_is_a_third_wider_than_the_plain_one():
    # Out of bag 36.8 % are left: sampled without return, sqrt(1 / 0.368 - 1) = 1.31.
    errors = np.random.default_rng(2).normal(size=400)
    figure = partial(compute_weighted_mean, errors)
    interval = compute_out_of_bag_interval(figure, 400, seed=0, draws=4000)
    plain = 2 * 1.959964 * errors.std(ddof=1) / 20
    assert (interval.high - interval.low) / plain == pytest.approx(1.31, abs=0.04)
    assert interval.value == pytest.approx(errors.mean())


def test_one_model_is_its_own_best(held_out):
    y, score, fold = held_out
    figure = partial(compute_weighted_auc, y, score, fold=fold)
    alone = compute_out_of_bag_interval(figure, 120, seed=3)
    best = compute_best_of({"logistic": figure}, 120, seed=3)
    assert (best.corrected.low, best.corrected.high) == (alone.low, alone.high)
    assert best.apparent == alone.value
    assert best.chosen == {"logistic": 1.0}


def test_best_of_many_guessers_is_a_guesser():
    rng = np.random.default_rng(5)
    apparent, corrected, covered = [], [], 0
    for seed in range(60):
        y = np.repeat([0, 1], 40)
        figures = {str(k): partial(compute_weighted_auc, y, rng.normal(size=80)) for k in range(15)}
        best = compute_best_of(figures, 80, seed=seed, draws=200)
        apparent.append(best.apparent)
        corrected.append(best.corrected.value)
        covered += best.corrected.low <= 0.5 <= best.corrected.high
    assert np.mean(apparent) > 0.58
    assert np.mean(corrected) == pytest.approx(0.5, abs=0.02)
    assert covered >= 55


def test_a_model_that_is_better_is_chosen_and_hardly_corrected():
    rng = np.random.default_rng(6)
    y = np.repeat([0, 1], 150)
    figures = {"noise": partial(compute_weighted_auc, y, rng.normal(size=300))}
    figures["signal"] = partial(compute_weighted_auc, y, 1.5 * y + rng.normal(size=300))
    best = compute_best_of(figures, 300, seed=0)
    assert (best.name, best.chosen) == ("signal", {"noise": 0.0, "signal": 1.0})
    assert abs(best.optimism) < 0.01
    assert str(best).startswith("signal, best of 2: 0.8")


def test_least_is_best_where_the_figure_is_a_loss():
    errors = {"good": np.full(50, 0.1), "bad": np.full(50, 0.9)}
    figures = {name: partial(compute_weighted_mean, e) for name, e in errors.items()}
    assert compute_best_of(figures, 50, seed=0, greatest=False, draws=20).name == "good"
    assert compute_best_of(figures, 50, seed=0, draws=20).name == "bad"


@pytest.mark.parametrize("families", [None, np.arange(200) // 5])
def test_families_that_answer_alike_widen_both_intervals(families):
    x = np.repeat(np.random.default_rng(7).normal(size=40), 5)
    plain = compute_bootstrap_interval(
        lambda rows: float(x[rows].mean()), 200, seed=0, draws=800, groups=families
    )
    out = compute_out_of_bag_interval(
        partial(compute_weighted_mean, x), 200, seed=0, draws=800, groups=families
    )
    truth = x[::5].std() / np.sqrt(40) if families is not None else x.std() / np.sqrt(200)
    assert plain.high - plain.low == pytest.approx(2 * 1.96 * truth, rel=0.12)
    assert out.high - out.low == pytest.approx(1.31 * 2 * 1.96 * truth, rel=0.15)


def test_groups_are_left_out_whole():
    family = np.array([0, 0, 0, 1, 1, 2, 2, 2, 3, 4])
    seen = []
    compute_out_of_bag_interval(
        lambda w: seen.append(w) or np.ones(len(w)), 10, seed=0, draws=50, groups=family
    )
    out = seen[-1]
    assert out.shape == (50, 10)
    for label in range(5):
        assert (out[:, family == label] == out[:, family == label][:, :1]).all()


def test_interval_of_hardly_any_figure_is_not_known():
    y = np.array([0] * 30 + [1])
    figure = partial(compute_weighted_auc, y, np.arange(31.0))
    interval = compute_out_of_bag_interval(figure, 31, seed=0)
    assert interval.value == 1
    assert np.isnan([interval.low, interval.high]).all()
    best = compute_best_of({"a": figure}, 31, seed=0)
    assert np.isnan(best.corrected.low)


def test_no_model_is_refused():
    with pytest.raises(DataError, match="figures: no model; one or more"):
        compute_best_of({}, 10, seed=0)


def test_interval_covers_for_one_model_of_independent_patients():
    rng = np.random.default_rng(8)
    truth, y, inside = stats.norm.cdf(0.5 / np.sqrt(2)), np.repeat([0, 1], 40), 0
    for seed in range(100):
        figure = partial(compute_weighted_auc, y, 0.5 * y + rng.normal(size=80))
        interval = compute_out_of_bag_interval(figure, 80, seed=seed, draws=200)
        inside += interval.low <= truth <= interval.high
    assert inside >= 95


@pytest.mark.parametrize("groups", [3, 5])
def test_interval_of_a_handful_of_sites_covers_or_is_not_given(groups):
    """Each site has a level of its own, and the truth is the mean of all sites there are."""
    members = np.repeat(np.arange(groups), 10)
    covered = []
    for seed in range(100):
        rng = np.random.default_rng(seed)
        values = rng.normal(0, 1, groups)[members] + rng.normal(0, 0.3, len(members))
        found = compute_out_of_bag_interval(
            partial(compute_weighted_mean, values),
            len(values),
            seed=seed,
            draws=200,
            groups=members,
        )
        covered.append(np.isnan(found.low) or found.low <= 0 <= found.high)
    assert np.mean(covered) >= 0.88


def test_few_groups_have_figures_and_no_bounds():
    few, figure = np.arange(40) // 10, partial(compute_weighted_mean, np.arange(40.0))
    assert str(compute_out_of_bag_interval(figure, 40, seed=0, groups=few)).endswith("not known)")
    assert np.isnan(compute_out_of_bag_variance(figure, 40, seed=0, groups=few)[1])
    best = compute_best_of({"one": figure}, 40, seed=0, groups=few).corrected
    assert np.isfinite(best.value)
    assert np.isnan(best.low)
    assert np.isnan(
        compute_bootstrap_interval(lambda rows: float(rows.mean()), 40, seed=0, groups=few).low
    )
