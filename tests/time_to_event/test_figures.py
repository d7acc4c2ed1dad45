"""Concordance, Brier score and calibration with censoring: known answers and simulated truth."""

import numpy as np
import pytest

from stratify.metrics import compute_auc
from stratify.time_to_event import (
    compute_auc_at,
    compute_brier_parts,
    compute_censoring_curve,
    compute_harrell_c,
    compute_horizon_calibration,
    compute_kaplan_meier,
    compute_uno_c,
    weigh_for_horizon,
)
from stratify.time_to_event.concordance import compute_weighted_concordance, weigh_pairs


def make(n, *, seed=0, censored=True, effect=1.0):
    rng = np.random.default_rng(seed)
    score = rng.normal(size=n)
    time = rng.exponential(np.exp(-effect * score))
    # Those with a low score are lost sooner where there is censoring, as happens.
    lost = rng.exponential(1.0, n) if censored else np.full(n, np.inf)
    return score, np.minimum(time, lost), (time <= lost).astype(int), time


# Concordance --------------------------------------------------------------------------------------


def test_harrells_c_is_that_of_the_hand_with_censoring_and_ties():
    time = np.array([2.0, 3, 3, 5, 6])
    event = np.array([1, 1, 0, 0, 1])
    risk = np.array([0.9, 0.4, 0.4, 0.7, 0.1])
    # The first is before the other four, and has the highest risk: 4 of 4.
    # The second is before the one lost at the same time (equal risk: half), before the one lost at
    # 5 (wrong) and the one at 6 (right): 1.5 of 3. The last has nobody after. 5.5 of 7.
    assert compute_harrell_c(time, event, risk) == pytest.approx(5.5 / 7)


def test_two_events_at_one_time_are_no_pair():
    one = np.ones(2)
    assert np.isnan(compute_harrell_c(one, one, np.array([1.0, 2.0])))


def test_without_censoring_all_three_are_what_they_are_without_it():
    score, time, event, _ = make(200, censored=False)
    risk = score + np.random.default_rng(1).normal(size=200)
    assert compute_uno_c(time, event, risk) == pytest.approx(compute_harrell_c(time, event, risk))
    horizon = float(np.median(time))
    by_then = (time <= horizon).astype(int)
    at = compute_auc_at(time, event, risk, horizon=horizon)
    assert at == pytest.approx(compute_auc(by_then, risk))


def test_unos_c_is_that_of_the_hand_with_its_weights():
    time, event = np.array([1.0, 2, 3, 4]), np.array([1, 0, 1, 0])
    risk = np.array([2.0, 1, 0, 3])
    # Still followed: all before 2, two thirds from there on; so the event at 3 counts (3/2)^2.
    # The first: right against the second and third, wrong against the last: 2 of 3, times 1.
    # The third: wrong against the last: 0 of 1, times 9/4.
    assert compute_uno_c(time, event, risk) == pytest.approx(2 / (3 + 9 / 4))
    assert compute_uno_c(time, event, risk, horizon=2.5) == pytest.approx(2 / 3)


def test_unos_c_tells_the_same_however_many_are_censored_where_harrells_drifts():
    score, _, _, time = make(3000, censored=False, effect=0.8)
    # Hazards cross: risk matters early alone, so that what is not seen late matters.
    late = time > 0.5
    time = np.where(late, 0.5 + np.random.default_rng(2).exponential(1.0, 3000), time)
    lost = np.random.default_rng(3).exponential(0.7, 3000)
    seen, event = np.minimum(time, lost), (time <= lost).astype(int)
    horizon = 1.5
    truth = compute_uno_c(time, np.ones(3000), score, horizon=horizon)
    assert compute_uno_c(seen, event, score, horizon=horizon) == pytest.approx(truth, abs=0.02)
    assert compute_harrell_c(seen, event, score) > truth + 0.02


def test_risks_turned_round_give_one_less_the_concordance():
    score, time, event, _ = make(80)
    for figure in (
        compute_harrell_c,
        compute_uno_c,
        lambda t, e, r: compute_auc_at(t, e, r, horizon=0.5),
    ):
        assert figure(time, event, -score) == pytest.approx(1 - figure(time, event, score))


def test_a_patient_counted_twice_is_two_patients():
    score, time, event, _ = make(30)
    weight = weigh_pairs("harrell", time, event)
    counts = np.ones((1, 30))
    counts[0, :5] = 2
    in_order, every = compute_weighted_concordance(weight, score, counts)
    rows = np.concatenate([np.arange(30), np.arange(5)])
    # A patient and their own double are no pair: neither was sooner.
    expected = compute_harrell_c(time[rows], event[rows], score[rows])
    assert in_order[0] / every[0] == pytest.approx(expected)


# Curves -------------------------------------------------------------------------------------------


def test_the_kaplan_meier_curve_and_its_bounds_are_those_of_a_textbook():
    # Remission of leukaemia under 6-mercaptopurine: Freireich et al. 1963, as in Kalbfleisch and
    # Prentice 2002: 0.857 at 6, 0.807 at 7, 0.753 at 10, 0.690 at 13, 0.627 at 16, 0.538 at 22.
    time = np.array(
        [6, 6, 6, 6, 7, 9, 10, 10, 11, 13, 16, 17, 19, 20, 22, 23, 25, 32, 32, 34, 35.0]
    )
    event = np.array([1, 1, 1, 0, 1, 0, 1, 0, 0, 1, 1, 0, 0, 0, 1, 1, 0, 0, 0, 0, 0])
    curve = compute_kaplan_meier(time, event)
    told = curve.at(np.array([6, 7, 10, 13, 16, 22, 23.0]))
    np.testing.assert_allclose(told, [0.857, 0.807, 0.753, 0.690, 0.627, 0.538, 0.448], atol=6e-4)
    at_10 = curve.estimate_at(10.0)
    # R 4.2.2, survival 3.5-3: survfit(conf.type = "log-log") at 10.
    assert (at_10.low, at_10.high) == pytest.approx((0.503, 0.889), abs=6e-4)


def test_at_the_time_of_an_event_those_censored_were_at_risk_and_not_the_other_way_round():
    time, event = np.array([1.0, 1, 2]), np.array([1, 0, 0])
    assert compute_kaplan_meier(time, event).at(1.0) == pytest.approx(2 / 3)
    assert compute_censoring_curve(time, event).at(1.0) == pytest.approx(1 / 2)


# Likelihoods --------------------------------------------------------------------------------------


def test_weights_stand_for_everybody_and_only_the_censored_have_none():
    _, time, event, _ = make(300)
    horizon = 0.8
    weight = weigh_for_horizon(time, event, horizon=horizon)
    assert weight.sum() == pytest.approx(300)
    lost = (event == 0) & (time < horizon)
    assert (weight[lost] == 0).all()
    assert (weight[~lost] >= 1).all()


def test_whoever_is_followed_to_the_horizon_exactly_is_free_of_the_event_then():
    time, event = np.array([10.0, 180, 180]), np.array([1, 0, 1])
    parts = compute_brier_parts(time, event, np.array([0.5, 0.1, 0.5]), horizon=180)
    assert parts == pytest.approx([0.25, 0.01, 0.25])


def test_true_likelihoods_have_the_lowest_brier_score_and_a_slope_of_one():
    score, time, event, _ = make(6000, seed=4)
    horizon = 0.6
    true = 1 - np.exp(-horizon * np.exp(score))
    best = compute_brier_parts(time, event, true, horizon=horizon).mean()
    for other in (true**2, np.sqrt(true), np.full(6000, true.mean())):
        assert compute_brier_parts(time, event, other, horizon=horizon).mean() > best
    found = compute_horizon_calibration(time, event, true, horizon=horizon)
    assert found.slope.low < 1 < found.slope.high
    assert found.observed_over_expected.low < 1 < found.observed_over_expected.high
    groups = found.groups
    assert groups["patients"].sum() == 6000
    np.testing.assert_allclose(groups["observed"], groups["predicted"], atol=0.05)


def test_the_brier_score_with_censoring_is_that_without():
    score, time, event, known = make(6000, seed=5)
    horizon = 0.6
    told = 1 - np.exp(-horizon * np.exp(0.5 * score))
    whole = np.mean(((known <= horizon) - told) ** 2)
    censored = compute_brier_parts(time, event, told, horizon=horizon).mean()
    assert censored == pytest.approx(whole, abs=0.01)


def test_likelihoods_that_are_too_extreme_have_a_slope_below_one():
    score, time, event, _ = make(3000, seed=6)
    found = compute_horizon_calibration(
        time, event, 1 - np.exp(-0.6 * np.exp(2 * score)), horizon=0.6
    )
    assert found.slope.value == pytest.approx(0.5, abs=0.08)


def test_everybody_given_the_same_likelihood_has_no_slope():
    _, time, event, _ = make(60)
    found = compute_horizon_calibration(time, event, np.full(60, 0.4), horizon=0.6)
    assert np.isnan(found.slope.value)


def test_the_interval_of_the_slope_is_that_of_statsmodels():
    duration = pytest.importorskip("statsmodels.duration.hazard_regression")
    score, time, event, _ = make(300, seed=7)
    told = 1 - np.exp(-0.6 * np.exp(score))
    found = compute_horizon_calibration(time, event, told, horizon=9.0)
    theirs = duration.PHReg(
        np.minimum(time, 9.0), np.log(-np.log1p(-told))[:, None], status=event, ties="efron"
    ).fit()
    assert found.slope.value == pytest.approx(theirs.params[0], abs=1e-5)
    assert [found.slope.low, found.slope.high] == pytest.approx(theirs.conf_int()[0], abs=1e-3)
