"""What a rating scale is, as data: items, totals, bands, thresholds, sources. No item wording."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

from stratify.errors import Fault, SettingsError, did_you_mean
from stratify.instruments.thresholds import Evidence, Sex, Threshold

Rater = Literal["self", "clinician", "interview", "laboratory"]
HigherIs = Literal["worse", "better", "neither"]
How = Literal["sum", "mean", "count", "level", "computed"]
ScoredBy = Literal["score", "summarise_drinking", "summarise_urine_screens"]

RATERS: tuple[str, ...] = get_args(Rater)
SUICIDALITY = "suicidality item positive: follow local protocol"


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One answer of an instrument, under a neutral column name.

    Parameters
    ----------
    name : str
        The column that holds the answers: ``"madrs_1"``.
    low, high : float, optional
        The range of the answers, ends included; ``high`` is None where there is no upper limit.
    values : tuple of float
        The only answers there are, where they are not every whole number in the range.
    whole : bool
        Whether answers are whole numbers.
    reversed : bool
        Whether a high answer gives few points: an answer ``x`` then gives ``low + high - x``.
    weight : float
        What the (reversed) answer is multiplied by.
    codes : tuple of (str, float)
        Answers given in letters, and the number each stands for.
    not_assessed : tuple of float
        Answers that mean "not assessed"; they count as missing.
    """

    name: str
    low: float
    high: float | None
    values: tuple[float, ...] = ()
    whole: bool = True
    reversed: bool = False
    weight: float = 1.0
    codes: tuple[tuple[str, float], ...] = ()
    not_assessed: tuple[float, ...] = ()

    @property
    def is_yes_or_no(self) -> bool:
        """Whether 0 (no) and 1 (yes) are the only answers."""
        return self.whole and not self.values and (self.low, self.high) == (0.0, 1.0)

    @property
    def lowest_points(self) -> float:
        """The fewest points the item can give."""
        return self.weight * self.low

    @property
    def highest_points(self) -> float | None:
        """The most points the item can give; None where there is no limit."""
        return None if self.high is None else self.weight * self.high

    def describe(self) -> str:
        """Return the allowed answers in words.

        Examples
        --------
        >>> Item(name="phq9_1", low=0, high=3).describe()
        '0 to 3'
        >>> Item(name="audit_9", low=0, high=4, values=(0, 2, 4)).describe()
        '0, 2 or 4'
        """
        if self.is_yes_or_no:
            return "0 (no) or 1 (yes)"
        if self.values:
            *most, last = (f"{value:g}" for value in self.values)
            return f"{', '.join(most)} or {last}"
        return f"{self.low:g} or more" if self.high is None else f"{self.low:g} to {self.high:g}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Band:
    """A named stretch of a total: ``mild`` from 7 to 19.

    Parameters
    ----------
    name : str
    low, high : float, optional
        Ends, both included. In a total that is not whole, bands share their edges, and a value on
        an edge belongs to the lower band. ``high`` is None where there is no upper limit.
    sex : {"female", "male"}, optional
        Whom the band is for, where bands differ by sex.
    """

    name: str
    low: float
    high: float | None
    sex: Sex | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Level:
    """A level of an ordinal result, reached when any of some items is answered yes."""

    name: str
    any_of: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Total:
    """One number, or one ordinal level, that an instrument yields.

    Parameters
    ----------
    name : str
        ``"total"``, or what a subscale is called: ``"physical_neglect"``.
    column : str
        The column that holds it: ``"madrs_total"``.
    label : str
        In a clinician's words.
    how : {"sum", "mean", "count", "level", "computed"}
        What is done with the terms. ``count`` is the number of items with at least
        ``counted_from`` points; ``level`` goes by ``levels``; ``computed`` totals come from the
        function that `Instrument.scored_by` names.
    terms : tuple of tuple of str
        Item names. A term of several items gives the highest of their points.
    low, high : float, optional
        The range of the total; ``high`` is None where there is no upper limit.
    whole : bool
        Whether totals without prorating are whole numbers.
    higher_is : {"worse", "better", "neither"}
    unit : str
    counted_from : float, optional
    levels : tuple of Level
        From the lowest to the highest; the lowest needs no item.
    bands : tuple of Band
    bands_source : str
    bands_evidence : Evidence, optional
    """

    name: str
    column: str
    label: str
    how: How
    terms: tuple[tuple[str, ...], ...]
    low: float
    high: float | None
    whole: bool
    higher_is: HigherIs
    unit: str = "points"
    counted_from: float | None = None
    levels: tuple[Level, ...] = ()
    bands: tuple[Band, ...] = ()
    bands_source: str = ""
    bands_evidence: Evidence | None = None

    @property
    def items(self) -> tuple[str, ...]:
        """The items that enter the total."""
        return tuple(item for term in self.terms for item in term)

    @property
    def is_ordinal(self) -> bool:
        """Whether the result is a level, which is never added up or averaged."""
        return self.how == "level"

    @property
    def bands_need_sex(self) -> bool:
        """Whether the bands differ by sex."""
        return any(band.sex is not None for band in self.bands)

    def bands_for(self, sex: Sex | None) -> tuple[Band, ...]:
        """Return the bands for a sex, from the lowest to the highest."""
        return tuple(band for band in self.bands if band.sex in (None, sex))

    @property
    def band_names(self) -> tuple[str, ...]:
        """The names of the bands or levels, from the lowest to the highest."""
        if self.is_ordinal:
            return tuple(level.name for level in self.levels)
        return tuple(dict.fromkeys(band.name for band in self.bands))


@dataclass(frozen=True, slots=True, kw_only=True)
class Skip:
    """Items that are not asked, and count as no, when another item has a certain answer."""

    items: tuple[str, ...]
    when: str
    answer: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Flag:
    """A data-quality flag raised by an answer. It is never advice.

    Parameters
    ----------
    name : str
    column : str
        The column that holds it: ``"phq9_suicidality_flag"``.
    items : tuple of str
        The flag is raised when any of them is answered ``at_least`` or higher.
    at_least : float
    wording : str
        What is said of a raised flag.
    source : str
    evidence : Evidence
    """

    name: str
    column: str
    items: tuple[str, ...]
    at_least: float
    wording: str
    source: str
    evidence: Evidence


@dataclass(frozen=True, slots=True, kw_only=True)
class MissingRule:
    """What a missing item means for a total.

    Parameters
    ----------
    prorate : bool
        Whether a total may be made from the items that were answered.
    fewest_answered : int, optional
        How many terms of a total must be known for that.
    rule, source : str
    evidence : Evidence
    """

    prorate: bool
    fewest_answered: int | None
    rule: str
    source: str
    evidence: Evidence


@dataclass(frozen=True, slots=True, kw_only=True)
class Recode:
    """How an item's points come from a count or a length of time.

    Parameters
    ----------
    item : str
    from_column : str
        The column that holds the count or time: ``"msm_episode_months"``.
    low : float
        The lowest value that column may take.
    upper_edges : tuple of float
        Values up to the first edge give the item's lowest points, up to the second one more, ...
    """

    item: str
    from_column: str
    low: float
    upper_edges: tuple[float, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Constant:
    """A number that scoring needs besides the items: drinks on a heavy day, grams in a drink."""

    name: str
    value: float
    unit: str
    sex: Sex | None
    source: str
    evidence: Evidence


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Instrument:
    """A rating scale as data.

    Read one with `read_instrument`; item wording is never part of it.

    Parameters
    ----------
    name, short_name, full_name, version : str
    domain : str
        What it measures: ``"depression"``, ``"neuropathic pain"``, ``"alcohol"``, ...
    rater : {"self", "clinician", "interview", "laboratory"}
    recall : str
        The time the answers are about.
    items : tuple of Item
    totals : tuple of Total
        The first is the main one.
    either : tuple of tuple of str
        Items of which one is answered; the other may be empty.
    skips : tuple of Skip
    flags : tuple of Flag
    response, remission, change : tuple of Threshold
        What counts as response, remission and a change that matters. The first of each is the
        default, the others are alternatives that a study may choose.
    missing : MissingRule
    recodes : tuple of Recode
    constants : tuple of Constant
    scored_by : str
        The function that scores it.
    licence : str
        Who owns the item text, which stratify does not hold.
    citation : str
    evidence : Evidence
        How far the items, ranges and scoring were checked.
    note : str
        What a user should know besides.

    Examples
    --------
    >>> from stratify.instruments import read_instrument
    >>> madrs = read_instrument("madrs")
    >>> madrs
    Instrument(madrs: Montgomery-Åsberg Depression Rating Scale, 10 items, total 0 to 60)
    >>> [threshold.describe() for threshold in madrs.remission]
    ['madrs_total at most 10', 'madrs_total at most 12', 'madrs_total at most 9']
    """

    name: str
    short_name: str
    full_name: str
    version: str
    domain: str
    rater: Rater
    recall: str
    items: tuple[Item, ...]
    totals: tuple[Total, ...]
    either: tuple[tuple[str, ...], ...]
    skips: tuple[Skip, ...]
    flags: tuple[Flag, ...]
    response: tuple[Threshold, ...]
    remission: tuple[Threshold, ...]
    change: tuple[Threshold, ...]
    missing: MissingRule
    recodes: tuple[Recode, ...]
    constants: tuple[Constant, ...]
    scored_by: ScoredBy
    licence: str
    citation: str
    evidence: Evidence
    note: str = ""

    @property
    def item_names(self) -> tuple[str, ...]:
        """The neutral column names of the items, in order."""
        return tuple(item.name for item in self.items)

    def item(self, name: str) -> Item:
        """Return an item by its column name."""
        return next(item for item in self.items if item.name == name)

    def total(self, name: str | None = None) -> Total:
        """Return a total by its name or column; the main one without a name.

        Raises
        ------
        SettingsError
            If the instrument has no such total.
        """
        if name is None:
            return self.totals[0]
        for total in self.totals:
            if name in (total.name, total.column):
                return total
        known = [total.name for total in self.totals]
        raise SettingsError(
            Fault(
                where=self.name,
                met=f"no total {name!r}{did_you_mean(name, known)}",
                wanted=f"{self.short_name} has {', '.join(known)}",
                way_out="Correct the name of the total.",
            )
        )

    def constant(self, name: str, sex: Sex | None = None) -> float:
        """Return a number that scoring needs, for a sex where it differs by sex."""
        return next(
            one.value for one in self.constants if one.name == name and one.sex in (None, sex)
        )

    @property
    def thresholds(self) -> tuple[Threshold, ...]:
        """Every threshold: response, remission, then changes that matter."""
        return self.response + self.remission + self.change

    def __repr__(self) -> str:
        main = self.totals[0]
        span = describe_span(main.low, main.high)
        items = f"{len(self.items)} item{'' if len(self.items) == 1 else 's'}"
        found = ", ".join(main.band_names) if main.is_ordinal else f"{main.name} {span}"
        return f"Instrument({self.name}: {self.full_name}, {items}, {found})"


def describe_span(low: float, high: float | None) -> str:
    """Return a range in words: ``"0 to 60"``, or ``"0 or more"`` without an upper limit."""
    return f"{low:g} or more" if high is None else f"{low:g} to {high:g}"
