"""How much better one model's likelihoods are than another's, fold by fold."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from stratify.errors import DataError, Fault
from stratify.evaluation.completions import pool_folds
from stratify.evaluation.values import Evaluation
from stratify.metrics import Estimate, compute_corrected_difference

SMALLEST_GAIN = 0.01
"""A gain in log loss that a practice would notice; one within it is none.

At a base rate of one half it is what an AUC of 0.58 gains over one of 0.50, or one of 0.62 over one
of 0.60.
"""


def compute_gain(evaluation: Evaluation, reference: Evaluation, *, level: float = 0.95) -> Estimate:
    """How much lower the log loss is than the reference's, fold by fold, with its interval.

    Parameters
    ----------
    evaluation, reference : Evaluation
        On the same folds.
    level : float

    Returns
    -------
    gain : Estimate
        Above 0 the model's likelihoods are better than the reference's.
    """
    keys = ["repeat", "fold"]
    if not evaluation.by_fold[keys].equals(reference.by_fold[keys]):
        raise DataError(
            Fault(
                where="compute_gain",
                met="two evaluations on different folds",
                wanted="a paired comparison needs the same folds",
                way_out="Evaluate both with the same make_folds result.",
            )
        )
    return compute_difference(reference, evaluation, "log_loss", level=level)


def compute_difference(
    evaluation: Evaluation, reference: Evaluation, metric: str, *, level: float = 0.95
) -> Estimate:
    """By how much a metric exceeds the reference's, fold by fold, with its interval.

    Parameters
    ----------
    evaluation, reference : Evaluation
        On the same folds, and with the same completions of missing outcomes.
    metric : str
        One of the columns of `Evaluation.by_fold`.
    level : float
    """
    difference = evaluation.folds_of(metric) - reference.folds_of(metric)
    share = evaluation.test_share
    if len(difference) == 1:
        return compute_corrected_difference(difference[0], test_share=share, level=level)
    return pool_folds(difference, test_share=share).to_estimate(level)


@dataclass(frozen=True, slots=True)
class GainOver:
    """What a model gains over a simpler one.

    Parameters
    ----------
    model, reference : str
        Their names.
    log_loss : Estimate
        By how much the model's is lower.
    region : float
        Gains within it are none.
    """

    model: str
    reference: str
    log_loss: Estimate
    region: float = SMALLEST_GAIN

    @property
    def beats(self) -> bool:
        """Whether the gain is above 0, and not all of what it may be is within the region."""
        return bool(self.log_loss.low > 0 and self.log_loss.high > self.region)

    def to_dict(self) -> dict[str, object]:
        """Return plain values, for JSON and tables."""
        return {
            "model": self.model,
            "reference": self.reference,
            "beats": self.beats,
            **self.log_loss.to_dict("log_loss_gain"),
            "smallest_gain": self.region,
        }


def compute_gains_over(
    evaluations: Sequence[Evaluation],
    references: Sequence[Evaluation],
    *,
    region: float = SMALLEST_GAIN,
    level: float = 0.95,
) -> tuple[GainOver, ...]:
    """Compare each model with each simple one, on the same folds.

    The intervals are those of the corrected resampled t test. They are not widened for the number
    of simple models, since a model must beat every one of them; nor for the number of models tried
    (decision 13 says how often that deceives).

    Parameters
    ----------
    evaluations, references : sequence of Evaluation
    region, level : float

    Source
    ------
    Nadeau and Bengio 2003, Machine Learning 52, 239-281; Berger 1982, Technometrics 24, 295-300
    (a test of several, all of which must be passed).
    """
    return tuple(
        GainOver(e.name, r.name, compute_gain(e, r, level=level), region)
        for e in evaluations
        for r in references
    )
