"""The edges themselves, as Fisher z, of all networks or of some."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from scipy.sparse import csr_array
from sklearn.utils.validation import check_is_fitted, validate_data

from stratify.connectome.features.transformer import EdgeTransformer
from stratify.errors import DataError, Fault
from stratify.schema import Column


class Edges(EdgeTransformer):
    """Pass edges on, correlations as Fisher z.

    Parameters
    ----------
    kind : str
        What the edges are, one of `CONNECTIVITY_KINDS`. All but correlations pass as they are.
    fisher_z : bool
        Whether correlations become Fisher z. Those at ±1 are held just inside.
    regions : sequence of str, optional
        The name of each region.
    networks : sequence of str, optional
        The network of each region; one for all, where none are given.
    among : sequence of str, optional
        Keep the edges whose two regions both belong to one of these networks; all edges, where
        none are given.

    Attributes
    ----------
    matrix_ : sparse array, shape (n_features, n_edges)
        Features are ``matrix_`` times the edges on the scale of `compute_linear_inputs`.
    kept_ : array of int, shape (n_features,)
        Positions of the edges that are passed on.

    Examples
    --------
    >>> r = np.array([[0.5, 0.0, -0.5]])
    >>> Edges("pearson r").fit_transform(r).round(3)
    array([[ 0.549,  0.   , -0.549]])
    >>> Edges("pearson r", networks=["SN", "DMN", "SN"], among=["SN"]).fit_transform(r)
    array([[0.]])
    """

    matrix_: csr_array
    kept_: np.ndarray

    def __init__(
        self,
        kind: str = "pearson r",
        *,
        fisher_z: bool = True,
        regions: Sequence[str] | None = None,
        networks: Sequence[str] | None = None,
        among: Sequence[str] | None = None,
    ) -> None:
        self.kind = kind
        self.fisher_z = fisher_z
        self.regions = regions
        self.networks = networks
        self.among = among

    def compute_linear_inputs(self, X: Any) -> np.ndarray:
        """Return the edges on the scale that ``matrix_`` acts on, shape (n_patients, n_edges)."""
        check_is_fitted(self)
        return self._scale(validate_data(self, X, dtype=np.float64, reset=False))

    def _scale(self, X: np.ndarray) -> np.ndarray:
        return self._to_z(X) if self.fisher_z else X

    def _learn(self, X: np.ndarray) -> None:
        first, second = self._pairs()
        inside = np.ones(len(self.regions_), dtype=bool)
        if self.among is not None:
            self._require_networks(self.among, "among")
            inside = np.isin(np.array(self.networks_, dtype=str), np.array(self.among, dtype=str))
        self.kept_ = np.flatnonzero(inside[first] & inside[second])
        if not len(self.kept_):
            raise DataError(
                Fault(
                    where="Edges: among",
                    met="one region in all of these networks",
                    wanted="an edge needs two",
                    way_out="Choose more networks.",
                )
            )
        n_out = len(self.kept_)
        self.matrix_ = csr_array(
            (np.ones(n_out), (np.arange(n_out), self.kept_)), shape=(n_out, X.shape[1])
        )

    def _compute(self, X: np.ndarray) -> np.ndarray:
        return np.array(self._scale(X[:, self.kept_]))

    def _describe(self, columns: tuple[Column, ...]) -> tuple[Column, ...]:
        unit = self._unit if self.fisher_z else self.kind
        return tuple(replace(columns[k], source="connectivity", unit=unit) for k in self.kept_)
