"""Figures of predictions of times, of any sample of the patients."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
import pandas as pd

from stratify.metrics import Estimate, compute_out_of_bag_interval
from stratify.time_to_event.accuracy import compute_brier_parts, weigh_for_horizon
from stratify.time_to_event.concordance import Pairs, compute_weighted_concordance, weigh_pairs
from stratify.time_to_event.curves import SurvivalCurve, compute_censoring_curve
from stratify.time_to_event.outcome import FollowedTable

_MOST_DRAWS = 5000

Figure = Callable[[np.ndarray], np.ndarray]

PAIRS: dict[str, Pairs] = {"uno_c": "uno", "harrell_c": "harrell", "auc_at_horizon": "horizon"}


class Figures:
    """Figures of predictions, as functions of how often each patient is in a sample.

    Parameters
    ----------
    predictions : DataFrame
        ``patient``, ``repeat``, ``fold``, ``time``, ``event``, ``score``, ``likelihood``,
        ``everybody``.
    patients : sequence of str
        In the order of the samples' columns.
    horizon : float
    """

    def __init__(self, predictions: pd.DataFrame, patients: pd.Index, *, horizon: float) -> None:
        self.predictions, self.horizon, self.patients = predictions, horizon, patients
        self.censoring = find_censoring(predictions)
        self.rows = patients.get_indexer(pd.Index(predictions["patient"]))
        self.time = predictions["time"].to_numpy()
        self.event = predictions["event"].to_numpy()

    def make(self, name: str) -> Figure:
        """Return one of ``uno_c``, ``harrell_c``, ``auc_at_horizon``, ``brier``, ``brier_gain``."""
        if name in PAIRS:
            return self._concordance(PAIRS[name])
        parts = self.brier_parts("likelihood")
        if name == "brier_gain":
            parts = self.brier_parts("everybody") - parts
        return self.mean_of(parts)

    def _concordance(self, pairs: Pairs) -> Figure:
        blocks = [
            (self.rows[members], weight, score)
            for members, weight, score in weigh_folds(
                pairs, self.predictions, horizon=self.horizon, censoring=self.censoring
            )
        ]

        def figure(counts: np.ndarray) -> np.ndarray:
            in_order = every = np.zeros(len(counts))
            for rows, weight, score in blocks:
                some, all_pairs = compute_weighted_concordance(weight, score, counts[:, rows])
                in_order, every = in_order + some, every + all_pairs
            return np.divide(in_order, every, out=np.full(len(counts), np.nan), where=every > 0)

        return figure

    def brier_parts(self, column: str) -> np.ndarray:
        """Return what each prediction adds to the Brier score of a column of likelihoods."""
        return compute_brier_parts(
            self.time,
            self.event,
            self.predictions[column].to_numpy(),
            horizon=self.horizon,
            censoring=self.censoring,
        )

    def mean_of(self, parts: np.ndarray) -> Figure:
        """Return the mean of what patients add, weighted for censoring."""
        weight = weigh_for_horizon(
            self.time, self.event, horizon=self.horizon, censoring=self.censoring
        )
        means = pd.DataFrame({"part": parts, "weight": weight}).groupby(self.rows).mean()
        rows = means.index.to_numpy()
        part, standing = means["part"].to_numpy(), means["weight"].to_numpy()

        def figure(counts: np.ndarray) -> np.ndarray:
            # Over the weights drawn rather than the patients: those not censored stand for all.
            whole, total = counts[:, rows] @ standing, counts[:, rows] @ part
            return np.divide(total, whole, out=np.full(len(counts), np.nan), where=whole > 0)

        return figure


class HeldOutFigures(Figures):
    """Figures of predictions of patients held out, with intervals that know folds share patients.

    Parameters
    ----------
    followed : FollowedTable
    predictions : DataFrame
        As for `Figures`.
    seed : int
    """

    def __init__(self, followed: FollowedTable, predictions: pd.DataFrame, seed: int) -> None:
        patients = pd.Index(followed.table.patients)
        super().__init__(predictions, patients, horizon=followed.horizon)
        groups = followed.table.groups
        self.groups = groups if len(set(groups)) < len(groups) else None
        self.seed = seed

    def estimate(self, name: str, level: float) -> Estimate:
        """Return a figure with its interval."""
        return self.bound(self.make(name), level)

    def bound(self, figure: Figure, level: float) -> Estimate:
        """Return a figure of all patients with an interval."""
        # A wider interval needs more draws for its ends to be told; its ends are then the last.
        draws = int(min(np.ceil(500 * max(1.0, 0.05 / (1 - level))), _MOST_DRAWS))
        return compute_out_of_bag_interval(
            figure,
            len(self.patients),
            seed=self.seed,
            draws=draws,
            level=level,
            groups=self.groups,
        )


def find_censoring(predictions: pd.DataFrame) -> SurvivalCurve:
    """Compute who is still followed, of the patients of predictions, each counted once."""
    once = predictions.drop_duplicates("patient")
    return compute_censoring_curve(once["time"].to_numpy(), once["event"].to_numpy())


def weigh_folds(
    pairs: Pairs, predictions: pd.DataFrame, *, horizon: float, censoring: SurvivalCurve
) -> Iterator[tuple[np.ndarray, np.ndarray, np.ndarray]]:
    """Yield of each fold its rows, how much each pair of them counts, and their scores."""
    by = predictions.groupby(["repeat", "fold"], sort=False).indices
    for members in map(np.asarray, by.values()):
        part = predictions.iloc[members]
        weight = weigh_pairs(
            pairs,
            part["time"].to_numpy(),
            part["event"].to_numpy(),
            horizon=horizon,
            censoring=censoring,
        )
        yield members, weight, part["score"].to_numpy()
