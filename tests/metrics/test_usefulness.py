import numpy as np
import pytest
from scipy.special import expit

from stratify.errors import DataError
from stratify.metrics import compute_decision_curve, compute_net_benefit, plot_decision_curve

# By hand: 20 patients, 8 responders. At 0.1: 8 and 9 called; at 0.3: 7 and 5; at 0.6: 4 and 1.
Y = np.array([1] * 8 + [0] * 12)
P = np.r_[
    [0.9, 0.8, 0.7, 0.6, 0.5, 0.4, 0.3, 0.1],
    [0.75, 0.5, 0.45, 0.35, 0.3, 0.2, 0.2, 0.15, 0.1, 0.05, 0.05, 0.02],
]


@pytest.fixture(scope="module")
def held_out():
    rng = np.random.default_rng(0)
    f = rng.normal(size=200)
    return (rng.random(200) < expit(f)).astype(int), np.round(expit(f), 2)


def test_net_benefit_is_what_hand_and_formula_say():
    by_hand = [8 / 20 - 9 / 20 / 9, 7 / 20 - 5 / 20 * 3 / 7, 4 / 20 - 1 / 20 * 1.5]
    assert compute_net_benefit(Y, P, [0.1, 0.3, 0.6]) == pytest.approx(by_hand, abs=1e-12)


def test_net_benefit_is_that_of_dcurves():
    # dcurves 1.1.7 on numpy 2.4.6: dca(data, "y", ["p"], thresholds=...), these 200 patients.
    rng = np.random.default_rng(0)
    f = rng.normal(size=200)
    y = (rng.random(200) < 1 / (1 + np.exp(-f))).astype(int)
    p = np.round(1 / (1 + np.exp(-f)), 2)
    curve = compute_decision_curve(y, p, [0.1, 0.25, 0.5, 0.6], seed=0, draws=10)
    assert curve["net_benefit"].tolist() == pytest.approx(
        [0.396111, 0.293333, 0.115000, 0.057500], abs=5e-7
    )
    assert curve["treat_all"].tolist() == pytest.approx(
        [0.394444, 0.273333, -0.090000, -0.362500], abs=5e-7
    )


def test_treating_whoever_responds_gains_every_responder(held_out):
    y, _ = held_out
    curve = compute_decision_curve(y, y.astype(float), [0.2, 0.7], seed=0, draws=30)
    assert curve["standardised"].tolist() == [1, 1]
    assert curve["net_benefit"].tolist() == pytest.approx([y.mean()] * 2)


def test_likelihoods_above_every_threshold_are_treating_all(held_out):
    y, _ = held_out
    curve = compute_decision_curve(y, np.full(200, 0.95), [0.2, 0.7], seed=0, draws=30)
    for end in ("", "_low", "_high"):
        np.testing.assert_allclose(curve[f"net_benefit{end}"], curve[f"treat_all{end}"])
    assert (curve["gain"] <= 0).all()


def test_treating_all_is_worth_nothing_at_the_share_of_responders(held_out):
    y, p = held_out
    assert compute_decision_curve(y, p, [y.mean()], seed=0, draws=5)["treat_all"][0] == (
        pytest.approx(0, abs=1e-12)
    )


def test_interval_of_net_benefit_is_the_normal_one(held_out):
    y, p = held_out
    curve = compute_decision_curve(y, p, [0.4], seed=1, draws=2000)
    parts = (p >= 0.4) * np.where(y == 1, 1, -0.4 / 0.6)
    half = 1.96 * parts.std(ddof=1) / np.sqrt(200)
    width = (curve["net_benefit_high"] - curve["net_benefit_low"])[0]
    assert width == pytest.approx(2 * half, rel=0.06)


def test_families_drawn_together_widen_the_interval(held_out):
    y, p = held_out
    order = np.argsort(y, kind="stable")
    families = np.empty(200, dtype=int)
    families[order] = np.arange(200) // 10

    def width(groups):
        curve = compute_decision_curve(y, p, [0.4], seed=1, groups=groups)
        return (curve["treat_all_high"] - curve["treat_all_low"])[0]

    assert width(families) > 2 * width(None)


def test_repeats_count_patients_once(held_out):
    y, p = held_out
    once = compute_decision_curve(y, p, [0.3, 0.5], seed=3, draws=50)
    thrice = compute_decision_curve(y, np.tile(p, (3, 1)), [0.3, 0.5], seed=3, draws=50)
    np.testing.assert_allclose(once.to_numpy(), thrice.to_numpy())


def test_figure_draws_the_tables_and_refuses_other_patients(held_out):
    y, p = held_out
    cuts = np.linspace(0.1, 0.8, 8)
    model = compute_decision_curve(y, p, cuts, seed=0, draws=20)
    other = compute_decision_curve(y, p[::-1], cuts, seed=0, draws=20)
    figure = plot_decision_curve({"both $x$": model, "other": other})
    above, below = figure.axes
    lines = {line.get_label(): line.get_ydata() for line in above.lines}
    np.testing.assert_array_equal(lines[r"both \$x\$"], model["net_benefit"])
    np.testing.assert_array_equal(lines["treat all"], model["treat_all"])
    assert {line.get_linestyle() for line in above.lines} == {":", "-", "--"}
    np.testing.assert_array_equal(below.lines[1].get_ydata(), other["gain"])
    fewer = compute_decision_curve(y[:90], p[:90], cuts, seed=0, draws=5)
    with pytest.raises(DataError, match="the same patients at the same thresholds"):
        plot_decision_curve({"one": model, "two": fewer})
    with pytest.raises(DataError, match="curves: none"):
        plot_decision_curve({})


def test_a_model_that_helps_nobody_is_drawn_too():
    y, p = np.repeat([0, 1], [56, 4]), np.full(60, 0.07)
    curve = compute_decision_curve(y, p, [0.2, 0.5], seed=0, draws=5)
    assert curve["net_benefit_high"].max() == 0
    low, high = plot_decision_curve({"flat": curve}).axes[0].get_ylim()
    assert low < 0 < high


def test_net_benefit_of_a_handful_of_sites_has_no_bounds():
    y, p = np.array([0, 1] * 60), np.linspace(0.1, 0.9, 120)
    few, enough = np.arange(120) // 40, np.arange(120) // 20
    curve = compute_decision_curve(y, p, [0.3, 0.5], seed=0, draws=50, groups=few)
    assert curve[["gain_low", "gain_high"]].isna().all(axis=None)
    assert curve["gain"].notna().all()
    assert plot_decision_curve({"model": curve}) is not None
    curve = compute_decision_curve(y, p, [0.3, 0.5], seed=0, draws=50, groups=enough)
    assert curve["gain_low"].notna().all()
