"""What kind a column is, and which levels it has."""

from __future__ import annotations

import re
from datetime import date, timedelta

import numpy as np

from stratify.cohort import names
from stratify.cohort.booleans import read_boolean_words
from stratify.cohort.describe.cells import Cells, as_numbers
from stratify.cohort.describe.draft import GUESSED, ColumnDraft
from stratify.cohort.source import Said, Source
from stratify.errors import count_of

MOST_LEVELS = 12
"""A word column with more distinct words is free text, unless the file itself lists its levels."""
FEWEST_IN_LEVEL = 5
"""A level held by fewer patients than this might identify one."""
MOST_SITES = 200
"""A column named as a site may have so many of them."""
_ISO_DATE = re.compile(r"\d{4}-\d{2}-\d{2}([T ].*)?")
_ANY_DATE = re.compile(r"\d{1,4}[-/.]\d{1,2}[-/.]\d{1,4}([T ].*)?")
_TICKS = ("x", "✓", "✔", "checked", "ticked")
SPREADSHEET_DAYS = (20_000, 55_000)
"""Days since the end of 1899: from 1954 to 2050."""
_YES_NO = ({"no", "yes"}, {"false", "true"}, {"0", "1"}, {"0.0", "1.0"})


def describe_empty(draft: ColumnDraft, said: Said | None) -> None:
    """Describe a column without a value: by what the file says of it, and never a feature."""
    if said is not None and said.levels:
        kind = draft.values.setdefault("kind", "category")
        if kind in ("category", "boolean"):
            draft.values["levels"] = tuple(said.levels)
            draft.reasons["levels"] = f"from {said.by}"
    draft.guess("no row has a value", kind="text")
    draft.ignore("no row has a value")


def find_kind(source: Source, draft: ColumnDraft, said: Said | None, cells: Cells) -> None:
    """Find the kind: from what the file says, as far as the cells agree, or else from the cells."""
    levels = {} if said is None else said.levels
    stated = draft.values.get("kind")
    if levels and stated in (None, "category", "boolean"):
        _find_levels(source, draft, said, cells)
    elif stated is not None:
        _hold_to_kind(source, draft, cells)
    elif {word.lower() for word in cells.words} in _YES_NO:
        draft.guess("its two values say no and yes", kind="boolean")
        words = sorted(cells.words, key=lambda w: w.lower() in ("yes", "true", "1", "1.0"))
        if len(words) == 2 and not all(word in ("0", "1", "0.0", "1.0") for word in words):
            draft.values["levels"] = tuple(words)
            draft.reasons["levels"] = f"{GUESSED}the words in the column"
    elif _is_site(draft.name, cells):
        _set_levels(source, draft, _in_order(cells), cells, f"{len(cells.words)} sites")
    elif cells.numbers is not None:
        draft.guess("every value is a number", kind="number")
        _doubt_dates(source, draft, cells)
    elif all(_ISO_DATE.fullmatch(word) for word in cells.words):
        draft.guess("every value is a date", kind="date")
    elif all(_ANY_DATE.fullmatch(word) for word in cells.words):
        draft.guess("every value looks like a date, not written year-month-day", kind="text")
        draft.ignore("dates are no features")
    else:
        _find_words(source, draft, cells)
    if draft.values.get("kind") == "date" and "role" not in draft.values:
        draft.ignore("dates are no features")


def _doubt_dates(source: Source, draft: ColumnDraft, cells: Cells) -> None:
    """Ignore numbers that are dates, as spreadsheets count days, where the name is of a date."""
    numbers = cells.numbers
    if numbers is None or not names.DATE.search(draft.name):
        return
    first, last = SPREADSHEET_DAYS
    if ((numbers < first) | (numbers > last)).any():
        return
    day = date(1899, 12, 30) + timedelta(days=int(numbers.min()))
    draft.warn(
        source,
        f"numbers from {numbers.min():g}, which as a spreadsheet counts days is {day}",
        "dates written year-month-day",
        "Give the cells the format of a date in the spreadsheet, and save the table again.",
    )
    draft.ignore("the name is of a date, and its numbers are days as a spreadsheet counts them")


def _is_site(name: str, cells: Cells) -> bool:
    """Tell whether a column is named as a site, and its values are shared as those of sites are."""
    distinct = len(cells.words)
    few = distinct <= MOST_SITES and distinct <= cells.known / 2
    whole = cells.numbers is None or np.array_equal(cells.numbers, np.round(cells.numbers))
    short = max(map(len, cells.words)) <= 40
    return few and whole and short and names.SITE.match(names.part_visit(name)[0]) is not None


def _in_order(cells: Cells) -> list[str]:
    words = sorted(cells.words)
    return words if cells.numbers is None else sorted(words, key=lambda word: (len(word), word))


def _find_words(source: Source, draft: ColumnDraft, cells: Cells) -> None:
    distinct = len(cells.words)
    # Words that most patients have to themselves would be their names, or what was said of them.
    often = distinct <= MOST_LEVELS and distinct <= cells.known / 2
    if often and max(map(len, cells.words)) <= 40:
        _set_levels(source, draft, sorted(cells.words), cells, f"the {distinct} words in it")
        return
    draft.guess(f"words, {count_of(distinct, 'different one')}", kind="text")
    if "role" not in draft.values:
        draft.ignore("free text, which may also hold names")


def _find_levels(source: Source, draft: ColumnDraft, said: Said | None, cells: Cells) -> None:
    """Take the levels the file lists, and mend them by what the column holds."""
    assert said is not None
    if draft.values.get("kind") == "boolean" and _are_yes_or_no(cells.words, tuple(said.levels)):
        draft.values["levels"] = tuple(said.levels)
        draft.reasons["levels"] = f"from {said.by}"
        return
    others = [word for word in sorted(cells.words) if word not in said.levels]
    by_lower = {level.lower(): level for level in said.levels}
    respelt = {by_lower[word.lower()]: word for word in others if word.lower() in by_lower}
    levels = [respelt.get(level, level) for level in said.levels]
    new = [word for word in others if word not in respelt.values()]
    # A lower-case spelling beside the listed one is a level of its own, not its replacement.
    levels += [old for old in respelt if old in cells.words]
    if len(new) > MOST_LEVELS and cells.numbers is not None:
        draft.values.pop("kind", None)
        draft.guess(f"numbers, beside the levels {said.by} lists", kind="number")
        draft.warn(
            source,
            f"{len(new)} numbers that are none of the levels in {said.by}",
            "levels that name every value, or a column of numbers",
            "It is described as a number; codes for missing values among them must be emptied.",
        )
        return
    own_words = any(cells.counts[word] < 2 and as_numbers([word]) is None for word in new)
    if len(new) > MOST_LEVELS or own_words:
        draft.values["kind"] = "text"
        draft.reasons["kind"] = f"{GUESSED}words, many of them none of the levels in {said.by}"
        draft.ignore(f"free text beside the levels in {said.by}")
        draft.warn(
            source,
            f"{count_of(len(new), 'word')} that {said.by} does not list, some of one patient alone",
            "each level listed with its meaning",
            "It is described as text and ignored; correct the rows or the list, and set the kind.",
        )
        return
    boolean = draft.values.get("kind") == "boolean" and not new
    draft.values["kind"] = "boolean" if boolean else "category"
    draft.values["levels"] = tuple(dict.fromkeys([*levels, *new]))
    reason = f"from {said.by}"
    if new or respelt:
        what = [
            f"{len(new)} it does not list" if new else "",
            "respelt as in the column" if respelt else "",
        ]
        reason = f"{GUESSED}{said.by}, with {' and '.join(filter(None, what))}"
    draft.reasons.setdefault("kind", f"from {said.by}")
    draft.reasons["levels"] = reason
    if new:
        draft.warn(
            source,
            f"{count_of(len(new), 'level')} that {said.by} does not list",
            "each level listed with its meaning",
            "They stand in the draft; correct the rows or the list if they are mistakes.",
        )


def _are_yes_or_no(words: set[str], levels: tuple[str, ...]) -> bool:
    meaning = read_boolean_words(levels)
    return all(word in meaning or word.lower() in meaning for word in words)


def _set_levels(
    source: Source, draft: ColumnDraft, levels: list[str], cells: Cells, reason: str
) -> None:
    draft.guess(reason, kind="category", levels=tuple(levels))
    if len(levels) == 1 and levels[0].lower() in _TICKS and cells.known < len(source):
        draft.warn(
            source,
            f"{levels[0]!r} or nothing",
            "a box says no where it was not ticked",
            "Write no into the empty cells, if that is meant; they count as missing now.",
        )
    rare = [level for level in levels if 0 < cells.counts.get(level, 0) < FEWEST_IN_LEVEL]
    if rare and len(source) >= FEWEST_IN_LEVEL:
        draft.reasons["levels"] += (
            f"; {len(rare)} held by fewer than {FEWEST_IN_LEVEL} patients, which may identify them"
        )


def _hold_to_kind(source: Source, draft: ColumnDraft, cells: Cells) -> None:
    """Make a column text where its cells are not of the kind the file says."""
    kind = draft.values["kind"]
    fits = {
        "number": cells.numbers is not None,
        "date": all(_ISO_DATE.fullmatch(word) for word in cells.words),
        "boolean": any({w.lower() for w in cells.words} <= words for words in _YES_NO),
    }.get(kind, True)
    if kind == "category" and not draft.values.get("levels"):
        draft.values.pop("kind")
        _find_words(source, draft, cells)
        return
    if fits:
        return
    draft.warn(
        source,
        f"values that are no {kind}, though {draft.reasons['kind'].removeprefix('from ')} says so",
        f"every value is a {kind}",
        "It is described as text and ignored; correct the rows, and set the kind again.",
    )
    draft.values["kind"] = "text"
    draft.reasons["kind"] = f"{GUESSED}values that are no {kind}"
    draft.ignore(f"values that are no {kind}")
