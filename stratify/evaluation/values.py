"""What cross-validation found of one model, as a value."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd

from stratify.errors import count_of
from stratify.evaluation.certificate import Certificate
from stratify.metrics import BASES, METRICS, Estimate
from stratify.model import FamilyName, FoldClassifier
from stratify.references import ReferenceName
from stratify.task import FeatureSet, Scheme


@dataclass(frozen=True, eq=False)
class Completions:
    """Held-out likelihoods judged against each completion of the outcomes that are missing.

    Parameters
    ----------
    predictions, by_fold : tuple of DataFrame
        As in `Evaluation`, one of each completion: of all patients, with the same likelihoods.
    missing_information : dict of str to float
        For each metric, the share of its variance that comes from what is missing.
    n_imputed : int
        How many patients' outcomes were imputed.
    """

    predictions: tuple[pd.DataFrame, ...]
    by_fold: tuple[pd.DataFrame, ...]
    missing_information: dict[str, float]
    n_imputed: int

    def __len__(self) -> int:
        return len(self.predictions)

    def describe(self) -> str:
        """Say what was imputed and what it costs, in a sentence.

        Examples
        --------
        >>> nothing = pd.DataFrame()
        >>> print(Completions((nothing,) * 20, (nothing,) * 20, {"auc": 0.21}, 12).describe())
        Outcomes of 12 patients were imputed 20 times; 21 % of the variance of the AUC comes from \
that.
        """
        share = 100 * self.missing_information["auc"]
        part = f"{share:.0f} %" if share >= 1 else "less than 1 %"
        return (
            f"Outcomes of {count_of(self.n_imputed, 'patient')} were imputed {len(self)} times; "
            f"{part} of the variance of the AUC comes from that."
        )


@dataclass(frozen=True, eq=False)
class Evaluation:
    """Held-out predictions of one model, and what they say of it.

    Parameters
    ----------
    family : {"prevalence", "logistic", "svm", "ridge", "forest", "xgboost", "cpm"}
    features : {"clinical", "connectivity", "both", "late fusion", "none"}
        The prevalence uses none.
    metrics : dict of str to Estimate
        By the names of `stratify.metrics.METRICS`; `stratify.metrics.BASES` says of what each is
        taken. Where outcomes are imputed, they are pooled over the completions by Rubin's rules.
    by_fold : DataFrame
        ``repeat``, ``fold``, ``n_test``, ``auc``, ``balanced_accuracy``, ``brier``, ``log_loss``;
        means over the completions, where there are any.
    predictions : DataFrame
        One row a patient whose outcome is known, and repeat: ``patient``, ``repeat``, ``fold``,
        ``y``, ``probability``, ``log_odds``, ``base_rate`` (of that fold's training patients).
    chosen : DataFrame
        ``repeat``, ``fold``, and the hyperparameters chosen in that fold.
    certificate : Certificate
    replicas : tuple of ResponderClassifier, StackedClassifier or AveragedClassifier
        The fitted classifier of each fold.
    test_share : float
        Patients tested in a fold over those in it, the mean of the folds; the corrected t test
        needs it.
    scheme : {"stratified", "leave one site out", "leave one trial out", "temporal"}
        How the folds held patients out.
    reference : {"severity", "covariates", "site", "motion"}, optional
        Which simple model it is of: one to be beaten, never one that was tried.
    completions : Completions or None
        None where no outcome was imputed.
    """

    family: FamilyName
    features: FeatureSet | Literal["none"]
    metrics: dict[str, Estimate]
    by_fold: pd.DataFrame
    predictions: pd.DataFrame
    chosen: pd.DataFrame
    certificate: Certificate
    replicas: tuple[FoldClassifier, ...]
    test_share: float
    scheme: Scheme = "stratified"
    reference: ReferenceName | None = None
    completions: Completions | None = None

    def folds_of(self, metric: str) -> np.ndarray:
        """Return a metric of each fold, shape (n_completions, n_folds); one row without any."""
        tables = (self.by_fold,) if self.completions is None else self.completions.by_fold
        return np.stack([table[metric].to_numpy(dtype=float) for table in tables])

    @property
    def base_rate(self) -> float:
        """The share of responders among the patients; the expected one, where some are imputed."""
        return float(self.judged["y"].mean())

    @property
    def judged(self) -> pd.DataFrame:
        """The predictions that figures are drawn of; each completion counts as repeats of its own.

        Those of patients whose outcome is known, where none was imputed.
        """
        if self.completions is None:
            return self.predictions
        repeats = int(self.by_fold["repeat"].nunique())
        return pd.concat(
            [
                one.assign(repeat=one["repeat"] + k * repeats)
                for k, one in enumerate(self.completions.predictions)
            ],
            ignore_index=True,
        )

    @property
    def name(self) -> str:
        """The model in two words: features and family; the prevalence in one."""
        if self.reference is not None:
            return f"{self.reference} alone"
        return self.family if self.features == "none" else f"{self.features} {self.family}"

    def to_dict(self) -> dict[str, object]:
        """Return ``family``, ``features``, and each metric with its bounds, as plain values."""
        values: dict[str, object] = {"family": self.family, "features": self.features}
        for name in METRICS:
            values.update(self.metrics[name].to_dict(name))
        if self.completions is not None:
            for name, share in self.completions.missing_information.items():
                values[f"{name}_missing_information"] = share
        return values

    def to_frame(self) -> pd.DataFrame:
        """Return the metrics as a table: ``metric``, ``value``, ``low``, ``high``, ``taken_of``.

        And ``missing_information``, where outcomes were imputed.
        """
        table = pd.DataFrame(
            [(name, e.value, e.low, e.high, BASES[name]) for name, e in self.metrics.items()],
            columns=["metric", "value", "low", "high", "taken_of"],
        )
        if self.completions is not None:
            shares = self.completions.missing_information
            table["missing_information"] = table["metric"].map(shares)
        return table

    def __repr__(self) -> str:
        lines = [f"Evaluation of {self.name}, {len(self.by_fold)} folds"]
        lines += [f"  {name:22}{estimate}" for name, estimate in self.metrics.items()]
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        return f"<p>{self.name}, {len(self.by_fold)} folds</p>" + self.to_frame().to_html(
            index=False, float_format="{:.3f}".format
        )
