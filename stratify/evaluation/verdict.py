"""What a study may say: a responder model, or that nobody can tell."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from stratify.errors import count_of
from stratify.evaluation.completions import pool_folds
from stratify.evaluation.gain import SMALLEST_GAIN, GainOver, compute_gain, compute_gains_over
from stratify.evaluation.values import Evaluation
from stratify.metrics import Estimate, compute_corrected_p_value
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
    gains : tuple of GainOver
        Of each model over each simple one.
    """

    finding: Finding
    model: tuple[str, str] | None
    words: str
    gains: tuple[GainOver, ...] = ()

    def __str__(self) -> str:
        return self.words


def make_verdict(
    evaluations: Sequence[Evaluation],
    table: Table,
    *,
    references: Sequence[Evaluation] = (),
    region: float = SMALLEST_GAIN,
    tried: int | None = None,
) -> Verdict:
    """Decide whether a study has found a responder model.

    Four things must hold of the same model. It ranks responders above non-responders better than
    noise would: the corrected resampled t test of its AUC against 0.5 gives a p below 0.05 divided
    by the number of models tried. The interval of its AUC lies above 0.5. And its likelihoods are
    better than the base rate: the corrected interval of its gain in log loss over the prevalence
    lies above 0. The first alone bounds the chance that noise makes any responder model. And it
    beats every simple model, as `compute_gains_over` says. Of several, the one with the largest
    gain over the base rate is taken.

    Parameters
    ----------
    evaluations : sequence of Evaluation
        Of every model tried, the prevalence among them.
    table : Table
    references : sequence of Evaluation
        Of the simple models, from `evaluate_references`; they are not among those tried. Without
        one that the table has (``table.references``) no model can be shown to beat it.
    region : float
        Gains in log loss within it are none.
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
    over = compute_gains_over(candidates, references, region=region)
    convincing = [e for e in candidates if _is_convincing(e, reference, tried)]
    if not convincing:
        words = _cannot_tell_words(highest, here, tried, table)
        return Verdict("cannot tell", None, words, over)
    held_against = {one.reference for one in references}
    absent = [one.words for one in table.references if one.name not in held_against]
    if absent:
        best = max(convincing, key=lambda e: gains[e.name].value)
        return Verdict("cannot tell", None, _not_held_words(best, absent, table), over)
    unbeaten = {e.name: [g for g in over if g.model == e.name and not g.beats] for e in convincing}
    beating = [e for e in convincing if not unbeaten[e.name]]
    if not beating:
        # The one that leaves the fewest unbeaten, and gains most.
        best = min(convincing, key=lambda e: (len(unbeaten[e.name]), -gains[e.name].value))
        words = _not_beaten_words(best, unbeaten[best.name], references, here, tried, table)
        return Verdict("cannot tell", None, words, over)
    best = max(beating, key=lambda e: gains[e.name].value)
    words = _found_words(best, gains[best.name], references, here, tried, table)
    return Verdict("responder model", (best.family, best.features), words, over)


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


def _not_beaten_words(
    best: Evaluation,
    unbeaten: Sequence[GainOver],
    references: Sequence[Evaluation],
    here: int,
    tried: int,
    table: Table,
) -> str:
    by_name = {one.name: one for one in references}
    named = "; ".join(
        f"{one.reference} (AUC {by_name[one.reference].metrics['auc'].value:.3f}; log loss "
        f"{one.log_loss.say_difference('lower')})"
        for one in unbeaten
    )
    return (
        f"{_no_simple_words(best, table)} has not beaten {named}. "
        f"{count_of(here, 'model')} {'was' if here == 1 else 'were'} tried{_so_far(here, tried)}. "
        "No report is issued." + _imputed_words(best)
    )


def _no_simple_words(best: Evaluation, table: Table) -> str:
    return (
        f"Cannot tell {PREDICTED[table.task.question]} better than simple knowledge does, "
        f"{_describe_sample(table)}: the {best.name} model, AUC {best.metrics['auc']}, is better "
        f"than the base rate of {_base_rate(best)}, but"
    )


def _not_held_words(best: Evaluation, absent: Sequence[str], table: Table) -> str:
    return (
        f"{_no_simple_words(best, table)} was not held against {'; '.join(absent)}. "
        "Evaluate these on the same folds (evaluate_references) and pass them as references. "
        "No report is issued." + _imputed_words(best)
    )


def _found_words(
    best: Evaluation,
    gain: Estimate,
    references: Sequence[Evaluation],
    here: int,
    tried: int,
    table: Table,
) -> str:
    simple = ""
    if references:
        simple = f", and better than each of {', '.join(one.name for one in references)}"
        if len(references) == 1:
            simple = f", and better than {references[0].name}"
    return (
        f"The {best.name} model predicts {PREDICTED[table.task.question]} better than the base "
        f"rate of {_base_rate(best)}{simple} {_describe_sample(table)}: AUC "
        f"{best.metrics['auc']}, log loss lower by {gain}; {count_of(here, 'model')} "
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
