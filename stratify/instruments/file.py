"""The shape of an instrument's TOML file: known keys, right types. Its sense is checked after."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from stratify.errors import Fault, did_you_mean
from stratify.instruments.thresholds import Sex
from stratify.instruments.values import HigherIs, How, Rater, ScoredBy

Tag = Literal["verified", "general knowledge"]


class _Entry(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, allow_inf_nan=False)


class ItemsEntry(_Entry):
    """Some items alike: numbered from one to another, numbered one by one, or named."""

    first: int | None = None
    last: int | None = None
    numbers: list[int] = []
    names: list[str] = []
    low: float | None = None
    high: float | None = None
    values: list[float] = []
    whole: bool = True
    reversed: bool = False
    weight: float = Field(default=1.0, gt=0)
    codes: dict[str, float] = {}
    not_assessed: list[float] = []


class BandEntry(_Entry):
    """A named stretch of a total."""

    name: str
    low: float
    high: float | None = None
    sex: Sex | None = None


class LevelEntry(_Entry):
    """A level of an ordinal result."""

    name: str
    any_of: list[int | str] = []


class TotalEntry(_Entry):
    """A number or level that the instrument yields."""

    name: str
    label: str
    how: How = "sum"
    items: list[int | str] = []
    highest_of: list[list[int | str]] = []
    low: float = 0.0
    high: float | None = None
    whole: bool = True
    higher_is: HigherIs | None = None
    unit: str = "points"
    counted_from: float | None = None
    levels: list[LevelEntry] = []
    bands: list[BandEntry] = []
    bands_source: str = ""
    bands_evidence: Tag | None = None


class ThresholdEntry(_Entry):
    """What counts as response, remission or a change that matters: exactly one of eight forms."""

    name: str
    total: str | None = None
    at_most: float | None = None
    below: float | None = None
    at_least: float | None = None
    above: float | None = None
    fall: float | None = None
    proportional_fall: float | None = None
    levels_fall: float | None = None
    level_at_most: str | None = None
    source: str
    evidence: Tag


class SkipEntry(_Entry):
    """Items that are not asked when another has a certain answer."""

    items: list[int | str]
    when: int | str
    answer: float


class FlagEntry(_Entry):
    """A data-quality flag."""

    name: str
    items: list[int | str]
    at_least: float
    wording: str
    source: str
    evidence: Tag


class MissingEntry(_Entry):
    """What a missing item means."""

    prorate: bool
    fewest_answered: int | None = None
    rule: str
    source: str
    evidence: Tag


class RecodeEntry(_Entry):
    """How an item comes from a count or a length of time."""

    item: str
    from_column: str
    low: float
    upper_edges: list[float]


class ConstantEntry(_Entry):
    """A number that scoring needs."""

    name: str
    value: float
    unit: str
    sex: Sex | None = None
    source: str
    evidence: Tag


class InstrumentFile(_Entry):
    """A whole file."""

    name: str
    short_name: str
    full_name: str
    version: str
    domain: str
    rater: Rater
    recall: str
    higher_is: HigherIs
    citation: str
    licence: str
    evidence: Tag
    note: str = ""
    scored_by: ScoredBy = "score"
    item_prefix: str | None = None
    items: list[ItemsEntry]
    totals: list[TotalEntry]
    either: list[list[int | str]] = []
    skips: list[SkipEntry] = []
    flags: list[FlagEntry] = []
    response: list[ThresholdEntry] = []
    remission: list[ThresholdEntry] = []
    change: list[ThresholdEntry] = []
    missing: MissingEntry
    recodes: list[RecodeEntry] = []
    constants: list[ConstantEntry] = []


def parse_file(values: dict[str, Any], where: str) -> tuple[InstrumentFile | None, list[Fault]]:
    """Return the typed content of a file, or every fault of its shape."""
    try:
        return InstrumentFile.model_validate(values), []
    except ValidationError as error:
        return None, [_translate(one, where) for one in error.errors(include_url=False)]


def _translate(one: Any, where: str) -> Fault:
    path = _path(one["loc"])
    if one["type"] == "extra_forbidden":
        known = _known_keys(one["loc"][:-1])
        return Fault(
            where=f"{where}: {path}",
            met=f"an unknown key{did_you_mean(str(one['loc'][-1]), known)}",
            wanted=f"one of {', '.join(known)}",
            way_out="Correct or delete the key.",
        )
    if one["type"] == "missing":
        return Fault(
            where=f"{where}: {path}",
            met="missing",
            wanted="every instrument says it",
            way_out="Add the key.",
        )
    message = str(one["msg"])
    return Fault(
        where=f"{where}: {path}",
        met=f"{one['input']!r}",
        wanted=message[0].lower() + message[1:],
        way_out="Correct the value.",
    )


def _path(location: Iterable[int | str]) -> str:
    """Write ``("totals", 0, "bands", 2, "low")`` as ``totals 1, bands 3, low``."""
    words: list[str] = []
    for step in location:
        if isinstance(step, int) and words:
            words[-1] += f" {step + 1}"
        elif step not in ("int", "str"):
            words.append(str(step))
    return ", ".join(words)


_ENTRIES: dict[str, type[_Entry]] = {
    "items": ItemsEntry,
    "totals": TotalEntry,
    "bands": BandEntry,
    "levels": LevelEntry,
    "skips": SkipEntry,
    "flags": FlagEntry,
    "missing": MissingEntry,
    "recodes": RecodeEntry,
    "constants": ConstantEntry,
    **dict.fromkeys(("response", "remission", "change"), ThresholdEntry),
}


def _known_keys(location: Iterable[int | str]) -> list[str]:
    tables = [step for step in location if isinstance(step, str)]
    return list(_ENTRIES.get(tables[-1] if tables else "", InstrumentFile).model_fields)
