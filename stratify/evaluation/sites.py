"""How well the site can be told from the features, before and after harmonisation.

Where it can, a model may know the site, and with it the site's rate of response, instead of the
patient. Where the outcome can be told from the site alone, that pays.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator, clone
from sklearn.impute import SimpleImputer
from sklearn.linear_model import RidgeClassifierCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from stratify.errors import DataError, Fault, count_of, name_some
from stratify.folds import Fold, make_folds
from stratify.metrics import (
    Estimate,
    compute_auc,
    compute_corrected_difference,
    compute_corrected_interval,
)
from stratify.metrics.drawing import (
    DARK,
    INK,
    MID,
    make_figure,
    write_estimate,
)

if TYPE_CHECKING:
    from matplotlib.figure import Figure

PENALTIES = np.logspace(-4, 1, 6)
"""Of the ridge classifier, for each feature; the training rows choose among them."""


@dataclass(frozen=True, eq=False)
class SiteDecoding:
    """How well sites are told from features, and the outcome from sites.

    Made by `compute_site_decoding`.

    Parameters
    ----------
    before : Estimate
        Cross-validated AUC of a linear classifier of sites, one site against the others, averaged
        over sites. 0.5 is chance, and what harmonisation should come to.
    after : Estimate or None
        The same after harmonisation, learned in the fold.
    removed : Estimate or None
        ``before`` less ``after``, paired by fold.
    outcome : Estimate or None
        AUC of the outcome from each site's rate in training, and from nothing else.
    by_site : DataFrame
        ``site``, ``patients``, ``before``, ``after``: each site against the others.
    by_fold : DataFrame
        ``repeat``, ``fold``, ``before``, ``after``.
    left_out : tuple of str
        Sites with fewer patients than folds, whose patients took no part.
    folds, repeats : int
    """

    before: Estimate
    after: Estimate | None
    removed: Estimate | None
    outcome: Estimate | None
    by_site: pd.DataFrame
    by_fold: pd.DataFrame
    left_out: tuple[str, ...]
    folds: int
    repeats: int

    @property
    def estimates(self) -> dict[str, Estimate]:
        """Every estimate there is, by its name in JSON and tables."""
        every = {
            "site_auc_before": self.before,
            "site_auc_after": self.after,
            "site_auc_removed": self.removed,
            "outcome_auc_from_site": self.outcome,
        }
        return {name: estimate for name, estimate in every.items() if estimate is not None}

    def to_dict(self) -> dict[str, float]:
        """Return each estimate with its bounds as plain values."""
        values: dict[str, float] = {}
        for name, estimate in self.estimates.items():
            values.update(estimate.to_dict(name))
        return values

    def to_frame(self) -> pd.DataFrame:
        """Return the estimates as a table: ``quantity``, ``value``, ``low``, ``high``."""
        return pd.DataFrame(
            [(name, e.value, e.low, e.high) for name, e in self.estimates.items()],
            columns=["quantity", "value", "low", "high"],
        )

    def __str__(self) -> str:
        told = [f"AUC of the site from the features {self.before}"]
        if self.after is not None:
            told.append(f"after harmonisation {self.after}")
        if self.outcome is not None:
            told.append(f"AUC of the outcome from each site's share of responders {self.outcome}")
        return "; ".join(told)


def compute_site_decoding(
    X: Any,
    site: Sequence[str] | np.ndarray,
    *,
    before: BaseEstimator | None = None,
    after: BaseEstimator | None = None,
    columns: Sequence[str] | None = None,
    y: np.ndarray | None = None,
    groups: Sequence[str] | np.ndarray | None = None,
    folds: int = 5,
    repeats: int = 1,
    seed: int = 0,
) -> SiteDecoding:
    """Tell sites from features by a linear classifier, in cross-validation.

    Steps and classifier are fitted on the training rows of each fold. The classifier sees means
    and not spreads or correlations: an AUC at chance after harmonisation says that no linear model
    can know the site, and of other models less.

    Parameters
    ----------
    X : DataFrame or array, shape (n_patients, n_columns)
        Missing values count as the training mean.
    site : array of str, shape (n_patients,)
    before, after : transformer, optional
        Not fitted; such as ``ComBat("site", ["age"])``, or a pipeline. Without ``before`` the
        columns are taken as they are; without ``after`` nothing is told of harmonisation.
    columns : sequence of str, optional
        The features to look at, by the names that come out of the steps. Every column of numbers,
        where none are named; but for the column that ``after`` has for its site.
    y : array of 0 and 1, shape (n_patients,), optional
        To tell the outcome from the site alone.
    groups : array of str, shape (n_patients,), optional
        Rows with the same value are held out together.
    folds, repeats, seed : int
        As for `make_folds`; each fold holds patients of each site.

    Raises
    ------
    DataError
        If fewer than two sites have as many patients as there are folds.

    Examples
    --------
    >>> from stratify.preprocess import ComBat
    >>> rng = np.random.default_rng(0)
    >>> X = pd.DataFrame(rng.normal(size=(120, 10))).add_prefix("edge")
    >>> X["site"] = np.repeat(["Graz", "Linz"], 60)
    >>> X.loc[X.site == "Linz", "edge0"] += 3
    >>> decoding = compute_site_decoding(X, X["site"], after=ComBat("site"))
    >>> decoding.before.value > 0.95, decoding.after.value < 0.7
    (True, True)
    """
    table = X if isinstance(X, pd.DataFrame) else pd.DataFrame(np.asarray(X))
    table = table.set_axis(table.columns.astype(str), axis=1)
    names = np.asarray(site).astype(str)
    kept, left_out = _find_large_sites(names, folds)
    table, names = table.iloc[kept], names[kept]
    groups = None if groups is None else np.asarray(groups)[kept]
    sites, codes = np.unique(names, return_inverse=True)
    parts = make_folds(codes, groups, folds=folds, repeats=repeats, seed=seed)
    hidden = str(getattr(after, "site", ""))
    steps = {"before": before} if after is None else {"before": before, "after": after}
    aucs = {
        name: _decode(table, codes, parts, step, columns, hidden) for name, step in steps.items()
    }
    by_fold = pd.DataFrame(
        {"repeat": [fold.repeat for fold in parts], "fold": [fold.number for fold in parts]}
    ).assign(**{name: np.nanmean(each, axis=1) for name, each in aucs.items()})
    by_site = pd.DataFrame({"site": sites, "patients": np.bincount(codes)}).assign(
        **{name: np.nanmean(each, axis=0) for name, each in aucs.items()}
    )
    removed = outcome = None
    if after is not None:
        difference = (by_fold["before"] - by_fold["after"]).to_numpy()
        removed = compute_corrected_difference(difference, test_share=1 / folds)
    if y is not None:
        y = np.asarray(y)[kept]
        of_outcome = make_folds(y, groups, folds=folds, repeats=repeats, seed=seed)
        outcome = _estimate(_predict_from_site(y, codes, of_outcome), folds)
    return SiteDecoding(
        before=_estimate(by_fold["before"], folds),
        after=None if after is None else _estimate(by_fold["after"], folds),
        removed=removed,
        outcome=outcome,
        by_site=by_site,
        by_fold=by_fold,
        left_out=left_out,
        folds=folds,
        repeats=repeats,
    )


def _estimate(by_fold: np.ndarray | pd.Series, folds: int) -> Estimate:
    return compute_corrected_interval(
        np.asarray(by_fold), test_share=1 / folds, folds=folds, bounds=(0, 1)
    )


def _find_large_sites(site: np.ndarray, folds: int) -> tuple[np.ndarray, tuple[str, ...]]:
    """Return the rows of sites that can be in each fold, and the names of the others."""
    names, counts = np.unique(site, return_counts=True)
    large = names[counts >= folds]
    if len(large) < 2:
        raise DataError(
            Fault(
                where="site decoding",
                met=f"{count_of(len(large), 'site')} with {folds} patients or more, of "
                f"{count_of(len(names), 'site')}: {name_some(names)}",
                wanted="two at least, so that each fold has patients of each",
                way_out="Use fewer folds, or leave site decoding out where there is one site.",
            )
        )
    left_out = tuple(str(name) for name in names[counts < folds])
    return np.flatnonzero(np.isin(site, large)), left_out


def _decode(
    table: pd.DataFrame,
    codes: np.ndarray,
    parts: Sequence[Fold],
    step: BaseEstimator | None,
    columns: Sequence[str] | None,
    hidden: str,
) -> np.ndarray:
    """Return the AUC of each site against the others, shape (n_folds, n_sites)."""
    aucs = np.full((len(parts), codes.max() + 1), np.nan)
    for k, fold in enumerate(parts):
        fitted = None if step is None else clone(step).fit(table.iloc[fold.train])
        values = _read_features(table, fitted, columns, hidden)
        scores = _score_sites(values[fold.train], codes[fold.train], values[fold.test])
        for j in range(scores.shape[1]):
            aucs[k, j] = compute_auc((codes[fold.test] == j).astype(int), scores[:, j])
    return aucs


def _read_features(
    table: pd.DataFrame, step: Any, columns: Sequence[str] | None, hidden: str
) -> np.ndarray:
    """Return what the classifier of sites is given: columns of numbers, after a fitted step."""
    out = table if step is None else step.transform(table)
    if not isinstance(out, pd.DataFrame):
        out = pd.DataFrame(np.asarray(out), columns=step.get_feature_names_out())
    if columns is not None:
        unknown = [name for name in columns if name not in out.columns]
        if unknown:
            raise DataError(
                Fault(
                    where="site decoding: columns",
                    met=f"{name_some(unknown)}, which the step does not give",
                    wanted=f"some of {name_some(out.columns)}",
                    way_out="Correct the names, or name none to use every column of numbers.",
                )
            )
        out = out[list(columns)]
    numbers = out.select_dtypes("number").drop(columns=hidden, errors="ignore")
    return numbers.to_numpy(dtype=np.float64)


def _score_sites(train: np.ndarray, codes: np.ndarray, test: np.ndarray) -> np.ndarray:
    """Return how much each row looks like each site, shape (n_test, n_sites)."""
    classifier = make_pipeline(
        SimpleImputer(keep_empty_features=True),
        StandardScaler(),
        RidgeClassifierCV(alphas=PENALTIES * train.shape[1], class_weight="balanced"),
    ).fit(train, codes)
    scores = classifier.decision_function(test)
    return scores if scores.ndim == 2 else np.column_stack([-scores, scores])


def _predict_from_site(y: np.ndarray, codes: np.ndarray, parts: Sequence[Fold]) -> np.ndarray:
    """Return the AUC in each fold of the training rate of the patient's site."""
    aucs = []
    for fold in parts:
        responders = np.bincount(codes[fold.train], y[fold.train], minlength=codes.max() + 1)
        patients = np.bincount(codes[fold.train], minlength=codes.max() + 1)
        rates = np.divide(
            responders,
            patients,
            out=np.full(len(patients), y[fold.train].mean()),
            where=patients > 0,
        )
        aucs.append(compute_auc(y[fold.test], rates[codes[fold.test]]))
    return np.array(aucs)


WORDS = {
    "site_auc_before": "site from features",
    "site_auc_after": "site from features, harmonised",
    "outcome_auc_from_site": "outcome from the site's share",
}


def plot_site_decoding(decoding: SiteDecoding, *, title: str = "") -> Figure:
    """Draw each AUC with its interval, each site's own beside it, and the line of chance.

    Parameters
    ----------
    decoding : SiteDecoding
    title : str

    Returns
    -------
    figure : Figure
    """
    shown = {name: e for name, e in decoding.estimates.items() if name in WORDS}
    figure, (axes,) = make_figure(7.2, 1.5 + 0.5 * len(shown), title=title)
    lowest = 0.4
    for place, (name, estimate) in enumerate(shown.items()):
        column = name.removeprefix("site_auc_")
        if column in decoding.by_site:
            each = decoding.by_site[column].to_numpy()
            axes.plot(each, np.full(len(each), place + 0.22), "|", color=MID, markersize=7)
            lowest = min(lowest, float(each.min()))
        if np.isfinite([estimate.low, estimate.high]).all():
            axes.hlines(place, estimate.low, estimate.high, color=DARK, linewidth=1.6)
            lowest = min(lowest, estimate.low)
        axes.plot([estimate.value], [place], "D", color=DARK, markersize=5.5)
        axes.annotate(
            write_estimate(estimate),
            (1.02, place),
            xycoords=("axes fraction", "data"),
            va="center",
            fontsize=9,
            annotation_clip=False,
        )
    axes.axvline(0.5, color=INK, linewidth=1, linestyle="--")
    axes.set(
        yticks=range(len(shown)),
        ylim=(len(shown) - 0.4, -0.6),
        xlim=(lowest - 0.02, 1.02),
        xlabel="AUC, with 95 % interval (dashed: chance; small strokes: each site)",
    )
    axes.set_yticklabels([WORDS[name] for name in shown])
    axes.spines["left"].set_visible(False)
    axes.tick_params(axis="y", length=0)
    return figure
