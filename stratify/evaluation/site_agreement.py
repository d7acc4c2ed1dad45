"""Whether patients are told apart within a site, or only sites from one another."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
import pandas as pd

from stratify.evaluation.held_out import HeldOut
from stratify.evaluation.values import Evaluation
from stratify.metrics import (
    Estimate,
    compute_auc_interval,
    compute_out_of_bag_interval,
    compute_weighted_auc,
)
from stratify.task import Table

NOTABLE = 0.05
"""A difference of two AUCs that is told, even where it may be chance."""


@dataclass(frozen=True, eq=False)
class SiteAgreement:
    """The AUC of all patients together beside that of each site's own.

    Parameters
    ----------
    name : str
        Of the model.
    pooled : Estimate
        Patients of all sites ranked together.
    within : Estimate
        Patients ranked within their site, the mean of the sites.
    difference : Estimate
        Pooled minus within.
    by_site : DataFrame
        ``site``, ``patients``, ``responders``, and ``auc`` with DeLong's ``auc_low`` and
        ``auc_high``, the models held fixed; NaN for a site with one class only.
    """

    name: str
    pooled: Estimate
    within: Estimate
    difference: Estimate
    by_site: pd.DataFrame

    @property
    def finding(self) -> str:
        """``"disagree"`` beyond chance, ``"differ"`` notably, ``"agree"``, or ``"cannot tell"``."""
        if not np.isfinite(self.difference.value):
            return "cannot tell"
        if self.difference.low > 0 or self.difference.high < 0:
            return "disagree"
        if abs(self.difference.value) >= NOTABLE:
            return "differ"
        # Without an interval that they are near one another shows nothing.
        return "agree" if np.isfinite(self.difference.low) else "cannot tell"

    def __str__(self) -> str:
        figures = (
            f"{self.name}: AUC {self.pooled} of all sites together, {self.within} within sites"
        )
        if self.finding == "cannot tell":
            known = np.isfinite(self.difference.value)
            why = "whether they differ cannot be told" if known else "no site has both classes"
            return f"{figures}; {why}."
        if self.finding == "agree":
            return f"{figures}; the two agree."
        why = (
            "part of the figure of all sites together is telling the sites apart, which says "
            "nothing of a patient"
            if self.difference.value > 0
            else "likelihoods differ in level between sites, and need recalibration at a site "
            "before its patients are compared with others"
        )
        by = f"{abs(self.difference.value):.3f}"
        if self.finding == "differ":
            return f"{figures}; they differ by {by}, which may be chance. If not, {why}."
        return f"{figures}; they disagree by {by}: {why}."

    def to_dict(self) -> dict[str, object]:
        """Return plain values, for JSON and tables."""
        return {
            "model": self.name,
            "finding": self.finding,
            **self.pooled.to_dict("auc_pooled"),
            **self.within.to_dict("auc_within_sites"),
            **self.difference.to_dict("difference"),
        }


def compute_site_agreement(
    evaluation: Evaluation, table: Table, *, seed: int = 0, level: float = 0.95
) -> SiteAgreement | None:
    """Compare a model's AUC over all sites with its AUC within them.

    A model that knows only which site a patient is of, and sites whose shares of responders differ,
    has a pooled AUC above one half and none within sites. The other way round, a model that ranks
    well at each site is worse over all where its level differs between them.

    Parameters
    ----------
    evaluation : Evaluation
    table : Table
        The table it was evaluated on.
    seed, level
        Of the intervals, which are those of `compute_out_of_bag_interval`.

    Returns
    -------
    agreement : SiteAgreement or None
        None where sites are not known, or there is one.
    """
    if table.site is None or len(set(table.site)) < 2:
        return None
    held_out = HeldOut.of(evaluation.predictions)
    place = {str(patient): k for k, patient in enumerate(table.X.index)}
    rows = np.array([place[patient] for patient in held_out.patients])
    sites, belongs = table.site[rows].astype(str), table.groups[rows]
    if len(set(sites)) < 2:
        return None
    code = np.broadcast_to(np.unique(sites, return_inverse=True)[1], held_out.log_odds.shape)
    pooled = partial(compute_weighted_auc, held_out.y, held_out.log_odds)
    within = partial(pooled, fold=code)

    def difference(weights: np.ndarray) -> np.ndarray:
        return pooled(weights) - within(weights)

    together = None if len(set(belongs)) == len(rows) else belongs
    bound = partial(
        compute_out_of_bag_interval, n_patients=len(rows), seed=seed, level=level, groups=together
    )
    return SiteAgreement(
        name=evaluation.name,
        pooled=bound(pooled),
        within=bound(within),
        difference=bound(difference),
        by_site=_tabulate_sites(held_out, sites, level),
    )


def tabulate_site_agreements(agreements: Sequence[SiteAgreement]) -> pd.DataFrame:
    """Return one row a model: the keys of `SiteAgreement.to_dict`."""
    return pd.DataFrame([agreement.to_dict() for agreement in agreements])


def _tabulate_sites(held_out: HeldOut, sites: np.ndarray, level: float) -> pd.DataFrame:
    rows = []
    for site in np.unique(sites):
        mine = sites == site
        auc = compute_auc_interval(held_out.y[mine], held_out.log_odds[:, mine], level=level)
        rows.append(
            {
                "site": site,
                "patients": int(mine.sum()),
                "responders": int(held_out.y[mine].sum()),
                **auc.to_dict("auc"),
            }
        )
    return pd.DataFrame(rows)
