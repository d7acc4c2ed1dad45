"""How much lower a figure is among patients of another site or another year."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

import numpy as np
import pandas as pd
from scipy import stats

from stratify.metrics import Estimate

WANTED_OF_EACH_CLASS = 100
"""Fewer of either outcome, and calibration elsewhere is hardly known."""

Holding = Literal["better than chance", "cannot tell", "worse than chance"]


def find_holding(ranks: Estimate) -> Holding:
    """Tell whether an AUC or a concordance is better than chance by its interval."""
    if ranks.low > 0.5:
        return "better than chance"
    return "worse than chance" if ranks.high < 0.5 else "cannot tell"


def name_kind(simulated: bool) -> str:
    """Call patients what they are."""
    return "simulated patients" if simulated else "patients"


def describe_drop(
    figure: str, internal: Estimate, external: Estimate, drop: Estimate, *, of: str
) -> str:
    """Say in a sentence how a figure of ranks goes from within the study to elsewhere.

    Parameters
    ----------
    figure : str
        ``"the AUC"``.
    internal, external, drop : Estimate
    of : str
        How many of whom.
    """
    way = "lower" if drop.value >= 0 else "higher"
    sure = "" if drop.low > 0 or drop.high < 0 else ", which may be chance"
    ranks = {
        "better than chance": "it ranks these patients better than chance",
        "cannot tell": "whether it ranks these patients better than chance, nobody can tell",
        "worse than chance": "it ranks these patients the wrong way round",
    }[find_holding(external)]
    size = drop if drop.value >= 0 else _flip(drop)
    return (
        f"From within the study to {of} {figure} goes from {internal.value:.3f} to {external}, "
        f"{way} by {size}{sure}; {ranks}."
    )


def subtract_external(internal: Estimate, external: Estimate, level: float) -> Estimate:
    """Return how much lower a figure is elsewhere, the two cohorts taken as independent.

    Examples
    --------
    >>> print(subtract_external(Estimate(0.7, 0.65, 0.75), Estimate(0.6, 0.5, 0.7), 0.95))
    0.100 (95 % interval -0.012 to 0.212)
    """
    halves = [
        (each.high - each.low) / 2 / stats.norm.ppf((1 + each.level) / 2)
        for each in (internal, external)
    ]
    half = float(stats.norm.ppf((1 + level) / 2) * np.hypot(*halves))
    value = internal.value - external.value
    return Estimate(value, value - half, value + half, level)


def tabulate_drop(
    internal: Mapping[str, Estimate], external: Mapping[str, Estimate]
) -> pd.DataFrame:
    """Return each figure within the study and elsewhere: ``metric``, ``internal``, ``external``.

    Examples
    --------
    >>> table = tabulate_drop({"auc": Estimate(0.7, 0.6, 0.8)}, {"auc": Estimate(0.6, 0.5, 0.7)})
    >>> table[["metric", "internal", "external"]].to_dict("records")
    [{'metric': 'auc', 'internal': 0.7, 'external': 0.6}]
    """
    rows = [
        {
            "metric": name,
            **(internal[name].to_dict("internal") if name in internal else {}),
            **estimate.to_dict("external"),
        }
        for name, estimate in external.items()
    ]
    return pd.DataFrame(rows)


def _flip(estimate: Estimate) -> Estimate:
    return Estimate(-estimate.value, -estimate.high, -estimate.low, estimate.level)
