"""Every figure by group, each with its patients, its interval, or the reason why there is none."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from scipy.special import expit

from stratify.errors import DataError, Fault, count_of, did_you_mean
from stratify.metrics.arrays import check_scores
from stratify.metrics.drawing import DARK, INK, make_figure, write_interval, write_plainly
from stratify.metrics.estimates import Estimate
from stratify.metrics.held_out import FIGURES, compute_held_out_estimates
from stratify.metrics.thresholds import SHARES, compute_at_thresholds

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

LEAST_PATIENTS = 20
LEAST_OF_EACH_CLASS = 5

EVERYBODY = "everybody"
MISSING = "not recorded"

COLUMNS = (
    "grouping", "group", "patients", "responders", "metric", "value", "low", "high", "why_not",
)  # fmt: skip

LABELS = {
    "auc": "AUC",
    "balanced_accuracy": "balanced accuracy",
    "brier": "Brier score",
    "log_loss": "log loss",
    "calibration_intercept": "calibration intercept",
    "calibration_slope": "calibration slope",
}
CHANCE = {"auc": 0.5, "balanced_accuracy": 0.5}
IDEAL = {"calibration_intercept": 0.0, "calibration_slope": 1.0}


@dataclass(frozen=True, eq=False)
class Subgroups:
    """Every figure of a model by group.

    Parameters
    ----------
    table : DataFrame
        One row a group and metric, everybody first: ``grouping`` (as ``sex``), ``group`` (as
        ``female``; ``not recorded`` where the label is missing), ``patients``, ``responders``,
        ``metric``, ``value``, ``low``, ``high`` and ``why_not`` (why there is no number; empty
        where there is one). The groups of a grouping are all there is: their patients add up.
    level : float
        Of the intervals, which hold the models fixed.
    """

    table: pd.DataFrame
    level: float

    def of(self, metric: str) -> pd.DataFrame:
        """Return the rows of one metric, one a group.

        Raises
        ------
        DataError
            If the metric is not there.
        """
        known = self.table["metric"].unique().tolist()
        if metric not in known:
            raise DataError(
                Fault(
                    where="metric",
                    met=repr(metric) + did_you_mean(metric, known),
                    wanted=", ".join(known),
                    way_out="Name one of them.",
                )
            )
        rows = self.table[self.table["metric"] == metric]
        return rows.drop(columns="metric").reset_index(drop=True)

    def tables(self) -> dict[str, pd.DataFrame]:
        """Return the table by its name in runs."""
        return {"subgroups": self.table}

    def figures(self) -> dict[str, Figure]:
        """Draw AUC and calibration by group: who is ranked, for whom likelihoods are too low."""
        return {
            "subgroups_auc": plot_subgroups(self),
            "subgroups_calibration": plot_subgroups(self, metric="calibration_intercept"),
        }

    def metrics(self) -> dict[str, float]:
        """Return nothing: a single number of a group is no figure to choose models by."""
        return {}

    def __repr__(self) -> str:
        lines = ["Subgroups, AUC"]
        for row in self.of("auc").to_dict("records"):
            said = row["why_not"] or Estimate(row["value"], row["low"], row["high"], self.level)
            name = f"{row['grouping']}: {row['group']}" if row["grouping"] else EVERYBODY
            lines.append(f"  {name:30} {row['patients']:5d} patients  {said}")
        return "\n".join(lines)


def compute_subgroups(
    y: np.ndarray,
    log_odds: np.ndarray,
    base_rate: np.ndarray | float,
    groups: Mapping[str, Sequence[Any] | np.ndarray | pd.Series],
    *,
    thresholds: Sequence[float] = (),
    level: float = 0.95,
) -> Subgroups:
    """Compute every figure for every group of patients, small and empty ones shown.

    Overlapping intervals do not show that groups are treated alike: most cohorts are too small for
    that. They show where it cannot be told.

    Parameters
    ----------
    y : array of 0 and 1, shape (n_patients,)
    log_odds : array, shape (n_patients,) or (n_repeats, n_patients)
        Held-out; with repeats, figures are means over them and patients are counted once.
    base_rate : float, or array that broadcasts to ``log_odds``
        Share of responders in training, as for `compute_held_out_estimates`.
    groups : mapping of name to labels, each of length n_patients
        As sex, age band, site, arm. The categories of a categorical are all shown, in their order;
        other labels in alphabetical order. Missing labels are a group of their own.
    thresholds : sequence of float
        Where sensitivity, specificity, PPV and NPV are wanted too; their metrics are called
        ``"sensitivity_at_0.5"``.
    level : float

    Returns
    -------
    subgroups : Subgroups
        A group of fewer than 20 patients, or with fewer than 5 of a class, has a reason instead of
        numbers: what is said of so few is chance, and may point at persons.

    Raises
    ------
    DataError
        If labels are not one a patient.

    Source
    ------
    Collins et al. 2024, BMJ 385, e078378 (TRIPOD+AI, items 14 and 23a).

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> f = rng.normal(size=60)
    >>> y = (rng.random(60) < 1 / (1 + np.exp(-f))).astype(int)
    >>> sex = pd.Categorical(["female"] * 45 + ["male"] * 14 + [None], ["female", "male", "other"])
    >>> compute_subgroups(y, f, 0.5, {"sex": sex})
    Subgroups, AUC
      everybody                         60 patients  0.653 (95 % interval 0.492 to 0.786)
      sex: female                       45 patients  0.629 (95 % interval 0.433 to 0.790)
      sex: male                         14 patients  fewer than 20 patients
      sex: other                         0 patients  no patients
      sex: not recorded                  1 patients  fewer than 20 patients
    """
    y, scores = check_scores(y, log_odds, "log_odds")
    rates = np.broadcast_to(np.asarray(base_rate, dtype=float), scores.shape)
    everybody = np.ones(len(y), dtype=bool)
    parts = [("", EVERYBODY, everybody)]
    for name, labels in groups.items():
        parts += [(name, group, member) for group, member in _members(name, labels, len(y))]
    rows = [
        row
        for grouping, group, member in parts
        for row in _rows(
            grouping, group, y[member], scores[:, member], rates[:, member], thresholds, level
        )
    ]
    return Subgroups(pd.DataFrame(rows, columns=list(COLUMNS)), level)


def _members(
    name: str, labels: Sequence[Any] | np.ndarray | pd.Series, n_patients: int
) -> Iterator[tuple[str, np.ndarray]]:
    given = pd.Series(labels)
    if len(given) != n_patients:
        raise DataError(
            Fault(
                where=f"groups: {name}",
                met=f"{count_of(len(given), 'label')} for {count_of(n_patients, 'patient')}",
                wanted="one label a patient",
                way_out="Pass the labels in the order of y, missing ones as None.",
            )
        )
    if isinstance(given.dtype, pd.CategoricalDtype):
        values = list(given.cat.categories)
    else:
        values = sorted(given.dropna().unique(), key=str)
    for value in values:
        yield str(value), (given == value).fillna(False).to_numpy(dtype=bool)
    missing = given.isna().to_numpy()
    if missing.any():
        yield MISSING, missing


def _rows(
    grouping: str,
    group: str,
    y: np.ndarray,
    scores: np.ndarray,
    rates: np.ndarray,
    thresholds: Sequence[float],
    level: float,
) -> Iterator[tuple[Any, ...]]:
    reason = _why_not(y)
    estimates: dict[str, Estimate] = {}
    if not reason:
        estimates = compute_held_out_estimates(y, scores, rates, level=level)
        estimates |= _estimate_at(y, scores, thresholds, level)
    unknown = Estimate(float("nan"), float("nan"), float("nan"), level)
    for metric in (*FIGURES, *_names_at(thresholds)):
        e = estimates.get(metric, unknown)
        why = reason or ("" if np.isfinite(e.value) else "cannot be estimated")
        yield grouping, group, len(y), int(y.sum()), metric, e.value, e.low, e.high, why


def _names_at(thresholds: Sequence[float]) -> list[str]:
    return [f"{share}_at_{threshold:g}" for threshold in thresholds for share in SHARES]


def _estimate_at(
    y: np.ndarray, scores: np.ndarray, thresholds: Sequence[float], level: float
) -> dict[str, Estimate]:
    if not len(thresholds):
        return {}
    rows = compute_at_thresholds(y, expit(scores), thresholds, level=level).to_dict("records")
    values = [
        Estimate(row[share], row[f"{share}_low"], row[f"{share}_high"], level)
        for row in rows
        for share in SHARES
    ]
    return dict(zip(_names_at(thresholds), values, strict=True))


def _why_not(y: np.ndarray) -> str:
    if not len(y):
        return "no patients"
    if len(y) < LEAST_PATIENTS:
        return f"fewer than {LEAST_PATIENTS} patients"
    for label, name in ((1, "responders"), (0, "non-responders")):
        if (y == label).sum() < LEAST_OF_EACH_CLASS:
            return f"fewer than {LEAST_OF_EACH_CLASS} {name}"
    return ""


def plot_subgroups(subgroups: Subgroups, *, metric: str = "auc", title: str = "") -> Figure:
    """Draw one figure by group: a forest plot, with the patients of each group in numbers.

    Parameters
    ----------
    subgroups : Subgroups
    metric : str
    title : str

    Returns
    -------
    figure : Figure
    """
    table = subgroups.of(metric)
    places, names, heads = _place(table)
    figure, (axes,) = make_figure(7.6, 1.4 + 0.27 * (max(places) + 1), title=title)
    known = table["value"].notna().to_numpy()
    value, low, high = (table[name].to_numpy() for name in ("value", "low", "high"))
    axes.hlines(places[known], low[known], high[known], color=DARK, linewidth=1.6)
    marks = np.where(table["grouping"] == "", "D", "s")
    for mark in ("D", "s"):
        chosen = known & (marks == mark)
        axes.plot(value[chosen], places[chosen], mark, color=DARK, markersize=6)
    axes.axvline(value[0], color=INK, linewidth=0.8, linestyle=":")
    reference = CHANCE.get(metric, IDEAL.get(metric))
    if reference is not None:
        axes.axvline(reference, color=INK, linewidth=1, linestyle="--")
    _write_beside(axes, table, places)
    for place, head in heads:
        names.append(write_plainly(head))
        places = np.append(places, place)
    axes.set(
        yticks=places, ylim=(max(places) + 0.6, -0.6), xlabel=_caption(metric, subgroups.level)
    )
    axes.set_yticklabels(names)
    for label in axes.get_yticklabels()[len(table) :]:
        label.set_fontweight("bold")
    axes.spines["left"].set_visible(False)
    axes.tick_params(axis="y", length=0)
    return figure


def _place(table: pd.DataFrame) -> tuple[np.ndarray, list[str], list[tuple[int, str]]]:
    """Give each group a line, and a heading before the groups of each grouping."""
    places, names, heads, line, last = [], [], [], 0, ""
    for row in table.to_dict("records"):
        if row["grouping"] != last:
            heads.append((line, row["grouping"]))
            line, last = line + 1, row["grouping"]
        places.append(line)
        names.append(write_plainly(f"{row['group']}  {row['patients']} ({row['responders']})"))
        line += 1
    return np.array(places), names, heads


def _write_beside(axes: Axes, table: pd.DataFrame, places: np.ndarray) -> None:
    for place, row in zip(places, table.to_dict("records"), strict=True):
        said = row["why_not"] or write_interval(row["value"], row["low"], row["high"])
        axes.annotate(
            said,
            (1.02, place),
            xycoords=("axes fraction", "data"),
            va="center",
            fontsize=9,
            style="italic" if row["why_not"] else "normal",
            annotation_clip=False,
        )


def _caption(metric: str, level: float) -> str:
    label = LABELS.get(metric, metric.replace("_", " "))
    text = (
        f"{label} of patients of all folds together\n{100 * level:g} % interval; dotted: everybody"
    )
    if metric in CHANCE:
        text += "; dashed: chance"
    if metric in IDEAL:
        text += "; dashed: as it should be"
    return text + "\nbeside each name: patients (responders)"
