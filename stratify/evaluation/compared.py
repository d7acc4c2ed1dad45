"""What a comparison of two models comes to, as values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, Protocol

import pandas as pd

from stratify.metrics import Estimate

Metric = Literal["auc", "log_loss", "uno_c", "brier"]
Better = Literal["A is better", "B is better", "practically the same", "cannot tell"]

WORDS: Mapping[Metric, tuple[str, Literal["higher", "lower"]]] = {
    "auc": ("the AUC", "higher"),
    "log_loss": ("the log loss", "lower"),
    "uno_c": ("Uno's concordance", "higher"),
    "brier": ("the Brier score at the horizon", "lower"),
}
"""What each metric is called, and which way is better."""


class Predicted(Protocol):
    """What has a name and held-out predictions: an `Evaluation`, or those that a run keeps."""

    @property
    def name(self) -> str: ...  # noqa: D102
    @property
    def predictions(self) -> pd.DataFrame: ...  # noqa: D102
    @property
    def test_share(self) -> float: ...  # noqa: D102


@dataclass(frozen=True, eq=False)
class KeptPredictions:
    """Held-out predictions of one model, without the model.

    Parameters
    ----------
    name : str
    predictions : DataFrame
        As in `Evaluation`; its patients may be pseudonyms, if both models' are of one store.
    test_share : float
        As in `Evaluation`.
    """

    name: str
    predictions: pd.DataFrame
    test_share: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """How much better A is than B by one metric.

    Parameters
    ----------
    metric : {"auc", "log_loss", "uno_c", "brier"}
    of_a, of_b : float
        Means over the folds that were compared.
    gain : Estimate
        Above 0 where A is better: how much higher its AUC or concordance is, or how much lower its
        log loss or Brier score.
    region : float
        Gains from ``-region`` to ``region`` make no practical difference.
    p_a_better, p_same, p_b_better : float
        How probable it is, after these folds, that the gain lies beyond the region, within it, or
        beyond it on B's side.
    """

    metric: Metric
    of_a: float
    of_b: float
    gain: Estimate
    region: float
    p_a_better: float
    p_same: float
    p_b_better: float

    @property
    def finding(self) -> Better:
        """By the gain's interval: within the region, else apart from 0, else nobody can tell."""
        low, high = self.gain.low, self.gain.high
        if -self.region <= low and high <= self.region:
            return "practically the same"
        if low > 0:
            return "A is better"
        return "B is better" if high < 0 else "cannot tell"

    def to_dict(self) -> dict[str, object]:
        """Return plain values, for JSON and tables."""
        return {
            "metric": self.metric,
            "finding": self.finding,
            "a": self.of_a,
            "b": self.of_b,
            **self.gain.to_dict("gain"),
            "region": self.region,
            "p_a_better": self.p_a_better,
            "p_same": self.p_same,
            "p_b_better": self.p_b_better,
        }

    def __str__(self) -> str:
        what, way = WORDS[self.metric]
        return (
            f"{what} of A is {self.gain.say_difference(way)}, {self.of_a:.3f} against "
            f"{self.of_b:.3f}, where less than {self.region:g} makes no practical difference"
        )


@dataclass(frozen=True, eq=False, kw_only=True)
class Comparison:
    """Whether A is better than B.

    Parameters
    ----------
    a, b : str
        The models' names.
    paired : bool
        Whether both were judged on the same folds.
    patients : int
        Whom both have predicted.
    folds : int
        How many held-out sets were compared; those of A, where nothing is paired.
    differences : mapping of str to Difference
        By AUC and by log loss; of censored outcomes by Uno's concordance and by the Brier score.
    decided_by : {"log_loss", "auc", "uno_c", "brier"}
        One metric decides, chosen in advance: to take whichever of two speaks for a model would
        double the chance of being wrong.
    notes : tuple of str
        What a reader must know of how the two were compared.
    """

    a: str
    b: str
    paired: bool
    patients: int
    folds: int
    differences: Mapping[Metric, Difference]
    decided_by: Metric = "log_loss"
    notes: tuple[str, ...] = field(default=())

    @property
    def finding(self) -> Better:
        """``"A is better"``, ``"B is better"``, ``"practically the same"`` or ``"cannot tell"``."""
        return self.differences[self.decided_by].finding

    @property
    def words(self) -> str:
        """The finding in sentences, with the figures it rests on."""
        said = {
            "A is better": f"A is better: {self.a} beats {self.b}",
            "B is better": f"B is better: {self.b} beats {self.a}",
            "practically the same": f"Practically the same: A, {self.a}, and B, {self.b}",
            "cannot tell": f"Cannot tell which is better of A, {self.a}, and B, {self.b}",
        }[self.finding]
        other = next(metric for metric in self.differences if metric != self.decided_by)
        first, second = self.differences[self.decided_by], self.differences[other]
        by = WORDS[other][0]
        return " ".join(
            [
                f"{said}. {_capital(str(first))}; {second}.",
                f"The verdict is that of {WORDS[self.decided_by][0]}; by {by} it is: "
                f"{second.finding}.",
                *self.notes,
            ]
        )

    def to_dict(self) -> dict[str, object]:
        """Return plain values, for JSON."""
        return {
            "a": self.a,
            "b": self.b,
            "finding": self.finding,
            "decided_by": self.decided_by,
            "words": self.words,
            "paired": self.paired,
            "patients": self.patients,
            "folds": self.folds,
            "notes": list(self.notes),
            "differences": [each.to_dict() for each in self.differences.values()],
        }

    def to_frame(self) -> pd.DataFrame:
        """Return one row a metric: the keys of `Difference.to_dict`."""
        return pd.DataFrame([each.to_dict() for each in self.differences.values()])

    def __str__(self) -> str:
        return self.words


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
