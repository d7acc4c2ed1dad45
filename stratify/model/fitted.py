"""A model ready for new patients: what it learned, from whom, and where it must stay silent."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
from scipy import stats
from scipy.special import expit

from stratify.model.limits import Limits, Silence, make_limits
from stratify.model.parts import FoldClassifier
from stratify.model.scope import Scope, scope_of
from stratify.task import Table


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


@dataclass(frozen=True, eq=False, kw_only=True)
class FittedModel(Scope):
    """A model with all it needs to speak of a new patient.

    Parameters
    ----------
    columns, ranges, task, features, n_patients, simulated, digest, preparation, limits
        As in `Scope`.
    classifier : ResponderClassifier, StackedClassifier or AveragedClassifier
        Fitted on every patient of the study.
    replicas : tuple of classifier
        The same model fitted on other samples of the patients; how far they disagree about a
        patient is how far the data decide that patient's likelihood.
    left_out_share : float or None
        The share of patients each replica was fitted without, where they are the models of the
        outer folds; None, where each is fitted on patients drawn with replacement.
    n_responders : int
    calibration : SiteCalibration, optional
        Where the likelihoods were brought into line with another site's.
    n_imputed : int
        Patients whose outcome was missing and imputed; ``n_responders`` is then the expected count.
    """

    classifier: FoldClassifier
    replicas: tuple[FoldClassifier, ...]
    left_out_share: float | None
    n_responders: int
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
        saw = "training saw" if self.calibration is None else "the model knows"
        return Predictions(
            table,
            self.find_silences(X, speaks, site, saw=saw),
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
        n_responders=round(float(responders)),
        n_imputed=int(table.missing.sum()),
        **scope_of(table, make_limits(table) if limits is None else limits),
    )
