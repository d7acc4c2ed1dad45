"""Connectivity of named places of the brain, such as the subgenual cingulate and DLPFC."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from scipy.sparse import csr_array
from sklearn.utils.validation import check_is_fitted, validate_data

from stratify.connectome.features.means import make_mean_matrix
from stratify.connectome.features.transformer import WHOLE, EdgeTransformer
from stratify.connectome.features.words import HEMISPHERE_WORDS, HUB_WORDS, describe_network
from stratify.errors import DataError, Fault, name_some
from stratify.schema import Column

SEED_PAIRS: tuple[tuple[str, str], ...] = (
    ("sgACC", "DLPFC L"),
    ("sgACC", "DLPFC R"),
    ("dACC", "anterior insula"),
    ("amygdala", "sgACC"),
    ("DMN", "S1"),
    ("striatum", "cerebellum"),
)
"""The pairs that the literature on TMS and ketamine names; each a hub, with or without a
hemisphere behind it, or a network."""


class Seeds(EdgeTransformer):
    """Average the edges between two named places, correlations as Fisher z.

    Parameters
    ----------
    kind : str
        What the edges are, one of `CONNECTIVITY_KINDS`. All but correlations are averaged as they
        are.
    regions : sequence of str, optional
        The name of each region.
    networks : sequence of str, optional
        The network of each region; one for all, where none are given.
    hubs : sequence of str or None, optional
        The hub each region belongs to, None or empty where it belongs to none. Without hubs and
        networks, the one feature is the mean of all edges.
    hemispheres : sequence of str or None, optional
        ``"L"`` or ``"R"`` for each region, None or empty at the midline.
    pairs : sequence of (str, str)
        Each a hub, ``"DLPFC"``, a hub of one hemisphere, ``"DLPFC L"``, or a network, ``"DMN"``.

    Attributes
    ----------
    matrix_ : sparse array, shape (n_features, n_edges)
        Features are ``matrix_`` times the edges on the scale of `compute_linear_inputs`.
    pairs_ : tuple of (str, str), length n_features
    absent_ : tuple of str
        Pairs left out since the regions of one of them are not there, as ``"sgACC - DLPFC L"``.

    Source
    ------
    Fox et al. 2012, Biological Psychiatry 72(7), 595-603 (subgenual cingulate and DLPFC).

    Examples
    --------
    >>> seeds = Seeds("fisher z", hubs=["sgACC", "DLPFC", "DLPFC"], hemispheres=["", "L", "R"])
    >>> seeds.fit_transform([[-0.4, -0.1, 0.3]])
    array([[-0.4, -0.1]])
    >>> seeds.get_feature_names_out().tolist()
    ['seed_sgACC_DLPFC_L', 'seed_sgACC_DLPFC_R']
    >>> seeds.absent_
    ('dACC - anterior insula', 'amygdala - sgACC', 'DMN - S1', 'striatum - cerebellum')
    """

    matrix_: csr_array
    pairs_: tuple[tuple[str, str], ...]

    def __init__(
        self,
        kind: str = "pearson r",
        *,
        regions: Sequence[str] | None = None,
        networks: Sequence[str] | None = None,
        hubs: Sequence[str | None] | None = None,
        hemispheres: Sequence[str | None] | None = None,
        pairs: Sequence[tuple[str, str]] = SEED_PAIRS,
    ) -> None:
        self.kind = kind
        self.regions = regions
        self.networks = networks
        self.hubs = hubs
        self.hemispheres = hemispheres
        self.pairs = pairs

    def compute_linear_inputs(self, X: Any) -> np.ndarray:
        """Return the edges on the scale that ``matrix_`` acts on, shape (n_patients, n_edges)."""
        check_is_fitted(self)
        return self._to_z(validate_data(self, X, dtype=np.float64, reset=False))

    def _given_per_region(self) -> dict[str, Sequence[Any] | None]:
        return {
            **super()._given_per_region(),
            "hubs": self.hubs,
            "hemispheres": self.hemispheres,
        }

    def _learn(self, X: np.ndarray) -> None:
        unnamed = self.hubs is None and self.networks is None
        pairs = ((WHOLE, WHOLE),) if unnamed else tuple((a, b) for a, b in self.pairs)
        marks = {pair: self._mark_edges(*pair) for pair in pairs}
        self.absent_ = tuple(f"{a} - {b}" for (a, b), edges in marks.items() if not edges.any())
        present = [pair for pair, edges in marks.items() if edges.any()]
        if not present:
            self._refuse_nothing()
        self.pairs_ = tuple(present)
        self.matrix_ = make_mean_matrix([marks[pair] for pair in present])

    def _mark_edges(self, one: str, other: str) -> np.ndarray:
        first, second = self._pairs()
        a, b = self._find(one), self._find(other)
        return (a[first] & b[second]) | (b[first] & a[second])

    def _find(self, place: str) -> np.ndarray:
        """Return which regions a hub, a hub of one hemisphere, or a network has."""
        hubs = self.hubs if self.hubs is not None else [None] * len(self.regions_)
        sides = self.hemispheres if self.hemispheres is not None else [None] * len(self.regions_)
        hub, _, side = place.rpartition(" ")
        return np.array(
            [
                place in (its_hub, network) or (hub == its_hub and hub and side == its_side)
                for its_hub, its_side, network in zip(hubs, sides, self.networks_, strict=True)
            ],
            dtype=bool,
        )

    def _column(self, one: str, other: str) -> Column:
        networks = tuple(self._network_of(place) for place in (one, other))
        both = (networks[0], networks[1]) if all(networks) else None
        return Column(
            name="_".join(("seed", *one.split(), *other.split())),
            label=f"connectivity of the {self._words(one)} and the {self._words(other)}",
            source="connectivity",
            unit=self._unit,
            networks=both,
        )

    def _network_of(self, place: str) -> str:
        """Return the network of a place, or nothing where its regions belong to several."""
        if self.networks is None:
            return ""
        found = {self.networks_[k] for k in np.flatnonzero(self._find(place))}
        return found.pop() if len(found) == 1 else ""

    def _words(self, place: str) -> str:
        if place in self.networks_:
            return describe_network(place)
        hub, _, side = place.rpartition(" ")
        if side in HEMISPHERE_WORDS:
            return f"{HEMISPHERE_WORDS[side]} {HUB_WORDS.get(hub, hub)}"
        return HUB_WORDS.get(place, place)

    def _refuse_nothing(self) -> None:
        known = dict.fromkeys([*(hub for hub in self.hubs or () if hub), *self.networks_])
        raise DataError(
            Fault(
                where="Seeds: pairs",
                met=f"no edge for any of {name_some(self.absent_, 10)}",
                wanted=f"the regions belong to {name_some(known, 20)}",
                way_out="Name the hubs of the regions, or choose pairs among these.",
            )
        )

    def _compute(self, X: np.ndarray) -> np.ndarray:
        return (self.matrix_ @ self._to_z(X).T).T

    def _describe(self, columns: tuple[Column, ...]) -> tuple[Column, ...]:
        return tuple(self._column(*pair) for pair in self.pairs_)
