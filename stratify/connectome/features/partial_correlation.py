"""Each pair's correlation with all other regions held constant."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import ClassVar

import numpy as np

from stratify.connectome.features.transformer import EdgeTransformer
from stratify.connectome.matrices import (
    compute_partial_correlations,
    fisher_z,
    is_correlation,
    make_positive_definite,
    vectorise,
)
from stratify.schema import Column


class PartialCorrelation(EdgeTransformer):
    """Turn each patient's correlations into partial correlations, by themselves.

    The correlation matrix is shrunk towards the identity so that it can be inverted. One that no
    set of signals can have, as after filling in edges, is first replaced by the nearest one that
    can. Where the columns are not a whole triangle, absent pairs count as uncorrelated.

    Parameters
    ----------
    kind : {"pearson r", "fisher z"}
        What the edges are.
    shrinkage : float
        From 0 to 1. Short scans of many regions want more.
    fisher_z : bool
        Whether the partial correlations become Fisher z.
    regions : sequence of str, optional
        The name of each region.
    networks : sequence of str, optional
        The network of each region.

    Attributes
    ----------
    n_mended_ : int
        Training matrices that no set of signals can have.

    Examples
    --------
    Two regions that share nothing but a third:

    >>> r = np.array([[0.25, 0.5, 0.5]])
    >>> PartialCorrelation(shrinkage=0, fisher_z=False).fit_transform(r).round(3) + 0.0
    array([[0.   , 0.447, 0.447]])
    """

    kinds: ClassVar = ("pearson r", "fisher z")
    kinds_why: ClassVar = "variances are not among the edges, and are needed with covariances"

    n_mended_: int

    def __init__(
        self,
        kind: str = "pearson r",
        *,
        shrinkage: float = 0.1,
        fisher_z: bool = True,
        regions: Sequence[str] | None = None,
        networks: Sequence[str] | None = None,
    ) -> None:
        self.kind = kind
        self.shrinkage = shrinkage
        self.fisher_z = fisher_z
        self.regions = regions
        self.networks = networks

    def _learn(self, X: np.ndarray) -> None:
        self._require_share("shrinkage")
        self.n_mended_ = int((~is_correlation(self._to_matrices(X))).sum())

    def _compute(self, X: np.ndarray) -> np.ndarray:
        matrices = make_positive_definite(self._to_matrices(X), self.shrinkage)
        partial = vectorise(compute_partial_correlations(matrices))[:, : X.shape[1]]
        return fisher_z(partial) if self.fisher_z else partial

    def _describe(self, columns: tuple[Column, ...]) -> tuple[Column, ...]:
        return tuple(
            replace(
                column,
                name=f"partial_{column.name}",
                label=f"direct {column.words}" if column.label else f"direct edge {column.name}",
                source="connectivity",
                unit="fisher z" if self.fisher_z else "partial correlation",
            )
            for column in columns
        )
