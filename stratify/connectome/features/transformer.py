"""What every transformer of edges has in common: its input, its regions, and its names."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, ClassVar, Self

import numpy as np
from sklearn.base import BaseEstimator, OneToOneFeatureMixin, TransformerMixin
from sklearn.utils.validation import check_is_fitted, validate_data

from stratify.connectome.matrices import LARGEST_R, count_regions, fisher_z, unvectorise
from stratify.connectome.values import CONNECTIVITY_KINDS, EDGE_SEPARATOR
from stratify.errors import DataError, Fault, count_of, did_you_mean, name_some
from stratify.schema import Column

WHOLE = "all"
"""The one network of all regions, where none are given."""


class EdgeTransformer(TransformerMixin, BaseEstimator):
    """Turns edges into features; a subclass says which.

    A subclass takes ``kind``, ``regions`` and ``networks`` in its constructor and defines
    ``_learn``, ``_compute`` and ``_describe``. What a row becomes must not depend on the other
    rows given to ``transform``.
    """

    kinds: ClassVar[tuple[str, ...]] = CONNECTIVITY_KINDS
    kinds_why: ClassVar[str] = ""

    kind: str
    regions: Sequence[str] | None
    networks: Sequence[str] | None

    regions_: tuple[str, ...]
    networks_: tuple[str, ...]
    absent_: tuple[str, ...]
    n_features_in_: int

    def fit(self, X: Any, y: Any = None) -> Self:
        """Learn what the training rows can tell, and how the regions lie in the columns.

        Parameters
        ----------
        X : DataFrame or array, shape (n_patients, n_edges)
            Upper triangles, row by row, complete.
        y : ignored

        Raises
        ------
        DataError
            If the columns are not the edges of the regions and networks given.
        """
        del y
        X = validate_data(self, X, dtype=np.float64)
        self._check_kind()
        self.absent_ = ()
        self._find_regions()
        self._learn(X)
        return self

    def transform(self, X: Any) -> np.ndarray:
        """Turn rows of edges into features, each row by itself.

        Returns
        -------
        features : array of float64, shape (n_patients, n_features)
        """
        check_is_fitted(self)
        return self._compute(validate_data(self, X, dtype=np.float64, reset=False))

    def get_feature_names_out(self, input_features: Any = None) -> np.ndarray:
        """Name the features, shape (n_features,)."""
        # The mixin checks the names as scikit-learn's own transformers do, and returns them.
        names = OneToOneFeatureMixin.get_feature_names_out(self, input_features)
        columns = tuple(Column(name=str(name), source="connectivity") for name in names)
        return np.array([column.name for column in self._describe(columns)], dtype=object)

    def describe_columns(self, columns: Sequence[Column]) -> tuple[Column, ...]:
        """Say what each feature is, from what each edge is.

        Parameters
        ----------
        columns : sequence of Column, length n_edges

        Returns
        -------
        described : tuple of Column, length n_features
            With the names that `get_feature_names_out` gives.
        """
        check_is_fitted(self)
        if len(columns) != self.n_features_in_:
            raise DataError(
                Fault(
                    where=type(self).__name__,
                    met=f"{count_of(len(columns), 'column')} to describe",
                    wanted=f"it was fitted on {count_of(self.n_features_in_, 'column')}",
                    way_out="Give the columns of the table it was fitted on.",
                )
            )
        return self._describe(tuple(columns))

    def _learn(self, X: np.ndarray) -> None:
        """Learn from training rows."""

    def _compute(self, X: np.ndarray) -> np.ndarray:
        raise NotImplementedError

    def _describe(self, columns: tuple[Column, ...]) -> tuple[Column, ...]:
        raise NotImplementedError

    def _to_z(self, X: np.ndarray) -> np.ndarray:
        """Return Fisher z of correlations; what is z already, or a covariance, as it is."""
        return fisher_z(X) if self.kind in ("pearson r", "partial correlation") else X

    def _to_r(self, X: np.ndarray) -> np.ndarray:
        """Return correlations inside ±1; covariances as they are."""
        if self.kind == "covariance":
            return X
        r = np.tanh(X) if self.kind == "fisher z" else X
        return np.clip(r, -LARGEST_R, LARGEST_R)

    def _to_matrices(self, X: np.ndarray) -> np.ndarray:
        """Return correlation matrices, shape (n_patients, n_regions, n_regions)."""
        return unvectorise(self._to_r(X))

    @property
    def _unit(self) -> str:
        """The unit of a mean of edges."""
        return "fisher z" if self.kind in ("pearson r", "partial correlation") else self.kind

    def _check_kind(self) -> None:
        if self.kind not in self.kinds:
            known = self.kind in CONNECTIVITY_KINDS
            why = f": {self.kinds_why}" if known and self.kinds_why else ""
            raise DataError(
                Fault(
                    where=f"{type(self).__name__}: kind",
                    met=f"{self.kind!r}{'' if known else did_you_mean(self.kind, self.kinds)}",
                    wanted=f"it takes edges of kind {' or '.join(map(repr, self.kinds))}{why}",
                    way_out="Name the kind of the edges, or choose other features for it.",
                )
            )

    def _require_share(self, parameter: str, *, above: float = -1.0) -> None:
        value = getattr(self, parameter)
        if not above < value <= 1 or value < 0:
            raise DataError(
                Fault(
                    where=f"{type(self).__name__}: {parameter}",
                    met=f"{value}",
                    wanted=f"it is a share, {'above 0' if above == 0 else 'from 0'} to 1",
                    way_out="Write a tenth as 0.1.",
                )
            )

    def _find_regions(self) -> None:
        """Lay the given regions and networks beside the columns, or make them up."""
        n_regions = count_regions(self.n_features_in_)
        given = {
            name: tuple(values)
            for name, values in self._given_per_region().items()
            if values is not None
        }
        for name, values in given.items():
            n_pairs = len(values) * (len(values) - 1) // 2
            if n_pairs != self.n_features_in_:
                raise DataError(
                    Fault(
                        where=f"{type(self).__name__}: {name}",
                        met=f"{len(values)} given, which make {count_of(n_pairs, 'edge')}",
                        wanted=f"the table has {count_of(self.n_features_in_, 'column')}",
                        way_out="Give one for each region, and every edge of theirs once, in the "
                        "order of the rows of the upper triangle.",
                    )
                )
        named = regions_of_edges(getattr(self, "feature_names_in_", ()))
        counted = tuple(f"region{k}" for k in range(n_regions))
        self.regions_ = given.get("regions") or named or counted
        self.networks_ = given.get("networks") or (WHOLE,) * n_regions

    def _given_per_region(self) -> dict[str, Sequence[Any] | None]:
        """Return what was given for each region, by the name of the parameter."""
        return {"regions": self.regions, "networks": self.networks}

    def _pairs(self) -> tuple[np.ndarray, np.ndarray]:
        """Return the positions of the two regions of each column."""
        first, second = np.triu_indices(len(self.regions_), k=1)
        return first[: self.n_features_in_], second[: self.n_features_in_]

    def _network_members(self) -> dict[str, np.ndarray]:
        """Return which regions each network has, shape (n_regions,), by its name."""
        networks = np.array(self.networks_, dtype=object)
        return {name: networks == name for name in dict.fromkeys(self.networks_)}

    def _require_networks(self, wanted: Iterable[str], parameter: str) -> None:
        unknown = [name for name in wanted if name not in self.networks_]
        if unknown:
            hint = did_you_mean(unknown[0], self.networks_) if len(unknown) == 1 else ""
            raise DataError(
                Fault(
                    where=f"{type(self).__name__}: {parameter}",
                    met=f"no region belongs to {name_some(unknown)}{hint}",
                    wanted=f"the regions belong to {name_some(dict.fromkeys(self.networks_), 20)}",
                    way_out="Choose among these networks, or map the regions to networks first.",
                )
            )


def regions_of_edges(names: Iterable[object]) -> tuple[str, ...] | None:
    """Return the regions of edges named ``"A~B"``, or None if they are not a whole triangle.

    Parameters
    ----------
    names : iterable of str
        Row by row.

    Examples
    --------
    >>> regions_of_edges(["ACC~PCC", "ACC~insula", "PCC~insula"])
    ('ACC', 'PCC', 'insula')
    >>> regions_of_edges(["ACC~PCC", "ACC~insula"]) is None
    True
    """
    pairs = [str(name).split(EDGE_SEPARATOR) for name in names]
    if not pairs or any(len(pair) != 2 for pair in pairs):
        return None
    regions = tuple(dict.fromkeys(region for pair in pairs for region in pair))
    first, second = np.triu_indices(len(regions), k=1)
    whole = [[regions[i], regions[j]] for i, j in zip(first, second, strict=True)]
    return regions if pairs == whole else None
