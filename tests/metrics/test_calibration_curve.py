import numpy as np
import pandas as pd
import pytest
from scipy.special import expit
from scipy.stats import norm
from sklearn.linear_model import LogisticRegression

from stratify.metrics import compute_calibration, compute_calibration_curve
from stratify.metrics.calibration import DISTANCES, make_spline, plot_calibration_curve


@pytest.fixture(scope="module")
def curved():
    """200 patients whose outcomes bend away from their likelihoods; nothing is drawn at random."""
    k = np.arange(1, 201)
    f = norm.ppf((k - 0.5) / 200)
    return (k * 7919 % 1000 / 1000 < expit(-0.3 + 0.6 * f + 0.25 * f**2)).astype(int), f


@pytest.fixture(scope="module")
def curve(curved):
    return compute_calibration_curve(*curved, seed=0, draws=80)


def test_distances_are_those_of_rms(curve):
    # rms 6.5.0 in R 4.2.2: fitted(lrm(y ~ rcs(f, quantile(f, c(.1, .5, .9))))) against plogis(f).
    expected = {
        "ici": 0.0691000561471945,
        "e50": 0.0741069363989339,
        "e90": 0.103641725935325,
        "emax": 0.174702981026546,
        "eci": 0.603033560663218,
    }
    assert {name: curve.distances[name].value for name in DISTANCES} == pytest.approx(
        expected, abs=1e-8
    )
    assert curve.knots == pytest.approx((-1.27028385985126, 0, 1.27028385985126), abs=1e-12)
    # Near what smoothers that share no formula with it give: R's loess 0.0699, rms lowess 0.0702.
    assert curve.distances["ici"].value == pytest.approx(0.0700, abs=0.002)


def test_intercept_and_slope_are_those_of_glm(curved):
    # R 4.2.2: glm(y ~ offset(f)) and glm(y ~ f), binomial.
    assert compute_calibration(*curved) == pytest.approx(
        (-0.0968256380189415, 0.6176387370897231), abs=1e-9
    )


def test_curve_is_the_unpenalised_logistic_regression_on_the_spline(curved, curve):
    y, f = curved
    columns = make_spline(f, np.array(curve.knots))[:, 1:]
    peer = LogisticRegression(C=np.inf, tol=1e-10, max_iter=1000).fit(columns, y)
    at = make_spline(np.log(curve.table.predicted / (1 - curve.table.predicted)).to_numpy(),
                     np.array(curve.knots))[:, 1:]  # fmt: skip
    np.testing.assert_allclose(curve.table["observed"], peer.predict_proba(at)[:, 1], atol=1e-5)


def test_spline_is_straight_beyond_its_outer_knots_and_smooth_at_all():
    knots = np.array([-1.0, 0.2, 0.5, 1.3])
    for x in (np.linspace(-4, -1, 50), np.linspace(1.3, 4, 50)):
        np.testing.assert_allclose(np.diff(make_spline(x, knots), 2, axis=0), 0, atol=1e-9)
    fine = np.linspace(-2, 2, 40_001)
    bends = np.diff(make_spline(fine, knots), 2, axis=0) / 1e-4**2
    assert np.abs(np.diff(bends, axis=0)).max() < 0.01


def test_exact_likelihoods_are_as_far_off_as_chance_says():
    rng = np.random.default_rng(2)
    f = rng.normal(size=300)
    seen, expected, starts = [], [], []
    for seed in range(40):
        y = (rng.random(300) < expit(f)).astype(int)
        curve = compute_calibration_curve(y, f, seed=seed, draws=50)
        seen.append(curve.distances["ici"].value)
        expected.append(curve.by_chance["ici"])
        starts.append(curve.distances["ici"].low)
    assert np.mean(seen) == pytest.approx(np.mean(expected), abs=0.006)
    assert min(seen) > 0
    assert np.mean(np.array(starts) == 0) >= 0.9


def test_large_cohort_finds_a_planted_bend_and_the_truth_lies_in_the_band():
    rng = np.random.default_rng(3)
    f = rng.normal(size=4000)

    def truth(x):
        return expit(0.5 * x + 0.3 * x**2 - 0.2)

    curve = compute_calibration_curve(
        (rng.random(4000) < truth(f)).astype(int), f, seed=1, draws=60
    )
    table = curve.table
    true = truth(np.log(table["predicted"] / (1 - table["predicted"])))
    assert ((table["low"] <= true) & (true <= table["high"])).mean() > 0.8
    ici = curve.distances["ici"]
    assert ici.low <= np.abs(expit(f) - truth(f)).mean() <= ici.high
    assert ici.low > 0
    assert len(curve.knots) == 4


def test_repeats_that_are_equal_change_nothing(curved, curve):
    y, f = curved
    thrice = compute_calibration_curve(y, np.tile(f, (3, 1)), seed=0, draws=5)
    assert thrice.distances["ici"].value == pytest.approx(curve.distances["ici"].value)
    np.testing.assert_allclose(thrice.table["observed"], curve.table["observed"])


def test_equal_seeds_give_equal_curves(curved):
    first, second = (compute_calibration_curve(*curved, seed=7, draws=20) for _ in range(2))
    pd.testing.assert_frame_equal(first.table, second.table)
    assert first.distances == second.distances


def test_drawing_whole_families_widens_the_band(curved):
    y, f = curved
    order = np.argsort(y, kind="stable")
    families = np.empty(200, dtype=int)
    families[order] = np.arange(200) // 8  # members share their outcome
    alone = compute_calibration_curve(y, f, seed=1, draws=60).table
    together = compute_calibration_curve(y, f, seed=1, draws=60, groups=families).table
    assert (together.high - together.low).mean() > 1.5 * (alone.high - alone.low).mean()


@pytest.mark.parametrize(
    ("y", "f", "reason"),
    [
        (np.arange(99) % 2, np.linspace(-1, 1, 99), "99 patients; a curve needs 100"),
        (
            (np.arange(150) < 29).astype(int),
            np.linspace(-1, 1, 150),
            "29 patients of the rarer class; a curve needs 30",
        ),
        (np.arange(120) % 2, np.zeros(120), "too few values"),
        (np.arange(120) % 2, 0.4 + 0.01 * (np.arange(120) % 5), "too few values"),
        # One pair stands the other way round, and many samples are without it.
        (np.repeat([0, 1, 0, 1], [59, 1, 1, 59]), np.linspace(-1, 1, 120), "many samples"),
        (np.repeat([0, 1], 60), np.linspace(-1, 1, 120), "the classes are separated"),
    ],
)
def test_where_no_curve_is_possible_the_value_and_the_figure_say_why(y, f, reason):
    curve = compute_calibration_curve(y, f, seed=0, draws=5)
    assert reason in curve.why_not
    assert curve.table.empty
    assert list(curve.table.columns) == ["predicted", "observed", "low", "high"]
    assert curve.to_frame().empty
    assert reason in repr(curve)
    figure = plot_calibration_curve(curve)
    assert any(reason in text.get_text() for text in figure.axes[0].texts)


def test_figure_draws_the_table(curve):
    lines = {line.get_label(): line for line in plot_calibration_curve(curve).axes[0].lines}
    drawn = next(line for label, line in lines.items() if "mean distance" in label)
    np.testing.assert_array_equal(drawn.get_ydata(), curve.table["observed"])
    assert curve.to_frame()["metric"].tolist() == list(DISTANCES)


def test_curve_of_a_handful_of_sites_is_not_drawn_and_says_why():
    rng = np.random.default_rng(0)
    f = rng.normal(size=300)
    y = (rng.random(300) < expit(f)).astype(int)
    told = compute_calibration_curve(y, f, seed=0, draws=20, groups=np.arange(300) // 100)
    assert "so few groups kept together" in repr(told)
