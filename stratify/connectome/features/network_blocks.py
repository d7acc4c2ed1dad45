"""Mean connectivity within and between networks, and how far networks keep to themselves."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations
from typing import Any

import numpy as np
from scipy.sparse import csr_array
from sklearn.utils.validation import check_is_fitted, validate_data

from stratify.connectome.features.means import make_mean_matrix
from stratify.connectome.features.transformer import WHOLE, EdgeTransformer
from stratify.connectome.features.words import describe_network, describe_pair
from stratify.connectome.networks import OTHER
from stratify.errors import DataError, Fault, name_some
from stratify.schema import Column

THREE_NETWORKS = ("SN", "DMN", "CEN")

Block = tuple[str, str, str]
"""What is measured, and the two networks."""


class NetworkBlocks(EdgeTransformer):
    """Average edges over pairs of networks, correlations as Fisher z.

    Segregation is (within - between) / within, where "between" is the mean of all edges that
    leave the network for a region of another named network. It has no meaning where "within" is
    near 0 or below: there the difference is divided by ``smallest_within`` times the median size
    of "within" in training instead, so that the value stays finite, keeps the sign of the
    difference, and changes without a jump.

    Parameters
    ----------
    kind : str
        What the edges are, one of `CONNECTIVITY_KINDS`. All but correlations are averaged as they
        are.
    regions : sequence of str, optional
        The name of each region.
    networks : sequence of str, optional
        The network of each region; one for all, where none are given.
    within, between, segregation : bool
        Which features to make.
    core : sequence of str, optional
        The networks to describe: salience, default mode and central executive. None: every
        network that has a name.
    smallest_within : float

    Attributes
    ----------
    matrix_ : sparse array, shape (n_features, n_edges)
        Features are ``matrix_`` times the edges on the scale of `compute_linear_inputs`, but for
        segregation, which is no linear function of them and whose rows are empty.
    is_linear_ : array of bool, shape (n_features,)
    inside_, leaving_ : sparse array, shape (n_segregations, n_edges)
        The means that segregation is made of.
    floor_ : array, shape (n_segregations,)
        The smallest "within" that a difference is divided by.
    absent_ : tuple of str
        Features that could not be made, for want of regions.

    Source
    ------
    Chan et al. 2014, PNAS 111(46), E4997-E5006 (segregation).

    Examples
    --------
    >>> z = np.array([[0.6, 0.1, 0.2, 0.1, 0.0, 0.4]])
    >>> blocks = NetworkBlocks("fisher z", networks=["SN", "SN", "DMN", "DMN"]).fit(z)
    >>> blocks.get_feature_names_out().tolist()
    ['within_SN', 'within_DMN', 'between_SN_DMN', 'segregation_SN', 'segregation_DMN']
    >>> blocks.transform(z).round(3)
    array([[0.6  , 0.4  , 0.1  , 0.833, 0.75 ]])
    >>> blocks.absent_
    ('within_CEN', 'between_SN_CEN', 'between_DMN_CEN', 'segregation_CEN')
    """

    matrix_: csr_array
    is_linear_: np.ndarray
    inside_: csr_array
    leaving_: csr_array
    floor_: np.ndarray
    blocks_: tuple[Block, ...]

    def __init__(
        self,
        kind: str = "pearson r",
        *,
        regions: Sequence[str] | None = None,
        networks: Sequence[str] | None = None,
        within: bool = True,
        between: bool = True,
        segregation: bool = True,
        core: Sequence[str] | None = THREE_NETWORKS,
        smallest_within: float = 0.25,
    ) -> None:
        self.kind = kind
        self.regions = regions
        self.networks = networks
        self.within = within
        self.between = between
        self.segregation = segregation
        self.core = core
        self.smallest_within = smallest_within

    def compute_linear_inputs(self, X: Any) -> np.ndarray:
        """Return the edges on the scale that ``matrix_`` acts on, shape (n_patients, n_edges)."""
        check_is_fitted(self)
        return self._to_z(validate_data(self, X, dtype=np.float64, reset=False))

    def _learn(self, X: np.ndarray) -> None:
        marks = self._mark_edges(self._choose_networks())
        self.blocks_ = tuple(b for b, sets in marks.items() if all(s.any() for s in sets))
        self.absent_ = tuple(_name(block) for block in marks if block not in self.blocks_)
        if not self.blocks_:
            self._refuse_nothing()
        self.is_linear_ = np.array([block[0] != "segregation" for block in self.blocks_])
        nothing = np.zeros(X.shape[1], dtype=bool)
        self.matrix_ = make_mean_matrix(
            [marks[b][0] if b[0] != "segregation" else nothing for b in self.blocks_]
        )
        separate = [marks[block] for block in self.blocks_ if block[0] == "segregation"]
        self.floor_ = np.ones(len(separate))
        if separate:
            self.inside_ = make_mean_matrix([inside for inside, _ in separate])
            self.leaving_ = make_mean_matrix([leaving for _, leaving in separate])
            size = np.median(np.abs(self.inside_ @ self._to_z(X).T), axis=1)
            self.floor_ = np.where(size > 0, self.smallest_within * size, 1.0)

    def _choose_networks(self) -> tuple[str, ...]:
        if self.networks is None:
            return (WHOLE,)
        if self.core is None:
            return tuple(name for name in dict.fromkeys(self.networks_) if name != OTHER)
        if not set(self.core) & set(self.networks_):
            self._require_networks(self.core, "core")
        return tuple(self.core)

    def _mark_edges(self, chosen: tuple[str, ...]) -> dict[Block, tuple[np.ndarray, ...]]:
        """Return the edges of each block; of each segregation, those inside and those leaving."""
        first, second = self._pairs()
        members = self._network_members()
        nobody = np.zeros(len(self.regions_), dtype=bool)
        named = ~members.get(OTHER, nobody)
        marks: dict[Block, tuple[np.ndarray, ...]] = {}
        if self.within:
            for one in chosen:
                inside = members.get(one, nobody)
                marks["within", one, one] = (inside[first] & inside[second],)
        if self.between:
            for one, other in combinations(chosen, 2):
                a, b = members.get(one, nobody), members.get(other, nobody)
                across = (a[first] & b[second]) | (b[first] & a[second])
                marks["between", one, other] = (across,)
        if self.segregation and self.networks is not None:
            for one in chosen:
                inside = members.get(one, nobody)
                leaving = (inside[first] ^ inside[second]) & named[first] & named[second]
                marks["segregation", one, one] = (inside[first] & inside[second], leaving)
        return marks

    def _column(self, block: Block) -> Column:
        what, one, other = block
        words = {
            "within": f"mean connectivity within the {describe_network(one)}",
            "between": f"mean connectivity between the {describe_pair(one, other)}",
            "segregation": f"segregation of the {describe_network(one)}",
        }
        return Column(
            name=_name(block),
            label="mean connectivity" if self.networks is None else words[what],
            source="connectivity",
            unit="" if what == "segregation" else self._unit,
            networks=None if self.networks is None else (one, other),
        )

    def _refuse_nothing(self) -> None:
        raise DataError(
            Fault(
                where="NetworkBlocks",
                met=f"no edge for {name_some(self.absent_)}"
                if self.absent_
                else "within, between and segregation are all off",
                wanted="at least one pair of networks, or one network of two regions",
                way_out="Choose other networks, or map more regions to them.",
            )
        )

    def _compute(self, X: np.ndarray) -> np.ndarray:
        z = self._to_z(X).T
        features = (self.matrix_ @ z).T
        if not self.is_linear_.all():
            inside, leaving = self.inside_ @ z, self.leaving_ @ z
            ratio = (inside - leaving) / np.maximum(inside, self.floor_[:, None])
            features[:, ~self.is_linear_] = ratio.T
        return features

    def _describe(self, columns: tuple[Column, ...]) -> tuple[Column, ...]:
        return tuple(self._column(block) for block in self.blocks_)


def _name(block: Block) -> str:
    return "_".join((block[0], *dict.fromkeys(block[1:])))
