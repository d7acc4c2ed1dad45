import numpy as np
import pytest
from scipy import stats
from scipy.special import expit, logit

from stratify.metrics import pool, pool_on_scale

VALUES = np.array([0.61, 0.66, 0.58, 0.64, 0.63])
VARIANCES = np.array([0.0030, 0.0026, 0.0034, 0.0031, 0.0029])


def test_variance_is_rubins_by_hand():
    # Mean 0.624; within 0.0030; between ((0.014² + 0.036² + 0.044² + 0.016² + 0.006²) / 4) 0.00093.
    pooled = pool(VALUES, VARIANCES)
    assert pooled.value == pytest.approx(0.624)
    assert pooled.total == pytest.approx(0.0030 + 1.2 * 0.00093)
    assert pooled.missing_information == pytest.approx(1.2 * 0.00093 / (0.0030 + 1.2 * 0.00093))


def test_with_many_patients_the_degrees_are_rubins():
    pooled = pool(VALUES, VARIANCES)
    r = 1.2 * pooled.between / pooled.within
    assert pooled.degrees == pytest.approx(4 * (1 + 1 / r) ** 2)
    half = stats.t.ppf(0.975, pooled.degrees) * pooled.total**0.5
    assert pooled.to_estimate().high == pytest.approx(0.624 + half)


def test_degrees_never_exceed_those_of_a_completion():
    for between in (1e-8, 1e-3, 1e-2, 1.0):
        spread = np.sqrt(between) * np.array([-1.0, 0.0, 1.0])
        assert pool(0.6 + spread, [0.003] * 3, degrees=4).degrees <= 4


def test_nothing_missing_is_the_single_figure():
    pooled = pool([0.62] * 6, [0.003] * 6, degrees=4)
    assert (pooled.degrees, pooled.missing_information) == (4, 0.0)
    assert pooled.total == pytest.approx(0.003)


def test_one_completion_has_its_own_test():
    pooled = pool([0.1], [0.0025], degrees=9)
    assert pooled.p_value == pytest.approx(stats.t.sf(2.0, 9))


def test_more_disagreement_makes_a_wider_interval():
    widths = []
    for spread in (0.0, 0.02, 0.05):
        values = 0.6 + spread * np.linspace(-1, 1, 8)
        estimate, _ = pool_on_scale(values, [0.003] * 8, scale="logit")
        widths.append(estimate.high - estimate.low)
    assert widths == sorted(widths)


def test_on_the_logit_scale_the_delta_method_gives_the_variance():
    estimate, _ = pool_on_scale([0.7, 0.7], [0.002, 0.002], scale="logit")
    half = 1.959964 * 0.002**0.5 / (0.7 * 0.3)
    assert estimate.low == pytest.approx(expit(logit(0.7) - half), abs=1e-6)


def test_perfect_separation_is_pooled_on_the_plain_scale_and_cut():
    estimate, _ = pool_on_scale([1.0, 0.9], [0.001, 0.001], scale="logit", bounds=(0.0, 1.0))
    assert (estimate.value, estimate.high) == (pytest.approx(0.95), 1.0)


def test_a_figure_that_a_completion_does_not_have_is_not_known():
    estimate, share = pool_on_scale([0.6, np.nan], [0.01, 0.01])
    assert np.isnan(estimate.value)
    assert share == 0.0


def test_intervals_cover_where_a_third_of_a_sample_is_imputed():
    # A mean of normal values, a third of them lost at random, imputed properly: as Rubin designed.
    rng, inside = np.random.default_rng(0), 0
    for _ in range(400):
        seen = rng.normal(size=40)
        values, variances = [], []
        for _ in range(10):
            spread = seen.std(ddof=1) * np.sqrt(39 / rng.chisquare(39))
            mean = seen.mean() + spread / np.sqrt(40) * rng.normal()
            whole = np.append(seen, mean + spread * rng.normal(size=20))
            values.append(whole.mean())
            variances.append(whole.var(ddof=1) / 60)
        estimate = pool(values, variances, degrees=59).to_estimate()
        inside += estimate.low <= 0 <= estimate.high
    assert 0.92 <= inside / 400 <= 0.98
