"""What cross-validation found of one model, as a value."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import pandas as pd

from stratify.evaluation.certificate import Certificate
from stratify.metrics import BASES, METRICS, Estimate
from stratify.model import FamilyName, FoldClassifier
from stratify.references import ReferenceName
from stratify.task import FeatureSet, Scheme


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
        taken.
    by_fold : DataFrame
        ``repeat``, ``fold``, ``n_test``, ``auc``, ``balanced_accuracy``, ``brier``, ``log_loss``.
    predictions : DataFrame
        One row a patient and repeat: ``patient``, ``repeat``, ``fold``, ``y``, ``probability``,
        ``log_odds``, ``base_rate`` (of that fold's training patients).
    chosen : DataFrame
        ``repeat``, ``fold``, and the hyperparameters chosen in that fold.
    certificate : Certificate
    replicas : tuple of ResponderClassifier or StackedClassifier
        The fitted classifier of each fold.
    test_share : float
        Patients tested in a fold over those in it, the mean of the folds; the corrected t test
        needs it.
    scheme : {"stratified", "leave one site out", "leave one trial out", "temporal"}
        How the folds held patients out.
    reference : {"severity", "covariates", "site", "motion"}, optional
        Which simple model it is of: one to be beaten, never one that was tried.
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
        return values

    def to_frame(self) -> pd.DataFrame:
        """Return the metrics as a table: ``metric``, ``value``, ``low``, ``high``, ``taken_of``."""
        return pd.DataFrame(
            [(name, e.value, e.low, e.high, BASES[name]) for name, e in self.metrics.items()],
            columns=["metric", "value", "low", "high", "taken_of"],
        )

    def __repr__(self) -> str:
        lines = [f"Evaluation of {self.name}, {len(self.by_fold)} folds"]
        lines += [f"  {name:22}{estimate}" for name, estimate in self.metrics.items()]
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        return f"<p>{self.name}, {len(self.by_fold)} folds</p>" + self.to_frame().to_html(
            index=False, float_format="{:.3f}".format
        )
