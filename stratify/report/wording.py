"""How each kind of question is spoken of, and how long anything printed may be."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from stratify.report.values import shorten, visible
from stratify.task import Question

MOST_ITEMS = 12
LONGEST_LABEL = 72
LONGEST_VALUE = 36
LONGEST_ITEM = 140
LONGEST_SENTENCE = 400


@dataclass(frozen=True, slots=True)
class Words:
    """How one kind of question is spoken of."""

    title: str
    people: str
    person: str
    met: str
    filled: str
    empty: str
    positive: str
    negative: str
    with_it: str
    without: str
    first: str
    meaning: str


WORDS: dict[Question, Words] = {
    "response under treatment": Words(
        title="How likely to improve under this treatment",
        people="patients",
        person="patient",
        met="met",
        filled="met the outcome",
        empty="did not",
        positive="a responder",
        negative="a non-responder",
        with_it="who met the outcome",
        without="who did not meet the outcome",
        first="the responder",
        meaning="This says how likely such a patient is to improve under this treatment "
        "({treatment}). Every patient in training had it, so the study cannot tell what the "
        "treatment itself adds, nor compare it with another.",
    ),
    "prognosis": Words(
        title="How likely this outcome is",
        people="patients",
        person="patient",
        met="reached",
        filled="reached the outcome",
        empty="did not",
        positive="a patient who reached the outcome",
        negative="one who did not",
        with_it="who reached the outcome",
        without="who did not reach the outcome",
        first="the first",
        meaning="This describes the course of patients under the care they were given, whatever "
        "it was. It does not tell what any treatment would change.",
    ),
    "diagnosis": Words(
        title="How likely to belong to the diagnostic group",
        people="people",
        person="person",
        met="were in the group",
        filled="in the group",
        empty="not in it",
        positive="a person in the group",
        negative="one not in it",
        with_it="who were in the group",
        without="who were not in the group",
        first="the first",
        meaning="This says how far the data of this person resemble those of the group in the "
        "study. It is not a diagnosis, and tells nothing of the course or of any treatment.",
    ),
}


def write_percent(level: float) -> str:
    """Write a level as it is printed: ``95 %``."""
    return f"{100 * level:g} %"


def list_items(items: Sequence[str], noun: str, longest: int = LONGEST_ITEM) -> tuple[str, ...]:
    """Return items as they may be printed; of many the first, and how many more there are."""
    shown = tuple(shorten(visible(item), longest) for item in items[:MOST_ITEMS])
    rest = len(items) - len(shown)
    return (*shown, f"and {rest} more {noun}") if rest else shown
