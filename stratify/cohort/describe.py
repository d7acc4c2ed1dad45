"""Draft dictionaries: what the columns of a file probably mean, every guess marked as one."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from stratify.cohort import names
from stratify.cohort.booleans import read_boolean_words
from stratify.cohort.dictionary import (
    ROLES_OF_ONE_COLUMN,
    Dictionary,
    render_columns,
)
from stratify.cohort.source import Said, Source
from stratify.dialect import read_decimal_commas
from stratify.errors import DataError, Fault, count_of, name_some
from stratify.files import replacing
from stratify.schema import Column

MOST_LEVELS = 12
"""A word column with more distinct words is free text, unless the file itself lists its levels."""
FEWEST_IN_LEVEL = 5
"""A level held by fewer patients than this might identify one."""

MOST_SITES = 200
"""A column named as a site may have so many of them."""

GUESSED = "guessed: "

_ISO_DATE = re.compile(r"\d{4}-\d{2}-\d{2}([T ].*)?")
_ANY_DATE = re.compile(r"\d{1,4}[-/.]\d{1,2}[-/.]\d{1,4}([T ].*)?")
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
_YES_NO = ({"no", "yes"}, {"false", "true"}, {"0", "1"}, {"0.0", "1.0"})
_AGE = re.compile(r"(^|[_@ ])age([_@ ]|$)", re.IGNORECASE)


@dataclass(frozen=True, eq=False, kw_only=True)
class Draft:
    """A dictionary nobody has read yet.

    Parameters
    ----------
    dictionary : Dictionary
    reasons : mapping of str to mapping of str to str
        For each column and key where its value comes from; a guess begins with ``"guessed: "``.
    faults : tuple of Fault
        What was odd in the file, and what a reader should look at.
    rows : int
    format : str
    """

    dictionary: Dictionary
    reasons: Mapping[str, Mapping[str, str]]
    faults: tuple[Fault, ...]
    rows: int
    format: str

    @property
    def guesses(self) -> int:
        """How many keys are guesses."""
        return sum(
            reason.startswith(GUESSED) for keys in self.reasons.values() for reason in keys.values()
        )


def describe_source(source: Source) -> Draft:
    r"""Draft the dictionary of a file.

    No value of a patient is kept but the levels of a category with few of them. A range is never
    taken from the data, only from a sidecar, a data dictionary, a rating scale or what the name
    says.

    Parameters
    ----------
    source : Source
        From `read_source`, `read_bids` or `read_redcap`.

    Raises
    ------
    DataError
        If no column can be the patients' identifiers.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> from stratify.cohort import read_source
    >>> with TemporaryDirectory() as folder:
    ...     path = Path(folder) / "clinic.csv"
    ...     _ = path.write_text("patient_id,phq9_baseline\nP1,17\nP2,20\n")
    ...     draft = describe_source(read_source(path))
    >>> draft.dictionary.columns[1].high
    27.0
    >>> draft.reasons["phq9_baseline"]["high"]
    'guessed: the name is that of PHQ-9, and every value lies in its range'
    """
    patient, why = _find_patient(source)
    drafts = []
    for header in source.sheet.headers:
        if header == patient:
            one = _Draft(header, {"kind": "text", "role": "patient"}, {"role": why})
        else:
            one = _describe_column(source, header)
        drafts.append(one)
    _warn_of_visits(source, patient, drafts)
    _keep_one_of_each_role(drafts)
    for one in drafts:
        if one.name != patient:
            one.reasons.setdefault("role", f"{GUESSED}nothing says otherwise")
            one.reasons.setdefault("measured", f"{GUESSED}nothing in the name says otherwise")
    columns = tuple(Column(**{"name": one.name, **one.values}) for one in drafts)
    dictionary = Dictionary(
        columns, name=source.name, licence=source.licence, citation=source.citation
    )
    return Draft(
        dictionary=dictionary,
        reasons={one.name: one.reasons for one in drafts},
        faults=(*source.sheet.faults, *(fault for one in drafts for fault in one.faults)),
        rows=len(source),
        format=source.format,
    )


@dataclass(eq=False)
class _Draft:
    """One column on its way to the draft."""

    name: str
    values: dict[str, Any]
    reasons: dict[str, str]
    faults: list[Fault] = field(default_factory=list)

    def guess(self, reason: str, **values: Any) -> None:
        """Set what is not yet said, and note from what it was guessed."""
        for key, value in values.items():
            if key not in self.values:
                self.values[key] = value
                self.reasons[key] = GUESSED + reason

    def ignore(self, reason: str) -> None:
        self.values["role"] = "ignore"
        self.reasons["role"] = GUESSED + reason

    def warn(self, source: Source, met: str, wanted: str, way_out: str) -> None:
        where = f"{source.sheet.name}: {self.name}"
        self.faults.append(
            Fault(where=where, met=met, wanted=wanted, way_out=way_out, severity="warning")
        )


@dataclass(frozen=True, eq=False)
class _Cells:
    """What a column's cells have in common."""

    counts: Mapping[str, int]
    numbers: np.ndarray | None

    @property
    def known(self) -> int:
        return sum(self.counts.values())

    @property
    def words(self) -> set[str]:
        return set(self.counts)


def _look(source: Source, header: str) -> _Cells:
    import pyarrow.compute as pc

    from stratify.sheet import MISSING_WORDS, as_text

    counts: dict[str, int] = {}
    for pair in pc.value_counts(as_text(source.sheet.columns[header])).to_pylist():
        if pair["values"] is not None and pair["values"] not in MISSING_WORDS:
            counts[pair["values"]] = pair["counts"]
    return _Cells(counts, _as_numbers(list(counts)))


def _as_numbers(words: list[str]) -> np.ndarray | None:
    """Return distinct cells as numbers, or None if any is not one."""
    try:
        values = np.array([float(word) for word in words])
    except ValueError:
        commas = read_decimal_commas(words)
        if commas is None:
            return None
        values = commas
    return values if np.isfinite(values).all() and not any("_" in word for word in words) else None


def _find_patient(source: Source) -> tuple[str, str]:
    if source.patient:
        what = "BIDS" if source.format == "bids" else "REDCap"
        return source.patient, f"{what} has the identifiers here"
    unique = []
    for header in source.sheet.headers:
        text = source.sheet.text(header)
        known = [cell for cell in text if cell is not None]
        if len(text) and len(known) == len(text) and len(set(known)) == len(text):
            unique.append(header)
    named = [header for header in source.sheet.headers if names.PATIENT.match(header)]
    for header in named:
        if header in unique:
            return header, f"{GUESSED}the name is that of an identifier, and each row has its own"
    if named:
        return named[0], (
            f"{GUESSED}the name is that of an identifier, though rows share one or have none"
        )
    if unique and unique[0] == source.sheet.headers[0]:
        return unique[0], f"{GUESSED}the first column, and each row has its own value"
    raise DataError(
        Fault(
            where=source.sheet.name,
            met="no column that names the patients",
            wanted="one column with an identifier for each row, such as patient_id",
            way_out="Name that column patient_id, and describe the file again.",
        )
    )


def _warn_of_visits(source: Source, patient: str, drafts: list[_Draft]) -> None:
    known = [cell for cell in source.sheet.text(patient) if cell is not None]
    if len(set(known)) < len(known):
        next(one for one in drafts if one.name == patient).warn(
            source,
            f"{len(known):,} rows of {len(set(known)):,} patients",
            "one row a patient",
            "Make a table of visits wide first, each visit a column of its own; or keep one row.",
        )


def _describe_column(source: Source, header: str) -> _Draft:
    said = source.said.get(header)
    draft = _Draft(header, {}, {})
    cells = _look(source, header)
    if said is not None:
        draft.values |= said.values
        draft.reasons |= dict.fromkeys(said.values, f"from {said.by}")
    if not cells.known:
        _describe_empty(draft, said)
    else:
        if said is None or not said.levels:
            cells = _set_odd_cells_apart(source, draft, cells)
        _find_kind(source, draft, said, cells)
        _find_meaning(source, draft, said, cells)
    _find_identifier(draft, said, cells, len(source))
    _drop_what_does_not_fit(draft)
    return draft


def _describe_empty(draft: _Draft, said: Said | None) -> None:
    if said is not None and said.levels:
        kind = draft.values.setdefault("kind", "category")
        if kind in ("category", "boolean"):
            draft.values["levels"] = tuple(said.levels)
            draft.reasons["levels"] = f"from {said.by}"
    draft.guess("no row has a value", kind="text")
    draft.ignore("no row has a value")


def _find_kind(source: Source, draft: _Draft, said: Said | None, cells: _Cells) -> None:
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
    elif all(_ISO_DATE.fullmatch(word) for word in cells.words):
        draft.guess("every value is a date", kind="date")
    elif all(_ANY_DATE.fullmatch(word) for word in cells.words):
        draft.guess("every value looks like a date, not written year-month-day", kind="text")
        draft.ignore("dates are no features")
    else:
        _find_words(source, draft, cells)
    if draft.values.get("kind") == "date" and "role" not in draft.values:
        draft.ignore("dates are no features")


def _is_site(name: str, cells: _Cells) -> bool:
    """Tell whether a column is named as a site, and its values are shared as those of sites are."""
    distinct = len(cells.words)
    few = distinct <= MOST_SITES and distinct <= cells.known / 2
    whole = cells.numbers is None or np.array_equal(cells.numbers, np.round(cells.numbers))
    short = max(map(len, cells.words)) <= 40
    return few and whole and short and names.SITE.match(names.part_visit(name)[0]) is not None


def _in_order(cells: _Cells) -> list[str]:
    words = sorted(cells.words)
    return words if cells.numbers is None else sorted(words, key=lambda word: (len(word), word))


def _set_odd_cells_apart(source: Source, draft: _Draft, cells: _Cells) -> _Cells:
    """Return the cells that are numbers, of a column of numbers but for a few; tell the others."""
    if cells.numbers is not None or draft.values.get("kind", "number") != "number":
        return cells
    odd = [word for word in cells.counts if _as_numbers([word]) is None]
    plain = {word: count for word, count in cells.counts.items() if word not in odd}
    count = sum(cells.counts[word] for word in odd)
    dressed = all(_DRESSED.fullmatch(word.strip()) or word.strip() in _NO_VALUE for word in odd)
    few = len(plain) >= 5 and count <= cells.known / 5
    only_gaps = len(plain) >= 2 and all(word.strip() in _NO_VALUE for word in odd)
    if not (few or only_gaps or (dressed and len(cells.words) >= 5)):
        return cells
    numbers = _as_numbers(list(plain))
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
    return _Cells(plain, numbers)


def _find_words(source: Source, draft: _Draft, cells: _Cells) -> None:
    distinct = len(cells.words)
    # Words that most patients have to themselves would be their names, or what was said of them.
    often = distinct <= MOST_LEVELS and distinct <= cells.known / 2
    if often and max(map(len, cells.words)) <= 40:
        _set_levels(source, draft, sorted(cells.words), cells, f"the {distinct} words in it")
        return
    draft.guess(f"words, {count_of(distinct, 'different one')}", kind="text")
    if "role" not in draft.values:
        draft.ignore("free text, which may also hold names")


def _find_levels(source: Source, draft: _Draft, said: Said | None, cells: _Cells) -> None:
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
    own_words = any(cells.counts[word] < 2 and _as_numbers([word]) is None for word in new)
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
    source: Source, draft: _Draft, levels: list[str], cells: _Cells, reason: str
) -> None:
    draft.guess(reason, kind="category", levels=tuple(levels))
    rare = [level for level in levels if 0 < cells.counts.get(level, 0) < FEWEST_IN_LEVEL]
    if rare and len(source) >= FEWEST_IN_LEVEL:
        draft.reasons["levels"] += (
            f"; {len(rare)} held by fewer than {FEWEST_IN_LEVEL} patients, which may identify them"
        )


def _hold_to_kind(source: Source, draft: _Draft, cells: _Cells) -> None:
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


def _find_meaning(source: Source, draft: _Draft, said: Said | None, cells: _Cells) -> None:
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


def _find_scale(source: Source, draft: _Draft, stem: str, cells: _Cells) -> None:
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


def _find_place(draft: _Draft, stem: str, said: Said | None, cells: _Cells) -> None:
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


def _require_range(source: Source, draft: _Draft, cells: _Cells) -> None:
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


def _find_identifier(draft: _Draft, said: Said | None, cells: _Cells, rows: int) -> None:
    if said is not None and said.identifies:
        draft.values["role"] = "ignore"
        draft.reasons["role"] = f"an identifier: {said.identifies} in {said.by}"
        _keep_no_values(draft)
        return
    for pattern, what in names.IDENTIFIERS:
        if draft.values.get("role") in ("site", "family"):
            break
        if pattern.search(draft.name):
            draft.ignore(f"the name is that of {what}")
            _keep_no_values(draft)
            return
    unique = cells.known == rows >= 20 and len(cells.words) == rows
    if unique and cells.numbers is not None and "high" not in draft.values:
        _find_numbering(draft, cells)


def _find_numbering(draft: _Draft, cells: _Cells) -> None:
    """Ignore whole numbers of which each patient has one, if they are evenly spaced or so named."""
    numbers = cells.numbers
    if numbers is None or not np.array_equal(numbers, np.round(numbers)):
        return
    steps = np.diff(np.sort(numbers))
    if (steps == steps[0]).all():
        draft.ignore("it counts the rows")
    elif names.NUMBERING.search(draft.name):
        draft.ignore("each row has a number of its own, and the name is that of an identifier")
    elif "role" not in draft.values:
        draft.guess(
            "each row has a whole number of its own; ignore it, if it names patients",
            role="feature",
        )


def _keep_no_values(draft: _Draft) -> None:
    """Make an identifier text without levels: those would be names."""
    if draft.values.get("kind") in ("category", "boolean"):
        draft.values["kind"] = "text"
        draft.reasons["kind"] = f"{GUESSED}an identifier"
    draft.values.pop("levels", None)
    draft.reasons.pop("levels", None)


def _drop_what_does_not_fit(draft: _Draft) -> None:
    kind = draft.values["kind"]
    keys: tuple[str, ...] = () if kind == "number" else ("low", "high", "unit")
    keys += () if kind in ("category", "boolean") else ("levels",)
    for key in keys:
        draft.values.pop(key, None)
        draft.reasons.pop(key, None)
    if kind == "text" and draft.values.get("role", "feature") == "feature":
        draft.ignore("text is no feature")


def _keep_one_of_each_role(drafts: list[_Draft]) -> None:
    taken: set[str] = set()
    for draft in sorted(
        drafts, key=lambda one: "role" in one.reasons and one.reasons["role"].startswith(GUESSED)
    ):
        role = draft.values.get("role", "feature")
        if role not in ROLES_OF_ONE_COLUMN:
            continue
        if role in taken:
            draft.values["role"] = "feature"
            draft.reasons["role"] = f"{GUESSED}another column is the {role} already"
        taken.add(role)


def render_draft(draft: Draft) -> str:
    """Return a draft as the text of a dictionary, each key with where it comes from."""
    lines = [
        "# A draft, made from the file. Lines that end in 'guessed: ...' are guesses: read each,",
        "# correct it, and take the comment away. A column the study does not need may be deleted.",
    ]
    column, known = "", {_header(one.name): one.name for one in draft.dictionary.columns}
    for line in render_columns(draft.dictionary).splitlines():
        column = known.get(line, "" if line.startswith("[") else column)
        key = line.partition(" = ")[0]
        reason = draft.reasons.get(column, {}).get(key) if column else None
        lines.append(f"{line}  # {_one_line(reason)}" if reason else line)
    return "\n".join(lines) + "\n"


def _header(name: str) -> str:
    import tomlkit

    return f"[columns.{tomlkit.key(name).as_string()}]"


def _one_line(text: str) -> str:
    return re.sub(r"[\x00-\x1f\x7f]+", " ", text)


def write_draft(draft: Draft, path: str | Path) -> None:
    """Write a draft for somebody to correct; a file that is there already is never replaced.

    Raises
    ------
    DataError
        If the file is there.
    """
    path = Path(path)
    if path.exists():
        raise DataError(
            Fault(
                where=str(path),
                met="a file there already",
                wanted="a draft never replaces a dictionary that may have been corrected by hand",
                way_out="Name another file with --out, or move that one away.",
            )
        )
    try:
        with replacing(path) as part:
            part.write_text(render_draft(draft), encoding="utf-8", newline="\n")
    except OSError as error:
        raise DataError(
            Fault(
                where=str(path),
                met=f"it cannot be written ({error.strerror})",
                wanted="a place for the draft",
                way_out="Name another file with --out.",
            )
        ) from None
