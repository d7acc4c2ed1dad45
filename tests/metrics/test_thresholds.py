import numpy as np
import pytest
from scipy.special import expit
from sklearn.metrics import confusion_matrix

from stratify.errors import DataError
from stratify.metrics import compute_at_thresholds, compute_brier, compute_brier_skill
from stratify.metrics.thresholds import plot_at_thresholds


@pytest.fixture
def held_out():
    rng = np.random.default_rng(0)
    f = rng.normal(size=300)
    return (rng.random(300) < expit(f)).astype(int), np.round(expit(f), 2)


def test_shares_agree_with_the_confusion_matrix(held_out):
    y, p = held_out
    table = compute_at_thresholds(y, p, [0.3, 0.5, 0.61]).set_index("threshold")
    for threshold, row in table.iterrows():
        tn, fp, fn, tp = confusion_matrix(y, p >= threshold).ravel()
        assert row[["sensitivity", "specificity", "ppv", "npv"]].tolist() == pytest.approx(
            [tp / (tp + fn), tn / (tn + fp), tp / (tp + fp), tn / (tn + fn)]
        )
        assert row["called"] == tp + fp


def test_intervals_are_wilsons():
    # 81 of 263 gives 0.2553 to 0.3662: Newcombe 1998, Statistics in Medicine 17, 857-872, table I.
    y = np.r_[np.ones(263), np.zeros(10)].astype(int)
    p = np.r_[np.ones(81), np.zeros(182), np.zeros(10)]
    row = compute_at_thresholds(y, p, [0.5]).iloc[0]
    assert (row["sensitivity_low"], row["sensitivity_high"]) == pytest.approx(
        (0.2553, 0.3662), abs=5e-5
    )


def test_repeats_count_patients_once(held_out):
    y, p = held_out
    once = compute_at_thresholds(y, p, [0.4])
    thrice = compute_at_thresholds(y, np.tile(p, (3, 1)), [0.4])
    np.testing.assert_allclose(once.to_numpy(), thrice.to_numpy())


def test_nobody_called_has_no_predictive_value(held_out):
    y, p = held_out
    row = compute_at_thresholds(y, p, [0.999]).iloc[0]
    assert row["called"] == 0
    assert np.isnan(row[["ppv", "ppv_low", "ppv_high"]].astype(float)).all()
    assert row["npv"] == pytest.approx(1 - y.mean())


def test_thresholds_are_likelihoods(held_out):
    y, p = held_out
    for wrong in ([], [0.0], [50]):
        with pytest.raises(DataError, match="likelihoods above 0 and below 1"):
            compute_at_thresholds(y, p, wrong)
    with pytest.raises(DataError, match="Pass likelihoods, not log-odds"):
        compute_at_thresholds(y, 3 * p, [0.5])


def test_skill_of_the_training_prevalence_is_nothing(held_out):
    y, _ = held_out
    assert compute_brier_skill(y, np.full(300, 0.4), 0.4).value == 0
    assert compute_brier_skill(y, y.astype(float), 0.4).value == 1


def test_skill_is_one_minus_the_ratio_of_brier_scores(held_out):
    y, p = held_out
    base = np.where(np.arange(300) < 150, 0.4, 0.45)
    skill = compute_brier_skill(y, p, base)
    assert skill.value == pytest.approx(1 - compute_brier(y, p) / compute_brier(y, base))
    both = compute_brier_skill(y, np.stack([p, p]), np.stack([base, base]))
    assert (both.low, both.high) == pytest.approx((skill.low, skill.high))


def test_interval_of_the_skill_is_the_bootstraps(held_out):
    y, p = held_out
    rng = np.random.default_rng(1)
    drawn = [
        1 - compute_brier(y[rows], p[rows]) / compute_brier(y[rows], np.full(300, 0.4))
        for rows in rng.integers(0, 300, (3000, 300))
    ]
    skill = compute_brier_skill(y, p, 0.4)
    assert skill.high - skill.low == pytest.approx(
        np.ptp(np.quantile(drawn, [0.025, 0.975])), rel=0.06
    )


def test_figure_draws_the_table(held_out):
    y, p = held_out
    table = compute_at_thresholds(y, p, np.linspace(0.1, 0.9, 9))
    figure = plot_at_thresholds(table, title="at thresholds")
    drawn = {line.get_label(): line.get_ydata() for axes in figure.axes for line in axes.lines}
    for label, column in (("sensitivity", "sensitivity"), ("PPV", "ppv")):
        np.testing.assert_array_equal(drawn[label], table[column])


def test_balanced_accuracy_is_the_mean_of_two_shares_and_so_is_its_interval(held_out):
    y, p = held_out
    row = compute_at_thresholds(y, p, [0.5]).iloc[0]
    assert row["balanced_accuracy"] == pytest.approx((row["sensitivity"] + row["specificity"]) / 2)
    below = [row[name] - row[f"{name}_low"] for name in ("sensitivity", "specificity")]
    assert row["balanced_accuracy"] - row["balanced_accuracy_low"] == pytest.approx(
        np.hypot(*below) / 2
    )
