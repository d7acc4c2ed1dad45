"""The documentation of the instruments, as markdown made from their data files."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from stratify.instruments.read import list_instruments, read_instrument
from stratify.instruments.thresholds import VERIFIED, Evidence, Threshold
from stratify.instruments.values import Instrument, Item, Recode, Total, describe_span

_HEAD = """\
# Instruments

Rating scales as data. This page is written from the data files in `stratify/instruments/data` by
`stratify.instruments.describe_instruments`; change those, then run `make instruments`.

Only scoring facts are held: neutral column names, ranges, cut-offs. **No item wording is held or
needed.** Most instruments may be scored from numbers by anybody who has them, but their text
belongs to its owner; see the licence of each.

Every number says how far it was checked. *Verified*: it was read in a paper's abstract or table, or
on a page that quotes it; papers were seldom read in full. *General knowledge*: **confirm it before
you print it as fact.**

A total is missing when an item is, unless the instrument allows prorating, the caller asks for it,
and enough items were answered; what was prorated is recorded. Flags concern the quality of data and
are never advice.
"""

_DOMAINS = (
    "depression",
    "anxiety",
    "global",
    "suicidality",
    "pain",
    "neuropathic pain",
    "alcohol",
    "alcohol craving",
    "drugs",
    "craving",
    "childhood maltreatment",
    "treatment history",
)


def describe_instruments(names: Iterable[str] | None = None) -> str:
    """Return what is known of the instruments, as markdown.

    Parameters
    ----------
    names : iterable of str, optional
        Those of `list_instruments`, without it.

    Examples
    --------
    >>> "| MADRS | `madrs` |" in describe_instruments(["madrs"])
    True
    """
    chosen = [read_instrument(name) for name in (list_instruments() if names is None else names)]
    chosen.sort(key=lambda one: (_rank(one), one.short_name.lower()))
    head = ("instrument", "name", "measures", "rated by", "items", "total", "prorated")
    rows = [_summary(one) for one in chosen]
    return "\n".join([_HEAD, *_table(head, rows), "", *(_section(one) for one in chosen)])


def _rank(instrument: Instrument) -> int:
    known = instrument.domain in _DOMAINS
    return _DOMAINS.index(instrument.domain) if known else len(_DOMAINS)


def _summary(instrument: Instrument) -> tuple[str, ...]:
    main, rule = instrument.total(), instrument.missing
    if instrument.scored_by != "score":
        prorated = "see below"
    elif rule.prorate:
        prorated = f"from {rule.fewest_answered} answers"
    else:
        prorated = "no"
    return (
        instrument.short_name,
        f"`{instrument.name}`",
        instrument.domain,
        instrument.rater,
        str(len(instrument.items)),
        _range(main),
        prorated,
    )


def _range(total: Total) -> str:
    if total.is_ordinal:
        return ", ".join(total.band_names)
    unit = "" if total.unit in ("", "points") else f" {total.unit}"
    return describe_span(total.low, total.high) + unit


def _section(instrument: Instrument) -> str:
    lines = [f"## {instrument.short_name}: {instrument.full_name}", ""]
    lines += [f"- {line}" for line in _facts(instrument)]
    lines += ["", *_totals(instrument)]
    if instrument.thresholds:
        head = ("threshold", "for", "when", "checked", "source")
        lines += ["", *_table(head, [_threshold_row(one) for one in instrument.thresholds])]
    return "\n".join([*lines, ""])


def _facts(instrument: Instrument) -> Iterable[str]:
    function = instrument.scored_by
    yield f"Version: {instrument.version}."
    yield f"Recall: {instrument.recall}. Rated by: {instrument.rater}."
    yield f"Columns: {'; '.join(_item_groups(instrument.items))}."
    yield f"Scored by `{function}`; scoring {_checked(instrument.evidence)}."
    for flag in instrument.flags:
        items = " or ".join(f"`{item}`" for item in flag.items)
        yield (
            f"Flag `{flag.column}`: {items} at least {flag.at_least:g} ({_checked(flag.evidence)}):"
            f' "{flag.wording}".'
        )
    for one in instrument.constants:
        sex = f" ({one.sex})" if one.sex else ""
        yield (
            f"{one.name.replace('_', ' ').capitalize()}{sex}: {one.value:g} {one.unit} "
            f"({one.source}; {_checked(one.evidence)})."
        )
    for recode in instrument.recodes:
        yield f"`{recode.item}` from `{recode.from_column}`: {_steps(instrument, recode)}."
    rule = instrument.missing
    yield f"Missing: {rule.rule} (Source: {rule.source}; {_checked(rule.evidence)}.)"
    if instrument.note:
        yield f"Note: {instrument.note}"
    yield f"Citation: {instrument.citation}."
    yield f"Licence: {instrument.licence}"


def _steps(instrument: Instrument, recode: Recode) -> str:
    lowest = int(instrument.item(recode.item).low)
    steps = [f"up to {edge:g} gives {lowest + k}" for k, edge in enumerate(recode.upper_edges)]
    return ", ".join([*steps, f"above gives {lowest + len(recode.upper_edges)}"])


def _checked(evidence: Evidence) -> str:
    return "verified" if evidence == VERIFIED else "general knowledge"


def _item_groups(items: Sequence[Item]) -> Iterable[str]:
    """Say runs of items alike in one phrase: ``madrs_1`` to ``madrs_10``, 0 to 6."""
    groups: list[list[Item]] = []
    for item in items:
        if groups and _traits(groups[-1][-1]) == _traits(item):
            groups[-1].append(item)
        else:
            groups.append([item])
    for group in groups:
        names = f"`{group[0].name}`"
        if len(group) > 1:
            names += f" {'and' if len(group) == 2 else 'to'} `{group[-1].name}`"
        yield f"{names}: {_traits(group[0])}"


def _traits(item: Item) -> str:
    words = [item.describe()]
    words += ["reversed"] if item.reversed else []
    words += [f"times {item.weight:g}"] if item.weight != 1 else []
    words += ["or " + ", ".join(word for word, _ in item.codes)] if item.codes else []
    words += [f"{code:g} is not assessed" for code in item.not_assessed]
    words += [] if item.whole else ["fractions allowed"]
    return ", ".join(words)


def _totals(instrument: Instrument) -> list[str]:
    head = ("total", "made of", "range", "higher is", "bands")
    return _table(head, [_total_row(instrument, total) for total in instrument.totals])


def _total_row(instrument: Instrument, total: Total) -> tuple[str, ...]:
    return (
        f"`{total.column}`: {total.label}",
        _made_of(instrument, total),
        _range(total),
        total.higher_is,
        _bands(total),
    )


def _made_of(instrument: Instrument, total: Total) -> str:
    if total.how == "computed":
        return "days or visits"
    if total.how == "level":
        return "; ".join(
            f"{level.name}: {_numbers(level.any_of)}" for level in total.levels if level.any_of
        )
    if len(instrument.items) == 1:
        return "the answer"
    alone = [term[0] for term in total.terms if len(term) == 1]
    groups = [f"highest of {_numbers(term)}" for term in total.terms if len(term) > 1]
    everything = len(alone) == len(instrument.items)
    parts = ["all items" if everything else f"items {_numbers(alone)}"] if alone else []
    made = {"sum": "sum of ", "mean": "mean of ", "count": "how many of "}[total.how]
    if total.how == "sum" and total.terms == ((total.terms[0][0],),):
        return f"item {_numbers(alone)}"
    counted = f" are at least {total.counted_from:g}" if total.how == "count" else ""
    return made + ", ".join([*parts, *groups]) + counted


def _numbers(items: Iterable[str]) -> str:
    return ", ".join(_short(item) for item in items)


def _short(item: str) -> str:
    """Return what tells an item from others: ``3`` of ``madrs_3``, ``6_recent``."""
    parts = item.split("_")
    number = next((k for k, part in enumerate(parts) if part.isdigit()), len(parts) - 1)
    return "_".join(parts[number:])


def _bands(total: Total) -> str:
    if total.is_ordinal or not total.bands:
        return "none agreed" if not total.is_ordinal else "the level itself"
    assert total.bands_evidence is not None
    said = []
    for sex in ("female", "male") if total.bands_need_sex else (None,):
        told = ", ".join(
            f"{band.name} {_band_span(total, band.low, band.high)}" for band in total.bands_for(sex)
        )
        said.append(f"{sex}: {told}" if sex else told)
    return f"{'; '.join(said)} ({total.bands_source}; {_checked(total.bands_evidence)})"


def _band_span(total: Total, low: float, high: float | None) -> str:
    if low == high:
        return f"{low:g}"
    if high is None:
        return f"{low:g} or more" if total.whole else f"above {low:g}"
    return f"{low:g} to {high:g}" if total.whole else f"above {low:g} to {high:g}"


def _threshold_row(threshold: Threshold) -> tuple[str, ...]:
    return (
        threshold.name,
        threshold.purpose,
        threshold.describe(),
        _checked(threshold.evidence),
        threshold.source,
    )


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    lines = [head, ["---"] * len(head), *rows]
    return ["| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines]
