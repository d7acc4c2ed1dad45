"""How well one number tells two classes apart, before any model is made.

The same figure as `stratify.metrics.compute_auc`, which stands on a floor above this one.
"""

from __future__ import annotations

import numpy as np
import pandas as pd


def compute_rank_auc(values: np.ndarray, high: np.ndarray) -> float:
    """Compute how often a row of one class has the higher value, ties counted one half.

    Parameters
    ----------
    values : array of float, shape (n_rows,)
    high : array of bool, shape (n_rows,)
        The class; some rows of each.

    Source
    ------
    Hanley and McNeil 1982, Radiology 143, 29-36.

    Examples
    --------
    >>> compute_rank_auc(np.array([0.1, 0.4, 0.35, 0.8]), np.array([False, False, True, True]))
    0.75
    """
    ranks = pd.Series(values).rank().to_numpy()
    wins = ranks[high].sum() - high.sum() * (high.sum() + 1) / 2
    return float(wins / (high.sum() * (~high).sum()))
