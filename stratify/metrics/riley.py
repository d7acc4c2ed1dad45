"""The formulas behind sample sizes: Riley's criteria, and the width of an interval to come."""

from __future__ import annotations

from math import ceil, exp, floor, log, sqrt

import numpy as np
from scipy import stats
from scipy.optimize import brentq
from scipy.special import expit, logit

R2_GAP = 0.05
BASE_RATE_MARGIN = 0.05
MEAN_ERROR = 0.05


def compute_r2_from_auc(auc: float, prevalence: float) -> float:
    """Compute the Cox-Snell R² of a model of this AUC whose score is normal in both classes.

    The expectation is integrated, not simulated, so that equal questions have equal answers.

    Source
    ------
    Riley, Van Calster and Collins 2021, Statistics in Medicine 40, 859-864.

    Examples
    --------
    >>> round(compute_r2_from_auc(0.7, 0.5), 3)
    0.121
    """
    shift = sqrt(2) * stats.norm.ppf(auc)
    nodes, weights = np.polynomial.hermite_e.hermegauss(100)
    weights = weights / weights.sum()

    def log_odds(x: np.ndarray) -> np.ndarray:
        return logit(prevalence) + shift * x - shift**2 / 2

    fitted = prevalence * (weights @ np.log(expit(log_odds(nodes + shift))))
    fitted += (1 - prevalence) * (weights @ np.log(expit(-log_odds(nodes))))
    return float(1 - np.exp(2 * (compute_null_likelihood(prevalence) - fitted)))


def compute_null_likelihood(prevalence: float) -> float:
    """Compute the mean log-likelihood of a model that knows the prevalence only."""
    return prevalence * log(prevalence) + (1 - prevalence) * log(1 - prevalence)


def compute_largest_r2(prevalence: float) -> float:
    """Compute the largest Cox-Snell R² with this share of responders."""
    return 1 - exp(2 * compute_null_likelihood(prevalence))


def compute_patients_a_parameter(r2: float, slope: float) -> float:
    """Compute patients a parameter so that coefficients shrink to this slope: criterion (i)."""
    return 1 / ((slope - 1) * log(1 - r2 / slope)) if slope > r2 else float("inf")


def compute_slope_of_gap(r2: float, r2_max: float) -> float:
    """Compute the slope at which apparent and true R² differ by 0.05 of the largest: (ii)."""
    return r2 / (r2 + R2_GAP * r2_max)


def compute_patients_of_base_rate(prevalence: float) -> int:
    """Compute the patients who tell the share of responders to within 0.05: (iii)."""
    # 1.96, not the exact quantile, as everywhere this criterion is tabulated.
    return ceil((1.96 / BASE_RATE_MARGIN) ** 2 * prevalence * (1 - prevalence))


def compute_patients_of_error(parameters: int, prevalence: float) -> float:
    """Compute the patients so that likelihoods are off by 0.05 on average: (iv)."""
    rarer = min(prevalence, 1 - prevalence)
    power = -0.508 + 0.259 * log(rarer) + 0.504 * log(parameters) - log(MEAN_ERROR)
    return exp(power / 0.544)


def compute_parameters_of_error(patients: int, prevalence: float) -> int:
    """Compute the parameters with which so many patients satisfy criterion (iv)."""
    rarer = min(prevalence, 1 - prevalence)
    power = 0.544 * log(patients) + 0.508 - 0.259 * log(rarer) + log(MEAN_ERROR)
    return floor(exp(power / 0.504))


def compute_expected_slope(patients: int, parameters: int, r2: float) -> float:
    """Solve criterion (i) for the shrinkage; NaN with as many parameters as patients.

    Examples
    --------
    >>> round(compute_expected_slope(694, 10, compute_r2_from_auc(0.7, 0.5)), 3)
    0.9
    """
    if parameters >= patients:
        return float("nan")

    def excess(slope: float) -> float:
        return patients / parameters - compute_patients_a_parameter(r2, slope)

    return float(brentq(excess, r2 * (1 + 1e-12) + 1e-12, 1 - 1e-12))


def compute_auc_half_width(
    *, auc: float, prevalence: float, patients: int, level: float = 0.95
) -> float:
    """Compute how wide the interval of an AUC will be, half of it, in patients yet to be seen.

    Parameters
    ----------
    auc, prevalence : float
    patients : int
        In the test set.
    level : float

    Source
    ------
    Hanley and McNeil 1982, Radiology 143, 29-36.

    Examples
    --------
    >>> round(compute_auc_half_width(auc=0.65, prevalence=0.5, patients=100), 2)
    0.11
    """
    m, n = patients * prevalence, patients * (1 - prevalence)
    two_responders = auc / (2 - auc)
    two_others = 2 * auc**2 / (1 + auc)
    variance = auc * (1 - auc)
    variance += (m - 1) * (two_responders - auc**2) + (n - 1) * (two_others - auc**2)
    return float(stats.norm.ppf((1 + level) / 2) * sqrt(variance / (m * n)))
