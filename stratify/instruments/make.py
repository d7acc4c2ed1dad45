"""From an instrument's file to the value: items numbered, columns named, tags written out."""

from __future__ import annotations

from collections.abc import Iterable
from typing import cast

from stratify.instruments.file import (
    InstrumentFile,
    ItemsEntry,
    Tag,
    ThresholdEntry,
    TotalEntry,
)
from stratify.instruments.thresholds import (
    UNVERIFIED,
    VERIFIED,
    Comparison,
    Evidence,
    Measure,
    Purpose,
    Threshold,
)
from stratify.instruments.values import (
    Band,
    Constant,
    Flag,
    Instrument,
    Item,
    Level,
    MissingRule,
    Recode,
    Skip,
    Total,
)

FORMS: dict[str, tuple[Measure, Comparison]] = {
    "at_most": ("value", "at most"),
    "below": ("value", "below"),
    "at_least": ("value", "at least"),
    "above": ("value", "above"),
    "fall": ("fall", "at least"),
    "proportional_fall": ("proportional fall", "at least"),
    "levels_fall": ("levels fallen", "at least"),
    "level_at_most": ("level", "at most"),
}


def make_instrument(file: InstrumentFile) -> Instrument:
    """Return the instrument that a file describes."""
    prefix = file.item_prefix or file.name
    items = _make_items(file.items, prefix)
    names = tuple(item.name for item in items)
    totals = tuple(_make_total(entry, file, names, prefix) for entry in file.totals)
    return Instrument(
        name=file.name,
        short_name=file.short_name,
        full_name=file.full_name,
        version=file.version,
        domain=file.domain,
        rater=file.rater,
        recall=file.recall,
        items=items,
        totals=totals,
        either=tuple(_names(pair, prefix) for pair in file.either),
        skips=tuple(
            Skip(
                items=_names(skip.items, prefix),
                when=_name(skip.when, prefix),
                answer=skip.answer,
            )
            for skip in file.skips
        ),
        flags=tuple(
            Flag(
                name=flag.name,
                column=f"{file.name}_{flag.name}_flag",
                items=_names(flag.items, prefix),
                at_least=flag.at_least,
                wording=flag.wording,
                source=flag.source,
                evidence=_evidence(flag.evidence),
            )
            for flag in file.flags
        ),
        response=_make_thresholds("response", file.response, file),
        remission=_make_thresholds("remission", file.remission, file),
        change=_make_thresholds("change", file.change, file),
        missing=MissingRule(
            prorate=file.missing.prorate,
            fewest_answered=file.missing.fewest_answered,
            rule=file.missing.rule,
            source=file.missing.source,
            evidence=_evidence(file.missing.evidence),
        ),
        recodes=tuple(
            Recode(
                item=one.item,
                from_column=one.from_column,
                low=one.low,
                upper_edges=tuple(one.upper_edges),
            )
            for one in file.recodes
        ),
        constants=tuple(
            Constant(
                name=one.name,
                value=one.value,
                unit=one.unit,
                sex=one.sex,
                source=one.source,
                evidence=_evidence(one.evidence),
            )
            for one in file.constants
        ),
        scored_by=file.scored_by,
        licence=file.licence,
        citation=file.citation,
        evidence=_evidence(file.evidence),
        note=file.note,
    )


def _evidence(tag: Tag) -> Evidence:
    return VERIFIED if tag == "verified" else UNVERIFIED


def _name(item: int | str, prefix: str) -> str:
    """Return the column of an item given by its number, by the rest of its name, or in full."""
    text = str(item)
    return text if text == prefix or text.startswith(f"{prefix}_") else f"{prefix}_{text}"


def _names(items: Iterable[int | str], prefix: str) -> tuple[str, ...]:
    return tuple(_name(item, prefix) for item in items)


def _make_items(entries: Iterable[ItemsEntry], prefix: str) -> tuple[Item, ...]:
    numbered: dict[int, Item] = {}
    named: list[Item] = []
    for entry in entries:
        numbers = list(entry.numbers)
        if entry.first is not None and entry.last is not None:
            numbers += range(entry.first, entry.last + 1)
        for number in numbers:
            # Of a number given twice both are kept, so that the check can tell of it.
            if number in numbered:
                named.append(_make_item(entry, _name(number, prefix)))
            else:
                numbered[number] = _make_item(entry, _name(number, prefix))
        named += [_make_item(entry, name) for name in entry.names]
    return (*(numbered[number] for number in sorted(numbered)), *named)


def _make_item(entry: ItemsEntry, name: str) -> Item:
    low, high = entry.low, entry.high
    if entry.values:
        low, high = min(entry.values), max(entry.values)
    return Item(
        name=name,
        low=0.0 if low is None else float(low),
        high=None if high is None else float(high),
        values=tuple(map(float, entry.values)),
        whole=entry.whole,
        reversed=entry.reversed,
        weight=float(entry.weight),
        codes=tuple((word, float(value)) for word, value in entry.codes.items()),
        not_assessed=tuple(map(float, entry.not_assessed)),
    )


def _make_total(
    entry: TotalEntry, file: InstrumentFile, names: tuple[str, ...], prefix: str
) -> Total:
    groups = [_names(group, prefix) for group in entry.highest_of]
    grouped = {item for group in groups for item in group}
    alone = _names(entry.items, prefix) if entry.items else names
    levels = tuple(
        Level(name=level.name, any_of=_names(level.any_of, prefix)) for level in entry.levels
    )
    if entry.how == "level":
        alone = tuple(dict.fromkeys(item for level in levels for item in level.any_of))
    return Total(
        name=entry.name,
        column=f"{file.name}_{entry.name}",
        label=entry.label,
        how=entry.how,
        terms=(*((item,) for item in alone if item not in grouped), *groups),
        low=entry.low if entry.how != "level" else 0.0,
        high=entry.high if entry.how != "level" else float(len(levels) - 1),
        whole=entry.whole,
        higher_is=entry.higher_is or file.higher_is,
        unit=entry.unit,
        counted_from=entry.counted_from,
        levels=levels,
        bands=tuple(
            Band(name=band.name, low=band.low, high=band.high, sex=band.sex) for band in entry.bands
        ),
        bands_source=entry.bands_source,
        bands_evidence=_evidence(entry.bands_evidence) if entry.bands_evidence else None,
    )


def _make_thresholds(
    purpose: Purpose, entries: Iterable[ThresholdEntry], file: InstrumentFile
) -> tuple[Threshold, ...]:
    made = []
    for entry in entries:
        given = [form for form in FORMS if getattr(entry, form) is not None]
        # None or several are told by the check of the file; the first one stands in here.
        form = given[0] if given else "at_least"
        measure, comparison = FORMS[form]
        total = entry.total or (file.totals[0].name if file.totals else "")
        level = entry.level_at_most or ""
        amount = _level_number(level, total, file) if level else getattr(entry, form) or 0.0
        made.append(
            Threshold(
                name=entry.name,
                purpose=purpose,
                total=f"{file.name}_{total}",
                measure=measure,
                comparison=comparison,
                amount=float(cast("float", amount)),
                source=entry.source,
                evidence=_evidence(entry.evidence),
                level=level,
            )
        )
    return tuple(made)


def _level_number(level: str, total: str, file: InstrumentFile) -> float:
    """Return the position of a band among those of its total; -1 where there is none."""
    entry = next((entry for entry in file.totals if entry.name == total), None)
    bands = entry.levels or entry.bands if entry else []
    names = list(dict.fromkeys(band.name for band in bands))
    return float(names.index(level)) if level in names else -1.0
