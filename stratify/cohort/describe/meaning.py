"""What a column means: its time, its scale, its role and its range, by its name."""

from __future__ import annotations

import re
from functools import cache

import numpy as np

from stratify.cohort import names
from stratify.cohort.describe.cells import Cells
from stratify.cohort.describe.draft import ColumnDraft
from stratify.cohort.source import Said, Source
from stratify.errors import count_of

_AGE = re.compile(r"(^|[_@ ])age([_@ ]|$)", re.IGNORECASE)


def find_meaning(source: Source, draft: ColumnDraft, said: Said | None, cells: Cells) -> None:
    """Find the role, the time and the range: from the name, and from the rating scales."""
    stem, visit = names.part_visit(draft.name)
    time = names.when(visit)
    if time:
        draft.guess(f"the name says {visit}", measured=time)
    elif visit:
        draft.warn(
            source,
            f"the visit {visit}, which does not say whether treatment had begun",
            "each column says when it was measured",
            "Set measured to baseline, during or followup.",
        )
        draft.guess(f"the visit {visit} may be after treatment began", measured="followup")
    if names.LATER.search(draft.name):
        draft.guess("the name is of what is known only once treatment began", measured="followup")
    _find_scale(source, draft, stem, cells)
    if names.OUTCOME.search(draft.name) and draft.values["kind"] != "text":
        draft.guess("the name is that of an outcome", measured="followup", role="outcome")
    if draft.values.get("measured") == "followup" and "high" in draft.values:
        draft.guess("a rating scale after treatment", role="outcome")
    if draft.values["kind"] in ("category", "text"):
        _find_place(draft, stem, said, cells)
    screen = _find_screen(draft.name)
    if screen and draft.values["kind"] != "text":
        draft.guess(f"a safety screen ({screen}): flagged, never a feature", role="screen")
    if _AGE.search(draft.name) and draft.values["kind"] == "number":
        draft.guess("the name is that of an age", low=0.0, high=120.0, unit="years")
    _require_range(source, draft, cells)


def _find_scale(source: Source, draft: ColumnDraft, stem: str, cells: Cells) -> None:
    found = _scales().get(_bare(stem))
    if found is None or draft.values["kind"] != "number" or cells.numbers is None:
        return
    name, low, high, unit = found
    if (cells.numbers < low).any() or (high is not None and (cells.numbers > high).any()):
        draft.warn(
            source,
            f"values outside {name} ({low:g} to {'any' if high is None else f'{high:g}'})",
            f"a column of that name holds {name}",
            "Correct the rows, or give the column's own range if it is another scale.",
        )
        return
    reason = f"the name is that of {name}, and every value lies in its range"
    draft.guess(reason, low=low, **({} if high is None else {"high": high}))
    if unit:
        draft.guess(reason, unit=unit)


@cache
def _scales() -> dict[str, tuple[str, float, float | None, str]]:
    """Return the range of each rating scale's total, by the names it goes by."""
    from stratify.instruments import list_instruments, read_instrument

    found: dict[str, tuple[str, float, float | None, str]] = {}
    for name in list_instruments():
        scale = read_instrument(name)
        for k, total in enumerate(scale.totals):
            if total.low is None or total.is_ordinal:
                continue
            entry = (scale.short_name, float(total.low), total.high, total.unit)
            found.setdefault(_bare(total.column), entry)
            if k == 0 and total.column.endswith(("_total", "_mean")):
                found.setdefault(_bare(name), entry)
                found.setdefault(_bare(scale.short_name), entry)
    for other, name in (
        ("bdi", "bdi2"),
        ("hamd", "hamd17"),
        ("ctq", "ctqsf"),
        ("qids", "qidssr16"),
        ("ctqtotal", "ctqsf"),
        ("hamd17", "hamd17"),
        ("painnrs", "nrs"),
        ("qidssr", "qidssr16"),
        ("cravingvas", "cravingvas"),
    ):
        if name in found:
            found.setdefault(other, found[name])
    return found


def _find_screen(name: str) -> str:
    """Return the safety screen a column's name is that of, in words; empty where it is none."""
    from stratify.protocol import read_screens

    return next((screen.label for screen in read_screens() if screen.is_named(name)), "")


def _bare(name: str) -> str:
    return re.sub(r"[^a-z0-9]", "", name.lower())


def _find_place(draft: ColumnDraft, stem: str, said: Said | None, cells: Cells) -> None:
    """Give the role of a site, family, treatment or condition by the name of the column."""
    for pattern, role in (
        (names.SITE, "site"),
        (names.TREATMENT, "treatment"),
        (names.CONDITION, "condition"),
        (names.FAMILY, "family"),
    ):
        if pattern.match(stem) and draft.values["kind"] == "category":
            draft.guess(f"the name is that of a {role}", role=role)
            return
    if names.GROUP.match(stem) and draft.values["kind"] == "category":
        listed = () if said is None else (*said.levels, *said.levels.values())
        words = " ".join([*listed, *cells.words]).replace("_", " ")
        if names.TREATING.search(words):
            draft.guess("its levels speak of treatments", role="treatment")
        elif names.DIAGNOSING.search(words):
            draft.guess("its levels speak of patients and controls", role="condition")


def _require_range(source: Source, draft: ColumnDraft, cells: Cells) -> None:
    """Leave out a stated range that the column's own values break, and say so."""
    low, high = draft.values.get("low"), draft.values.get("high")
    if draft.values["kind"] != "number" or cells.numbers is None or (low, high) == (None, None):
        return
    counts = np.array(list(cells.counts.values()))
    outside = (cells.numbers < (-np.inf if low is None else low)) | (
        cells.numbers > (np.inf if high is None else high)
    )
    if not outside.any():
        return
    span = f"{'any' if low is None else f'{low:g}'} to {'any' if high is None else f'{high:g}'}"
    reason = draft.reasons.get("low", draft.reasons.get("high", "the file"))
    draft.warn(
        source,
        f"{count_of(int(counts[outside].sum()), 'value')} outside {span}",
        f"the range {span} ({reason})",
        "The range is left out of the draft; correct the rows and write it in, or empty the cells "
        "that are codes for a missing value.",
    )
    for key in ("low", "high"):
        draft.values.pop(key, None)
        draft.reasons.pop(key, None)
