"""Connectivity as a displacement from the training patients' mean, in tangent space."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, Literal, get_args

import numpy as np

from stratify.connectome.features.transformer import EdgeTransformer
from stratify.connectome.matrices import is_correlation, make_positive_definite
from stratify.connectome.values import EDGE_SEPARATOR
from stratify.errors import DataError, Fault, did_you_mean
from stratify.schema import Column

Metric = Literal["riemann", "logeuclid", "euclid", "logchol", "wasserstein"]
METRICS: tuple[str, ...] = get_args(Metric)


class TangentVectors(EdgeTransformer):
    """Project correlation matrices onto the tangent space at their mean in training.

    The mean is learned in ``fit``; a row is then projected by itself. A matrix that no set of
    signals can have, as after filling in edges, is first replaced by the nearest one that can; all
    are shrunk towards the identity so that they can be inverted. Off-diagonal entries are scaled
    by sqrt(2) so that lengths are kept.

    Parameters
    ----------
    kind : {"pearson r", "fisher z"}
        What the edges are.
    metric : {"riemann", "logeuclid", "euclid", "logchol", "wasserstein"}
        Of the mean and the projection. ``"riemann"``, affine-invariant, is the usual one;
        ``"logeuclid"`` is faster.
    shrinkage : float
        From 0 to 1. Short scans of many regions want more.
    regions : sequence of str, optional
        The name of each region.
    networks : sequence of str, optional
        The network of each region.

    Attributes
    ----------
    reference_ : array, shape (n_regions, n_regions)
        The mean of the training matrices.
    n_mended_ : int
        Training matrices that no set of signals can have.

    Source
    ------
    Varoquaux et al. 2010, MICCAI, 200-208; Barachant et al. 2012, IEEE Transactions on Biomedical
    Engineering 59(4), 920-928.

    Examples
    --------
    The mean itself is not displaced:

    >>> tangent = TangentVectors(shrinkage=0).fit([[0.5, 0.1, 0.2], [0.3, 0.2, 0.1]])
    >>> mean = tangent.reference_[np.triu_indices(3, k=1)]
    >>> lone = TangentVectors(shrinkage=0).fit([mean])
    >>> bool(abs(lone.transform([mean])).max() < 1e-12)
    True
    """

    kinds: ClassVar = ("pearson r", "fisher z")
    kinds_why: ClassVar = "variances are not among the edges, and are needed with covariances"

    reference_: np.ndarray
    n_mended_: int

    def __init__(
        self,
        kind: str = "pearson r",
        *,
        metric: Metric = "riemann",
        shrinkage: float = 0.1,
        regions: Sequence[str] | None = None,
        networks: Sequence[str] | None = None,
    ) -> None:
        self.kind = kind
        self.metric = metric
        self.shrinkage = shrinkage
        self.regions = regions
        self.networks = networks

    def _learn(self, X: np.ndarray) -> None:
        from pyriemann.geometry.mean import gmean

        self._require_share("shrinkage")
        self._check_metric()
        matrices = self._to_matrices(X)
        self.n_mended_ = int((~is_correlation(matrices)).sum())
        self.reference_ = gmean(
            make_positive_definite(matrices, self.shrinkage), metric=self.metric
        )

    def _check_metric(self) -> None:
        if self.metric not in METRICS:
            raise DataError(
                Fault(
                    where="TangentVectors: metric",
                    met=f"{self.metric!r}{did_you_mean(str(self.metric), METRICS)}",
                    wanted=f"it is one of {', '.join(METRICS)}",
                    way_out="Choose one of these.",
                )
            )

    def _compute(self, X: np.ndarray) -> np.ndarray:
        from pyriemann.geometry.tangentspace import tangent_space

        matrices = make_positive_definite(self._to_matrices(X), self.shrinkage)
        return np.asarray(tangent_space(matrices, self.reference_, metric=self.metric))

    def _describe(self, columns: tuple[Column, ...]) -> tuple[Column, ...]:
        networks: dict[str, str] = {}
        for column in columns:
            networks.update(zip(column.regions or (), column.networks or (), strict=True))
        if self.networks is not None:
            networks = dict(zip(self.regions_, self.networks_, strict=True))
        first, second = np.triu_indices(len(self.regions_))
        return tuple(
            _describe_pair(self.regions_[i], self.regions_[j], networks)
            for i, j in zip(first, second, strict=True)
        )


def _describe_pair(one: str, other: str, networks: dict[str, str]) -> Column:
    words = (
        f"how strongly {one} is coupled to all others"
        if one == other
        else f"connectivity of {one} and {other}"
    )
    known = one in networks and other in networks
    return Column(
        name=f"tangent_{one}{EDGE_SEPARATOR}{other}",
        label=f"{words}, against the training mean",
        source="connectivity",
        regions=(one, other),
        networks=(networks[one], networks[other]) if known else None,
    )
