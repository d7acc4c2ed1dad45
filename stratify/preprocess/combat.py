"""Make sites comparable: ComBat, learned in the fold and applied as it is."""

from __future__ import annotations

from collections.abc import Iterable
from copy import deepcopy
from typing import Any, Literal

import numpy as np
import pandas as pd
from sklearn.utils.validation import check_is_fitted

from stratify.errors import DataError, Fault
from stratify.preprocess.columns import (
    TableStep,
    find_columns,
    find_numbers,
    is_own,
    lay_in_rows,
    name_columns,
    read_complete_numbers,
    read_numbers,
    read_sites,
    require_choice,
    take_columns,
)
from stratify.preprocess.combat_faults import (
    FEWEST,
    NO_REFERENCE,
    NO_SITE,
    find_reference,
    find_weak,
    require_new,
    tell_of_sites,
    tell_unseen,
)
from stratify.preprocess.empirical_bayes import shrink_site
from stratify.preprocess.encode import TableEncoder
from stratify.preprocess.site_moments import (
    CACHED,
    SiteMoments,
    compute_site_effects,
    compute_site_moments,
    has_covariate_of_sites,
    make_membership,
)

UNSEEN = ("refuse", "reference")


class ComBat(TableStep):
    """Take out of columns of numbers what each site adds and how it stretches them.

    Parametric empirical Bayes. Everything is learned in ``fit`` on training patients and applied
    as it is in ``transform``, so that a patient alone comes out as in a batch. The site and what
    is to be preserved are columns of ``X``. The outcome cannot be preserved: if it could, a model
    that is tested on harmonised patients would have been told what it is to predict.

    Parameters
    ----------
    site : str or int, optional
        The column that says where a patient was scanned. Nothing is done where none is named.
    preserve : tuple of str or int
        Columns whose linear effects stay in: numbers, or categories. A missing one counts as the
        training mean.
    unseen : {"refuse", "reference"}
        What becomes of a patient from a site that was not in training: refused by name, or taken
        as if scanned at the ``reference``, which leaves the values as they are. `adapt` is the
        third way.
    reference : str, optional
        The site that all others are mapped to; its patients come out as they went in. The average
        of all sites, where none is named.
    columns : tuple of str or int, optional
        The columns to harmonise; where none are named, every column of numbers that is neither
        site nor preserved.
    keep : bool
        Whether the site stays in the table.

    Attributes
    ----------
    sites_ : tuple of str
    counts_ : array of int, shape (n_sites,)
        Patients of each.
    shift_, variance_ : array, shape (n_sites, n_harmonised)
        What each site adds, in units of ``spread_``, and by what it multiplies the variance, after
        shrinkage.
    mean_, spread_ : array, shape (n_harmonised,)
        Mean at the average (or the reference) site, and standard deviation within sites.
        ``spread_`` is 0 for a column that does not vary within sites: it is set to its mean.
    coef_ : array, shape (n_encoded_preserved, n_harmonised)
    harmonised_ : array of int, shape (n_harmonised,)
        Positions of the harmonised columns in the input.
    adapted_ : dict of str to int
        Sites learned by `adapt`, and from how many scans.
    warnings_ : tuple of Fault
        What could not be learned: one site only, a single patient at a site, constant columns.
    source_ : array of int, shape (n_columns_out,)

    Source
    ------
    Johnson, Li and Rabinovic 2007, Biostatistics 8(1), 118-127; Fortin et al. 2017, NeuroImage 161,
    149-170, and 2018, NeuroImage 167, 104-120. Learning it on all patients, or preserving the
    outcome, leaks: Nieto et al. 2024, arXiv 2410.19643.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> X = pd.DataFrame(rng.normal(size=(60, 3)), columns=["a", "b", "c"])
    >>> X["site"] = ["Graz", "Linz"] * 30
    >>> X.loc[X.site == "Linz", ["a", "b", "c"]] += 2
    >>> harmonised = ComBat("site").fit_transform(X)
    >>> X.groupby("site").mean().round(1).values.tolist()
    [[-0.0, 0.3, 0.1], [1.7, 1.8, 2.3]]
    >>> harmonised.groupby(X.site).mean().round(1).values.tolist()
    [[0.9, 1.1, 1.1], [0.7, 1.1, 1.3]]
    """

    sites_: tuple[str, ...]
    counts_: np.ndarray
    shift_: np.ndarray
    variance_: np.ndarray
    mean_: np.ndarray
    spread_: np.ndarray
    coef_: np.ndarray
    harmonised_: np.ndarray
    adapted_: dict[str, int]

    def __init__(
        self,
        site: str | int | None = None,
        preserve: Iterable[str | int] = (),
        unseen: Literal["refuse", "reference"] = "refuse",
        *,
        reference: str | None = None,
        columns: Iterable[str | int] | None = None,
        keep: bool = False,
    ) -> None:
        self.site = site
        self.preserve = preserve
        self.unseen = unseen
        self.reference = reference
        self.columns = columns
        self.keep = keep

    def fit(self, X: Any, y: Any = None) -> ComBat:
        """Learn what sites do from training rows.

        Parameters
        ----------
        X : DataFrame or array, shape (n_rows, n_columns)
        y : ignored

        Raises
        ------
        DataError
            If a column is not there, a value to harmonise or a site is missing, the reference is
            no site of training, or a column to preserve varies between sites only.
        """
        del y
        table = self._check(X, reset=True)
        self._learn_columns(table)
        if self._site is None:
            return self
        sites = read_sites(table, self._site, where="ComBat")
        levels, sites = np.unique(sites, return_inverse=True)
        values = read_complete_numbers(table, self.harmonised_, where="ComBat")
        offset = values.mean(axis=0)
        values = values - offset
        self._learn_preserved(take_columns(self, table, self._preserved))
        moments = compute_site_moments(
            self._make_design(table), values, make_membership(sites, len(levels))
        )
        self._learn_sites(moments, offset, levels)
        return self

    def _learn_columns(self, table: pd.DataFrame) -> None:
        require_choice(self.unseen, UNSEEN, where="ComBat: unseen")
        if self.unseen == "reference" and self.reference is None:
            raise DataError(NO_REFERENCE)
        named = () if self.site is None else (self.site,)
        site = find_columns(table, named, where="ComBat: site")
        self._site = int(site[0]) if len(site) else None
        self._preserved = find_columns(table, self.preserve, where="ComBat: preserve")
        besides = np.concatenate([site, self._preserved])
        self.harmonised_ = find_numbers(table, self.columns, besides, where="ComBat: columns")
        every = np.arange(table.shape[1])
        self.source_ = every if self.keep else every[~np.isin(every, site)]
        self.adapted_ = {}

    def _learn_preserved(self, preserved: pd.DataFrame) -> None:
        if len(self._preserved):
            self.encoder_ = TableEncoder().fit(preserved)

    def _make_design(self, table: pd.DataFrame) -> np.ndarray:
        """Return a column of ones and the encoded columns to preserve."""
        ones = np.ones((len(table), 1))
        if not len(self._preserved):
            return ones
        preserved = take_columns(self, table, self._preserved)
        return np.hstack([ones, self.encoder_.transform(preserved)])

    def _learn_sites(self, moments: SiteMoments, offset: np.ndarray, sites: np.ndarray) -> None:
        """Learn everything from sums over sites; used by `fit_combat_folds` too."""
        self.sites_ = tuple(map(str, sites))
        reference = find_reference(self.reference, self.sites_)
        names = name_columns(self)
        if has_covariate_of_sites(moments):
            raise DataError(tell_of_sites(names[self._preserved]))
        effects = compute_site_effects(moments, offset, reference)
        self.counts_ = np.rint(effects.counts).astype(int)
        self.mean_, self.spread_, self.coef_ = effects.mean, effects.spread, effects.coef
        self.shift_, self.variance_ = effects.shift.copy(), np.ones_like(effects.shift)
        varies = effects.spread > 0
        here: np.ndarray | slice = slice(None) if varies.all() else varies
        for k in range(len(sites)):
            if k == reference or len(sites) == 1:
                self.shift_[k] = 0.0
                continue
            self.shift_[k, here], self.variance_[k, here] = shrink_site(
                effects.shift[k, here], effects.residual[k, here], effects.counts[k]
            )

    def transform(self, X: Any) -> Any:
        """Map rows to the average (or the reference) site; each row by itself.

        Returns
        -------
        harmonised : DataFrame or array, as given, shape (n_rows, n_columns_out)

        Raises
        ------
        DataError
            If a site was not in training and ``unseen`` is ``"refuse"``, or a value is missing.
        """
        check_is_fitted(self)
        table = self._check(X, reset=False)
        if self._site is None:
            values, _ = read_numbers(table, self.harmonised_, where="ComBat")
            return self._give_back(X, table, self.harmonised_, values)
        sites = self._find_sites(read_sites(table, self._site, where="ComBat"))
        values = lay_in_rows(read_complete_numbers(table, self.harmonised_, where="ComBat"))
        moved = self._move(values, self._make_design(table), sites)
        return self._give_back(X, table, self.harmonised_, moved)

    def _move(self, values: np.ndarray, design: np.ndarray, sites: np.ndarray) -> np.ndarray:
        """Return ``kept + (values - kept - shift) / stretch``, a few rows of a site at a time."""
        kept = np.vstack([self.mean_, self.coef_])
        # New memory takes as long as the sums.
        moved = values if is_own(values) else np.empty(values.shape)
        step = max(1, CACHED // max(1, values.shape[1]))
        unit = self._unit
        for k in np.unique(sites):
            rows = np.flatnonzero(sites == k)
            shrink, shift = 1 / np.sqrt(self.variance_[k]), unit * self.shift_[k]
            still = (shrink == 1).all() and not shift.any()
            # What all rows have in common is taken out of the bracket.
            put_back = kept * (1 - shrink)
            put_back[0] -= shift * shrink
            for start in range(0, len(rows), step):
                here = rows[start : start + step]
                part = values[here]
                if not still:
                    part *= shrink
                    part += design[here] @ put_back
                moved[here] = part
        return moved

    @property
    def _unit(self) -> np.ndarray:
        """What shifts are counted in; columns without spread have shifts in their own unit."""
        return np.where(self.spread_ > 0, self.spread_, 1.0)

    def _compute_kept(self, table: pd.DataFrame) -> np.ndarray:
        """Return what a row is expected to have at the average site."""
        return self._make_design(table) @ np.vstack([self.mean_, self.coef_])

    def _find_sites(self, sites: np.ndarray) -> np.ndarray:
        """Return the position of each row's site among those known."""
        places = pd.Index(self.sites_, dtype=object).get_indexer(pd.Index(sites, dtype=object))
        unseen = np.unique(sites[places < 0])
        if not len(unseen):
            return places
        if self.unseen == "reference":
            places[places < 0] = self.sites_.index(str(self.reference))
            return places
        raise DataError(tell_unseen(str(name_columns(self)[self._site]), unseen, self.sites_))

    def adapt(self, X_new: Any, *, fewest: int = FEWEST) -> ComBat:
        """Learn new sites from a few scans of each; outcomes are not needed, nor used.

        What was learned in training stays: mean, spread and preserved effects, and the known
        sites. Each new site's shift and stretch are estimated against them and shrunk.

        Parameters
        ----------
        X_new : DataFrame or array, shape (n_rows, n_columns)
            Patients of sites that are not known yet.
        fewest : int
            A site with fewer rows is refused; at least 2, since one tells nothing of spread.

        Returns
        -------
        adapted : ComBat
            Another one; this one does not change. How many scans each site had is in ``adapted_``.

        Raises
        ------
        DataError
            If a site has too few rows, or is known already.
        """
        check_is_fitted(self)
        table = self._check(X_new, reset=False)
        if self._site is None:
            raise DataError(NO_SITE)
        sites = read_sites(table, self._site, where="ComBat")
        require_new(str(name_columns(self)[self._site]), sites, self.sites_, max(fewest, 2))
        values = read_complete_numbers(
            table, self.harmonised_, where="ComBat"
        ) - self._compute_kept(table)
        varies = self.spread_ > 0
        values /= self._unit
        adapted = deepcopy(self)
        for site in np.unique(sites):
            rows = values[sites == site]
            shift, variance = rows.mean(axis=0), np.ones(rows.shape[1])
            residual = ((rows - shift) ** 2).sum(axis=0)
            shift[varies], variance[varies] = shrink_site(
                shift[varies], residual[varies], len(rows)
            )
            adapted.sites_ += (str(site),)
            adapted.counts_ = np.append(adapted.counts_, len(rows))
            adapted.shift_ = np.vstack([adapted.shift_, shift])
            adapted.variance_ = np.vstack([adapted.variance_, variance])
            adapted.adapted_[str(site)] = len(rows)
        return adapted

    # Made when asked for, so that a stored model holds nothing but numbers and names.
    @property
    def warnings_(self) -> tuple[Fault, ...]:
        """What could not be learned, or not in full."""
        check_is_fitted(self)
        if self._site is None:
            return ()
        names = name_columns(self)
        constant = names[self.harmonised_[self.spread_ == 0]]
        return tuple(find_weak(str(names[self._site]), self.sites_, self.counts_, constant))

    def to_frame(self) -> pd.DataFrame:
        """Return what each site does: one row a site and column.

        Returns
        -------
        effects : DataFrame
            ``site``, ``patients``, ``column``, ``shift`` (in the column's own unit), ``stretch``
            (by what the site multiplies the standard deviation).
        """
        check_is_fitted(self, "sites_")
        names = name_columns(self)[self.harmonised_]
        return pd.DataFrame(
            {
                "site": np.repeat(self.sites_, len(names)),
                "patients": np.repeat(self.counts_, len(names)),
                "column": np.tile(names, len(self.sites_)),
                "shift": (self.shift_ * self._unit).ravel(),
                "stretch": np.sqrt(self.variance_).ravel(),
            }
        )

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = self.site is None
        return tags
