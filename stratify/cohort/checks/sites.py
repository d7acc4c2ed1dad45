"""Sites, arms and outcome that cannot be told apart."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd

from stratify.cohort.checks.missingness import compare_shares
from stratify.cohort.checks.ranks import compute_rank_auc
from stratify.cohort.values import Cohort
from stratify.errors import Fault, name_some

_FEWEST = 5
LEVEL = 0.001
"""The chance of a false alarm of a site, or the order of rows, that predicts the outcome."""


def find_arms_of_one_site(cohort: Cohort) -> Iterator[Fault]:
    """Find arms all of whose patients come from one site, where there are several sites."""
    site, arm = cohort.values_of("site"), cohort.values_of("treatment")
    if site is None or arm is None or len(set(site) - {""}) < 2 or len(set(arm) - {""}) < 2:
        return
    known = (site != "") & (arm != "")
    for name, sites in pd.Series(site[known]).groupby(arm[known]):
        if (sites == sites.iloc[0]).all() and len(sites) >= _FEWEST:
            yield Fault(
                where=f"{cohort.name}: {_column(cohort, 'treatment')}",
                met=f"all {len(sites)} patients under {name} come from {sites.iloc[0]}",
                wanted="arms that are spread over the sites",
                way_out="What is due to the arm and what to the site cannot be told apart here; "
                "say so in every report of it.",
                severity="warning",
            )


def find_telling_sites(cohort: Cohort, response: np.ndarray) -> Iterator[Fault]:
    """Find sites of one class only, and sites that differ in how many respond.

    Parameters
    ----------
    cohort : Cohort
    response : array of float, shape (n_patients,)
        1 for a responder, 0 for others, NaN where not known.
    """
    site = cohort.values_of("site")
    if site is None:
        return
    known = np.isfinite(response) & (site != "")
    names, codes = np.unique(site[known], return_inverse=True)
    if len(names) < 2:
        return
    sizes = np.bincount(codes).astype(float)
    hits = np.bincount(codes, weights=response[known])
    where = f"{cohort.name}: {_column(cohort, 'site')}"
    alone = ((hits == 0) | (hits == sizes)) & (sizes >= _FEWEST)
    if alone.any():
        some = name_some(
            f"{'all' if hits[k] else 'none'} of {sizes[k]:.0f} at {names[k]}"
            for k in np.flatnonzero(alone)
        )
        yield Fault(
            where=where,
            met=f"with the outcome: {some}",
            wanted="patients with and without the outcome at each site",
            way_out='A model may learn the site instead; validate with together = "site", and ask '
            "why this site differs.",
            severity="warning",
        )
    p, strength = compare_shares(hits, sizes)
    if p < LEVEL and strength >= 0.2 and not alone.any():
        shares = hits / sizes
        most, least = int(np.argmax(shares)), int(np.argmin(shares))
        yield Fault(
            where=where,
            met=f"{shares[most]:.0%} with the outcome at {names[most]}, {shares[least]:.0%} at "
            f"{names[least]}".replace("%", " %"),
            wanted="sites that hardly tell the outcome; scans and habits of a site would pass for "
            "prediction",
            way_out='Validate with together = "site", so that no site is both learned and judged.',
            severity="warning",
        )


def find_telling_order(cohort: Cohort, response: np.ndarray) -> Iterator[Fault]:
    """Find a file sorted so that the place of a row tells the outcome."""
    known = np.isfinite(response)
    places, hits = np.flatnonzero(known).astype(float), response[known] == 1
    n1, n0 = int(hits.sum()), int((~hits).sum())
    if min(n1, n0) < _FEWEST:
        return
    from scipy.special import ndtr

    auc = compute_rank_auc(places, hits)
    z = abs(auc - 0.5) * np.sqrt(12 * n1 * n0 / (n1 + n0 + 1))
    if 2 * ndtr(-z) < LEVEL and abs(auc - 0.5) > 0.15:
        yield Fault(
            where=cohort.name,
            met=f"the order of the rows tells the outcome (AUC {max(auc, 1 - auc):.2f})",
            wanted="an order that has nothing to do with it",
            way_out="Nothing here uses the order; but identifiers, dates or batches that follow "
            "it would leak, so look for them among the features.",
            severity="warning",
        )


def _column(cohort: Cohort, role: str) -> str:
    column = cohort.named(role)  # type: ignore[arg-type]
    return role if column is None else column.name
