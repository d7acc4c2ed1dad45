"""What a study may say: a responder model, or that nobody can tell."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from stratify.errors import DataError, Fault, count_of
from stratify.evaluation.completions import pool_folds
from stratify.evaluation.values import Evaluation
from stratify.metrics import Estimate, compute_corrected_difference, compute_corrected_p_value
from stratify.task import Question, Table

Finding = Literal["responder model", "cannot tell", "alarm", "leak"]

ALARM_AUC = 0.85
ALARM_PATIENTS = 500

PREDICTED: dict[Question, str] = {
    "response under treatment": "who responds",
    "prognosis": "who reaches the outcome",
    "diagnosis": "which group a patient belongs to",
}


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the study found, in a word, a name and a paragraph.

    Parameters
    ----------
    finding : {"responder model", "cannot tell", "alarm", "leak"}
    model : (family, features) or None
        The model that may call itself a responder model; reports are made with it alone.
    words : str
        The finding in sentences, with the figures it rests on.
    """

    finding: Finding
    model: tuple[str, str] | None
    words: str

    def __str__(self) -> str:
        return self.words


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


def make_verdict(
    evaluations: Sequence[Evaluation], table: Table, *, tried: int | None = None
) -> Verdict:
    """Decide whether a study has found a responder model.

    Three things must hold of the same model. It ranks responders above non-responders better than
    noise would: the corrected resampled t test of its AUC against 0.5 gives a p below 0.05 divided
    by the number of models tried. The interval of its AUC lies above 0.5. And its likelihoods are
    better than the base rate: the corrected interval of its gain in log loss over the prevalence
    lies above 0. The first alone bounds the chance that noise makes any responder model. Of
    several, the one with the largest gain is taken.

    Parameters
    ----------
    evaluations : sequence of Evaluation
        Of every model tried, the prevalence among them.
    table : Table
    tried : int, optional
        How many models have been tried on this outcome of these patients so far, in this study and
        others; those of this study, where it is not known.
    """
    what = PREDICTED[table.task.question]
    failed = [e for e in evaluations if not e.certificate.passed]
    if failed:
        broken = {c for e in failed for c in e.certificate.checks if not c.passed}
        names = sorted(c.name + (f" ({c.detail})" if c.detail else "") for c in broken)
        return Verdict(
            "leak",
            None,
            "No report is issued: the leakage certificate failed. It does not hold that "
            f"{'; that '.join(names)}.",
        )
    reference = next((e for e in evaluations if e.family == "prevalence"), None)
    candidates = [e for e in evaluations if e.family != "prevalence"]
    if reference is None or not candidates:
        return Verdict(
            "cannot tell",
            None,
            f"Cannot tell {what}: a model and the prevalence must both be evaluated before they "
            "can be compared.",
        )
    gains = {e.name: compute_gain(e, reference) for e in candidates}
    highest = max(candidates, key=lambda e: e.metrics["auc"].value)
    if highest.metrics["auc"].value > ALARM_AUC and len(table) < ALARM_PATIENTS:
        return Verdict("alarm", None, _alarm_words(highest, table))
    here, tried = len(candidates), max(len(candidates), tried or 0)
    convincing = [e for e in candidates if _is_convincing(e, reference, tried)]
    if not convincing:
        return Verdict("cannot tell", None, _cannot_tell_words(highest, here, tried, table))
    best = max(convincing, key=lambda e: gains[e.name].value)
    words = _found_words(best, gains[best.name], here, tried, table)
    return Verdict("responder model", (best.family, best.features), words)


def _is_convincing(evaluation: Evaluation, reference: Evaluation, tried: int) -> bool:
    share = evaluation.test_share
    above_chance = evaluation.folds_of("auc") - 0.5
    if len(above_chance) == 1:
        p_value = compute_corrected_p_value(above_chance[0], test_share=share)
    else:
        p_value = pool_folds(above_chance, test_share=share).p_value
    return (
        p_value < 0.05 / tried
        and evaluation.metrics["auc"].low > 0.5
        and compute_gain(evaluation, reference).low > 0
    )


def _alarm_words(highest: Evaluation, table: Table) -> str:
    return (
        f"Alarm: the {highest.name} model reaches an AUC of {highest.metrics['auc']} "
        f"{_describe_sample(table)}. {_honest_figures(table)} Look for a "
        "leak (a column known only after treatment, duplicated patients, a site that is one class) "
        "before believing it. No report is issued." + _imputed_words(highest)
    )


def _honest_figures(table: Table) -> str:
    if table.task.landmark is None:
        return "Honest figures in this field are 0.55 to 0.70."
    return (
        "Honest figures of models at baseline are 0.55 to 0.70; a landmark model sees the early "
        "response and may reach more, but seldom so much."
    )


def _cannot_tell_words(highest: Evaluation, here: int, tried: int, table: Table) -> str:
    return (
        f"Cannot tell {PREDICTED[table.task.question]} {_describe_sample(table)}: of "
        f"{count_of(here, 'model')} none both ranks patients better than chance, once allowance "
        f"is made for how many were tried{_so_far(here, tried)}, and gives better likelihoods "
        f"than the base rate of {_base_rate(highest)}. The highest AUC is "
        f"{highest.metrics['auc']}, of {highest.name}, where 0.5 is chance. There is no usable "
        "individual prediction, and no report is issued." + _imputed_words(highest)
    )


def _found_words(best: Evaluation, gain: Estimate, here: int, tried: int, table: Table) -> str:
    return (
        f"The {best.name} model predicts {PREDICTED[table.task.question]} better than the base "
        f"rate of {_base_rate(best)} {_describe_sample(table)}: AUC {best.metrics['auc']}, log "
        f"loss lower by {gain}; {count_of(here, 'model')} "
        f"{'was' if here == 1 else 'were'} tried{_so_far(here, tried)}. These figures are from "
        "within this cohort; the model has not been tested on patients from elsewhere."
        + _imputed_words(best)
    )


def _so_far(here: int, tried: int) -> str:
    if tried == here:
        return ""
    return f" ({tried:,} on this outcome of these patients so far, in this study and others)"


def _base_rate(evaluation: Evaluation) -> str:
    return f"{100 * evaluation.base_rate:.0f} %"


def _imputed_words(evaluation: Evaluation) -> str:
    """Say what was imputed and what is assumed by it; nothing, where nothing was."""
    if evaluation.completions is None:
        return ""
    return (
        f" {evaluation.completions.describe()} That holds if outcomes are missing at random given "
        "what they were imputed from."
    )


def _describe_sample(table: Table) -> str:
    kind = "simulated patients" if table.simulated else "patients"
    under = f" under {table.task.treatment}" if table.task.treatment else ""
    seen = f" seen at {table.task.landmark}" if table.task.landmark else ""
    people = len(set(table.groups))
    if table.task.together == "patient" and people < len(table):
        kind = f"treatment periods of {people} {kind}"
    return f"in {len(table)} {kind}{under}{seen}"
