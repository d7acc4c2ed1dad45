"""Which models a study fits: each family on each feature set that it can be fitted on."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from stratify.errors import Fault

if TYPE_CHECKING:
    from stratify.model import FamilyName
    from stratify.task import Table


def list_candidates(
    families: Sequence[FamilyName], sets: Sequence[Table]
) -> tuple[list[tuple[FamilyName, Table]], tuple[Fault, ...]]:
    """List each family on each feature set; the prevalence, which uses none, once.

    Returns
    -------
    candidates : list of (family, table)
    left_out : tuple of Fault
        A warning of each family that cannot be fitted on some of the sets.

    Raises
    ------
    DataError
        If a family can be fitted on none of them.
    """
    from stratify.evaluation import is_possible, require_possible

    candidates: list[tuple[FamilyName, Table]] = []
    left_out = []
    for family in families:
        wanted = sets[: 1 if is_blind(family) else None]
        fitting = [narrowed for narrowed in wanted if is_possible(family, narrowed)]
        if not fitting:
            require_possible([(family, narrowed) for narrowed in wanted])
        candidates += [(family, narrowed) for narrowed in fitting]
        without = [one.features for one in wanted if not is_possible(family, one)]
        if without:
            left_out.append(_warn_of_edges(family, without))
    return candidates, tuple(left_out)


def is_blind(family: str) -> bool:
    """Tell whether a family looks at no feature."""
    return family == "prevalence"


def _warn_of_edges(family: str, without: Sequence[str]) -> Fault:
    return Fault(
        where=f"models.families: {family}",
        met=f"not fitted on {' and '.join(without)}",
        wanted="sums of edges are fitted where one model sees edges",
        way_out="Compare it with the other families on connectivity and both.",
        severity="warning",
    )
