"""Whether a value is missing, where that alone tells the site, the arm or the outcome."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from stratify.cohort.values import Cohort
from stratify.errors import Fault

LEVEL = 0.001
"""The chance of one false alarm among all columns of a cohort, under independence."""
LEAST_ASSOCIATION = 0.15
"""Cramér's V below this is left alone, however many patients make it certain."""

_FEWEST = 10


def find_telling_gaps(
    cohort: Cohort,
    groups: np.ndarray,
    *,
    of: str,
    columns: Sequence[str],
    level: float = LEVEL,
    wanted: str = "",
    way_out: str = "",
) -> Iterator[Fault]:
    """Find columns that are missing more often in one group than in another.

    Parameters
    ----------
    cohort : Cohort
    groups : array of str, shape (n_patients,)
        Empty where not known.
    of : str
        What the groups are: ``"the outcome"``, ``"site"``, ``"arm"``.
    columns : sequence of str
        Whose gaps are looked at.
    level : float
        The chance of one false alarm among the columns.
    wanted, way_out : str
        In place of what is said of features.

    Notes
    -----
    The chi-square test of independence on each table of gap by group, Bonferroni-corrected for the
    number of columns with gaps. Tables with fewer than 10 gaps or 10 values are left alone.
    """
    known = groups != ""
    names, codes = np.unique(groups[known], return_inverse=True)
    gaps = {name: cohort.frame[name].isna().to_numpy()[known] for name in columns}
    gaps = {name: gap for name, gap in gaps.items() if _FEWEST <= gap.sum() <= len(gap) - _FEWEST}
    if len(names) < 2 or len(names) > 200 or not gaps:
        return
    sizes = np.bincount(codes, minlength=len(names)).astype(float)
    for name, gap in gaps.items():
        missing = np.bincount(codes, weights=gap, minlength=len(names))
        p, strength = compare_shares(missing, sizes)
        if p * len(gaps) < level and strength >= LEAST_ASSOCIATION:
            shares = missing / sizes
            most, least = int(np.argmax(shares)), int(np.argmin(shares))
            yield Fault(
                where=f"{cohort.name}: {name}",
                met=f"missing for {shares[most]:.0%} where {of} is {names[most]}, for "
                f"{shares[least]:.0%} where it is {names[least]}".replace("%", " %"),
                wanted=wanted
                or f"whether a value is missing has nothing to do with {of}; a model would "
                "learn the gap, not the value",
                way_out=way_out
                or "Find out why it is missing there; leave the column out, or report the "
                "results without it too.",
                severity="warning",
            )


def compare_shares(hits: np.ndarray, sizes: np.ndarray) -> tuple[float, float]:
    """Return the p of equal shares in all groups (chi-square), and Cramér's V.

    Examples
    --------
    >>> p, v = compare_shares(np.array([50.0, 0.0]), np.array([50.0, 50.0]))
    >>> bool(p < 1e-20), round(float(v), 3)
    (True, 1.0)
    """
    from scipy.special import chdtrc

    share = hits.sum() / sizes.sum()
    if not 0 < share < 1 or len(sizes) < 2:
        return 1.0, 0.0
    statistic = float(np.sum((hits - sizes * share) ** 2 / (sizes * share * (1 - share))))
    return float(chdtrc(len(sizes) - 1, statistic)), float(np.sqrt(statistic / sizes.sum()))
