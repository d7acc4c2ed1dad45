"""Many small logistic regressions at once, each with a design and labels of its own."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

SMALL_STEP = 1e-4
"""Newton steps square their error: after a step this small, weights are right to about 1e-8."""

FEW_ITERATIONS, MANY_ITERATIONS = 10, 100

ROUGH_STEP, ROUGH_DAMPING = 5e-3, 1e-6
"""How small a step in single precision needs to be, before double precision takes the last; and
what keeps columns that say the same apart there, as a share of the rows."""


def fit_many_logistic(
    design: np.ndarray, labels: np.ndarray, C: float = 1.0
) -> tuple[np.ndarray, np.ndarray]:
    """Fit logistic regressions with a ridge penalty, all by Newton's method side by side.

    Each minimises, on its columns standardised by their own mean and spread,

        sum(log(1 + exp(f)) - y f) + |w|^2 / (2 C)

    with an unpenalised intercept. A constant column gets weight 0.

    Parameters
    ----------
    design : array, shape (n_models, n_columns, n_rows)
    labels : array of 0 and 1, shape (n_models, n_rows)
        Both classes in each row.
    C : float
        Large is little penalty, as in scikit-learn.

    Returns
    -------
    coef : array, shape (n_models, n_columns)
        On the columns as given.
    intercept : array, shape (n_models,)

    Examples
    --------
    >>> x = np.array([[[-1.0, 0.0, 1.0, 2.0]], [[2.0, 1.0, 0.0, -1.0]]])
    >>> coef, intercept = fit_many_logistic(x, np.array([[0, 0, 1, 1], [0, 0, 1, 1]]))
    >>> bool(np.isclose(coef[0, 0], -coef[1, 0]))
    True
    """
    return fit_column_sets(design, labels, [range(design.shape[1])], C)[0]


def fit_column_sets(
    design: np.ndarray, labels: np.ndarray, sets: Sequence[Sequence[int]], C: float = 1.0
) -> list[tuple[np.ndarray, np.ndarray]]:
    """Fit as `fit_many_logistic` does, on several sets of the columns, standardised once.

    Parameters
    ----------
    design, labels, C
        As of `fit_many_logistic`.
    sets : sequence of sequence of int
        Positions of columns.

    Returns
    -------
    fitted : list of (coef, intercept)
        For each set, as of `fit_many_logistic`; ``coef`` has its columns only.

    Examples
    --------
    >>> x, y = np.random.default_rng(0).normal(size=(1, 2, 9)), np.array([[0, 1, 1] * 3])
    >>> first, both = fit_column_sets(x, y, [[0], [0, 1]])
    >>> np.allclose(first[0], fit_many_logistic(x[:, :1], y)[0]), both[0].shape
    (True, (1, 2))
    """
    columns, center, scale = _standardise(design)
    y = labels.astype(np.float64)
    fitted: dict[int, tuple[np.ndarray, np.ndarray]] = {}
    for width in sorted({len(chosen) for chosen in sets}):
        alike = [k for k, chosen in enumerate(sets) if len(chosen) == width]
        ridge = np.full(width + 1, 1 / C)
        ridge[-1] = 0.0
        stacked = np.empty((len(alike) * len(columns), width + 1, columns.shape[2]))
        for part, k in zip(np.split(stacked, len(alike)), alike, strict=True):
            for place, column in enumerate([*sets[k], -1]):
                part[:, place] = columns[:, column]
        weights = _iterate(stacked, np.tile(y, (len(alike), 1)), ridge)
        for k, of_set in zip(alike, np.split(weights, len(alike)), strict=True):
            chosen = list(sets[k])
            coef = of_set[:, :-1] / scale[:, chosen]
            fitted[k] = coef, of_set[:, -1] - (coef * center[:, chosen]).sum(axis=1)
    return [fitted[k] for k in range(len(sets))]


def _standardise(design: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return standardised columns and one of ones, shape (n_models, n_columns + 1, n_rows)."""
    n_rows = design.shape[2]
    columns = np.ones((len(design), design.shape[1] + 1, n_rows))
    center = design.mean(axis=2)
    centred = np.subtract(design, center[:, :, None], out=columns[:, :-1])
    scale = np.sqrt(np.einsum("mcn,mcn->mc", centred, centred) / n_rows)
    # A column of equal values may keep a spread of rounding error, which must not count.
    size = np.maximum(design.max(axis=2, initial=0.0), -design.min(axis=2, initial=0.0))
    varies = scale > 10 * np.finfo(float).eps * size
    scale = np.where(varies, scale, 1.0)
    centred *= (varies / scale)[:, :, None]
    return columns, center, scale


def _iterate(columns: np.ndarray, y: np.ndarray, ridge: np.ndarray) -> np.ndarray:
    """Take Newton steps, rough ones first; where they do not settle, damped ones from the start."""
    start, weights = _approach(columns, y, ridge)
    active, unsettled = np.arange(len(y)), np.ones(len(y), dtype=bool)
    X, target = columns, y
    for _ in range(FEW_ITERATIONS):
        # Weights that run away are found by their steps, and begun again below.
        with np.errstate(over="ignore", invalid="ignore"):
            step = _newton_step(X, target, weights[active], ridge)
            weights[active] -= step
        unsettled = ~(np.abs(step).max(axis=1) < SMALL_STEP)
        if not unsettled.any():
            return weights
        # One step more for those that settled costs less than a copy of most of the others.
        if unsettled.mean() < 0.5:
            active, X, target = active[unsettled], X[unsettled], target[unsettled]
            unsettled = unsettled[unsettled]
    for k in active[unsettled]:
        weights[k] = _descend(columns[k], y[k], start[k], ridge)
    return weights


def _approach(
    columns: np.ndarray, y: np.ndarray, ridge: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return the weights of a linear discriminant, and those that single precision finds from it.

    It is quicker by more than half, and what it leaves is undone by the next step in double
    precision, whose size tells whether that is enough.
    """
    start = _discriminate(columns, y, ridge)
    X, target, penalty, weights = (part.astype(np.float32) for part in (columns, y, ridge, start))
    damping = ROUGH_DAMPING * columns.shape[2]
    with np.errstate(over="ignore", invalid="ignore"):
        for _ in range(FEW_ITERATIONS):
            step = _newton_step(X, target, weights, penalty, damping)
            weights -= step
            # The last few are not waited for.
            if np.mean(np.abs(step).max(axis=1) > ROUGH_STEP) < 0.1:
                break
    found = np.asarray(np.isfinite(weights).all(axis=1))
    return start, np.where(found[:, None], weights, start)


def _descend(
    columns: np.ndarray, y: np.ndarray, weights: np.ndarray, ridge: np.ndarray
) -> np.ndarray:
    """Minimise one objective, halving every step that does not descend."""

    def objective(w: np.ndarray) -> float:
        return float(_objective(columns[None], y[None], w[None], ridge)[0])

    now = objective(weights)
    for _ in range(MANY_ITERATIONS):
        step = _newton_step(columns[None], y[None], weights[None], ridge)[0]
        size = 1.0
        while (new := objective(weights - size * step)) > now and size > SMALL_STEP:
            size /= 2
        if new > now:
            break
        weights, now = weights - size * step, new
        if size * np.abs(step).max() < SMALL_STEP:
            break
    return weights


def _discriminate(columns: np.ndarray, y: np.ndarray, ridge: np.ndarray) -> np.ndarray:
    """Return the weights of a linear discriminant, near those of a logistic regression."""
    n = columns.shape[2]
    share = y.mean(axis=1)
    spread = share * (1 - share)
    moments = columns[:, :-1] @ np.swapaxes(columns[:, :-1], 1, 2) / n
    # The ridge keeps constant columns, which are all 0, from being divided by.
    moments += np.diag(ridge[:-1] / (n * 0.25) + 1e-9)
    with_y = np.matmul(columns[:, :-1], (y - share[:, None])[:, :, None])[:, :, 0] / n
    slope = np.linalg.solve(moments, with_y[:, :, None])[:, :, 0]
    explained = np.minimum((slope * with_y).sum(axis=1) / spread, 0.6)
    slope /= (spread * (1 - explained))[:, None]
    return np.column_stack([slope, np.log(share) - np.log1p(-share)])


def _newton_step(
    columns: np.ndarray,
    y: np.ndarray,
    weights: np.ndarray,
    ridge: np.ndarray,
    damping: float = 1e-12,
) -> np.ndarray:
    # The logistic function is (1 + tanh(f / 2)) / 2, which is quick and never overflows; gradient
    # and curvature are both taken four times.
    tilt = _scores(columns, 0.5 * weights)
    np.tanh(tilt, out=tilt)
    away = tilt - (2 * y - 1)
    gradient = 2 * np.matmul(columns, away[:, :, None])[:, :, 0] + 4 * ridge * weights
    curvature = np.multiply(tilt, tilt, out=tilt)
    np.subtract(1, curvature, out=curvature)
    np.maximum(curvature, 4e-12, out=curvature)
    hessian = (columns * curvature[:, None, :]) @ np.swapaxes(columns, 1, 2)
    hessian += np.diag(4 * (ridge + damping))
    return np.linalg.solve(hessian, gradient[:, :, None])[:, :, 0]


def _objective(
    columns: np.ndarray, y: np.ndarray, weights: np.ndarray, ridge: np.ndarray
) -> np.ndarray:
    f = _scores(columns, weights)
    # log(1 + exp(f)) - y f, without a logarithm of anything near 0.
    loss = np.maximum(f, 0) + np.log1p(np.exp(-np.abs(f))) - y * f
    return loss.sum(axis=1) + (ridge * weights**2).sum(axis=1) / 2


def _scores(columns: np.ndarray, weights: np.ndarray) -> np.ndarray:
    return np.matmul(weights[:, None, :], columns)[:, 0]
