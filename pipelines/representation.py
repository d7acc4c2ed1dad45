"""Whether connectivity can be represented as a study asks, and how many columns stand for it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from stratify.errors import DataError, Fault, count_of, name_some

if TYPE_CHECKING:
    from stratify.connectome import NetworkMap
    from stratify.preprocess import TablePreparer
    from stratify.task import Table

FEW_PATIENTS = 20
"""So many are enough to see what a representation is made of; nothing of it is kept."""


def judge_networks(table: Table) -> tuple[Fault, ...]:
    """Tell of networks with too few regions, and of regions that no table knows.

    Parameters
    ----------
    table : Table

    Returns
    -------
    faults : tuple of Fault
        Where networks are what a model sees, those with fewer than two regions in a hemisphere are
        errors; else those with none in a hemisphere are warnings.
    """
    from stratify.connectome import describe_coverage, require_networks
    from stratify.connectome.networks import CORE, OTHER

    mapped = table.network_map
    if mapped is None or not table.has_edges:
        return ()
    if table.preparation.represent == "network blocks":
        try:
            require_networks(mapped)
        except DataError as error:
            return error.faults
    unnamed = all(network == OTHER for network in mapped.networks)
    # Where no region has a network, that each network lacks regions says nothing more.
    return describe_coverage(mapped, () if unnamed else CORE, least=1)


def count_columns(sets: Sequence[Table]) -> tuple[dict[str, int], tuple[Fault, ...]]:
    """Count the columns that models see, by representing the connectivity of a few patients.

    Parameters
    ----------
    sets : sequence of Table
        One a feature set, of the same patients.

    Returns
    -------
    columns : dict of str to int
        By feature set.
    warnings : tuple of Fault
        Of what the regions do not allow.

    Raises
    ------
    DataError
        If the connectivity cannot be represented as asked.
    """
    columns = {str(table.features): len(table.feature_columns) for table in sets}
    with_edges = [table for table in sets if any(c.regions is not None for c in table.columns)]
    if not with_edges or with_edges[0].preparation.represent == "edges":
        return columns, ()
    first = with_edges[0]
    preparer = first.preparer
    assert preparer is not None
    fitted = preparer.set_params(remove=(), harmonise="none").fit(first.X.head(FEW_PATIENTS))
    gained = len(fitted.names_) - len(fitted.edges)
    for table in with_edges:
        columns[str(table.features)] += gained
    return columns, _tell_absent(fitted, first.network_map)


def _tell_absent(fitted: TablePreparer, mapped: NetworkMap | None) -> tuple[Fault, ...]:
    absent = tuple(getattr(fitted.represent_, "absent_", ()))
    if not absent:
        return ()
    lacks = mapped.lacks if mapped is not None else ()
    why = [f"{hub}: {text} " for hub, text in lacks if any(hub in pair for pair in absent)]
    return (
        Fault(
            where=f"preparation.represent = {fitted.represent!r}",
            met=f"no edge for {count_of(len(absent), 'feature')}: {name_some(absent, most=8)}",
            wanted="regions of each",
            way_out=f"{''.join(why)}They are left out; say in connectivity.regions which regions "
            "they are, by hub and network, to have them.",
            severity="warning",
        ),
    )
