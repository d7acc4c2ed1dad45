"""Whether a model tells in whom the event comes sooner, and how likely it is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from stratify.errors import count_of
from stratify.time_to_event.evaluate import (
    TimeToEventEvaluation,
    compute_brier_gain,
    compute_strictly,
)
from stratify.time_to_event.outcome import FollowedTable

Finding = Literal["leak", "alarm", "cannot tell", "time-to-event model"]

ALARM_C = 0.85
ALARM_PATIENTS = 500
"""On a cohort smaller than this, a concordance above `ALARM_C` is looked into, not believed."""


@dataclass(frozen=True, slots=True)
class TimeToEventVerdict:
    """What a study of a censored outcome comes to.

    Parameters
    ----------
    finding : {"leak", "alarm", "cannot tell", "time-to-event model"}
    features : str or None
        The feature set of the model that was found.
    words : str
    """

    finding: Finding
    features: str | None
    words: str


def make_time_to_event_verdict(
    evaluations: Sequence[TimeToEventEvaluation],
    followed: FollowedTable,
    baselines: Sequence[TimeToEventEvaluation] = (),
    *,
    tried: int | None = None,
    seed: int = 0,
) -> TimeToEventVerdict:
    """Judge the models of a study of a censored outcome.

    Three things must hold of the same model. By intervals that allow for how many were tried, Uno's
    concordance up to the horizon lies above 0.5, and the Brier score at the horizon is lower than
    that of the Kaplan–Meier curve, which tells everybody the same. And it is lower than that of
    every baseline.

    Parameters
    ----------
    evaluations : sequence of TimeToEventEvaluation
    followed : FollowedTable
    baselines : sequence of TimeToEventEvaluation
        From `evaluate_baselines`, on the same folds.
    tried : int, optional
        How many models have been tried on this outcome of these patients so far, in this study and
        others; those of this study, where it is not known.
    seed : int
    """
    failed = {c for e in evaluations for c in e.certificate.checks if not c.passed}
    if failed:
        names = sorted(c.name + (f" ({c.detail})" if c.detail else "") for c in failed)
        words = (
            "No model is kept: the leakage certificate failed. It does not hold that "
            f"{'; that '.join(names)}."
        )
        return TimeToEventVerdict("leak", None, words)
    highest = max(evaluations, key=lambda e: _or_chance(e.metrics["uno_c"].value))
    c = highest.metrics["uno_c"]
    if c.value > ALARM_C and len(followed) < ALARM_PATIENTS:
        words = (
            f"Alarm: the {highest.name} model reaches a concordance of {c} "
            f"{_describe_sample(followed)}. Look for a leak (a column known only at follow-up, "
            "duplicated patients, a site with its own length of follow-up) before believing it."
        )
        return TimeToEventVerdict("alarm", None, words)
    tried = max(len(evaluations), tried or 0)
    able = [e for e in evaluations if _is_able(e, followed, tried, seed)]
    if not able:
        words = _cannot_tell(highest, len(evaluations), tried, followed)
        return TimeToEventVerdict("cannot tell", None, words)
    unbeaten = {e.name: _find_unbeaten(e, baselines, followed) for e in able}
    found = [e for e in able if not unbeaten[e.name]]
    if not found:
        words = _not_better(able, unbeaten, followed)
        return TimeToEventVerdict("cannot tell", None, words)
    best = max(found, key=lambda e: e.metrics["brier_gain"].value)
    words = (
        f"The {best.name} model tells in whom {followed.outcome.name} comes sooner, better than "
        f"chance, {_describe_sample(followed)}: concordance {best.metrics['uno_c']} up to day "
        f"{followed.outcome.horizon:g}, Brier score lower than that of the Kaplan–Meier curve of "
        f"everybody by {best.metrics['brier_gain']}{_beaten(baselines)}; "
        f"{count_of(tried, 'model')} {'was' if tried == 1 else 'were'} tried. These figures are "
        "from within this cohort; the model has not been tested on patients from elsewhere."
    )
    return TimeToEventVerdict("time-to-event model", best.features, words)


def _cannot_tell(
    highest: TimeToEventEvaluation, here: int, tried: int, followed: FollowedTable
) -> str:
    so_far = f" ({tried:,} on this outcome of these patients so far, in this study and others)"
    return (
        f"Cannot tell in whom {followed.outcome.name} comes sooner {_describe_sample(followed)}: "
        f"of {count_of(here, 'model')} none both ranks patients better than chance, once allowance "
        f"is made for how many were tried{so_far if tried > here else ''}, and gives better "
        "likelihoods by day "
        f"{followed.outcome.horizon:g} than the Kaplan–Meier curve of everybody. The highest "
        f"concordance is {highest.metrics['uno_c']}, of {highest.name}, where 0.5 is chance. There "
        "is no usable individual prediction."
    )


def _is_able(
    evaluation: TimeToEventEvaluation, followed: FollowedTable, tried: int, seed: int
) -> bool:
    c, gain = (
        compute_strictly(name, evaluation, followed, tried=tried, seed=seed)
        for name in ("uno_c", "brier_gain")
    )
    return c.low > 0.5 and gain.low > 0


def _find_unbeaten(
    evaluation: TimeToEventEvaluation,
    baselines: Sequence[TimeToEventEvaluation],
    followed: FollowedTable,
) -> list[str]:
    """Name the baselines whose likelihoods the model's were not shown to be better than."""
    level = evaluation.metrics["uno_c"].level
    return [
        one.name
        for one in baselines
        if not compute_brier_gain(evaluation, one, followed, level=level).low > 0
    ]


def _not_better(
    able: Sequence[TimeToEventEvaluation], unbeaten: dict[str, list[str]], followed: FollowedTable
) -> str:
    best = max(able, key=lambda e: e.metrics["brier_gain"].value)
    return (
        f"Cannot tell in whom {followed.outcome.name} comes sooner any better than a simple model "
        f"{_describe_sample(followed)}: {best.name} ranks patients better than chance "
        f"(concordance {best.metrics['uno_c']}), but its likelihoods by day "
        f"{followed.outcome.horizon:g} are not shown to be better than those of "
        f"{' and of '.join(unbeaten[best.name])}."
    )


def _beaten(baselines: Sequence[TimeToEventEvaluation]) -> str:
    named = " and of ".join(one.name for one in baselines)
    return f", and lower than that of {named}" if named else ""


def _or_chance(value: float) -> float:
    return value if value == value else 0.5


def _describe_sample(followed: FollowedTable) -> str:
    table = followed.table
    kind = "simulated patients" if table.simulated else "patients"
    under = f" under {table.task.treatment}" if table.task.treatment else ""
    seen = f" seen at {table.task.landmark}" if table.task.landmark else ""
    events = int(followed.event.sum())
    return f"in {len(followed)} {kind}{under}{seen}, {events} with {followed.outcome.name}"
