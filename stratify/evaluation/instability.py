"""How far a patient's likelihood would move, had other patients been trained on."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from scipy.special import expit

from stratify.errors import DataError
from stratify.evaluation.compute import HERE, Compute
from stratify.evaluation.engine import Candidate, fit_folds, make_work
from stratify.folds import Fold, make_folds
from stratify.metrics.resampling import draw_patients
from stratify.metrics.thresholds import check_thresholds
from stratify.model import FoldClassifier
from stratify.task import Table

if TYPE_CHECKING:
    from matplotlib.figure import Figure

LEAST_REFITS = 20
"""Below so many the spread itself is not known well enough to be shown."""

MOST_TRIES = 4
"""Samples drawn for each one wanted, where some have too few of a class for inner folds."""


@dataclass(frozen=True, eq=False)
class Refits:
    """A model fitted anew on samples of its patients, everything learned anew.

    Parameters
    ----------
    classifiers : tuple of ResponderClassifier or StackedClassifier
        One a sample.
    log_odds : array, shape (n_refits, n_patients)
        What each says of every patient of the study, in the order of the table.
    samples : tuple of array of int
        The rows each was fitted on, with repetition.
    """

    classifiers: tuple[FoldClassifier, ...]
    log_odds: np.ndarray
    samples: tuple[np.ndarray, ...]

    def __len__(self) -> int:
        return len(self.classifiers)

    def __repr__(self) -> str:
        return f"Refits({len(self)} on samples of {self.log_odds.shape[1]} patients)"


def draw_samples(
    table: Table, refits: int, *, inner_folds: int, seed: int = 0
) -> tuple[np.ndarray, ...]:
    """Draw patients with replacement, those whom the task keeps together drawn together.

    A sample whose classes are too few for the inner folds is left out, and another drawn.

    Parameters
    ----------
    table : Table
        With its outcome.
    refits : int
        How many samples are wanted.
    inner_folds : int
        That each must allow.
    seed : int

    Returns
    -------
    samples : tuple of array of int
        Sorted rows, with repetition; none, where fewer than 20 can be had.

    Source
    ------
    Field and Welsh 2007, JRSS B 69, 369-390 (the cluster bootstrap).
    """
    assert table.y is not None
    kept: list[np.ndarray] = []
    for drawn in draw_patients(
        np.random.default_rng(seed), len(table), MOST_TRIES * refits, table.groups
    ):
        if len(kept) == refits:
            break
        rows = np.sort(drawn)
        try:
            make_folds(table.y[rows], table.groups[rows], folds=inner_folds, seed=seed)
        except DataError:
            continue
        kept.append(rows)
    return tuple(kept) if len(kept) >= min(LEAST_REFITS, refits) else ()


def refit_samples(
    candidates: Sequence[Candidate],
    samples: Sequence[np.ndarray],
    *,
    inner_folds: int = 5,
    seed: int = 0,
    compute: Compute = HERE,
    on_fold: Callable[[], None] = lambda: None,
) -> tuple[Refits, ...]:
    """Fit models anew on samples of their patients: encoding, tuning and calibration too.

    Parameters
    ----------
    candidates : sequence of (family, table)
        As for `cross_validate_many`.
    samples : sequence of array of int
        From `draw_samples`.
    inner_folds, seed, compute, on_fold
        As for `cross_validate_many`.

    Returns
    -------
    refits : tuple of Refits
        One for each candidate.

    Source
    ------
    Riley and Collins 2023, Biometrical Journal 65, 2200302.
    """
    everybody = np.arange(len(candidates[0][1]))
    folds = [Fold(k, 0, rows, everybody, "drawn anew") for k, rows in enumerate(samples)]
    work = make_work(candidates, folds, inner_folds=inner_folds, seed=seed, engine=compute.engine)
    results = fit_folds(work, compute=compute, on_fold=on_fold)
    return tuple(
        Refits(
            classifiers=tuple(results[k, j].classifier for j in range(len(folds))),
            log_odds=np.array([results[k, j].log_odds for j in range(len(folds))]),
            samples=tuple(samples),
        )
        for k in range(len(candidates))
    )


@dataclass(frozen=True, eq=False)
class Instability:
    """How far the likelihoods of a study's patients move from refit to refit.

    Parameters
    ----------
    table : DataFrame
        One row a patient: ``patient``; ``probability``, as the model of all patients gives it;
        ``low`` and ``high``, between which the refits' lie; ``mean_change``, the mean distance of
        a refit's likelihood from the model's; ``flipped_at_0.5`` and so on, the share of refits
        that put the patient on the other side of a threshold.
    at_thresholds : DataFrame
        One row a threshold: ``threshold``; ``flipped``, the mean of these shares;
        ``often_flipped``, the share of patients whom more than one refit of ten puts on the other
        side.
    refits : int
    level : float
        The share of refits between ``low`` and ``high``.
    drawn : array, shape (n_refits, n_patients)
        The refits' likelihoods, for the figure.
    """

    table: pd.DataFrame
    at_thresholds: pd.DataFrame
    refits: int
    level: float
    drawn: np.ndarray

    @property
    def mean_change(self) -> float:
        """The mean distance of a refit's likelihood from the model's, over patients and refits."""
        return float(self.table["mean_change"].mean())

    def tables(self) -> dict[str, pd.DataFrame]:
        """Return both tables, by their names in runs."""
        return {"instability": self.table, "instability_at_thresholds": self.at_thresholds}

    def figures(self) -> dict[str, Figure]:
        """Draw each refit's likelihoods against the model's."""
        return {"instability": plot_instability(self)}

    def metrics(self) -> dict[str, float]:
        """Return the single numbers, by the names they have in runs."""
        flipped = {
            f"flipped_at_{row['threshold']:g}": float(row["flipped"])
            for row in self.at_thresholds.to_dict("records")
        }
        return {"mean_change": self.mean_change, **flipped}

    def __repr__(self) -> str:
        lines = [f"Instability over {self.refits} refits: mean change {self.mean_change:.3f}"]
        lines += [
            f"  at {row['threshold']:g}: {row['flipped']:.0%} of refits on the other side".replace(
                "%", " %"
            )
            for row in self.at_thresholds.to_dict("records")
        ]
        return "\n".join(lines)


OFTEN = 0.1


def compute_instability(
    log_odds: np.ndarray,
    refits: Refits,
    patients: Sequence[str],
    *,
    thresholds: Sequence[float],
    level: float = 0.95,
) -> Instability:
    """Compare what a model says of its patients with what its refits say of them.

    Parameters
    ----------
    log_odds : array, shape (n_patients,)
        Of the model fitted on all patients.
    refits : Refits
    patients : sequence of str
    thresholds : sequence of float
        As for `compute_usefulness`.
    level : float

    Source
    ------
    Riley and Collins 2023, Biometrical Journal 65, 2200302 (prediction and classification
    instability; the mean absolute prediction error, here the mean change).

    Examples
    --------
    >>> refits = Refits((None,) * 2, np.array([[0.5, -1.0], [-0.5, -3.0]]), ())
    >>> found = compute_instability(np.array([0.2, -2.0]), refits, ["a", "b"], thresholds=[0.5])
    >>> found.table["flipped_at_0.5"].tolist()
    [0.5, 0.0]
    """
    cuts = check_thresholds(thresholds)
    own, drawn = expit(np.asarray(log_odds, dtype=float)), expit(refits.log_odds)
    low, high = np.quantile(drawn, [(1 - level) / 2, (1 + level) / 2], axis=0)
    table = pd.DataFrame(
        {
            "patient": list(patients),
            "probability": own,
            "low": low,
            "high": high,
            "mean_change": np.abs(drawn - own).mean(axis=0),
        }
    )
    rows = []
    for cut in cuts:
        flipped = ((drawn >= cut) != (own >= cut)).mean(axis=0)
        table[f"flipped_at_{cut:g}"] = flipped
        rows.append((cut, flipped.mean(), (flipped > OFTEN).mean()))
    return Instability(
        table=table,
        at_thresholds=pd.DataFrame(rows, columns=["threshold", "flipped", "often_flipped"]),
        refits=len(refits),
        level=level,
        drawn=drawn,
    )


MOST_POINTS = 6000


def plot_instability(instability: Instability, *, title: str = "") -> Figure:
    """Draw the refits' likelihoods against the model's, and below how often patients change sides.

    Parameters
    ----------
    instability : Instability
    title : str

    Returns
    -------
    figure : Figure
    """
    from stratify.metrics.drawing import DARK, INK, LIGHT, MID, make_figure

    table = instability.table.sort_values("probability")
    order = table.index.to_numpy()
    figure, (above, below) = make_figure(5.2, 7.0, rows=(1.8, 1), title=title)
    some = instability.drawn[:: -(-instability.drawn.size // MOST_POINTS)]
    x = np.broadcast_to(instability.table["probability"].to_numpy(), some.shape)
    above.plot(
        x.ravel(), some.ravel(), ".", color=LIGHT, markersize=3, label="a patient in a refit"
    )
    for name in ("low", "high"):
        smooth = table[name].rolling(max(len(table) // 10, 1), center=True, min_periods=1).mean()
        label = f"{100 * instability.level:g} % of refits" if name == "low" else None
        above.plot(table["probability"], smooth, color=DARK, linewidth=1.6, label=label)
    above.plot([0, 1], [0, 1], color=INK, linewidth=1, linestyle="--", label="the model itself")
    above.set(ylabel="likelihood in a refit", xlim=(-0.02, 1.02), ylim=(-0.02, 1.02))
    above.legend(loc="upper left", frameon=False, fontsize=8)
    middle = instability.at_thresholds["threshold"].iloc[len(instability.at_thresholds) // 2]
    shares = instability.table[f"flipped_at_{middle:g}"].to_numpy()[order]
    below.plot(table["probability"], shares, ".", color=MID, markersize=4)
    below.axvline(middle, color=INK, linewidth=1, linestyle=":")
    below.set(
        xlabel="likelihood the model gives",
        ylabel=f"share of refits on the\nother side of {middle:g}",
        xlim=(-0.02, 1.02),
        ylim=(-0.02, 1.02),
    )
    return figure
