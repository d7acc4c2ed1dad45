"""How well scores separate, with DeLong's interval; precision where responders are few."""

from __future__ import annotations

from typing import Literal, NamedTuple

import numpy as np
from scipy import stats
from scipy.special import expit, logit
from scipy.stats import rankdata

from stratify.metrics.arrays import check_scores
from stratify.metrics.estimates import Estimate


class Placements(NamedTuple):
    """An AUC, and what each patient adds to it.

    Parameters
    ----------
    auc : float
    of_patients : array, shape (n_patients,)
        For a responder the share of non-responders ranked below, for a non-responder the share of
        responders ranked above; ties count one half.
    """

    auc: float
    of_patients: np.ndarray


def compute_placements(y: np.ndarray, score: np.ndarray) -> Placements:
    """Compute DeLong's structural components by ranks, in n log n steps.

    Parameters
    ----------
    y : array of 0 and 1, shape (n_patients,)
    score : array, shape (n_patients,) or (n_repeats, n_patients)
        With repeats, the AUC and each patient's part are means over them: patients are counted
        once, however often they were predicted.

    Source
    ------
    DeLong, DeLong and Clarke-Pearson 1988, Biometrics 44, 837-845; Sun and Xu 2014, IEEE Signal
    Processing Letters 21, 1389-1393 (ranks).

    Examples
    --------
    >>> compute_placements(np.array([0, 0, 1, 1]), np.array([0.1, 0.4, 0.35, 0.8]))
    Placements(auc=0.75, of_patients=array([1. , 0.5, 0.5, 1. ]))
    """
    y, scores = check_scores(y, score)
    positive = y == 1
    m, n = int(positive.sum()), int((~positive).sum())
    if not m or not n:
        return Placements(float("nan"), np.full(len(y), np.nan))
    of_patients = np.zeros(len(y))
    for row in scores:
        ranks = rankdata(row)
        of_patients[positive] += (ranks[positive] - rankdata(row[positive])) / n
        of_patients[~positive] += 1 - (ranks[~positive] - rankdata(row[~positive])) / m
    of_patients /= len(scores)
    return Placements(float(of_patients[positive].mean()), of_patients)


def compute_auc_interval(
    y: np.ndarray,
    score: np.ndarray,
    *,
    scale: Literal["logit", "plain"] = "logit",
    level: float = 0.95,
) -> Estimate:
    """Compute the AUC with DeLong's interval: patients are a sample, the model is held fixed.

    For scores of patients no model has seen, as in external validation. Out-of-fold scores come
    from models that share patients, which this interval does not know; see
    `compute_out_of_bag_interval`.

    Parameters
    ----------
    y : array of 0 and 1, shape (n_patients,)
    score : array, shape (n_patients,) or (n_repeats, n_patients)
        Any increasing function of the likelihood; as for `compute_placements`.
    scale : {"logit", "plain"}
        Where the interval is symmetric. On the plain scale it is the one of most packages, cut at 0
        and 1; with 40 patients or fewer it covers too little (85 to 93 % at 5 and 15 or 10 and 10
        patients of a class, where the logit's covers 95 to 97 %, and is no wider).
    level : float

    Returns
    -------
    auc : Estimate
        Without bounds where a class has fewer than two patients, or where the
        classes are perfectly separated: the method would call that certain.

    Source
    ------
    DeLong, DeLong and Clarke-Pearson 1988, Biometrics 44, 837-845; Pepe 2003, The Statistical
    Evaluation of Medical Tests, section 5.2 (logit).

    Examples
    --------
    >>> y = np.array([0, 0, 0, 0, 1, 1, 1, 1])
    >>> print(compute_auc_interval(y, np.array([1, 3, 4, 2, 5, 3, 7, 8])))
    0.906 (95 % interval 0.426 to 0.992)
    """
    y, scores = check_scores(y, score)
    auc, of_patients = compute_placements(y, scores)
    if not 0 < auc < 1:
        return Estimate(auc, float("nan"), float("nan"), level)
    variance = _variance(y, of_patients)
    if scale == "plain":
        return _with_interval(auc, variance, level, (0.0, 1.0))
    half = stats.norm.ppf((1 + level) / 2) * np.sqrt(variance) / (auc * (1 - auc))
    low, high = expit(logit(auc) + np.array([-half, half]))
    return Estimate(auc, float(low), float(high), level)


def compute_auc_difference(
    y: np.ndarray, score: np.ndarray, reference: np.ndarray, *, level: float = 0.95
) -> Estimate:
    """Compute by how much one score's AUC exceeds another's, on the same patients.

    Parameters
    ----------
    y : array of 0 and 1, shape (n_patients,)
    score, reference : array, shape (n_patients,) or (n_repeats, n_patients)
    level : float

    Returns
    -------
    difference : Estimate
        AUC of ``score`` minus AUC of ``reference``.

    Source
    ------
    DeLong, DeLong and Clarke-Pearson 1988, Biometrics 44, 837-845.

    Examples
    --------
    A score does not beat itself:

    >>> y, score = np.array([0, 1, 0, 1]), np.array([1.0, 2.0, 3.0, 4.0])
    >>> compute_auc_difference(y, score, score)
    Estimate(value=0.0, low=0.0, high=0.0, level=0.95)
    """
    first, second = compute_placements(y, score), compute_placements(y, reference)
    variance = _variance(np.asarray(y), first.of_patients - second.of_patients)
    return _with_interval(first.auc - second.auc, variance, level, (-1.0, 1.0))


def _variance(y: np.ndarray, of_patients: np.ndarray) -> float:
    parts = [of_patients[y == label] for label in (0, 1)]
    if min(len(part) for part in parts) < 2:
        return float("nan")
    return float(sum(part.var(ddof=1) / len(part) for part in parts))


def _with_interval(
    value: float, variance: float, level: float, bounds: tuple[float, float]
) -> Estimate:
    half = float(stats.norm.ppf((1 + level) / 2) * np.sqrt(variance))
    # np.maximum keeps NaN, where max would not.
    low, high = np.maximum(value - half, bounds[0]), np.minimum(value + half, bounds[1])
    return Estimate(value, float(low), float(high), level)


def compute_average_precision(y: np.ndarray, score: np.ndarray, *, level: float = 0.95) -> Estimate:
    """Compute the mean precision over the ranks at which responders are found.

    Its floor is the share of responders, not one half: compare it with that share, and never
    between cohorts whose shares differ.

    Parameters
    ----------
    y : array of 0 and 1, shape (n_patients,)
    score : array, shape (n_patients,) or (n_repeats, n_patients)
        With repeats, the mean over them.
    level : float

    Returns
    -------
    average_precision : Estimate
        Its interval is that of a proportion among the responders, on the logit scale; without
        bounds where it is 1. Equal scores share one rank.

    Source
    ------
    Boyd, Eng and Page 2013, ECML PKDD, 451-466 (the interval).

    Examples
    --------
    >>> y, score = np.array([0, 1, 0, 1]), np.array([0.1, 0.2, 0.3, 0.4])
    >>> round(compute_average_precision(y, score).value, 4)
    0.8333
    """
    y, scores = check_scores(y, score)
    positives = int(y.sum())
    if not positives:
        return Estimate(float("nan"), float("nan"), float("nan"), level)
    value = float(np.mean([_average_precision(y, row) for row in scores]))
    if value >= 1:
        return Estimate(value, float("nan"), float("nan"), level)
    half = stats.norm.ppf((1 + level) / 2) / np.sqrt(positives * value * (1 - value))
    low, high = expit(logit(value) + np.array([-half, half]))
    return Estimate(value, float(low), float(high), level)


def _average_precision(y: np.ndarray, score: np.ndarray) -> float:
    order = np.argsort(-score, kind="stable")
    y, score = y[order], score[order]
    # Equal scores are one step: their order says nothing.
    last = np.append(score[1:] != score[:-1], True)
    found = np.cumsum(y)[last]
    precision = found / (np.flatnonzero(last) + 1)
    return float((np.diff(found, prepend=0) * precision).sum() / y.sum())
