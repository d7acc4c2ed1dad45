"""From signals to connectivity: one patient at a time, so nothing is learned from the others."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from stratify.errors import DataError, Fault, did_you_mean

LEAST_VOLUMES = 3
"""Two volumes are always perfectly correlated."""


def compute_connectivity(signals: np.ndarray, kind: str) -> np.ndarray:
    """Compute one patient's connectivity from the signals of the regions.

    Each patient's matrix depends on that patient's signals alone, so that it may be computed before
    patients are parted into folds.

    Parameters
    ----------
    signals : array, shape (n_volumes, n_regions)
        In any unit. A region that is constant or missing throughout was not covered.
    kind : {"pearson r", "fisher z", "partial correlation", "covariance"}
        Partial correlations come from the Ledoit-Wolf covariance of the standardised signals, so
        that they do not depend on a region's unit; a covariance is that of the signals as they are,
        shrunk in the same way, and hence positive definite.

    Returns
    -------
    matrix : array, shape (n_regions, n_regions)
        Symmetric; 1 on the diagonal of correlations, 0 on that of Fisher z, variances on that of a
        covariance. NaN in the rows and columns of regions that were not covered.

    Raises
    ------
    DataError
        If the kind cannot be computed from signals, fewer than `LEAST_VOLUMES` volumes are given,
        or a region has a signal in some volumes only.

    Source
    ------
    Ledoit O, Wolf M 2004, J Multivariate Analysis 88(2); scikit-learn's implementation.

    Examples
    --------
    >>> signals = np.array([[0.0, 1.0, 5.0], [1.0, 3.0, 5.0], [2.0, 5.0, 5.0]])
    >>> compute_connectivity(signals, "pearson r").round(2)
    array([[ 1.,  1., nan],
           [ 1.,  1., nan],
           [nan, nan, nan]])
    """
    compute = _require_kind(kind)
    signals = np.asarray(signals, dtype=float)
    covered = covered_regions(signals)
    _require_signals(signals, covered)
    matrix = np.full((signals.shape[1],) * 2, np.nan)
    if covered.any():
        matrix[np.ix_(covered, covered)] = compute(signals[:, covered])
    return matrix


def covered_regions(signals: np.ndarray) -> np.ndarray:
    """Return which regions have a signal that varies, shape (n_regions,)."""
    if not len(signals):
        return np.zeros(signals.shape[1], dtype=bool)
    low, high = signals.min(axis=0), signals.max(axis=0)
    missing = np.zeros(signals.shape[1], dtype=bool)
    if np.isnan(low).any():
        missing = np.isnan(signals).all(axis=0)
        known = np.where(missing, 0.0, signals)
        low, high = np.nanmin(known, axis=0), np.nanmax(known, axis=0)
    # A constant that was averaged or filtered is constant up to rounding only.
    size = np.maximum(np.abs(low), np.abs(high))
    with np.errstate(invalid="ignore"):
        return ~missing & (high - low > 1e-10 * size)


def _standardise(signals: np.ndarray) -> np.ndarray:
    centred = signals - signals.mean(axis=0)
    return centred / centred.std(axis=0)


def _pearson(signals: np.ndarray) -> np.ndarray:
    standard = _standardise(signals)
    correlations = np.clip(standard.T @ standard / len(standard), -1.0, 1.0)
    np.fill_diagonal(correlations, 1.0)
    return correlations


def _fisher_z(signals: np.ndarray) -> np.ndarray:
    correlations = _pearson(signals)
    np.fill_diagonal(correlations, 0.0)
    with np.errstate(divide="ignore"):
        return np.arctanh(correlations)


def _covariance(signals: np.ndarray) -> np.ndarray:
    from sklearn.covariance import ledoit_wolf

    if signals.shape[1] == 1:  # nothing to shrink, and scikit-learn warns of it
        return np.atleast_2d(signals.var(axis=0))
    covariance = ledoit_wolf(signals)[0]
    return (covariance + covariance.T) / 2


def _partial(signals: np.ndarray) -> np.ndarray:
    precision = np.linalg.inv(_covariance(_standardise(signals)))
    scale = np.sqrt(np.diagonal(precision))
    partial = -precision / np.outer(scale, scale)
    np.fill_diagonal(partial, 1.0)
    return np.clip((partial + partial.T) / 2, -1.0, 1.0)


COMPUTED_KINDS: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "pearson r": _pearson,
    "fisher z": _fisher_z,
    "partial correlation": _partial,
    "covariance": _covariance,
}
"""The kinds of connectivity that can be computed from signals."""


def _require_kind(kind: str) -> Callable[[np.ndarray], np.ndarray]:
    if kind not in COMPUTED_KINDS:
        raise DataError(
            Fault(
                where="kind",
                met=f"{kind!r}{did_you_mean(kind, COMPUTED_KINDS)}",
                wanted=f"one of {', '.join(COMPUTED_KINDS)}, which can be computed from signals",
                way_out="Choose one of them.",
            )
        )
    return COMPUTED_KINDS[kind]


def _require_signals(signals: np.ndarray, covered: np.ndarray) -> None:
    met = ""
    if len(signals) < LEAST_VOLUMES:
        met = f"{len(signals)} volumes"
    elif not np.isfinite(signals[:, covered]).all():
        bad = np.flatnonzero(~np.isfinite(signals).all(axis=0) & covered)
        met = f"no value in some volumes of region {bad[0] + 1}"
        met += f" and {len(bad) - 1} more" if len(bad) > 1 else ""
    if met:
        raise DataError(
            Fault(
                where="signals",
                met=met,
                wanted=f"{LEAST_VOLUMES} volumes or more, and in each of them a finite value of "
                "every region that was covered",
                way_out="Leave out the volumes that were not measured, or the region as a whole.",
            )
        )
