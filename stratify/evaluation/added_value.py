"""Does connectivity add anything to clinical data? A paired answer, family by family."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from stratify.evaluation.gain import compute_difference, compute_gain
from stratify.evaluation.values import Evaluation
from stratify.metrics import Estimate

JOINED = ("both", "late fusion")


@dataclass(frozen=True, slots=True)
class AddedValue:
    """What a model with connectivity gains over the same family on clinical columns alone.

    Parameters
    ----------
    family : str
    features : {"both", "late fusion"}
    log_loss : Estimate
        How much lower the log loss is; above 0 connectivity adds.
    auc : Estimate
        How much higher the AUC is.
    """

    family: str
    features: str
    log_loss: Estimate
    auc: Estimate

    @property
    def finding(self) -> str:
        """``"adds"``, ``"harms"``, or ``"cannot tell"``, by the interval of the log loss."""
        if self.log_loss.low > 0:
            return "adds"
        return "harms" if self.log_loss.high < 0 else "cannot tell"

    def to_dict(self) -> dict[str, object]:
        """Return plain values, for JSON and tables."""
        return {
            "family": self.family,
            "features": self.features,
            "finding": self.finding,
            **self.log_loss.to_dict("log_loss_gain"),
            **self.auc.to_dict("auc_gain"),
        }

    def __str__(self) -> str:
        said = {
            "adds": "connectivity adds to clinical columns",
            "harms": "connectivity makes likelihoods worse than clinical columns alone",
            "cannot tell": "cannot tell whether connectivity adds to clinical columns",
        }[self.finding]
        return (
            f"{self.family}, {self.features}: {said}; log loss "
            f"{self.log_loss.say_difference('lower')}, AUC {self.auc.say_difference('higher')}"
        )


def compute_added_value(evaluations: Sequence[Evaluation]) -> tuple[AddedValue, ...]:
    """Compare models with connectivity to the same family without, on the same folds.

    The intervals are those of the corrected resampled t test; they are not corrected for how many
    comparisons there are.

    Parameters
    ----------
    evaluations : sequence of Evaluation
        Of one study. A family without both sides is passed over.

    Source
    ------
    Nadeau and Bengio 2003, Machine Learning 52, 239-281.
    """
    by_name = {(e.family, e.features): e for e in evaluations}
    found = []
    for (family, features), evaluation in by_name.items():
        alone = by_name.get((family, "clinical"))
        if features not in JOINED or alone is None:
            continue
        found.append(
            AddedValue(
                family,
                features,
                compute_gain(evaluation, alone),
                compute_difference(evaluation, alone, "auc"),
            )
        )
    return tuple(found)


def tabulate_added_value(values: Sequence[AddedValue]) -> pd.DataFrame:
    """Return one row a comparison: the keys of `AddedValue.to_dict`."""
    return pd.DataFrame([value.to_dict() for value in values])
