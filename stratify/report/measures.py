"""The figures of a model in a table, and what each of them says."""

from __future__ import annotations

from math import isfinite

from stratify.metrics.estimates import METRICS, Estimate
from stratify.report.values import ReportTable, StudySummary, of_100
from stratify.report.wording import Words, write_percent


def make_metrics_table(study: StudySummary, words: Words) -> ReportTable:
    """Make a table of every figure with its interval, and what it says."""
    order = [name for name in METRICS if name in study.metrics]
    order += [name for name in study.metrics if name not in METRICS]
    rows = []
    for name in order:
        estimate = study.metrics[name]
        label, digits = _MEASURES.get(name, (name.replace("_", " "), 3))
        rows.append((label, _estimate(estimate, digits), _meaning(name, estimate, study, words)))
    return ReportTable(("Measure", "Value", "What it says"), tuple(rows))


_MEASURES = {
    "auc": ("Separation (AUC)", 2),
    "average_precision": ("Average precision", 2),
    "balanced_accuracy": ("Balanced accuracy", 2),
    "brier": ("Brier score", 3),
    "brier_skill": ("Brier skill", 3),
    "log_loss": ("Log loss", 3),
    "calibration_intercept": ("Calibration intercept", 2),
    "calibration_slope": ("Calibration slope", 2),
}


def _number(number: float, digits: int) -> str:
    return f"{number:z.{digits}f}".replace("-", "−")


def _estimate(estimate: Estimate, digits: int) -> str:
    if not isfinite(estimate.value):
        return "cannot be estimated"
    value = _number(estimate.value, digits)
    if not (isfinite(estimate.low) and isfinite(estimate.high)):
        return f"{value} (interval cannot be estimated)"
    low, high = _number(estimate.low, digits), _number(estimate.high, digits)
    return f"{value} ({low} to {high}; {write_percent(estimate.level)})"


def _meaning(name: str, estimate: Estimate, study: StudySummary, words: Words) -> str:
    if not isfinite(estimate.value):
        return ""
    base = study.base_rate
    if name == "auc":
        pairs = str(of_100(estimate.value))
        if isfinite(estimate.low) and isfinite(estimate.high):
            pairs += f" ({of_100(estimate.low)} to {of_100(estimate.high)})"
        return (
            f"In {pairs} of 100 pairs of {words.positive} and {words.negative}, the model gives "
            f"{words.first} the higher likelihood; 50 is guessing."
        )
    if name == "balanced_accuracy":
        return "The mean of the shares of the two groups told rightly; 0.50 is guessing."
    if name == "average_precision":
        return (
            f"Of {words.people} taken from the highest likelihood down, the mean share who "
            f"{words.met} the outcome; {_number(base, 2)} is guessing."
            if not words.met.startswith("were")
            else f"Of {words.people} taken from the highest likelihood down, the mean share in "
            f"the group; {_number(base, 2)} is guessing."
        )
    if name == "brier_skill":
        return (
            "By what share the Brier score is better than giving everybody the average; 0 is no "
            "better, below 0 worse."
        )
    if name == "brier":
        return (
            "Mean squared distance of likelihood and outcome; 0 is perfect, and giving everybody "
            f"the average scores {_number(base * (1 - base), 3)}."
        )
    if name == "log_loss":
        return "The penalty for confident errors; 0 is perfect."
    if name == "calibration_intercept":
        return "0 when likelihoods are right on average; above 0 they are too low."
    if name == "calibration_slope":
        return _slope_meaning(estimate)
    return ""


def _slope_meaning(slope: Estimate) -> str:
    said = "1 when likelihoods are as spread as they should be; below 1 they are too extreme."
    if slope.high < 1:
        return f"{said} The interval lies below 1: read them as closer to the average."
    if slope.low > 1:
        return f"{said} The interval lies above 1: they are closer to the average than they need."
    return said
