"""A column's cells: the words in it, and the numbers, where all but a few are numbers."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from stratify.cohort.describe.draft import ColumnDraft
from stratify.cohort.source import Source
from stratify.dialect import read_written_numbers
from stratify.errors import count_of, name_some

_UNIT = (
    r"%|kg|g|mg|mg/kg|lbs?|cm|mm|m|in|ml|years?|yrs?|y|months?|weeks?|days?|hours?|h|min|points?|pts?"
    r"|mmHg|bpm|mA|V|Hz|mg/day|mg/d"
)
_DRESSED = re.compile(rf"[<>≤≥~]?\s*=?\s*\d+(?:[.,]\d+)?\s*\+?\s*(?:{_UNIT})?", re.IGNORECASE)
_NO_VALUE = frozenset(
    [
        ".",
        "-",
        "--",
        "?",
        "*",
        "/",
        "#N/A",
        "#DIV/0!",
        "#VALUE!",
        "#REF!",
        "#NAME?",
        "#NUM!",
        "#NULL!",
        "None",
        "none",
        "ND",
        "nd",
        "NR",
        "nr",
        "n.d.",
        "n.a.",
        "missing",
        "Missing",
        "unknown",
        "Unknown",
        "refused",
    ]
) | {"not done", "Not done", "not assessed", "Not assessed"}


@dataclass(frozen=True, eq=False)
class Cells:
    """What a column's cells have in common."""

    counts: Mapping[str, int]
    numbers: np.ndarray | None

    @property
    def known(self) -> int:
        """How many cells hold something."""
        return sum(self.counts.values())

    @property
    def words(self) -> set[str]:
        """What cells hold, each once."""
        return set(self.counts)


def look_at(source: Source, header: str) -> Cells:
    """Count what the cells of a column hold."""
    import pyarrow.compute as pc

    from stratify.sheet import MISSING_WORDS, as_text

    counts: dict[str, int] = {}
    for pair in pc.value_counts(as_text(source.sheet.columns[header])).to_pylist():
        if pair["values"] is not None and pair["values"] not in MISSING_WORDS:
            counts[pair["values"]] = pair["counts"]
    return Cells(counts, as_numbers(list(counts)))


def as_numbers(words: list[str]) -> np.ndarray | None:
    """Return distinct cells as numbers, or None if any is not one."""
    found = read_written_numbers(words)
    return found[0] if found is not None and np.isfinite(found[0]).all() else None


def set_odd_cells_apart(source: Source, draft: ColumnDraft, cells: Cells) -> Cells:
    """Return the cells that are numbers, of a column of numbers but for a few; tell the others."""
    if cells.numbers is not None or draft.values.get("kind", "number") != "number":
        return cells
    odd = [word for word in cells.counts if as_numbers([word]) is None]
    plain = {word: count for word, count in cells.counts.items() if word not in odd}
    count = sum(cells.counts[word] for word in odd)
    dressed = all(_DRESSED.fullmatch(word.strip()) or word.strip() in _NO_VALUE for word in odd)
    few = len(plain) >= 5 and count <= cells.known / 5
    only_gaps = len(plain) >= 2 and all(word.strip() in _NO_VALUE for word in odd)
    if not (few or only_gaps or (dressed and len(cells.words) >= 5)):
        return cells
    numbers = as_numbers(list(plain))
    if numbers is None:
        return cells
    # No word of one patient alone is shown: it may hold a name.
    shown = name_some(
        repr(word)
        for word in sorted(odd, key=lambda word: -cells.counts[word])
        if cells.counts[word] > 1 or _DRESSED.fullmatch(word.strip()) or len(word.strip()) <= 4
    )
    met = f"{count_of(count, 'cell')} of {cells.known:,} that {'is' if count == 1 else 'are'} no "
    met += "number" + (f": {shown}" if shown else "")
    draft.values.pop("kind", None)
    draft.guess(f"numbers, but for {met}", kind="number")
    draft.warn(
        source,
        met,
        "a column of numbers, in which a missing value is an empty cell",
        "Empty these cells, or write the bare number; they are refused until then.",
    )
    return Cells(plain, numbers)
