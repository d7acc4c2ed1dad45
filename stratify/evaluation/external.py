"""How a model does with patients of another site or another year."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
from scipy.special import expit

from stratify.errors import DataError, Fault, count_of, name_some
from stratify.evaluation.drop import (
    WANTED_OF_EACH_CLASS,
    Holding,
    describe_drop,
    find_holding,
    name_kind,
    subtract_external,
    tabulate_drop,
)
from stratify.evaluation.usefulness import THRESHOLDS, Usefulness, judge_likelihoods
from stratify.folds import make_folds
from stratify.metrics import (
    Estimate,
    Recalibration,
    compute_held_out_estimates,
    fit_recalibration,
    flatten_estimates,
)
from stratify.metrics.recalibration import LEAST_OF_EACH_CLASS, Method


@dataclass(frozen=True, eq=False, kw_only=True)
class ExternalValidation:
    """What became of a model's likelihoods among patients who took no part in making it.

    Parameters
    ----------
    model, cohort : str
    simulated : bool
    internal : dict of str to Estimate
        What cross-validation within the study found, by metric.
    external : dict of str to Estimate
        The same here, as `stratify.metrics.compute_held_out_estimates` gives them.
    drop : Estimate
        How much lower the AUC is here; below 0 it is higher.
    usefulness : Usefulness
        Calibration curve and decision curve here.
    predictions : DataFrame
        One row a patient: ``patient``, ``y``, ``probability``, ``log_odds``, ``base_rate`` (of
        training).
    left_out : tuple of (str, int)
        Who was not counted, and how many.
    outside : int
        Patients whom a report would not speak of, as they are unlike those of training; they are
        counted all the same.
    unseen_sites : tuple of (str, int)
        Sites that a report would not speak of, as training did not see them, and how many patients
        of each were counted here.
    """

    model: str
    cohort: str
    simulated: bool
    internal: Mapping[str, Estimate]
    external: Mapping[str, Estimate]
    drop: Estimate
    usefulness: Usefulness
    predictions: pd.DataFrame
    left_out: tuple[tuple[str, int], ...] = field(default=())
    outside: int = 0
    unseen_sites: tuple[tuple[str, int], ...] = ()

    @property
    def patients(self) -> int:
        """How many patients were predicted."""
        return len(self.predictions)

    @property
    def responders(self) -> int:
        """How many of them responded."""
        return int(self.predictions["y"].sum())

    @property
    def finding(self) -> Holding:
        """Whether the model ranks patients here better than chance, by the interval of the AUC."""
        return find_holding(self.external["auc"])

    @property
    def advice(self) -> Method | None:
        """What recalibration the intervals of intercept and slope ask for; None where none is.

        None helps a model that ranks patients the wrong way round.
        """
        if self.finding == "worse than chance":
            return None
        slope, intercept = (
            self.external["calibration_slope"],
            self.external["calibration_intercept"],
        )
        if slope.low > 1 or slope.high < 1:
            return "intercept and slope"
        return "intercept" if intercept.low > 0 or intercept.high < 0 else None

    @property
    def words(self) -> str:
        """The finding in sentences: the drop first, then calibration and use."""
        return " ".join(
            [self._discrimination(), self._calibration(), self._usefulness(), *self._cautions()]
        )

    def to_dict(self) -> dict[str, object]:
        """Return plain values, for JSON."""
        values: dict[str, object] = {
            "model": self.model,
            "cohort": self.cohort,
            "simulated": self.simulated,
            "patients": self.patients,
            "responders": self.responders,
            "finding": self.finding,
            **self.drop.to_dict("auc_drop"),
            **flatten_estimates(self.external),
        }
        values["internal_auc"] = self.internal["auc"].value
        values["advice"] = self.advice
        values["net_benefit"] = self.usefulness.at_thresholds.to_dict("records")
        values["left_out"] = [[why, count] for why, count in self.left_out]
        values["outside"] = self.outside
        values["unseen_sites"] = [[site, count] for site, count in self.unseen_sites]
        values["words"] = self.words
        return values

    def to_frame(self) -> pd.DataFrame:
        """Return each metric within the study and here: ``metric``, ``internal``, ``external``."""
        return tabulate_drop(self.internal, self.external)

    def __str__(self) -> str:
        return self.words

    def _discrimination(self) -> str:
        return describe_drop(
            "the AUC",
            self.internal["auc"],
            self.external["auc"],
            self.drop,
            of=f"{self.patients} {name_kind(self.simulated)} of {self.cohort}",
        )

    def _calibration(self) -> str:
        mean, share = self.predictions["probability"].mean(), self.predictions["y"].mean()
        intercept, slope = (self.external[f"calibration_{name}"] for name in ("intercept", "slope"))
        said = (
            f"The likelihoods average {100 * mean:.0f} %, and {100 * share:.0f} % responded "
            f"(intercept {intercept}; slope {slope})"
        )
        if self.finding == "worse than chance":
            return f"{said}: no recalibration mends wrong ranks; do not use the model here."
        if self.advice is None:
            return f"{said}: no recalibration is called for by these figures."
        return f"{said}: recalibrate the {self.advice} before using them here."

    def _usefulness(self) -> str:
        gains = [
            f"{row['threshold']:g}: {row['gain']:+.3f} ({row['gain_low']:+.3f} to "
            f"{row['gain_high']:+.3f})"
            for row in self.usefulness.at_thresholds.to_dict("records")
        ]
        return (
            "Net benefit over the better of treating all and none, by threshold: "
            f"{', '.join(gains)}."
        )

    def _cautions(self) -> list[str]:
        told = []
        rarer = min(self.responders, self.patients - self.responders)
        if rarer < WANTED_OF_EACH_CLASS:
            told.append(
                f"{count_of(rarer, 'patient')} of the rarer outcome are few: calibration "
                f"elsewhere is hardly known with fewer than {WANTED_OF_EACH_CLASS}."
            )
        if self.outside:
            are = "is" if self.outside == 1 else "are"
            told.append(
                f"{count_of(self.outside, 'patient')} {are} unlike those of training; a report "
                "would give no likelihood."
            )
        if self.unseen_sites:
            told.append(self._unseen())
        told += [f"{count_of(count, 'patient')} left out: {why}." for why, count in self.left_out]
        return told

    @property
    def enough_to_recalibrate(self) -> bool:
        """Whether there are patients enough of both outcomes to learn an intercept from."""
        rarer = min(self.responders, self.patients - self.responders)
        return rarer >= LEAST_OF_EACH_CLASS["intercept"]

    def _unseen(self) -> str:
        """Say that figures of a new site do not make the model speak of it, and what would."""
        names = name_some(f"“{site}”" for site, _ in self.unseen_sites)
        count = sum(patients for _, patients in self.unseen_sites)
        one = len(self.unseen_sites) == 1
        this, sites = ("this", "site") if one else ("these", "sites")
        said = (
            f"A report by this model would give no likelihood to patients of {names} ({count} "
            f"here), since it does not know {this} {sites}"
        )
        if self.finding == "worse than chance":
            return f"{said}; by these figures it should not."
        if not self.enough_to_recalibrate:
            least = LEAST_OF_EACH_CLASS["intercept"]
            return (
                f"{said}; these are too few to recalibrate it to, {least} of each outcome at least."
            )
        though = "" if self.advice else ", though the likelihoods call for none,"
        return (
            f"{said}: recalibration to these patients{though} makes a new model that does, where "
            "the figures above are judged good enough for it."
        )


def validate_externally(
    y: np.ndarray,
    log_odds: np.ndarray,
    *,
    patients: Sequence[str],
    internal: Mapping[str, Estimate],
    base_rate: float,
    model: str = "the model",
    cohort: str = "the new cohort",
    simulated: bool = False,
    groups: np.ndarray | None = None,
    thresholds: Sequence[float] = THRESHOLDS,
    left_out: tuple[tuple[str, int], ...] = (),
    outside: int = 0,
    unseen_sites: tuple[tuple[str, int], ...] = (),
    seed: int = 0,
    level: float = 0.95,
) -> ExternalValidation:
    """Judge a model's likelihoods for patients who took no part in making it.

    Parameters
    ----------
    y : array of 0 and 1, shape (n_patients,)
    log_odds : array, shape (n_patients,)
    patients : sequence of str
    internal : mapping of str to Estimate
        Of cross-validation within the study; ``auc`` is needed.
    base_rate : float
        The share of responders in training.
    model, cohort : str
        What they are called.
    simulated : bool
    groups : array, shape (n_patients,), optional
        Rows with the same value are drawn together, in the intervals of net benefit.
    thresholds : sequence of float
        As for `compute_usefulness`.
    left_out, outside, unseen_sites
        As in `ExternalValidation`.
    seed : int
    level : float

    Returns
    -------
    validation : ExternalValidation
        The interval of the drop takes the two cohorts as independent, which they are.

    Raises
    ------
    DataError
        If all patients have one outcome.

    Source
    ------
    Steyerberg and Harrell 2016, Journal of Clinical Epidemiology 69, 245-247; Collins et al. 2024,
    BMJ 384, e074819 (what to report).

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> f = rng.normal(size=400)
    >>> y = (rng.random(400) < expit(f - 1)).astype(int)
    >>> found = validate_externally(y, f, patients=list(map(str, range(400))), base_rate=0.5,
    ...                             internal={"auc": Estimate(0.8, 0.75, 0.85)})
    >>> found.finding, found.advice
    ('better than chance', 'intercept')
    """
    y, log_odds = np.asarray(y), np.asarray(log_odds, dtype=float)
    _require_both(y, cohort)
    external = compute_held_out_estimates(y, log_odds, base_rate, level=level)
    return ExternalValidation(
        model=model,
        cohort=cohort,
        simulated=simulated,
        internal=internal,
        external=external,
        drop=subtract_external(internal["auc"], external["auc"], level),
        usefulness=judge_likelihoods(
            y, log_odds, groups=groups, thresholds=thresholds, seed=seed, level=level
        ),
        predictions=pd.DataFrame(
            {
                "patient": list(map(str, patients)),
                "y": y,
                "probability": expit(log_odds),
                "log_odds": log_odds,
                "base_rate": base_rate,
            }
        ),
        left_out=left_out,
        outside=outside,
        unseen_sites=unseen_sites,
    )


@dataclass(frozen=True, eq=False)
class CheckedRecalibration:
    """A recalibration, and how likelihoods brought into line by it do with patients held out.

    Parameters
    ----------
    recalibration : Recalibration
        Learned from every patient.
    estimates : dict of str to Estimate
        As `stratify.metrics.compute_held_out_estimates`, of ``predictions``.
    predictions : DataFrame
        As an `Evaluation` has them: each patient's likelihood by a recalibration that was learned
        from the others.
    folds : int
    """

    recalibration: Recalibration
    estimates: Mapping[str, Estimate]
    predictions: pd.DataFrame
    folds: int


def check_recalibration(
    validation: ExternalValidation,
    *,
    method: Method = "intercept",
    groups: np.ndarray | None = None,
    folds: int = 10,
    seed: int = 0,
    level: float = 0.95,
) -> CheckedRecalibration:
    """Learn a recalibration, and judge it on patients it was not learned from.

    Judged on the patients it was learned from, it would look perfect whatever it is worth.

    Parameters
    ----------
    validation : ExternalValidation
    method : {"intercept", "intercept and slope"}
    groups : array, shape (n_patients,), optional
        What a fold never splits.
    folds, seed, level

    Raises
    ------
    DataError
        As `stratify.metrics.fit_recalibration`, of all patients and of each training fold.
    """
    told = validation.predictions
    y, log_odds = told["y"].to_numpy(), told["log_odds"].to_numpy()
    recalibration = fit_recalibration(y, log_odds, method=method, level=level)
    held_out = np.full(len(y), np.nan)
    rate, number = np.full(len(y), np.nan), np.zeros(len(y), dtype=int)
    for fold in make_folds(y, groups, folds=folds, seed=seed):
        learned = fit_recalibration(y[fold.train], log_odds[fold.train], method=method)
        held_out[fold.test] = learned.apply(log_odds[fold.test])
        rate[fold.test], number[fold.test] = y[fold.train].mean(), fold.number
    return CheckedRecalibration(
        recalibration=recalibration,
        estimates=compute_held_out_estimates(y, held_out, rate, level=level),
        predictions=pd.DataFrame(
            {
                "patient": told["patient"],
                "repeat": 0,
                "fold": number,
                "y": y,
                "probability": expit(held_out),
                "log_odds": held_out,
                "base_rate": rate,
            }
        ),
        folds=folds,
    )


def _require_both(y: np.ndarray, cohort: str) -> None:
    if not 0 < y.sum() < len(y):
        raise DataError(
            Fault(
                where=cohort,
                met=f"{count_of(len(y), 'patient')}, {int(y.sum())} of them responders",
                wanted="both responders and non-responders, or nothing can be judged",
                way_out="Wait for more outcomes, or validate on another cohort.",
            )
        )
