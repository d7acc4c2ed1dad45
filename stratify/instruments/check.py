"""Whether an instrument makes sense: ranges agree with items, bands cover totals, names exist."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

from stratify.errors import Fault, name_some
from stratify.instruments.file import InstrumentFile
from stratify.instruments.make import FORMS
from stratify.instruments.thresholds import Threshold
from stratify.instruments.values import Band, Instrument, Item, Total, describe_span

_NEUTRAL = re.compile(r"(_[a-z0-9]{1,13}){0,2}")
_WORD = re.compile(r"[a-z][a-z0-9_]*")


@dataclass(frozen=True)
class _Place:
    """Where a fault is, so that each check says only what is wrong."""

    where: str

    def fault(self, met: str, wanted: str, way_out: str) -> Fault:
        return Fault(where=self.where, met=met, wanted=wanted, way_out=way_out)

    def below(self, more: str) -> _Place:
        return _Place(f"{self.where}: {more}")


def check_instrument(instrument: Instrument, file: InstrumentFile, where: str) -> list[Fault]:
    """Return everything in an instrument that contradicts itself."""
    place = _Place(where)
    faults = [*_name_faults(instrument, file, place), *_reference_faults(instrument, place)]
    faults += _item_faults(instrument, place)
    if faults:
        return faults  # Ranges and bands mean nothing while items are in doubt.
    for total in instrument.totals:
        below = place.below(f"totals, {total.name}")
        faults += [*_range_faults(instrument, total, below), *_band_faults(total, below)]
    faults += _threshold_faults(instrument, file, place)
    faults += _missing_faults(instrument, place.below("missing"))
    faults += _extra_faults(instrument, place)
    return faults


# Names --------------------------------------------------------------------------------------------


def _name_faults(instrument: Instrument, file: InstrumentFile, place: _Place) -> Iterator[Fault]:
    if not _WORD.fullmatch(instrument.name) or place.where != f"{instrument.name}.toml":
        yield place.below("name").fault(
            repr(instrument.name),
            "a name in small letters, digits and underscores, the same as the file's",
            "Rename the instrument or the file.",
        )
    prefix = file.item_prefix or file.name
    for name in instrument.item_names:
        neutral = name.startswith(prefix) and _NEUTRAL.fullmatch(name[len(prefix) :])
        if not neutral or len(name) > 40:
            yield place.below("items").fault(
                f"an item called {name!r}",
                f"a neutral name such as {prefix}_1; item wording belongs to its owner",
                "Number the item.",
            )
    for what, names in (
        ("items", instrument.item_names),
        ("totals", [total.name for total in instrument.totals]),
        ("flags", [flag.name for flag in instrument.flags]),
    ):
        twice = [name for name, count in Counter(names).items() if count > 1]
        if twice:
            yield place.below(what).fault(
                f"{name_some(twice)} given twice", "each has a name of its own", "Delete one."
            )
    if not instrument.items or not instrument.totals:
        yield place.fault(
            "no items" if not instrument.items else "no totals",
            "an instrument has items and at least one total",
            "Add [[items]] and [[totals]].",
        )


def _reference_faults(instrument: Instrument, place: _Place) -> Iterator[Fault]:
    known = set(instrument.item_names)
    named = [(f"totals, {total.name}", total.items) for total in instrument.totals]
    named += [("either", pair) for pair in instrument.either]
    named += [("skips", (*skip.items, skip.when)) for skip in instrument.skips]
    named += [(f"flags, {flag.name}", flag.items) for flag in instrument.flags]
    named += [("recodes", (recode.item,)) for recode in instrument.recodes]
    for part, items in named:
        unknown = [item for item in items if item not in known]
        if unknown:
            yield place.below(part).fault(
                f"no item {name_some(unknown)}",
                "only items of the instrument are named",
                "Correct the number, or add the item.",
            )
        twice = [item for item, count in Counter(items).items() if count > 1]
        if twice:
            yield place.below(part).fault(
                f"{name_some(twice)} named twice", "each item is named once", "Delete one."
            )
    used = {item for total in instrument.totals for item in total.items}
    unused = [item for item in instrument.item_names if item not in used]
    gates = {skip.when for skip in instrument.skips}
    if set(unused) - gates:
        yield place.below("items").fault(
            f"{name_some(unused)} in no total",
            "every item enters a total",
            "Name it in a total, or delete it.",
        )


def _item_faults(instrument: Instrument, place: _Place) -> Iterator[Fault]:
    for item in instrument.items:
        below = place.below(f"items, {item.name}")
        if item.high is not None and item.low >= item.high:
            yield below.fault(
                f"low = {item.low:g} and high = {item.high:g}",
                "low is below high",
                "Correct the range.",
            )
        if item.reversed and item.high is None:
            yield below.fault("reversed without high", "a range to turn round", "Give high.")
        outside = [code for code in item.not_assessed if is_answer(item, code)]
        if outside:
            yield below.fault(
                f"{name_some(outside)} means both an answer and not assessed",
                "a code outside the range of answers",
                "Correct not_assessed.",
            )
        wrong = [word for word, value in item.codes if not is_answer(item, value)]
        if wrong:
            yield below.fault(
                f"codes {name_some(wrong)} outside the range",
                f"an answer is {item.describe()}",
                "Correct codes.",
            )


def is_answer(item: Item, value: float) -> bool:
    """Tell whether a number is among an item's answers.

    Examples
    --------
    >>> item = Item(name="audit_9", low=0, high=4, values=(0, 2, 4))
    >>> [is_answer(item, value) for value in (0, 1, 4, 5)]
    [True, False, True, False]
    """
    inside = item.low <= value and (item.high is None or value <= item.high)
    whole = not item.whole or float(value).is_integer()
    return inside and whole and (not item.values or value in item.values)


# Totals and bands ---------------------------------------------------------------------------------


def compute_range(instrument: Instrument, total: Total) -> tuple[float, float | None]:
    """Return the lowest and highest value that a total's items allow.

    Examples
    --------
    >>> from stratify.instruments import read_instrument
    >>> qids = read_instrument("qids_sr16")
    >>> compute_range(qids, qids.total())
    (0.0, 27.0)
    """
    if total.how == "level":
        return 0.0, float(len(total.levels) - 1)
    if total.how == "count":
        return 0.0, float(len(total.terms))
    items = [[instrument.item(name) for name in term] for term in total.terms]
    lows = [max(item.lowest_points for item in term) for term in items]
    tops = [[item.highest_points for item in term] for term in items]
    highs = [None if None in term else max(top or 0.0 for top in term) for term in tops]
    divisor = len(items) if total.how == "mean" else 1
    high = None if None in highs else sum(high or 0.0 for high in highs) / divisor
    return sum(lows) / divisor, high


def _range_faults(instrument: Instrument, total: Total, place: _Place) -> Iterator[Fault]:
    if (total.how == "level") != bool(total.levels):
        yield place.fault(
            f"how = {total.how!r} with {len(total.levels)} levels",
            "levels belong to how = 'level', and only to it",
            "Correct how, or the levels.",
        )
    if (total.how == "count") != (total.counted_from is not None):
        yield place.fault(
            f"how = {total.how!r} with counted_from = {total.counted_from}",
            "counted_from belongs to how = 'count', and only to it",
            "Correct how, or counted_from.",
        )
    if (total.how == "computed") != (instrument.scored_by != "score"):
        yield place.fault(
            f"how = {total.how!r} with scored_by = {instrument.scored_by!r}",
            "totals of an instrument with a function of its own are computed, and no others",
            "Correct how or scored_by.",
        )
    if total.how == "level" and total.levels and total.levels[0].any_of:
        yield place.fault(
            f"the lowest level {total.levels[0].name!r} names items",
            "the lowest level is reached without any yes",
            "Begin with a level that has no items.",
        )
    if total.how == "computed":
        return
    low, high = compute_range(instrument, total)
    if (total.low, total.high) != (low, high):
        yield place.fault(
            f"a range from {describe_span(total.low, total.high)}",
            f"its items allow {describe_span(low, high)}",
            "Correct low and high, or the items.",
        )


def _band_faults(total: Total, place: _Place) -> Iterator[Fault]:
    if not total.bands:
        return
    if not total.bands_source or total.bands_evidence is None:
        yield place.fault(
            "bands without bands_source and bands_evidence",
            "every band has a source, and says how far it was checked",
            "Add both.",
        )
    if total.is_ordinal:
        yield place.fault("bands of an ordinal level", "levels need no bands", "Delete the bands.")
        return
    for sex in ("female", "male") if total.bands_need_sex else (None,):
        bands = total.bands_for(sex)
        who = f" for {sex}" if sex else ""
        if tuple(band.name for band in bands) != total.band_names:
            yield place.fault(
                f"bands{who} called {', '.join(band.name for band in bands)}",
                f"the same names in the same order for everyone: {', '.join(total.band_names)}",
                "Correct the bands.",
            )
        yield from _cover_faults(total, bands, who, place)


def _cover_faults(
    total: Total, bands: tuple[Band, ...], who: str, place: _Place
) -> Iterator[Fault]:
    ends = [(band.low, band.high) for band in bands]
    way_out = "Correct the bands."
    if not ends or ends[0][0] != total.low or ends[-1][1] != total.high:
        met = f"from {describe_span(ends[0][0], ends[-1][1])}" if ends else "none"
        yield place.fault(
            f"bands{who} {met}",
            f"bands cover the total, {describe_span(total.low, total.high)}",
            way_out,
        )
    for (low, high), (after, _) in pairwise(ends):
        # A first band of one value (0 grams a day) is followed by one that begins there.
        wanted = None if high is None else high + 1 if total.whole else high
        if wanted is None or after != wanted or (high is not None and high < low):
            yield place.fault(
                f"a band{who} {describe_span(low, high)}, and the next from {after:g}",
                "each band begins where the one before ends, without gap or overlap",
                way_out,
            )


# Thresholds and the rest --------------------------------------------------------------------------


def _threshold_faults(
    instrument: Instrument, file: InstrumentFile, place: _Place
) -> Iterator[Fault]:
    entries = [*file.response, *file.remission, *file.change]
    for threshold, entry in zip(instrument.thresholds, entries, strict=True):
        below = place.below(f"{threshold.purpose}, {threshold.name}")
        given = [form for form in FORMS if getattr(entry, form) is not None]
        if len(given) != 1:
            yield below.fault(
                f"{len(given)} of {', '.join(FORMS)}", "exactly one of them", "Keep one."
            )
            continue
        total = next((one for one in instrument.totals if one.column == threshold.total), None)
        if total is None:
            yield below.fault(
                f"no total {entry.total!r}", "a total of the instrument", "Correct the name."
            )
        else:
            yield from _amount_faults(threshold, total, below)
        if not entry.source.strip():
            yield below.fault("an empty source", "every threshold has a source", "Name it.")
    for purpose in ("response", "remission", "change"):
        names = [one.name for one in instrument.thresholds if one.purpose == purpose]
        if len(set(names)) < len(names):
            yield place.below(purpose).fault(
                "a name given twice", "each threshold has a name of its own", "Rename one."
            )


def _amount_faults(threshold: Threshold, total: Total, place: _Place) -> Iterator[Fault]:
    amount, high = threshold.amount, total.high
    met = threshold.describe()
    if threshold.measure == "value" and (
        amount < total.low or (high is not None and amount > high)
    ):
        wanted = f"{total.name} runs from {describe_span(total.low, high)}"
        yield place.fault(met, wanted, "Correct the amount.")
    if threshold.measure == "level" and amount < 0:
        yield place.fault(
            met, f"a band of {total.name}: {', '.join(total.band_names)}", "Correct it."
        )
    if threshold.measure == "proportional fall" and not 0 < amount <= 1:
        yield place.fault(met, "a proportion above 0 and up to 1", "Write 0.5 for 50 %.")
    if threshold.measure == "fall" and (
        amount <= 0 or (high is not None and amount > high - total.low)
    ):
        yield place.fault(met, "a fall that the total allows", "Correct the amount.")
    if threshold.measure == "levels fallen" and not 0 < amount < max(1, len(total.band_names)):
        yield place.fault(met, "fewer levels than there are bands", "Correct the amount.")
    if threshold.needs_baseline and total.higher_is != "worse":
        yield place.fault(
            met, "falls are improvements only where higher is worse", "Use another threshold."
        )


def _missing_faults(instrument: Instrument, place: _Place) -> Iterator[Fault]:
    rule = instrument.missing
    if rule.prorate != (rule.fewest_answered is not None) and instrument.scored_by == "score":
        yield place.fault(
            f"prorate = {str(rule.prorate).lower()} and fewest_answered = {rule.fewest_answered}",
            "prorating says how many answers it needs, and only prorating does",
            "Add or delete fewest_answered.",
        )
    if not rule.prorate or rule.fewest_answered is None:
        return
    for total in instrument.totals:
        if total.how not in ("sum", "mean") or len(total.terms) < 2:
            continue
        spans = {
            (item.lowest_points, item.highest_points)
            for term in total.terms
            for item in (instrument.item(name) for name in term)
        }
        if len(spans) > 1:
            yield place.fault(
                f"prorating {total.name}, whose items have different ranges",
                "only items of one range can stand in for each other",
                "Set prorate = false.",
            )
        if not 1 <= rule.fewest_answered < len(total.terms):
            yield place.fault(
                f"fewest_answered = {rule.fewest_answered}",
                f"between 1 and {len(total.terms) - 1} for {total.name}",
                "Correct it.",
            )


def _extra_faults(instrument: Instrument, place: _Place) -> Iterator[Fault]:
    for flag in instrument.flags:
        for name in flag.items:
            item = instrument.item(name)
            if flag.at_least <= item.low or (item.high is not None and flag.at_least > item.high):
                yield place.below(f"flags, {flag.name}").fault(
                    f"at_least = {flag.at_least:g}",
                    f"above the lowest answer of {name}, which is {item.describe()}",
                    "Correct it.",
                )
    for recode in instrument.recodes:
        item = instrument.item(recode.item)
        levels = len(recode.upper_edges) + 1
        rising = list(recode.upper_edges) == sorted(set(recode.upper_edges))
        if not rising or item.high is None or item.high - item.low + 1 != levels:
            yield place.below(f"recodes, {recode.item}").fault(
                f"upper_edges = {[*recode.upper_edges]}",
                f"rising edges, one fewer than the answers of {item.name} ({item.describe()})",
                "Correct the edges.",
            )
    for skip in instrument.skips:
        if not is_answer(instrument.item(skip.when), skip.answer):
            yield place.below("skips").fault(
                f"answer = {skip.answer:g}",
                f"an answer of {skip.when}",
                "Correct it.",
            )
