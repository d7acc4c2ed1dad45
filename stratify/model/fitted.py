"""A model ready for new patients: what it learned, from whom, and where it must stay silent."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
from scipy import stats
from scipy.special import expit

from stratify.errors import DataError, Fault
from stratify.model.limits import Limits, Silence, clinical_inputs, make_limits
from stratify.model.parts import FoldClassifier
from stratify.preprocess import Preparation
from stratify.schema import Column
from stratify.task import FeatureSet, Table, Task


@dataclass(frozen=True, eq=False)
class Predictions:
    """What a model says of some patients, and of whom it cannot speak.

    Parameters
    ----------
    table : DataFrame, indexed by patient
        ``probability`` with ``low`` and ``high``, and ``log_odds``. NaN where none can be computed;
        what stands there of a patient with a silence is not to be shown.
    silences : tuple of tuple of Silence
        For each patient, why the model cannot say; empty where it can.
    outcomes : DataFrame, indexed by patient
        As `OutcomeSets.compute` returns it: which outcomes ``remain`` possible. Empty where the
        model has no outcome sets.
    level : float
        The nominal coverage of ``low`` to ``high``.
    confidence : float
        Of the outcome sets.
    """

    table: pd.DataFrame
    silences: tuple[tuple[Silence, ...], ...]
    level: float
    outcomes: pd.DataFrame = field(default_factory=pd.DataFrame)
    confidence: float = float("nan")

    @property
    def cannot_say(self) -> tuple[tuple[str, ...], ...]:
        """For each patient, in words, why the model cannot say; empty where it can."""
        return tuple(tuple(map(str, them)) for them in self.silences)

    @property
    def outside(self) -> tuple[tuple[str, ...], ...]:
        """For each patient, in words, the values that training never saw."""
        return tuple(
            tuple(silence.words for silence in them if silence.kind == "value")
            for them in self.silences
        )

    def __len__(self) -> int:
        return len(self.table)

    def __repr__(self) -> str:
        silent = sum(map(bool, self.silences))
        return (
            f"Predictions({len(self)} patients, of {silent} of whom the model cannot say, "
            f"{100 * self.level:g} % intervals)"
        )

    def _repr_html_(self) -> str:
        return self.table.to_html()


@dataclass(frozen=True, slots=True)
class SiteCalibration:
    """How a model's likelihoods were brought into line with patients it was not fitted on.

    Parameters
    ----------
    cohort : str
        What those patients are called.
    intercept, slope : float
        New log-odds = intercept + slope * log-odds.
    n_patients, n_responders : int
        Of those it was learned from.
    intercept_variance, slope_variance, covariance : float
        How well intercept and slope are known; 0 where that was not kept.
    """

    cohort: str
    intercept: float
    slope: float
    n_patients: int
    n_responders: int
    intercept_variance: float = 0.0
    slope_variance: float = 0.0
    covariance: float = 0.0

    def compute_variance(self, log_odds: np.ndarray) -> np.ndarray:
        """Return what recalibration adds to the variance of recalibrated log-odds.

        Parameters
        ----------
        log_odds : array, shape (n_patients,)
            Recalibrated.
        """
        before = (log_odds - self.intercept) / self.slope
        added = self.intercept_variance + before * (
            2 * self.covariance + before * self.slope_variance
        )
        return np.maximum(added, 0.0)


@dataclass(frozen=True, eq=False)
class FittedModel:
    """A model with all it needs to speak of a new patient.

    Parameters
    ----------
    classifier : ResponderClassifier, StackedClassifier or AveragedClassifier
        Fitted on every patient of the study.
    replicas : tuple of classifier
        The same model fitted on other samples of the patients; how far they disagree about a
        patient is how far the data decide that patient's likelihood.
    left_out_share : float or None
        The share of patients each replica was fitted without, where they are the models of the
        outer folds; None, where each is fitted on patients drawn with replacement.
    columns : tuple of Column
    ranges : mapping of str to (float, float) or tuple of str
        The lowest and highest value, or the levels, that training saw in each column.
    task : Task
    features : {"clinical", "connectivity", "both", "late fusion"}
    n_patients, n_responders : int
    simulated : bool
    digest : str
        Of the table the model was fitted on.
    preparation : Preparation
        What is done to connectivity before the classifier sees it.
    limits : Limits
        Where the model must stay silent.
    calibration : SiteCalibration, optional
        Where the likelihoods were brought into line with another site's.
    n_imputed : int
        Patients whose outcome was missing and imputed; ``n_responders`` is then the expected count.
    """

    classifier: FoldClassifier
    replicas: tuple[FoldClassifier, ...]
    left_out_share: float | None
    columns: tuple[Column, ...]
    ranges: Mapping[str, tuple[float, float] | tuple[str, ...]]
    task: Task
    features: FeatureSet
    n_patients: int
    n_responders: int
    simulated: bool
    digest: str
    preparation: Preparation = field(default_factory=Preparation)
    limits: Limits = field(default_factory=Limits)
    calibration: SiteCalibration | None = None
    n_imputed: int = 0

    @property
    def base_rate(self) -> float:
        """The share of responders among those whose likelihoods these are."""
        whose = self if self.calibration is None else self.calibration
        return whose.n_responders / whose.n_patients

    def __repr__(self) -> str:
        kind = "simulated patients" if self.simulated else "patients"
        return (
            f"FittedModel({self.features} {self.classifier.family}: {len(self.columns)} columns, "
            f"fitted on {self.n_patients} {kind}, {self.n_responders} responders)"
        )

    def predict(
        self, X: pd.DataFrame, *, level: float = 0.95, site: Sequence[str] | None = None
    ) -> Predictions:
        """Predict for patients, each as if alone.

        The interval is normal on the log-odds, about the model's own. Its standard error is the
        standard deviation of the replicas', where each was fitted on patients drawn anew; where
        each left out a share ``d`` of the patients, it is the delete-d jackknife's, since such
        replicas differ by less than fresh samples would, by the factor ``sqrt((1 - d) / d)``. Of a
        recalibrated model it has in it how well intercept and slope are known.

        Parameters
        ----------
        X : DataFrame, shape (n_patients, n_columns)
            With at least the columns of training, in any order. A patient from a site that
            harmonising did not see gets no likelihood (NaN), unless the study declared what
            becomes of such patients.
        level : float
        site : sequence of str, optional
            Of each patient, where it is known and no column of ``X``; empty where it is not.

        Source
        ------
        Efron and Tibshirani 1993, An Introduction to the Bootstrap, chapter 6 (standard errors);
        Shao and Wu 1989, Annals of Statistics 17(3), 1176-1197 (delete-d jackknife).
        """
        X = self.align(X)
        speaks = ~self.from_unseen_site(X)
        log_odds = np.full(len(X), np.nan)
        half = np.zeros(len(X))
        if speaks.any():
            log_odds[speaks] = self.classifier.decision_function(X[speaks])
        if len(self.replicas) > 1 and speaks.any():
            said = np.array([one.decision_function(X[speaks]) for one in self.replicas])
            error = self._compute_error(log_odds[speaks], said)
            if self.calibration is not None:
                added = self.calibration.compute_variance(log_odds[speaks])
                error = np.sqrt(error**2 + added)
            half[speaks] = stats.norm.ppf((1 + level) / 2) * error
        table = pd.DataFrame(
            {
                "probability": expit(log_odds),
                "low": expit(log_odds - half),
                "high": expit(log_odds + half),
                "log_odds": log_odds,
            },
            index=X.index,
        )
        sets = self.limits.outcome_sets
        return Predictions(
            table,
            self._find_silences(X, speaks, site),
            level,
            pd.DataFrame(index=X.index)
            if sets is None
            else sets.compute(log_odds).set_axis(X.index),
            float("nan") if sets is None else sets.confidence,
        )

    def _compute_error(self, log_odds: np.ndarray, said: np.ndarray) -> np.ndarray:
        """Return the standard error of log-odds from what the replicas say, (n_replicas, n)."""
        if self.left_out_share is None:
            return said.std(axis=0, ddof=1)
        widen = (1 - self.left_out_share) / self.left_out_share
        return np.sqrt(widen * ((said - log_odds) ** 2).mean(axis=0))

    def _find_silences(
        self, X: pd.DataFrame, speaks: np.ndarray, site: Sequence[str] | None
    ) -> tuple[tuple[Silence, ...], ...]:
        column = next((column.name for column in self.columns if column.role == "site"), None)
        if column is not None:
            site = X[column].astype(object).where(X[column].notna(), "").tolist()
        if self._takes_unseen_sites:
            site = None
        limits, clinical = self.limits, clinical_inputs(self.columns)
        # Nothing can be prepared of a patient whose site harmonising cannot place.
        unlike: list[tuple[Silence, ...]] = [()] * len(X)
        for k, silences in zip(
            np.flatnonzero(speaks).tolist(), limits.find_unlike(X[speaks]), strict=True
        ):
            unlike[k] = silences
        found = []
        saw = "training saw" if self.calibration is None else "the model knows"
        for k, beside in enumerate(limits.find_silences(X, clinical, site, saw=saw)):
            outside = tuple(self._outside(X.iloc[k]))
            # A single value that training never saw is the plainer reason.
            far = (one for one in unlike[k] if not outside or one.kind != "combination")
            found.append((*outside, *beside, *far))
        return tuple(found)

    def align(self, X: pd.DataFrame) -> pd.DataFrame:
        """Return the columns of training in their order, with training's categories.

        Raises
        ------
        DataError
            If a column is missing.
        """
        names = [column.name for column in self.columns]
        missing = [name for name in names if name not in X.columns]
        if missing:
            shown = ", ".join(missing[:5]) + (", ..." if len(missing) > 5 else "")
            raise DataError(
                Fault(
                    where="new patients",
                    met=f"{len(missing)} columns are absent: {shown}",
                    wanted=f"the {len(names)} columns the model was trained on",
                    way_out="Add the columns; leave a cell empty where a value is not known.",
                )
            )
        return X[names]

    def from_unseen_site(self, X: pd.DataFrame) -> np.ndarray:
        """Tell which patients are from a site that harmonising cannot place, shape (n_patients,).

        Parameters
        ----------
        X : DataFrame
            With the column of the site, where sites are harmonised.
        """
        site = next((column.name for column in self.columns if column.role == "site"), None)
        if self.preparation.harmonise == "none" or site is None or site not in X:
            return np.zeros(len(X), dtype=bool)
        if self._takes_unseen_sites:
            return np.zeros(len(X), dtype=bool)
        return ~X[site].astype(object).isin(self.ranges[site]).to_numpy()

    @property
    def _takes_unseen_sites(self) -> bool:
        """Whether the study declared for which of its sites others are taken."""
        return self.preparation.harmonise != "none" and self.preparation.unseen_site == "reference"

    def _outside(self, row: pd.Series) -> Iterator[Silence]:
        for column in self.columns:
            if column.regions is not None or column.role == "site":
                continue
            value, seen = row[column.name], self.ranges[column.name]
            if pd.isna(value):
                continue
            unit = f" {column.unit}" if column.unit else ""
            if isinstance(value, str):
                if value not in seen:
                    yield Silence("value", f"{column.words}: {value} (not met in training)")
            elif not seen[0] <= value <= seen[1]:
                met = f"{column.words}: {value:.4g}{unit}"
                yield Silence("value", f"{met} (training saw {seen[0]:.4g} to {seen[1]:.4g})")


def fit_model(
    table: Table,
    classifier: FoldClassifier,
    *,
    replicas: tuple[FoldClassifier, ...] = (),
    left_out_share: float | None = 0.2,
    limits: Limits | None = None,
) -> FittedModel:
    """Fit a classifier on every patient of a table, and keep what prediction will need.

    Parameters
    ----------
    table : Table
        With its outcome.
    classifier : ResponderClassifier, StackedClassifier or AveragedClassifier
        Unfitted; it is cloned.
    replicas : tuple of classifier
        For the interval of one patient's likelihood.
    left_out_share : float or None
        As in `FittedModel`.
    limits : Limits, optional
        From `make_limits`; the sites and missing inputs of the table alone, where none are given.
    """
    from sklearn.base import clone

    fitted = clone(classifier).fit(table.X, table.y)
    return make_fitted_model(
        table, fitted, replicas=replicas, left_out_share=left_out_share, limits=limits
    )


def make_fitted_model(
    table: Table,
    fitted: FoldClassifier,
    *,
    replicas: tuple[FoldClassifier, ...] = (),
    left_out_share: float | None = 0.2,
    limits: Limits | None = None,
    labels: np.ndarray | None = None,
) -> FittedModel:
    """Keep what prediction will need beside a classifier that is fitted on a table.

    Parameters
    ----------
    table, replicas, left_out_share, limits
        As for `fit_model`.
    fitted : ResponderClassifier, StackedClassifier or AveragedClassifier
        On every patient of the table.
    labels : array of int, shape (n_patients, n_completions), optional
        What it was fitted to, where outcomes were imputed.
    """
    assert table.y is not None
    responders = table.y.sum() if labels is None else labels.sum(axis=0).mean()
    return FittedModel(
        classifier=fitted,
        replicas=replicas,
        left_out_share=left_out_share,
        columns=table.columns,
        ranges=_find_ranges(table.X[[column.name for column in table.columns]]),
        task=table.task,
        features=table.features,
        n_patients=len(table),
        n_responders=round(float(responders)),
        simulated=table.simulated,
        digest=table.digest,
        preparation=table.preparation,
        limits=make_limits(table) if limits is None else limits,
        n_imputed=int(table.missing.sum()),
    )


def _find_ranges(X: pd.DataFrame) -> dict[str, tuple[float, float] | tuple[str, ...]]:
    """Return the lowest and highest value, or the levels, of each column."""
    numbers = X.select_dtypes(exclude="category")
    lows, highs = numbers.min().fillna(0.0), numbers.max().fillna(0.0)
    found: dict[str, tuple[float, float] | tuple[str, ...]] = {
        str(name): (float(low), float(high))
        for name, low, high in zip(numbers.columns, lows, highs, strict=True)
    }
    for name in X.columns.difference(numbers.columns):
        found[str(name)] = tuple(sorted(set(map(str, X[name].dropna()))))
    return {str(name): found[str(name)] for name in X.columns}
