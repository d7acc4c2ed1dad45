"""Whether the numbers of a report may be printed at all."""

from __future__ import annotations

from collections.abc import Sequence
from math import isfinite

from scipy.special import expit

from stratify.errors import DataError, Fault
from stratify.explanation.values import Reason
from stratify.report.values import Likelihood, StudySummary


def require_responder_model(study: StudySummary) -> None:
    """Refuse to speak from a study without a responder model."""
    if not study.responder_model:
        raise DataError(
            Fault(
                where=f"study {study.name}",
                met=study.verdict.rstrip(".") or "no responder model",
                wanted="a report speaks only from a model that beats the simple ones",
                way_out="No report can be issued from this study; see its verdict.",
            )
        )


def require_agreement(
    patient: str,
    likelihood: Likelihood,
    reasons: Sequence[Reason],
    base_log_odds: float,
    log_odds: float,
) -> None:
    """Refuse numbers that contradict each other, every contradiction at once."""
    p, low, high = likelihood.probability, likelihood.low, likelihood.high
    contributions = [reason.contribution for reason in reasons]
    faults = []

    def refuse(met: str, wanted: str, way_out: str) -> None:
        faults.append(
            Fault(where="report", met=met, wanted=wanted, way_out=way_out, patients=(str(patient),))
        )

    if not (0 <= low <= p <= high <= 1):
        refuse(
            f"a likelihood of {p:g} with an interval from {low:g} to {high:g}",
            "0 <= low <= likelihood <= high <= 1",
            "Pass the proportions that FittedModel.predict returns.",
        )
    elif low == high and not likelihood.covers_average:
        refuse(
            f"a likelihood of {p:g} without an interval",
            "every likelihood is printed with how well the data settle it",
            "Fit the model with the replicas of its outer folds.",
        )
    if not 0 < likelihood.level < 1:
        refuse(f"a level of {likelihood.level:g}", "a level between 0 and 1", "Pass 0.95.")
    if not all(map(isfinite, (*contributions, base_log_odds, log_odds))):
        refuse("a contribution that is not a number", "finite log-odds", "Explain this row again.")
    else:
        if abs(base_log_odds + sum(contributions) - log_odds) > 1e-6:
            refuse(
                f"base and reasons add up to {base_log_odds + sum(contributions):.6f}",
                f"they add up to the log-odds, {log_odds:.6f}",
                "Pass every reason; Explanation.reasons sums what it leaves out into a last one.",
            )
        if abs(expit(log_odds) - p) > 1e-6:
            refuse(
                f"reasons for a likelihood of {expit(log_odds):.6f}",
                f"reasons for the likelihood that is printed, {p:.6f}",
                "Explain and predict the same row with the same model.",
            )
    if faults:
        raise DataError(faults)
