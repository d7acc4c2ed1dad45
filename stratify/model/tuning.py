"""Which grid point to take, by the likelihoods that its held-out scores would give."""

from __future__ import annotations

import numpy as np

from stratify.model.calibrate import fit_sigmoids


def choose_points(scores: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Calibrate each grid point's held-out scores; take the simplest that is as good as any.

    As good as any is a log loss within one standard error of the lowest.

    Parameters
    ----------
    scores : array, shape (n_patients, n_grid, n_labellings)
        The simplest grid point first. Patients who were never held out are NaN.
    y : array of 0 and 1, shape (n_patients, n_labellings)

    Returns
    -------
    chosen : array of int, shape (n_labellings,)
    intercepts, slopes : array, shape (n_labellings,)
        Of the chosen points' calibration.

    Source
    ------
    Breiman et al. 1984, Classification and Regression Trees, section 3.4.3 (one standard error).

    Examples
    --------
    The second point separates the classes, the first says nothing:

    >>> y = np.array([0, 1] * 20)
    >>> scores = np.column_stack([np.ones(40), y])[:, :, None]
    >>> choose_points(scores, y[:, None])[0]
    array([1])
    """
    known = ~np.isnan(scores).any(axis=(1, 2))
    scores, y = scores[known], y[known]
    n, grid, labellings = scores.shape
    flat = scores.reshape(n, -1)
    intercepts, slopes = fit_sigmoids(flat, np.tile(y, grid))
    log_odds = (intercepts + slopes * flat).reshape(scores.shape)
    loss = np.logaddexp(0.0, log_odds) - y[:, None] * log_odds
    best = loss.mean(axis=0).argmin(axis=0)
    worse = loss - np.take_along_axis(loss, best[None, None], axis=1)
    error = worse.std(axis=0) / np.sqrt(n)
    chosen = (worse.mean(axis=0) <= error).argmax(axis=0)
    each = np.arange(labellings)
    return (
        chosen,
        intercepts.reshape(grid, labellings)[chosen, each],
        slopes.reshape(grid, labellings)[chosen, each],
    )
