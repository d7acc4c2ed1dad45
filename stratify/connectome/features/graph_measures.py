"""How the brain's regions hang together as a graph: a few measures that can be put in words."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Literal, get_args

import numpy as np

from stratify.connectome.features.graphs import (
    compute_clustering,
    compute_global_efficiency,
    compute_local_efficiency,
    compute_modularity,
    compute_participation,
    compute_strength,
    keep_strongest,
)
from stratify.connectome.features.network_blocks import THREE_NETWORKS
from stratify.connectome.features.transformer import EdgeTransformer
from stratify.connectome.features.words import describe_network
from stratify.connectome.matrices import unvectorise
from stratify.connectome.networks import OTHER
from stratify.errors import DataError, Fault, did_you_mean
from stratify.schema import Column

Measure = Literal[
    "strength",
    "clustering",
    "participation",
    "modularity",
    "global efficiency",
    "local efficiency",
]
MEASURES: tuple[Measure, ...] = get_args(Measure)

_OF_REGIONS: tuple[Measure, ...] = ("strength", "clustering", "participation")
_OF_GRAPH: dict[Measure, Callable[[np.ndarray], np.ndarray]] = {
    "global efficiency": compute_global_efficiency,
    "local efficiency": compute_local_efficiency,
}
_OF_NETWORKS: tuple[Measure, ...] = ("participation", "modularity")

_WORDS: dict[Measure, str] = {
    "strength": "how strongly {} are connected to others",
    "clustering": "how closely knit the neighbours of {} are",
    "participation": "how evenly the connections of {} spread over networks",
    "modularity": "how far networks keep to themselves",
    "global efficiency": "how few steps lead from any region to any other",
    "local efficiency": "how well neighbours stay linked once a region is gone",
}


class GraphMeasures(EdgeTransformer):
    """Describe each patient's strongest connections as a graph.

    Edges are regions' correlations; only positive ones are kept, and of these the strongest or
    those above a threshold. Strength, clustering, participation and modularity weigh edges by
    their correlation; efficiencies count steps. Participation and modularity are about the
    regions that belong to a named network, and need ``networks``.

    Parameters
    ----------
    kind : str
        What the edges are, one of `CONNECTIVITY_KINDS`. Fisher z is turned back into correlations.
    density : float, optional
        The share of all pairs to keep, the same for every patient, so that patients do not differ
        by how many edges they have.
    threshold : float, optional
        Keep the edges above it instead; ``density`` is then None.
    measures : sequence of str
        Some of `MEASURES`.
    regions : sequence of str, optional
        The name of each region.
    networks : sequence of str, optional
        The network of each region.
    core : sequence of str, optional
        The networks whose regions' mean strength, clustering and participation are told apart:
        salience, default mode and central executive. None: every network that has a name.

    Attributes
    ----------
    measured_ : tuple of (str, str), length n_features
        The measure, and the network it is of; empty for the whole brain.
    absent_ : tuple of str
        Features that could not be made, for want of networks or their regions.

    Source
    ------
    Rubinov and Sporns 2010, NeuroImage 52(3), 1059-1069.

    Examples
    --------
    >>> r = np.array([[0.8, 0.1, 0.2, 0.1, 0.3, 0.7]])
    >>> graph = GraphMeasures(
    ...     density=0.5, networks=["SN", "SN", "DMN", "DMN"], measures=["strength", "modularity"]
    ... )
    >>> graph.fit_transform(r).round(3)
    array([[0.9  , 0.95 , 0.85 , 0.332]])
    >>> graph.get_feature_names_out().tolist()
    ['graph_strength', 'graph_strength_SN', 'graph_strength_DMN', 'graph_modularity']
    """

    measured_: tuple[tuple[Measure, str], ...]

    def __init__(
        self,
        kind: str = "pearson r",
        *,
        density: float | None = 0.2,
        threshold: float | None = None,
        measures: Sequence[Measure] = MEASURES,
        regions: Sequence[str] | None = None,
        networks: Sequence[str] | None = None,
        core: Sequence[str] | None = THREE_NETWORKS,
    ) -> None:
        self.kind = kind
        self.density = density
        self.threshold = threshold
        self.measures = measures
        self.regions = regions
        self.networks = networks
        self.core = core

    def _learn(self, X: np.ndarray) -> None:
        self._check_settings()
        asked = [
            (measure, network)
            for measure in self.measures
            for network in ("", *(self._choose_networks() if measure in _OF_REGIONS else ()))
        ]
        present = set(self.networks_)
        absent = [
            (measure, network)
            for measure, network in asked
            if (measure in _OF_NETWORKS and self.networks is None)
            or (network and network not in present)
        ]
        self.measured_ = tuple(one for one in asked if one not in absent)
        self.absent_ = tuple(_name(*one) for one in absent)
        if not self.measured_:
            self._refuse_nothing()

    def _check_settings(self) -> None:
        unknown = [measure for measure in self.measures if measure not in MEASURES]
        if unknown:
            raise DataError(
                Fault(
                    where="GraphMeasures: measures",
                    met=f"{unknown[0]!r}{did_you_mean(str(unknown[0]), MEASURES)}",
                    wanted=f"they are among {', '.join(MEASURES)}",
                    way_out="Choose among these.",
                )
            )
        if (self.density is None) == (self.threshold is None):
            raise DataError(
                Fault(
                    where="GraphMeasures",
                    met=f"density {self.density} and threshold {self.threshold}",
                    wanted="one of them says which edges are kept",
                    way_out="Set the other to None.",
                )
            )
        if self.density is not None:
            self._require_share("density", above=0)

    def _choose_networks(self) -> tuple[str, ...]:
        if self.networks is None:
            return ()
        if self.core is None:
            return tuple(name for name in dict.fromkeys(self.networks_) if name != OTHER)
        return tuple(self.core)

    def _refuse_nothing(self) -> None:
        raise DataError(
            Fault(
                where="GraphMeasures: measures",
                met=", ".join(self.absent_) or "none",
                wanted="at least one measure; participation and modularity need networks",
                way_out="Map the regions to networks, or choose other measures.",
            )
        )

    def _compute(self, X: np.ndarray) -> np.ndarray:
        # One patient's graph at a time: in a stack of many, memory would be the limit.
        return np.array([self._compute_row(weights) for weights in self._make_weights(X)])

    def _make_weights(self, X: np.ndarray) -> np.ndarray:
        r = self._to_r(X)
        if self.density is not None:
            kept = keep_strongest(r, self.density)
        else:
            kept = np.where(r > max(self.threshold or 0.0, 0.0), r, 0.0)
        return unvectorise(kept, diagonal=0.0)

    def _compute_row(self, weights: np.ndarray) -> list[float]:
        networks = np.array(self.networks_, dtype=str)
        named = networks != OTHER
        among = weights[np.ix_(named, named)]
        of_regions: dict[str, np.ndarray] = {
            "strength": compute_strength(weights),
            "clustering": compute_clustering(weights),
            "participation": np.full(len(networks), np.nan),
        }
        of_regions["participation"][named] = compute_participation(among, networks[named])
        row = []
        for measure, network in self.measured_:
            if measure in _OF_REGIONS:
                inside = networks == network if network else np.ones(len(networks), dtype=bool)
                if measure == "participation":
                    inside = inside & named
                row.append(float(of_regions[measure][inside].mean()))
            elif measure == "modularity":
                row.append(float(compute_modularity(among, networks[named])))
            else:
                row.append(float(_OF_GRAPH[measure](weights)))
        return row

    def _describe(self, columns: tuple[Column, ...]) -> tuple[Column, ...]:
        return tuple(
            Column(
                name=_name(measure, network),
                label=_WORDS[measure].format(
                    f"the regions of the {describe_network(network)}" if network else "regions"
                )
                + f" ({measure})",
                source="connectivity",
                networks=(network, network) if network else None,
            )
            for measure, network in self.measured_
        )


def _name(measure: Measure, network: str) -> str:
    return "_".join(filter(None, ("graph", *measure.split(), network)))
