"""Figures of how well a model does; every number drawn can be had as a table.

Each ``plot_x`` draws what ``compute_x`` returns. Figures are made without pyplot, so that nothing
is shown, no backend is chosen and no state is left behind; they are legible in grayscale and to
colour-blind readers, because markers, hatching and dashes carry the meaning.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from scipy.special import expit

from stratify.errors import DataError, Fault
from stratify.metrics.drawing import DARK, INK, MID, make_figure, write_interval, write_plainly
from stratify.metrics.estimates import Estimate
from stratify.metrics.logistic import fit_logistic
from stratify.metrics.proportions import compute_wilson

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

PREDICTIONS = ("repeat", "fold", "y", "probability", "log_odds")


def compute_roc(predictions: pd.DataFrame) -> pd.DataFrame:
    """Trace the ROC curve of each repeat, and their mean.

    Within a repeat every patient is predicted once, by the model of the fold that held the
    patient out; these predictions are pooled. The mean is taken over repeats at equal
    false-positive rates.

    Parameters
    ----------
    predictions : DataFrame, shape (n_predictions, ...)
        Out-of-fold: ``repeat``, ``fold``, ``y`` (0 or 1), ``probability``, ``log_odds``.

    Returns
    -------
    roc : DataFrame
        ``curve`` (``"repeat 0"``, ..., ``"mean"``), ``false_positive_rate``,
        ``true_positive_rate``; each curve from (0, 0) to (1, 1).

    Source
    ------
    Fawcett 2006, Pattern Recognition Letters 27(8), 861-874.

    Examples
    --------
    >>> perfect = pd.DataFrame({"repeat": 0, "fold": 0, "y": [0, 0, 1, 1],
    ...                         "probability": [0.1, 0.2, 0.8, 0.9], "log_odds": 0.0})
    >>> roc = compute_roc(perfect)
    >>> roc.loc[roc.curve == "repeat 0", "true_positive_rate"].tolist()
    [0.0, 0.5, 1.0, 1.0, 1.0]
    """
    _require_predictions(predictions)
    grid = np.linspace(0, 1, 101)
    curves, means = [], []
    for repeat, part in predictions.groupby("repeat"):
        false, true = _roc(part["y"].to_numpy(), part["probability"].to_numpy())
        curves.append(_curve(f"repeat {repeat}", false, true))
        means.append(_upper(grid, false, true))
    curves.append(_curve("mean", np.append(0, grid), np.append(0, np.mean(means, axis=0))))
    return pd.concat(curves, ignore_index=True)


def _roc(y: np.ndarray, score: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    order = np.argsort(-score, kind="stable")
    y, score = y[order].astype(float), score[order]
    # Equal scores are one step: their order says nothing.
    last = np.append(score[1:] != score[:-1], True)
    true = np.concatenate([[0.0], np.cumsum(y)[last] / y.sum()])
    false = np.concatenate([[0.0], np.cumsum(1 - y)[last] / (1 - y).sum()])
    return false, true


def _upper(grid: np.ndarray, false: np.ndarray, true: np.ndarray) -> np.ndarray:
    """Read a curve at a grid; where it rises straight up, its upper end."""
    keep = np.append(false[1:] != false[:-1], True)
    return np.interp(grid, false[keep], true[keep])


def _curve(name: str, false: np.ndarray, true: np.ndarray) -> pd.DataFrame:
    return pd.DataFrame({"curve": name, "false_positive_rate": false, "true_positive_rate": true})


def plot_roc(
    predictions: pd.DataFrame,
    *,
    auc: Estimate | None = None,
    title: str = "",
    repeats: str = "repeats",
) -> Figure:
    """Draw the ROC curve: each repeat thin, their mean thick, chance dashed.

    Parameters
    ----------
    predictions : DataFrame
        As for `compute_roc`.
    auc : Estimate, optional
        Written into the legend with its interval.
    title : str
    repeats : str
        What the repeats are called in the legend.

    Returns
    -------
    figure : Figure
    """
    roc = compute_roc(predictions)
    figure, (axes,) = make_figure(4.8, 4.8, title=title)
    n_repeats = roc["curve"].nunique() - 1
    for name, curve in roc.groupby("curve", sort=False):
        x, y = curve["false_positive_rate"], curve["true_positive_rate"]
        if name != "mean":
            axes.plot(x, y, color=MID, linewidth=0.7, alpha=max(0.35, 1 / n_repeats))
            continue
        label = "out of fold"
        if n_repeats > 1:
            label = f"mean of {n_repeats} {repeats}"
        if auc is not None:
            label += f"\nAUC {write_interval(auc.value, auc.low, auc.high)}"
        axes.plot(x, y, color=DARK, linewidth=2.2, label=label)
    axes.plot([0, 1], [0, 1], color=INK, linewidth=1, linestyle="--", label="chance")
    axes.set(
        xlabel="false-positive rate (without the outcome, above threshold)",
        ylabel="true-positive rate (with the outcome, above threshold)",
        xlim=(-0.01, 1.01),
        ylim=(-0.01, 1.01),
        aspect="equal",
    )
    axes.legend(loc="lower right", frameon=False)
    return figure


def compute_calibration_bins(
    predictions: pd.DataFrame, *, bins: int | None = None, level: float = 0.95
) -> pd.DataFrame:
    """Compare likelihoods with what became of the patients, in bins of equal size.

    Equal likelihoods are never parted, so a constant model has one bin. With repeats a patient is
    predicted several times: ``patients`` is the number of predictions divided by the repeats, and
    the interval is that number's, not the larger one's.

    Parameters
    ----------
    predictions : DataFrame
        As for `compute_roc`.
    bins : int, optional
        One for each 25 patients, at least 2 and at most 10, where none is given.
    level : float
        Of the interval of ``observed``.

    Returns
    -------
    bins : DataFrame
        ``low``, ``high`` (the lowest and highest likelihood), ``predicted`` (the mean one),
        ``observed`` (the share of responders) with ``observed_low`` and ``observed_high``,
        ``patients``.

    Source
    ------
    Wilson 1927, JASA 22(158), 209-212 (interval of a proportion).

    Examples
    --------
    >>> half = pd.DataFrame({"repeat": 0, "fold": 0, "y": [0, 1] * 50,
    ...                      "probability": 0.5, "log_odds": 0.0})
    >>> compute_calibration_bins(half)[["predicted", "observed", "patients"]].values.tolist()
    [[0.5, 0.5, 100.0]]
    """
    _require_predictions(predictions)
    repeats = predictions["repeat"].nunique()
    if bins is None:
        bins = int(np.clip(len(predictions) // repeats // 25, 2, 10))
    p = predictions["probability"].to_numpy()
    edges = np.unique(np.quantile(p, np.arange(1, bins) / bins))
    grouped = predictions.groupby(np.searchsorted(edges, p, side="left"))
    table = grouped["probability"].agg(["min", "max", "mean", "size"])
    observed = grouped["y"].mean()
    patients = table["size"] / repeats
    low, high = compute_wilson(observed.to_numpy(), patients.to_numpy(), level)
    return pd.DataFrame(
        {
            "low": table["min"],
            "high": table["max"],
            "predicted": table["mean"],
            "observed": observed,
            "observed_low": low,
            "observed_high": high,
            "patients": patients.round().astype(int),
        }
    ).reset_index(drop=True)


def compute_calibration_line(predictions: pd.DataFrame, *, points: int = 101) -> pd.DataFrame:
    """Fit outcome on log-odds by logistic regression, and trace the fit over the likelihoods.

    Parameters
    ----------
    predictions : DataFrame
        As for `compute_roc`.
    points : int

    Returns
    -------
    line : DataFrame
        ``predicted``, ``fitted``, and, in every row, ``intercept`` and ``slope`` of
        ``logit(fitted) = intercept + slope * logit(predicted)``. Without rows when the log-odds
        are constant or separate the outcomes, where no line can be fitted.

    Source
    ------
    Cox 1958, Biometrika 45(3/4), 562-565.

    Examples
    --------
    Likelihoods of 1/3 and 2/3 that come true as often as they say lie on the diagonal:

    >>> p = np.repeat([1 / 3, 2 / 3], 30)
    >>> exact = pd.DataFrame({"repeat": 0, "fold": 0, "y": [0, 0, 1] * 10 + [0, 1, 1] * 10,
    ...                       "probability": p, "log_odds": np.log(p / (1 - p))})
    >>> compute_calibration_line(exact)["slope"].round(6).unique().tolist()
    [1.0]
    """
    _require_predictions(predictions)
    y = predictions["y"].to_numpy(dtype=float)
    x = predictions["log_odds"].to_numpy(dtype=float)
    fitted = _fit_line(x, y)
    if fitted is None:
        return pd.DataFrame(
            {name: np.empty(0) for name in ("predicted", "fitted", "intercept", "slope")}
        )
    intercept, slope = fitted
    along = np.linspace(x.min(), x.max(), points)
    return pd.DataFrame(
        {
            "predicted": expit(along),
            "fitted": expit(intercept + slope * along),
            "intercept": intercept,
            "slope": slope,
        }
    )


def _fit_line(x: np.ndarray, y: np.ndarray) -> tuple[float, float] | None:
    """Fit outcome on log-odds; None when the likelihood has no finite maximum."""
    if np.ptp(x) < 1e-9 or x[y == 1].min() >= x[y == 0].max() or x[y == 0].min() >= x[y == 1].max():
        return None
    coefficients, _ = fit_logistic(np.column_stack([np.ones_like(x), x]), y)
    return None if np.isnan(coefficients).any() else (coefficients[0], coefficients[1])


def compute_log_odds_histogram(predictions: pd.DataFrame, *, bins: int = 24) -> pd.DataFrame:
    """Count patients by log-odds, responders and non-responders apart.

    Parameters
    ----------
    predictions : DataFrame
        As for `compute_roc`.
    bins : int

    Returns
    -------
    histogram : DataFrame
        ``low``, ``high`` (log-odds), ``responders``, ``nonresponders`` (predictions divided by
        repeats, so that they sum to the patients).
    """
    _require_predictions(predictions)
    x = predictions["log_odds"].to_numpy(dtype=float)
    low, high = x.min(), x.max()
    if high - low < 1e-9:
        low, high = low - 0.5, high + 0.5
    edges = np.linspace(low, high, bins + 1)
    repeats = predictions["repeat"].nunique()
    responder = predictions["y"].to_numpy() == 1
    return pd.DataFrame(
        {
            "low": edges[:-1],
            "high": edges[1:],
            "responders": np.histogram(x[responder], edges)[0] / repeats,
            "nonresponders": np.histogram(x[~responder], edges)[0] / repeats,
        }
    )


def plot_calibration(
    predictions: pd.DataFrame,
    *,
    bins: int | None = None,
    slope: Estimate | None = None,
    intercept: Estimate | None = None,
    title: str = "",
) -> Figure:
    """Draw likelihoods against what became of the patients, over how the log-odds are spread.

    Parameters
    ----------
    predictions : DataFrame
        As for `compute_roc`.
    bins : int, optional
        As for `compute_calibration_bins`.
    slope, intercept : Estimate, optional
        Written into the legend with their intervals.
    title : str

    Returns
    -------
    figure : Figure
    """
    figure, (axes, below) = make_figure(4.8, 6.4, rows=(3.2, 1), title=title)
    axes.plot([0, 1], [0, 1], color=INK, linewidth=1, linestyle="--", label="as it should be")
    _draw_line(axes, compute_calibration_line(predictions), slope, intercept)
    _draw_bins(axes, compute_calibration_bins(predictions, bins=bins))
    axes.set(
        xlabel="likelihood given",
        ylabel="share with the outcome",
        xlim=(-0.02, 1.02),
        ylim=(-0.02, 1.02),
        aspect="equal",
    )
    axes.legend(loc="upper left", frameon=False, fontsize=8)
    _draw_histogram(below, compute_log_odds_histogram(predictions))
    return figure


def _draw_line(
    axes: Axes, line: pd.DataFrame, slope: Estimate | None, intercept: Estimate | None
) -> None:
    if line.empty:
        return
    label = "logistic fit"
    if slope is not None:
        label += f"\nslope {write_interval(slope.value, slope.low, slope.high)}"
    if intercept is not None:
        label += f"\nintercept {write_interval(intercept.value, intercept.low, intercept.high)}"
    axes.plot(line["predicted"], line["fitted"], color=MID, linewidth=2.2, label=label)


def _draw_bins(axes: Axes, table: pd.DataFrame) -> None:
    spread = [
        table["observed"] - table["observed_low"],
        table["observed_high"] - table["observed"],
    ]
    axes.errorbar(
        table["predicted"],
        table["observed"],
        yerr=np.abs(spread),
        fmt="o",
        color=DARK,
        markersize=6,
        capsize=2.5,
        linewidth=1.2,
        label="patients, with 95 % interval",
    )
    for row in table.itertuples():
        axes.annotate(
            str(row.patients),
            (row.predicted, row.observed_low),
            xytext=(0, -3),
            textcoords="offset points",
            ha="center",
            va="top",
            fontsize=8,
        )


def _draw_histogram(axes: Axes, table: pd.DataFrame) -> None:
    width = (table["high"] - table["low"]).to_numpy()
    shared: dict[str, Any] = {"width": width, "align": "edge", "edgecolor": DARK, "linewidth": 0.6}
    axes.bar(table["low"], table["responders"], facecolor=DARK, label="with the outcome", **shared)
    axes.bar(
        table["low"],
        -table["nonresponders"],
        facecolor="white",
        hatch="////",
        label="without",
        **shared,
    )
    axes.axhline(0, color=INK, linewidth=0.8)
    most = 1.08 * max(table["responders"].max(), table["nonresponders"].max())
    axes.set(xlabel="log-odds given", ylabel="patients", ylim=(-most, most))
    axes.yaxis.set_major_formatter(lambda value, _: f"{abs(value):g}")
    axes.legend(loc="upper left", frameon=False, fontsize=8, ncols=2, bbox_to_anchor=(0, 1.22))


def compute_comparison(models: pd.DataFrame) -> pd.DataFrame:
    """Order models by their AUC, best first.

    Parameters
    ----------
    models : DataFrame
        ``name``, ``auc``, ``low``, ``high``; other columns are kept.

    Returns
    -------
    comparison : DataFrame
        The same rows; a model whose AUC could not be estimated comes last.

    Examples
    --------
    >>> models = pd.DataFrame({"name": ["prevalence", "logistic"], "auc": [0.5, 0.65],
    ...                        "low": [0.5, 0.58], "high": [0.5, 0.72]})
    >>> compute_comparison(models)["name"].tolist()
    ['logistic', 'prevalence']
    """
    _require_columns(models, ("name", "auc", "low", "high"), "models")
    return models.sort_values("auc", ascending=False, kind="stable", ignore_index=True)


def plot_comparison(models: pd.DataFrame, *, title: str = "") -> Figure:
    """Draw the AUC of each model with its interval, and the line of chance.

    Parameters
    ----------
    models : DataFrame
        As for `compute_comparison`.
    title : str

    Returns
    -------
    figure : Figure
    """
    table = compute_comparison(models)
    figure, (axes,) = make_figure(7.2, 1.3 + 0.34 * len(table), title=title)
    place = np.arange(len(table))
    low = np.where(table["low"].notna(), table["low"], table["auc"])
    high = np.where(table["high"].notna(), table["high"], table["auc"])
    axes.hlines(place, low, high, color=DARK, linewidth=1.6)
    axes.plot(table["auc"], place, "D", color=DARK, markersize=5.5)
    axes.axvline(0.5, color=INK, linewidth=1, linestyle="--")
    for k, row in enumerate(table.itertuples()):
        axes.annotate(
            write_interval(row.auc, row.low, row.high),  # type: ignore[arg-type]
            (1.02, k),
            xycoords=("axes fraction", "data"),
            va="center",
            fontsize=9,
            annotation_clip=False,
        )
    shown = np.concatenate([low, high])
    shown = shown[np.isfinite(shown)]
    axes.set(
        yticks=place,
        ylim=(len(table) - 0.4, -0.6),
        xlim=(min(0.4, *shown) - 0.02, max(0.8, *shown) + 0.02),
        xlabel="AUC, with 95 % interval (dashed: chance)",
    )
    axes.set_yticklabels([write_plainly(name) for name in table["name"]])
    axes.spines["left"].set_visible(False)
    axes.tick_params(axis="y", length=0)
    return figure


def _require_predictions(predictions: pd.DataFrame) -> None:
    _require_columns(predictions, PREDICTIONS, "predictions")
    classes = set(predictions["y"].unique())
    if classes != {0, 1}:
        raise DataError(
            Fault(
                where="predictions: y",
                met=f"{sorted(classes)}",
                wanted="both 0 (non-responder) and 1 (responder)",
                way_out="Pass the out-of-fold predictions of patients with both outcomes.",
            )
        )


def _require_columns(table: pd.DataFrame, names: Sequence[str], where: str) -> None:
    absent = [name for name in names if name not in table.columns]
    if absent:
        raise DataError(
            Fault(
                where=where,
                met=f"no column {', '.join(absent)}",
                wanted=f"the columns {', '.join(names)}",
                way_out="Add them.",
            )
        )
