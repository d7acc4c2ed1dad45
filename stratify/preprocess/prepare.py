"""What is done to connectivity inside each training fold before a family of models sees it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from copy import copy
from dataclasses import dataclass
from typing import Any, Literal, get_args

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.impute import SimpleImputer
from sklearn.utils.validation import check_is_fitted

from stratify.errors import DataError, Fault
from stratify.preprocess.combat import ComBat
from stratify.preprocess.confounds import ConfoundRemover
from stratify.preprocess.encode import TableEncoder, check_table
from stratify.schema import Column

Representation = Literal[
    "edges", "network blocks", "seeds", "partial correlation", "tangent", "graph"
]
REPRESENTATIONS: tuple[str, ...] = get_args(Representation)
Harmonisation = Literal["none", "combat"]
HARMONISATIONS: tuple[str, ...] = get_args(Harmonisation)
UnseenSite = Literal["refuse", "reference", "scans"]
UNSEEN_SITES: tuple[str, ...] = get_args(UnseenSite)


@dataclass(frozen=True, slots=True, kw_only=True)
class Preparation:
    """What a study does to connectivity before modelling; all of it is learned in the fold.

    Parameters
    ----------
    represent : {"edges", "network blocks", "seeds", "partial correlation", "tangent", "graph"}
    remove : tuple of str
        Columns whose linear effect is taken out of connectivity: ``"age"``, ``"mean_fd"``, ...
    harmonise : {"none", "combat"}
        Between sites.
    preserve : tuple of str
        Columns whose effect ComBat must not take for the site's; never the outcome.
    unseen_site : {"refuse", "reference", "scans"}
        What becomes of a patient from a site that training did not see: no likelihood, treated
        as one from ``reference_site``, or no likelihood until the site is learned from a few scans
        without outcomes (`TablePreparer.adapt`).
    reference_site : str, optional
    hold_constant : tuple of str
        Clinical columns whose effect on both edges and response is taken out as a
        connectome-based predictive model selects edges: its correlations are then partial ones.

    Examples
    --------
    >>> Preparation(remove=("mean_fd",), harmonise="combat").adjusters("scanner")
    ('mean_fd', 'scanner')
    """

    represent: Representation = "edges"
    remove: tuple[str, ...] = ()
    harmonise: Harmonisation = "none"
    preserve: tuple[str, ...] = ()
    unseen_site: UnseenSite = "refuse"
    reference_site: str | None = None
    hold_constant: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        for name, met, known in (
            ("represent", self.represent, REPRESENTATIONS),
            ("harmonise", self.harmonise, HARMONISATIONS),
            ("unseen_site", self.unseen_site, UNSEEN_SITES),
        ):
            if met not in known:
                raise DataError(
                    Fault(
                        where=f"preparation.{name}",
                        met=repr(met),
                        wanted=f"one of {', '.join(known)}",
                        way_out="Correct the word.",
                    )
                )
        both = sorted(set(self.remove) & set(self.preserve))
        if both:
            raise DataError(
                Fault(
                    where="preparation",
                    met=f"{', '.join(both)} both removed and preserved",
                    wanted="an effect is either taken out of connectivity or kept in it",
                    way_out="Leave it in one of remove and preserve.",
                )
            )
        if self.unseen_site == "reference" and self.reference_site is None:
            raise DataError(
                Fault(
                    where="preparation.reference_site",
                    met="no site",
                    wanted='unseen_site = "reference" names the site that new ones are taken for',
                    way_out="Name one of the study's sites.",
                )
            )

    @property
    def changes_nothing(self) -> bool:
        """Whether edges go to the family as they are."""
        return self.represent == "edges" and not self.remove and self.harmonise == "none"

    def adjusters(self, site: str | None) -> tuple[str, ...]:
        """Name the columns that adjusting needs, features or not.

        Parameters
        ----------
        site : str or None
            The column with the role of the site.
        """
        sites = (site,) if self.harmonise == "combat" and site is not None else ()
        preserved = self.preserve if self.harmonise == "combat" else ()
        return tuple(dict.fromkeys((*self.remove, *preserved, *sites)))

    def describe(self) -> str:
        """Return what is done, in a sentence, for runs and reports."""
        if self.changes_nothing and not self.hold_constant:
            return "Connectivity enters as single edges."
        told = [f"connectivity enters as {WORDS[self.represent]}"]
        if self.remove:
            told.append(f"the linear effect of {', '.join(self.remove)} is taken out")
        if self.harmonise == "combat":
            kept = f", preserving {', '.join(self.preserve)}" if self.preserve else ""
            told.append(f"sites are harmonised with ComBat{kept}")
        if self.hold_constant:
            told.append(f"cpm selects edges with {', '.join(self.hold_constant)} held constant")
        sentence = "; ".join(told)
        return f"{sentence[0].upper()}{sentence[1:]}; all of it learned in the training fold."


WORDS: dict[str, str] = {
    "edges": "single edges",
    "network blocks": "means within and between networks",
    "seeds": "edges of named seeds",
    "partial correlation": "partial correlations",
    "tangent": "tangent vectors at the training patients' mean",
    "graph": "graph measures",
}


TRANSFORMERS: dict[str, str] = {
    "network blocks": "NetworkBlocks",
    "seeds": "Seeds",
    "partial correlation": "PartialCorrelation",
    "tangent": "TangentVectors",
    "graph": "GraphMeasures",
}
"""By representation, the class in `stratify.connectome.features`."""


class TablePreparer(TransformerMixin, BaseEstimator):
    """Represent, adjust and encode a table; everything is learned from the rows of ``fit``.

    Edges that a scan did not cover are filled in, the edges are represented (single, or as blocks,
    seeds, partial correlations, tangent vectors, graph measures), confounds are taken out of the
    result, sites are harmonised, and all is encoded beside the clinical columns. Representing
    comes first since a matrix with confounds taken out of each edge is no correlation matrix.

    Parameters
    ----------
    edges : tuple of str
        The columns that are edges, the upper triangle in row-major order; others are clinical.
    regions, networks, hubs, hemispheres : tuple of str
        Of each region, in order.
    kind : str
        What an edge is, such as ``"pearson r"``.
    represent, remove, harmonise, preserve, unseen_site, reference_site
        As in `Preparation`.
    site : str, optional
        The column of the site.
    drop : tuple of str
        Columns that only serve to adjust, and are no features.
    hold_constant : tuple of str
        As in `Preparation`; of these, the columns that come out encoded.
    standardise : bool
        As in `TableEncoder`.

    Attributes
    ----------
    imputer_, represent_, remover_, harmoniser_ : transformer or None
    encoder_ : TableEncoder
    source_ : array of int, shape (n_encoded,)
        For each encoded column the position of the prepared column it came from.
    is_edge_ : array of bool, shape (n_encoded,)
        Which encoded columns are connectivity.
    covariates_ : tuple of int
        Which encoded columns are held constant as edges are selected.

    Examples
    --------
    >>> X = pd.DataFrame({"age": [40.0, 60.0, 50.0], "a~b": [0.1, np.nan, 0.3],
    ...                   "mean_fd": [0.1, 0.2, 0.3]})
    >>> preparer = TablePreparer(edges=("a~b",), regions=("a", "b"), networks=("SN", "DMN"),
    ...                          remove=("mean_fd",), drop=("mean_fd",), standardise=False)
    >>> preparer.fit(X).transform(X).shape
    (3, 2)
    """

    encoder_: TableEncoder
    source_: np.ndarray
    is_edge_: np.ndarray
    covariates_: tuple[int, ...]

    def __init__(
        self,
        *,
        edges: tuple[str, ...] = (),
        regions: tuple[str, ...] = (),
        networks: tuple[str, ...] = (),
        hubs: tuple[str, ...] = (),
        hemispheres: tuple[str, ...] = (),
        kind: str = "pearson r",
        represent: Representation = "edges",
        remove: tuple[str, ...] = (),
        harmonise: Harmonisation = "none",
        preserve: tuple[str, ...] = (),
        unseen_site: UnseenSite = "refuse",
        reference_site: str | None = None,
        site: str | None = None,
        drop: tuple[str, ...] = (),
        hold_constant: tuple[str, ...] = (),
        standardise: bool = True,
    ) -> None:
        self.edges = edges
        self.regions = regions
        self.networks = networks
        self.hubs = hubs
        self.hemispheres = hemispheres
        self.kind = kind
        self.represent = represent
        self.remove = remove
        self.harmonise = harmonise
        self.preserve = preserve
        self.unseen_site = unseen_site
        self.reference_site = reference_site
        self.site = site
        self.drop = drop
        self.hold_constant = hold_constant
        self.standardise = standardise

    def fit(self, X: Any, y: Any = None) -> TablePreparer:
        """Learn every step from training rows; the outcome is never looked at."""
        del y
        X = check_table(self, X, reset=True)
        self.imputer_ = self.represent_ = self.remover_ = self.harmoniser_ = None
        values = None
        if self._changes_edges:
            values = X[list(self.edges)].to_numpy(dtype=np.float64)
            self.imputer_ = SimpleImputer(keep_empty_features=True).fit(values)
            values = self.imputer_.transform(values)
            if self.represent != "edges":
                self.represent_ = self._make_representation().fit(values)
                values = self.represent_.transform(values)
            self.names_ = self._name(values.shape[1])
            if self.remove:
                beside = self._beside(values, X, self.remove)
                self.remover_ = ConfoundRemover(confounds=self.remove).fit(beside)
                values = self._values_of(self.remover_.transform(beside))
            if self.harmonise == "combat":
                used = (*self.preserve, str(self.site))
                self.harmoniser_ = ComBat(
                    site=self.site,
                    preserve=self.preserve,
                    unseen="reference" if self.unseen_site == "reference" else "refuse",
                    reference=self.reference_site,
                ).fit(self._beside(values, X, used))
        self.encoder_ = TableEncoder(standardise=self.standardise).fit(self._prepare(X, values))
        self.source_ = self.encoder_.source_
        prepared = self._prepared_names(X)
        of_edges = set(self._edge_names())
        self.is_edge_ = np.array([prepared[k] in of_edges for k in self.source_], dtype=bool)
        held = set(self.hold_constant)
        self.covariates_ = tuple(k for k, s in enumerate(self.source_) if prepared[s] in held)
        return self

    def transform(self, X: Any) -> np.ndarray:
        """Apply what training learned, each row by itself; shape (n_rows, n_encoded)."""
        return self.encoder_.transform(self.prepare(X))

    def prepare(self, X: Any) -> pd.DataFrame:
        """Represent and adjust, without encoding; shape (n_rows, n_prepared)."""
        check_is_fitted(self, "encoder_")
        return self._prepare(check_table(self, X, reset=False))

    def adapt(self, X: Any) -> TablePreparer:
        """Learn new sites from a few scans of each, outcomes not needed; all else stays.

        Parameters
        ----------
        X : DataFrame, shape (n_rows, n_columns)
            As in training; see `ComBat.adapt`.

        Returns
        -------
        adapted : TablePreparer
            Another one; the same where no site is harmonised.
        """
        check_is_fitted(self, "encoder_")
        if self.harmoniser_ is None:
            return self
        X = check_table(self, X, reset=False)
        values = self._adjust(X)
        adapted = copy(self)
        beside = self._beside(values, X, (*self.preserve, str(self.site)))
        adapted.harmoniser_ = self.harmoniser_.adapt(beside)
        return adapted

    def describe_columns(self, columns: Sequence[Column]) -> tuple[Column, ...]:
        """Return what each prepared column is, given what the columns of the table are."""
        check_is_fitted(self, "encoder_")
        edges = set(self.edges)
        clinical = [c for c in columns if c.name not in edges and c.name not in self.drop]
        connectivity = tuple(column for column in columns if column.name in edges)
        if self.represent_ is not None:
            connectivity = self.represent_.describe_columns(connectivity)
        return (*clinical, *connectivity)

    def get_feature_names_out(self, input_features: Any = None) -> np.ndarray:
        """Name the encoded columns."""
        check_is_fitted(self, "encoder_")
        if self._changes_edges or self.drop:
            return self.encoder_.get_feature_names_out()
        return self.encoder_.get_feature_names_out(input_features)

    @property
    def _changes_edges(self) -> bool:
        changes = self.represent != "edges" or self.remove or self.harmonise != "none"
        return bool(self.edges) and bool(changes)

    def _prepare(self, X: pd.DataFrame, adjusted: np.ndarray | None = None) -> pd.DataFrame:
        """Represent and adjust; from what came before harmonising, where that is known."""
        if not self._changes_edges:
            # Edges after clinical columns, as describe_columns has them and as tables come.
            return X.drop(columns=list(self.drop)) if self.drop else X
        values = self._adjust(X) if adjusted is None else adjusted
        if self.harmoniser_ is not None:
            beside = self._beside(values, X, (*self.preserve, str(self.site)))
            values = self._values_of(self.harmoniser_.transform(beside))
        clinical = X.drop(columns=[*self.edges, *self.drop])
        edges = pd.DataFrame(values, index=X.index, columns=list(self.names_))
        return pd.concat([clinical, edges], axis=1)

    def _adjust(self, X: pd.DataFrame) -> np.ndarray:
        """Fill in, represent, and take confounds out: all that comes before harmonising."""
        assert self.imputer_ is not None
        values = self.imputer_.transform(X[list(self.edges)].to_numpy(dtype=np.float64))
        if self.represent_ is not None:
            values = self.represent_.transform(values)
        if self.remover_ is not None:
            beside = self._beside(values, X, self.remove)
            values = self._values_of(self.remover_.transform(beside))
        return values

    def _beside(self, values: np.ndarray, X: pd.DataFrame, columns: Sequence[str]) -> pd.DataFrame:
        """Put the columns that adjusting reads beside the values it changes."""
        frame = pd.DataFrame(values, index=X.index, columns=list(self.names_))
        return pd.concat([frame, X[list(columns)]], axis=1)

    def _values_of(self, frame: pd.DataFrame) -> np.ndarray:
        return frame[list(self.names_)].to_numpy(dtype=np.float64)

    def _make_representation(self) -> Any:
        from stratify.connectome import features

        known = {"kind": self.kind, "regions": self.regions, "networks": self.networks}
        if self.represent == "seeds":
            known |= {"hubs": self.hubs, "hemispheres": self.hemispheres}
        return getattr(features, TRANSFORMERS[self.represent])(**known)

    def _name(self, count: int) -> tuple[str, ...]:
        if self.represent_ is None:
            return self.edges
        names = self.represent_.get_feature_names_out(np.array(self.edges, dtype=object))
        assert len(names) == count
        return tuple(map(str, names))

    def _edge_names(self) -> tuple[str, ...]:
        return self.names_ if self._changes_edges else self.edges

    def _prepared_names(self, X: pd.DataFrame) -> list[Any]:
        if not self._changes_edges:
            return [name for name in X.columns if name not in self.drop]
        gone = {*self.edges, *self.drop}
        return [*(name for name in X.columns if name not in gone), *self.names_]

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        tags.input_tags.categorical = True
        return tags


def make_preparer(
    preparation: Preparation,
    columns: Sequence[Column],
    *,
    site: str | None = None,
    drop: Sequence[str] = (),
    hubs: Mapping[str, tuple[str, str]] | None = None,
) -> TablePreparer | None:
    """Make the preparer of a table with these columns; None where it has no connectivity.

    Parameters
    ----------
    preparation : Preparation
    columns : sequence of Column
        Of the table, adjusters included.
    site : str, optional
        The column of the site.
    drop : sequence of str
        Columns that only serve to adjust.
    hubs : mapping of str to (str, str), optional
        The hub a region is, and its hemisphere, by region.
    """
    edges = [column for column in columns if column.regions is not None]
    if not edges:
        return None
    networks: dict[str, str] = {}
    for column in edges:
        assert column.regions is not None
        named = column.networks or ("OTHER", "OTHER")
        networks.update(zip(column.regions, named, strict=True))
    return TablePreparer(
        edges=tuple(column.name for column in edges),
        regions=tuple(networks),
        networks=tuple(networks.values()),
        hubs=tuple((hubs or {}).get(region, ("", ""))[0] for region in networks),
        hemispheres=tuple((hubs or {}).get(region, ("", ""))[1] for region in networks),
        kind=edges[0].unit or "pearson r",
        represent=preparation.represent,
        remove=preparation.remove,
        harmonise=preparation.harmonise,
        preserve=preparation.preserve if preparation.harmonise == "combat" else (),
        unseen_site=preparation.unseen_site,
        reference_site=preparation.reference_site,
        site=site,
        drop=tuple(drop),
        hold_constant=preparation.hold_constant,
    )
