"""How edges lie in the columns of a table: regions and networks read back from them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from stratify.connectome.networks import OTHER
from stratify.errors import DataError, Fault, count_of
from stratify.schema import Column


def regions_and_networks(columns: Sequence[Column]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the regions and networks of edges that make a whole triangle, row by row.

    Parameters
    ----------
    columns : sequence of Column
        Such as `Connectomes.edge_columns`.

    Returns
    -------
    regions, networks : tuple of str
        ``"OTHER"`` for a region whose network no column names.

    Raises
    ------
    DataError
        If a column is no edge, or a pair is missing, twice, or out of order.

    Examples
    --------
    >>> regions_and_networks([Column(name="a~b", regions=("a", "b"), networks=("SN", "DMN"))])
    (('a', 'b'), ('SN', 'DMN'))
    """
    pairs = [column.regions for column in columns if column.regions is not None]
    regions = tuple(dict.fromkeys(region for pair in pairs for region in pair))
    first, second = np.triu_indices(len(regions), k=1)
    whole = [(regions[i], regions[j]) for i, j in zip(first, second, strict=True)]
    if not columns or len(pairs) != len(columns) or pairs != whole:
        raise DataError(
            Fault(
                where="edges",
                met=f"{count_of(len(columns), 'column')}, of which {len(pairs)} name two regions, "
                f"{len(regions)} in all",
                wanted="every pair of the regions once, in the order of the rows of the upper "
                "triangle",
                way_out="Take the columns from Connectomes.edge_columns, all of them.",
            )
        )
    known: dict[str, str] = {}
    for column in columns:
        if column.regions is not None and column.networks is not None:
            known.update(zip(column.regions, column.networks, strict=True))
    return regions, tuple(known.get(region, OTHER) for region in regions)
