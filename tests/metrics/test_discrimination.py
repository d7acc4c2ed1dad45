import numpy as np
import pytest
from scipy import stats
from sklearn.metrics import average_precision_score

from stratify.errors import DataError
from stratify.metrics import (
    compute_auc,
    compute_auc_difference,
    compute_auc_interval,
    compute_average_precision,
)
from stratify.metrics.discrimination import compute_placements

# Computed by pROC 1.18.0 in R 4.2.2: ci.auc, var and roc.test, all method "delong".
Y = np.array([0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 1, 1, 1, 1, 0, 1, 0])
FIRST = np.array([1, 3, 4, 2, 5, 2.5, 3, 1, 5, 3, 7, 8, 4, 6, 2, 9, 5, 6, 7, 4])
SECOND = np.array([2, 1, 4, 5, 5, 3, 2, 1, 4, 4, 5, 9, 6, 5, 3, 7, 3, 2, 6, 6.0])


def by_all_pairs(y, score):
    """DeLong by its definition: every responder against every non-responder."""
    x, z = score[y == 1], score[y == 0]
    wins = (x[:, None] > z) + 0.5 * (x[:, None] == z)
    return wins.mean(), wins.mean(axis=1), wins.mean(axis=0)


@pytest.fixture
def held_out():
    rng = np.random.default_rng(3)
    y = (rng.random(150) < 0.4).astype(int)
    return y, np.round(y + rng.normal(size=150), 1), np.round(0.5 * y + rng.normal(size=150), 1)


def test_interval_is_procs():
    auc = compute_auc_interval(Y, FIRST, scale="plain")
    assert auc.value == pytest.approx(0.81, abs=1e-12)
    assert auc.low == pytest.approx(0.61696593419623302, abs=1e-9)
    assert auc.high == 1.0


def test_difference_of_paired_aucs_is_procs():
    difference = compute_auc_difference(Y, FIRST, SECOND)
    assert difference.low == pytest.approx(-0.19932533143767861, abs=1e-9)
    assert difference.high == pytest.approx(0.23932533143767842, abs=1e-9)


def test_ranks_give_what_all_pairs_give(held_out):
    y, first, second = held_out
    auc, of_responders, of_others = by_all_pairs(y, first)
    fast = compute_placements(y, first)
    assert fast.auc == pytest.approx(auc, abs=1e-12)
    assert fast.auc == pytest.approx(compute_auc(y, first), abs=1e-12)
    np.testing.assert_allclose(fast.of_patients[y == 1], of_responders, atol=1e-12)
    np.testing.assert_allclose(fast.of_patients[y == 0], of_others, atol=1e-12)
    _, a, b = by_all_pairs(y, second)
    se = np.sqrt(
        (of_responders - a).var(ddof=1) / y.sum() + (of_others - b).var(ddof=1) / (1 - y).sum()
    )
    difference = compute_auc_difference(y, first, second)
    assert difference.high - difference.value == pytest.approx(stats.norm.ppf(0.975) * se)


def test_interval_is_symmetric_in_the_logit():
    auc = compute_auc_interval(Y, FIRST)
    # By hand: pROC gives a variance of 0.0097, and 1.959964 * 0.0984886 / (0.81 * 0.19) = 1.254280.
    middle = np.log(0.81 / 0.19)
    assert auc.low == pytest.approx(1 / (1 + np.exp(1.254280 - middle)), abs=1e-6)
    assert auc.high == pytest.approx(1 / (1 + np.exp(-1.254280 - middle)), abs=1e-6)


@pytest.mark.parametrize("sizes", [(40, 40), (15, 5)])
def test_interval_covers_for_fresh_patients(sizes):
    rng = np.random.default_rng(5)
    truth = stats.norm.cdf(1 / np.sqrt(2))
    y = np.repeat([0, 1], sizes)
    inside = 0
    for _ in range(500):
        auc = compute_auc_interval(y, y + rng.normal(size=len(y)))
        inside += auc.low <= truth <= auc.high
    # At 95 % the share of 500 studies has a standard error of one point.
    assert 0.92 <= inside / 500 <= 0.98


def test_repeating_the_same_scores_adds_no_certainty(held_out):
    y, first, second = held_out
    once, often = compute_auc_interval(y, first), compute_auc_interval(y, np.tile(first, (5, 1)))
    assert (often.low, often.high) == pytest.approx((once.low, once.high))
    both = compute_auc_interval(y, np.stack([first, second]))
    assert both.value == pytest.approx((compute_auc(y, first) + compute_auc(y, second)) / 2)


def test_reversed_scores_reverse_the_interval(held_out):
    y, first, _ = held_out
    forth, back = compute_auc_interval(y, first), compute_auc_interval(y, -first)
    assert (back.low, back.high) == pytest.approx((1 - forth.high, 1 - forth.low))
    difference = compute_auc_difference(y, -first, first)
    assert difference.value == pytest.approx(1 - 2 * forth.value)


def test_perfect_separation_is_not_called_certain():
    auc = compute_auc_interval(np.array([0, 0, 1, 1]), np.arange(4.0))
    assert auc.value == 1
    assert np.isnan([auc.low, auc.high]).all()
    assert "not known" in str(auc)


def test_one_patient_of_a_class_gives_no_interval():
    assert np.isnan(compute_auc_interval(np.array([0, 0, 1]), np.array([1, 3, 2.0])).low)
    assert np.isnan(compute_auc_interval(np.zeros(3), np.arange(3.0)).value)


def test_average_precision_agrees_with_scikit_learn(held_out):
    y, first, second = held_out
    for score in (first, second):
        ours = compute_average_precision(y, score)
        assert ours.value == pytest.approx(average_precision_score(y, score), abs=1e-12)
        assert ours.low < ours.value < ours.high
    mean = compute_average_precision(y, np.stack([first, second])).value
    assert mean == pytest.approx(
        np.mean([average_precision_score(y, score) for score in (first, second)])
    )


def test_average_precision_of_equal_scores_is_the_share_of_responders():
    y = np.array([0, 0, 0, 1])
    assert compute_average_precision(y, np.zeros(4)).value == 0.25
    assert np.isnan(compute_average_precision(np.zeros(4), np.zeros(4)).value)
    assert np.isnan(compute_average_precision(y, y.astype(float)).low)


def test_scores_are_unchanged_by_being_judged(held_out):
    y, first, _ = held_out
    before = y.copy(), first.copy()
    compute_auc_interval(y, first)
    compute_average_precision(y, first)
    np.testing.assert_array_equal(before[0], y)
    np.testing.assert_array_equal(before[1], first)


def test_what_cannot_be_judged_is_refused_by_name():
    with pytest.raises(DataError, match=r"y: values \[0, 2\]; one 0 \(non-responder\)"):
        compute_auc_interval(np.array([0, 2]), np.array([1.0, 2.0]))
    with pytest.raises(DataError, match=r"score: shape \(3,\); \(2,\) or \(n_repeats, 2\)"):
        compute_auc_interval(np.array([0, 1]), np.array([1.0, 2.0, 3.0]))
    with pytest.raises(DataError, match="score: none for 1 patient"):
        compute_auc_interval(np.array([0, 1]), np.array([np.nan, 2.0]))
