import io
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from scipy.special import expit, logit
from sklearn.linear_model import LogisticRegression

from stratify.errors import DataError
from stratify.metrics.estimates import Estimate
from stratify.metrics.plots import (
    compute_calibration_bins,
    compute_calibration_line,
    compute_comparison,
    compute_log_odds_histogram,
    compute_roc,
    plot_calibration,
    plot_comparison,
    plot_roc,
)


def make_predictions(n: int = 200, repeats: int = 1, seed: int = 0) -> pd.DataFrame:
    """True probabilities, and outcomes drawn from them."""
    rng = np.random.default_rng(seed)
    log_odds = rng.normal(size=n)
    y = (rng.random(n) < expit(log_odds)).astype(int)
    return pd.concat(
        [
            pd.DataFrame(
                {
                    "repeat": repeat,
                    "fold": np.arange(n) % 5,
                    "y": y,
                    "probability": expit(log_odds),
                    "log_odds": log_odds,
                }
            )
            for repeat in range(repeats)
        ],
        ignore_index=True,
    )


def test_area_under_the_roc_is_the_share_of_pairs_in_order() -> None:
    predictions = make_predictions()
    predictions["probability"] = predictions["probability"].round(1)  # with ties
    score, y = predictions["probability"].to_numpy(), predictions["y"].to_numpy()
    ahead = score[y == 1][:, None] - score[y == 0]
    pairs = (ahead > 0).mean() + 0.5 * (ahead == 0).mean()
    roc = compute_roc(predictions)
    curve = roc[roc["curve"] == "repeat 0"]
    area = np.trapezoid(curve["true_positive_rate"], curve["false_positive_rate"])
    assert area == pytest.approx(pairs, abs=1e-12)


def test_every_roc_curve_runs_from_corner_to_corner_and_never_falls() -> None:
    roc = compute_roc(make_predictions(repeats=3))
    assert list(dict.fromkeys(roc["curve"])) == ["repeat 0", "repeat 1", "repeat 2", "mean"]
    for _, curve in roc.groupby("curve"):
        rates = curve[["false_positive_rate", "true_positive_rate"]].to_numpy()
        assert rates[0].tolist() == [0, 0]
        assert rates[-1].tolist() == [1, 1]
        assert (np.diff(rates, axis=0) >= 0).all()


def test_a_constant_model_has_the_diagonal_as_its_roc() -> None:
    predictions = make_predictions().assign(probability=0.4)
    roc = compute_roc(predictions)
    mean = roc[(roc["curve"] == "mean") & (roc["false_positive_rate"] > 0)]
    np.testing.assert_allclose(mean["true_positive_rate"], mean["false_positive_rate"])


def test_bins_part_the_patients_evenly_and_count_each_once() -> None:
    once, thrice = make_predictions(repeats=1), make_predictions(repeats=3)
    bins = compute_calibration_bins(once, bins=8)
    assert bins["patients"].tolist() == [25] * 8
    pd.testing.assert_frame_equal(compute_calibration_bins(thrice, bins=8), bins)
    assert (bins["low"].to_numpy()[1:] > bins["high"].to_numpy()[:-1]).all()


def test_bins_weigh_back_to_the_mean_likelihood_and_the_base_rate() -> None:
    predictions = make_predictions()
    bins = compute_calibration_bins(predictions, bins=5)
    for column, whole in (("predicted", "probability"), ("observed", "y")):
        assert np.average(bins[column], weights=bins["patients"]) == pytest.approx(
            predictions[whole].mean()
        )


def test_the_interval_of_a_bin_is_wilsons() -> None:
    predictions = make_predictions()
    for row in compute_calibration_bins(predictions, bins=4).itertuples():
        responders = round(row.observed * row.patients)
        wanted = stats.binomtest(responders, row.patients).proportion_ci(method="wilson")
        assert (row.observed_low, row.observed_high) == pytest.approx((wanted.low, wanted.high))


def test_equal_likelihoods_are_never_parted() -> None:
    predictions = make_predictions().assign(probability=0.47, log_odds=logit(0.47))
    bins = compute_calibration_bins(predictions)
    assert bins["patients"].tolist() == [200]
    assert compute_calibration_line(predictions).empty


def test_true_probabilities_lie_on_the_diagonal() -> None:
    predictions = make_predictions(n=20_000, seed=3)
    line = compute_calibration_line(predictions)
    np.testing.assert_allclose(line["fitted"], line["predicted"], atol=0.03)
    assert line["slope"].iloc[0] == pytest.approx(1, abs=0.06)


def test_halved_log_odds_have_a_slope_of_2() -> None:
    predictions = make_predictions()
    slope = compute_calibration_line(predictions)["slope"].iloc[0]
    halved = predictions.assign(log_odds=predictions["log_odds"] / 2)
    assert compute_calibration_line(halved)["slope"].iloc[0] == pytest.approx(2 * slope)


def test_the_line_agrees_with_scikit_learn() -> None:
    predictions = make_predictions()
    model = LogisticRegression(C=np.inf, tol=1e-10).fit(
        predictions[["log_odds"]].to_numpy(), predictions["y"]
    )
    line = compute_calibration_line(predictions)
    assert line["slope"].iloc[0] == pytest.approx(model.coef_[0, 0], abs=1e-4)
    assert line["intercept"].iloc[0] == pytest.approx(model.intercept_[0], abs=1e-4)


@pytest.mark.parametrize("sign", [1, -1])
def test_no_line_is_drawn_through_separated_outcomes(sign: int) -> None:
    predictions = make_predictions()
    predictions["log_odds"] = sign * (predictions["y"] - 0.5)
    assert compute_calibration_line(predictions).empty
    plot_calibration(predictions)


def test_the_histogram_counts_every_patient_once() -> None:
    predictions = make_predictions(repeats=4)
    histogram = compute_log_odds_histogram(predictions)
    responders = predictions["y"].sum() / 4
    assert histogram["responders"].sum() == pytest.approx(responders)
    assert histogram["nonresponders"].sum() == pytest.approx(200 - responders)


def test_the_figures_draw_their_tables() -> None:
    predictions = make_predictions(repeats=2)
    roc = compute_roc(predictions)
    mean = roc[roc["curve"] == "mean"]
    (axes,) = plot_roc(predictions).axes
    np.testing.assert_array_equal(axes.lines[2].get_ydata(), mean["true_positive_rate"])

    bins = compute_calibration_bins(predictions)
    axes = plot_calibration(predictions).axes[0]
    (container,) = axes.containers
    np.testing.assert_array_equal(container.lines[0].get_ydata(), bins["observed"])
    assert [text.get_text() for text in axes.texts] == bins["patients"].astype(str).tolist()


MODELS = pd.DataFrame(
    {
        "name": ["prevalence", "xgboost $x$", "logistic", "failed"],
        "auc": [0.5, 0.55, 0.65, np.nan],
        "low": [0.5, np.nan, 0.58, np.nan],
        "high": [0.5, np.nan, 0.72, np.nan],
    }
)


def test_models_are_compared_best_first_and_failures_stay_visible() -> None:
    assert compute_comparison(MODELS)["name"].tolist() == [
        "logistic",
        "xgboost $x$",
        "prevalence",
        "failed",
    ]
    (axes,) = plot_comparison(MODELS).axes
    assert [text.get_text() for text in axes.texts] == [
        "0.65 (0.58 to 0.72)",
        "0.55",
        "0.50 (0.50 to 0.50)",
        "cannot be estimated",
    ]
    np.testing.assert_array_equal(axes.lines[0].get_xdata()[:3], [0.65, 0.55, 0.5])
    assert axes.lines[1].get_xdata() == [0.5, 0.5]


def test_intervals_are_written_beside_the_curves() -> None:
    predictions = make_predictions()
    figure = plot_roc(predictions, auc=Estimate(0.65, 0.58, 0.72))
    words = figure.axes[0].get_legend().get_texts()
    assert any("AUC 0.65 (0.58 to 0.72)" in text.get_text() for text in words)
    figure = plot_calibration(predictions, slope=Estimate(0.9, -0.1, 1.2))
    words = figure.axes[0].get_legend().get_texts()
    assert any("slope 0.90 (−0.10 to 1.20)" in text.get_text() for text in words)


@pytest.mark.parametrize("plot", [plot_roc, plot_calibration])
def test_predictions_are_unchanged_and_figures_can_be_saved_alike(
    plot: Callable[..., Any],
) -> None:
    predictions = make_predictions()
    before = predictions.copy()
    images = []
    for _ in range(2):
        image = io.BytesIO()
        plot(predictions, title="costs $5 to $6").savefig(image, format="png")
        images.append(image.getvalue())
    pd.testing.assert_frame_equal(predictions, before)
    assert images[0] == images[1]


def test_a_missing_column_and_a_single_class_are_named() -> None:
    predictions = make_predictions()
    with pytest.raises(DataError, match="no column log_odds"):
        plot_calibration(predictions.drop(columns="log_odds"))
    with pytest.raises(DataError, match=r"both 0 .* and 1"):
        plot_roc(predictions.assign(y=1))


def test_drawing_needs_no_pyplot() -> None:
    code = (
        "import sys, numpy as np, pandas as pd\n"
        "from stratify.metrics.plots import plot_calibration, plot_comparison, plot_roc\n"
        "assert 'matplotlib' not in sys.modules\n"
        "x = np.linspace(-1, 1, 40)\n"
        "p = pd.DataFrame({'repeat': 0, 'fold': 0, 'y': [0, 1] * 20, 'log_odds': x,\n"
        "                  'probability': 1 / (1 + np.exp(-x))})\n"
        "m = pd.DataFrame({'name': ['a'], 'auc': [.6], 'low': [.5], 'high': [.7]})\n"
        "plot_roc(p), plot_calibration(p), plot_comparison(m)\n"
        "assert 'matplotlib.pyplot' not in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
