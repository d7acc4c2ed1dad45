"""The drivers of response: drawn, turned into probabilities, and how well they could predict."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from statistics import NormalDist

import numpy as np

from stratify.datasets.assumptions import ARMS, REFRACTORINESS, Assumptions, read_assumptions

ORACLE_DRAWS = 200_000


@dataclass(frozen=True, slots=True, eq=False)
class Drivers:
    """What truly moves the odds of response in each patient.

    Parameters
    ----------
    refractoriness : array, shape (n_patients,)
        A latent standard normal trait; it acts only through the terms that load on it.
    latent : array, shape (n_patients, n_terms)
        Standard normal; a term with a share is a yes where its latent value is high enough.
    values : array, shape (n_patients, n_terms)
        Standard normal, or 0 and 1.
    """

    refractoriness: np.ndarray
    latent: np.ndarray
    values: np.ndarray


@dataclass(frozen=True, slots=True)
class Law:
    """How drivers become a probability of response, under each arm.

    Parameters
    ----------
    clinical_scale, connectivity_scale : float
        What the tabled coefficients of each part are multiplied by.
    site_effects : tuple of float
        Log odds added at each site; they sum to 0.
    """

    clinical_scale: float = 1.0
    connectivity_scale: float = 1.0
    site_effects: tuple[float, ...] = (0.0,)

    def coefficients(self, assumptions: Assumptions) -> np.ndarray:
        """Return the log odds, shape (n_terms, n_arms)."""
        tabled = np.array([term.coefficients for term in assumptions.terms])
        scale = np.where(
            assumptions.of("connectivity"), self.connectivity_scale, self.clinical_scale
        )
        return tabled * scale[:, None]


def draw_drivers(
    rng: np.random.Generator, count: int, assumptions: Assumptions | None = None
) -> Drivers:
    """Draw patients' drivers from the population."""
    assumptions = assumptions or read_assumptions()
    mixing = _mixing(assumptions)
    noise = rng.standard_normal((count, mixing.shape[1]))
    # einsum sums in one order whatever the number of threads, so equal seeds give equal bits.
    latent = np.einsum("nb,tb->nt", noise, mixing)
    values = latent.copy()
    for k, term in enumerate(assumptions.terms):
        if term.share is not None:
            values[:, k] = latent[:, k] > NormalDist().inv_cdf(1 - term.share)
    return Drivers(noise[:, 0], latent, values)


def _mixing(assumptions: Assumptions) -> np.ndarray:
    """Weights that make each unit-variance term of independent noises: what it shares, its own."""
    size = 1 + len(assumptions.terms)
    known = {REFRACTORINESS: np.eye(size)[0]}
    for k, term in enumerate(assumptions.terms):
        shared = sum((load * known[name] for name, load in term.loads.items()), np.zeros(size))
        known[term.name] = shared + np.sqrt(1 - shared @ shared) * np.eye(size)[k + 1]
    return np.array([known[name] for name in assumptions.names])


def compute_linear_predictor(
    drivers: Drivers, law: Law, assumptions: Assumptions | None = None
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the intercepts, and the clinical and the connectivity part, under each arm.

    The parts are centred on the population, so that scaling the coefficients leaves the base rate
    where the table put it. With scale 1 the sum is the table's own linear predictor.

    Returns
    -------
    intercept : array, shape (n_arms,)
    clinical, connectivity : array, shape (n_patients, n_arms)
        Log odds of response.
    """
    assumptions = assumptions or read_assumptions()
    means = np.array([term.share or 0.0 for term in assumptions.terms])
    tabled = np.array([term.coefficients for term in assumptions.terms])
    intercept = np.array([assumptions.intercepts[arm] for arm in ARMS]) + means @ tabled
    effects = law.coefficients(assumptions)
    centred = drivers.values - means
    clinical, connectivity = (
        np.einsum("nt,ta->na", centred[:, chosen], effects[chosen])
        for chosen in (assumptions.of("clinical"), assumptions.of("connectivity"))
    )
    return intercept, clinical, connectivity


def inverse_logit(log_odds: np.ndarray) -> np.ndarray:
    """Return probabilities of log odds."""
    return 1.0 / (1.0 + np.exp(-log_odds))


def compute_expected_auc(score: np.ndarray, probability: np.ndarray) -> float:
    """Return the AUC a score is expected to have when outcomes are drawn from probabilities.

    Each patient counts as a responder with weight ``probability`` and as a non-responder with the
    rest; ties count one half. With probabilities of 0 and 1 it is the ordinary AUC.

    Examples
    --------
    >>> compute_expected_auc(np.array([1.0, 2.0, 2.0]), np.array([0.0, 1.0, 0.0]))
    0.75
    """
    _, place = np.unique(score, return_inverse=True)
    yes = np.bincount(place, weights=probability)
    no = np.bincount(place, weights=1.0 - probability)
    below = np.cumsum(no) - no
    return float(yes @ (below + no / 2) / (yes.sum() * no.sum()))


@lru_cache(maxsize=64)
def compute_oracle_auc(law: Law, arm: int, *, site_known: bool = False) -> dict[str, float]:
    """Return the AUC of knowing each part of the truth, in the population under one arm.

    From `ORACLE_DRAWS` patients drawn by a seed of its own; expected over outcomes, so its Monte
    Carlo error is about 0.001. Sites move outcomes; whether they are known is asked for.
    """
    rng = np.random.default_rng(20_210_713)
    drivers = draw_drivers(rng, ORACLE_DRAWS)
    sites = rng.integers(len(law.site_effects), size=ORACLE_DRAWS)
    intercept, clinical, connectivity = compute_linear_predictor(drivers, law)
    scores = {
        "clinical": clinical[:, arm],
        "connectivity": connectivity[:, arm],
        "both": clinical[:, arm] + connectivity[:, arm],
    }
    site = np.array(law.site_effects)[sites]
    probability = inverse_logit(intercept[arm] + scores["both"] + site)
    return {
        part: compute_expected_auc(score + site_known * site, probability)
        for part, score in scores.items()
    }
