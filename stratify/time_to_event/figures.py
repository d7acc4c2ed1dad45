"""Figures of held-out predictions of times, of any sample of the patients."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd

from stratify.metrics import Estimate, compute_out_of_bag_interval
from stratify.time_to_event.accuracy import compute_brier_parts, weigh_for_horizon
from stratify.time_to_event.concordance import Pairs, compute_weighted_concordance, weigh_pairs
from stratify.time_to_event.curves import compute_censoring_curve
from stratify.time_to_event.outcome import FollowedTable

_MOST_DRAWS = 5000

Figure = Callable[[np.ndarray], np.ndarray]

PAIRS: dict[str, Pairs] = {"uno_c": "uno", "harrell_c": "harrell", "auc_at_horizon": "horizon"}


class HeldOutFigures:
    """Figures of held-out predictions, of any sample of the patients."""

    def __init__(self, followed: FollowedTable, predictions: pd.DataFrame, seed: int) -> None:
        self.followed, self.predictions, self.seed = followed, predictions, seed
        self.censoring = compute_censoring_curve(followed.time, followed.event)
        groups = followed.table.groups
        self.groups = groups if len(set(groups)) < len(groups) else None
        patients = pd.Index(followed.table.patients)
        self.rows = patients.get_indexer(pd.Index(predictions["patient"]))
        self.time = predictions["time"].to_numpy()
        self.event = predictions["event"].to_numpy()

    def estimate(self, name: str, level: float) -> Estimate:
        """Return a figure with its interval, which knows that folds share patients."""
        if name in PAIRS:
            return self.bound(self._concordance(PAIRS[name]), level)
        parts = self.brier_parts("likelihood")
        if name == "brier_gain":
            parts = self.brier_parts("everybody") - parts
        return self.bound(self.mean_of(parts), level)

    def bound(self, figure: Figure, level: float) -> Estimate:
        """Return a figure of all patients with an interval."""
        # A wider interval needs more draws for its ends to be told; its ends are then the last.
        draws = int(min(np.ceil(500 * max(1.0, 0.05 / (1 - level))), _MOST_DRAWS))
        return compute_out_of_bag_interval(
            figure,
            len(self.followed),
            seed=self.seed,
            draws=draws,
            level=level,
            groups=self.groups,
        )

    def _concordance(self, pairs: Pairs) -> Figure:
        blocks = []
        by = self.predictions.groupby(["repeat", "fold"], sort=False).indices
        for members in by.values():
            weight = weigh_pairs(
                pairs,
                self.time[members],
                self.event[members],
                horizon=self.followed.horizon,
                censoring=self.censoring,
            )
            score = self.predictions["score"].to_numpy()[members]
            blocks.append((self.rows[members], weight, score))

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
            horizon=self.followed.horizon,
            censoring=self.censoring,
        )

    def mean_of(self, parts: np.ndarray) -> Figure:
        """Return the mean of what patients add, weighted for censoring."""
        weight = weigh_for_horizon(
            self.time, self.event, horizon=self.followed.horizon, censoring=self.censoring
        )
        means = pd.DataFrame({"part": parts, "weight": weight}).groupby(self.rows).mean()
        rows = means.index.to_numpy()
        part, standing = means["part"].to_numpy(), means["weight"].to_numpy()

        def figure(counts: np.ndarray) -> np.ndarray:
            # Over the weights drawn rather than the patients: those not censored stand for all.
            whole, total = counts[:, rows] @ standing, counts[:, rows] @ part
            return np.divide(total, whole, out=np.full(len(counts), np.nan), where=whole > 0)

        return figure
