"""Response rules: what counts as having responded, named and applied the same way to everyone."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal, get_args

import numpy as np
import pandas as pd

from stratify.cohort import Cohort
from stratify.errors import DataError, Fault, name_some

MissingOutcome = Literal["excluded", "nonresponse", "response", "multiple"]

FORMS = ("drop", "points", "levels_fallen", "at_most", "below", "at_least", "responder", "all_of")
"""The forms a rule may take; each rule has exactly one."""

FALLS = ("drop", "points", "levels_fallen")
"""The forms that are measured from a baseline value."""

UNVALIDATED = "this combination of conditions is unvalidated: no published composite exists"

# Keeps a fall of exactly one half a response in floating point.
_MARGIN = 1e-12

_SAID_OF_MISSING = {
    "excluded": "are left out",
    "nonresponse": "count as non-response",
    "response": "count as response, which is the best case and no estimate",
}
_COUNTS_AS = {"nonresponse": 0.0, "response": 1.0}


@dataclass(frozen=True, slots=True, kw_only=True)
class ResponseRule:
    """How a patient's outcome becomes responder or not.

    A rule has exactly one form: a fall from ``baseline`` to ``followup`` by a proportion
    (``drop``), by points (``points``) or by levels (``levels_fallen``); ``followup`` at or below
    (``at_most``), below (``below``), or at or above (``at_least``) a threshold; ``followup``, a
    category or boolean, being ``responder``; or several rules met together (``all_of``).

    `stratify.outcome.make_rule` makes the rules that have a name, from the thresholds of the
    rating scales.

    Parameters
    ----------
    name : str
        What a report calls the outcome: ``"response (MADRS fell by half or more)"``.
    followup : str
        The column that holds the outcome; the last one's, where several rules are met together.
    baseline : str, optional
        The last value before the first session; needed for a fall.
    drop : float, optional
        The proportion of the baseline value that must be lost, between 0 and 1.
    lowest_baseline : float
        Baseline values below it make a proportion meaningless; such patients are refused by name.
        It must be above 0. A fall in points or levels likewise needs a baseline that can fall so
        far.
    responder : str, optional
        The level of ``followup`` that counts as response.
    missing : {"excluded", "nonresponse", "response", "multiple"}
        What a missing outcome means: the patient is left out, counts in the worst or in the best
        way, or has the outcome imputed several times. Worst and best bound what is missing. It is
        recorded with every run.
    points : float, optional
        How far the value must fall, in its own units.
    levels_fallen : int, optional
        How many levels it must fall; needs ``levels``.
    levels : tuple of str
        The levels of an ordinal, from the best to the worst.
    at_most, below, at_least : float, optional
        What ``followup`` must reach, in its own units.
    all_of : tuple of ResponseRule
        Rules that must all be met. One that is not met settles the answer, even where another
        cannot be known.
    low, high : float, optional
        The range of the scale; values outside it are refused, by patient: a 0 that means "not
        assessed", or millimetres where points are wanted.
    condition : str
        What it is an outcome of: ``"depression"``, ``"pain"``.
    source : str
        Where the threshold comes from.
    imputations : int
        How often a missing outcome is imputed; with ``missing="multiple"`` alone.
    auxiliary : tuple of str
        The columns it is imputed from, which need not be known before treatment and are no
        features; `choose_auxiliary` chooses where none are named.

    Examples
    --------
    >>> remission = ResponseRule(name="remission", followup="madrs_week6", at_most=10)
    >>> remission.describe()
    'remission: madrs_week6 is at most 10; patients without an outcome are left out'
    """

    name: str
    followup: str
    baseline: str | None = None
    drop: float | None = None
    lowest_baseline: float = 1.0
    responder: str | None = None
    missing: MissingOutcome = "excluded"
    points: float | None = None
    levels_fallen: int | None = None
    levels: tuple[str, ...] = ()
    at_most: float | None = None
    below: float | None = None
    at_least: float | None = None
    all_of: tuple[ResponseRule, ...] = ()
    low: float | None = None
    high: float | None = None
    condition: str = ""
    source: str = ""
    imputations: int = 20
    auxiliary: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        faults = list(_faults_of(self))
        if faults:
            raise DataError(faults)

    @property
    def form(self) -> str:
        """The form it takes, one of `FORMS`."""
        return next(form for form in FORMS if _is_given(getattr(self, form)))

    @property
    def columns(self) -> tuple[str, ...]:
        """Every column it reads, baselines first."""
        parts = self.all_of or (self,)
        names = [part.baseline for part in parts if part.baseline is not None]
        if self.all_of:
            names += [name for part in parts for name in part.columns]
        else:
            names.append(self.followup)
        return tuple(dict.fromkeys(names))

    @property
    def outcomes(self) -> tuple[str, ...]:
        """Every column that holds an outcome."""
        if not self.all_of:
            return (self.followup,)
        return tuple(dict.fromkeys(name for part in self.all_of for name in part.outcomes))

    @property
    def baselines(self) -> tuple[str, ...]:
        """Every column a fall is measured from."""
        named = (part.baseline for part in list_single_rules(self))
        return tuple(dict.fromkeys(name for name in named if name is not None))

    @property
    def combines_conditions(self) -> bool:
        """Whether it joins outcomes of several conditions, or of conditions it does not name."""
        return len({_measure_of(part) for part in list_single_rules(self)}) > 1

    def describe(self) -> str:
        """Return the rule as one sentence, for runs and reports."""
        warned = f"{UNVALIDATED}; " if self.combines_conditions else ""
        return (
            f"{self.name}: {warned}{self.describe_threshold()}; "
            f"patients without an outcome {self.describe_missing()}"
        )

    def describe_missing(self) -> str:
        """Return what becomes of patients without an outcome, as the end of a sentence."""
        if self.missing != "multiple":
            return _SAID_OF_MISSING[self.missing]
        source = f" from {', '.join(self.auxiliary)}" if self.auxiliary else ""
        return f"have it imputed {self.imputations} times{source}"

    def describe_threshold(self) -> str:
        """Return what must be met, without the rule's name."""
        match self.form:
            case "drop":
                assert self.drop is not None
                return f"{self.followup} is at least {self.drop:.0%} below {self.baseline}"
            case "points":
                return f"{self.followup} is at least {self.points:g} below {self.baseline}"
            case "levels_fallen":
                plural = "level" if self.levels_fallen == 1 else "levels"
                return (
                    f"{self.followup} is at least {self.levels_fallen} {plural} below "
                    f"{self.baseline}"
                )
            case "at_most":
                return f"{self.followup} is at most {self.at_most:g}"
            case "below":
                return f"{self.followup} is below {self.below:g}"
            case "at_least":
                return f"{self.followup} is at least {self.at_least:g}"
            case "responder":
                return f"{self.followup} is {self.responder}"
        return ", and ".join(part.describe_threshold() for part in self.all_of)

    def exclude_missing(self) -> ResponseRule:
        """Return the same rule with patients left out whose outcome would be imputed.

        A model is judged elsewhere by what was seen there.
        """
        if self.missing != "multiple":
            return self
        parts = tuple(part.exclude_missing() for part in self.all_of)
        return replace(self, missing="excluded", auxiliary=(), all_of=parts)

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> ResponseRule:
        """Make a rule from what `dataclasses.asdict` returned, also after a turn through JSON."""
        parts = tuple(cls.from_dict(part) for part in values.get("all_of", ()))
        lists = {name: tuple(values.get(name, ())) for name in ("levels", "auxiliary")}
        return cls(**{**values, **lists, "all_of": parts})


def make_durable(rule: ResponseRule, *, later: str, name: str = "") -> ResponseRule:
    """Make the rule of those who respond and still do at a later visit.

    Parameters
    ----------
    rule : ResponseRule
        Response at the first visit.
    later : str
        The column of the same scale at the later visit.
    name : str, optional
        What reports call it; made from the rule's, where none is given.

    Returns
    -------
    durable : ResponseRule
        Met by who meets the rule at both visits, from one baseline. Who does not respond at first
        is none, even if the later value is missing.

    Examples
    --------
    >>> rule = ResponseRule(name="response", followup="madrs_week6", baseline="madrs_baseline",
    ...                     drop=0.5)
    >>> make_durable(rule, later="madrs_month6").describe_threshold()
    'madrs_week6 is at least 50% below madrs_baseline, and madrs_month6 is at least 50% below \
madrs_baseline'
    """
    return ResponseRule(
        name=name or f"durable {rule.name}",
        followup=later,
        all_of=(rule, replace(rule, followup=later)),
        missing=rule.missing,
        condition=rule.condition,
        source=rule.source,
        imputations=rule.imputations,
        auxiliary=rule.auxiliary,
    )


def compute_response(rule: ResponseRule, cohort: Cohort) -> pd.Series:
    """Apply a response rule to every patient.

    Returns
    -------
    response : Series of float64, indexed by patient
        1 for a responder, 0 for none, NaN where the outcome is missing and the rule excludes it
        or has it imputed.

    Raises
    ------
    DataError
        If a column is absent, is measured at the wrong time or of the wrong kind, a baseline is
        too low to fall so far, or the responder's level never occurs.

    Examples
    --------
    >>> import numpy as np
    >>> from stratify.schema import Column
    >>> frame = pd.DataFrame({"before": [30.0, 20.0, 24.0], "after": [15.0, 11.0, np.nan]},
    ...                      index=["a", "b", "c"])
    >>> columns = (Column(name="before"), Column(name="after", measured="followup"))
    >>> rule = ResponseRule(name="response", followup="after", baseline="before", drop=0.5)
    >>> compute_response(rule, Cohort(frame, columns)).tolist()
    [1.0, 0.0, nan]
    """
    response = _compute(rule, cohort)
    if rule.missing in _COUNTS_AS:
        response = response.fillna(_COUNTS_AS[rule.missing])
    return response.rename("response")


def compute_changes(rule: ResponseRule, cohort: Cohort) -> dict[str, pd.Series]:
    """Return the numbers a response is computed from: the outcomes, and how far each fell.

    Parameters
    ----------
    rule : ResponseRule
    cohort : Cohort

    Returns
    -------
    numbers : dict of str to Series of float64, indexed by patient
        By name: the outcome's column, ``"the change in <column>"`` and ``"the percentage change in
        <column>"``. Empty for an outcome that is a category; levels are counted from the best.

    Examples
    --------
    >>> from stratify.schema import Column
    >>> frame = pd.DataFrame({"before": [30.0, 20.0], "after": [15.0, 11.0]})
    >>> columns = (Column(name="before"), Column(name="after", measured="followup"))
    >>> rule = ResponseRule(name="response", followup="after", baseline="before", drop=0.5)
    >>> compute_changes(rule, Cohort(frame, columns))["the change in after"].tolist()
    [-15.0, -9.0]
    """
    found = {}
    for part in list_single_rules(rule):
        if part.form == "responder":
            continue
        after = _numbers(part, part.followup, cohort)
        found[part.followup] = after
        if part.baseline is not None:
            before = _numbers(part, part.baseline, cohort)
            found[f"the change in {part.followup}"] = after - before
            proportion = (after - before) / before.where(before > 0)
            found[f"the percentage change in {part.followup}"] = proportion
    return found


def _compute(rule: ResponseRule, cohort: Cohort) -> pd.Series:
    """Apply a rule, with NaN where the outcome is missing."""
    if rule.all_of:
        parts = pd.concat([_compute(part, cohort) for part in rule.all_of], axis=1)
        failed = (parts == 0).any(axis=1)
        return (~failed).astype(float).where(failed | parts.notna().all(axis=1))
    if rule.form == "responder":
        outcome = cohort[rule.followup]
        return _matches(rule, cohort.frame[rule.followup], outcome.levels, cohort)
    after = _numbers(rule, rule.followup, cohort)
    if rule.form not in FALLS:
        return _reaches(rule, after).astype(float).where(after.notna())
    assert rule.baseline is not None
    _require_baseline(rule, cohort)
    before = _numbers(rule, rule.baseline, cohort)
    _refuse_low_baselines(rule, before, cohort)
    fall = before - after
    if rule.drop is not None:
        met = fall / before >= rule.drop - _MARGIN
    else:
        least = rule.points if rule.points is not None else float(rule.levels_fallen or 0)
        met = fall >= least - _MARGIN
    return met.astype(float).where(fall.notna())


def _reaches(rule: ResponseRule, values: pd.Series) -> pd.Series:
    if rule.at_most is not None:
        return values <= rule.at_most + _MARGIN
    if rule.below is not None:
        return values < rule.below - _MARGIN
    assert rule.at_least is not None
    return values >= rule.at_least - _MARGIN


def _numbers(rule: ResponseRule, name: str, cohort: Cohort) -> pd.Series:
    """Return a column's numbers, or the places of its levels from the best."""
    column, values = cohort[name], cohort.frame[name]
    if not rule.levels:
        if pd.api.types.is_float_dtype(values.dtype):
            _refuse_other_scales(rule, name, values, cohort)
            return values
        raise DataError(
            Fault(
                where=f"{cohort.name}: {name}",
                met=f"a {column.kind}",
                wanted=f"{rule.name} compares numbers",
                way_out="Name a column of numbers, or ask for the level that counts as response.",
            )
        )
    text = values.astype(object).where(values.notna(), None)
    unknown = sorted({str(value) for value in text.dropna()} - set(rule.levels))
    if unknown:
        raise DataError(
            Fault(
                where=f"{cohort.name}: {name}",
                met=name_some(map(repr, unknown)),
                wanted=f"the levels of {rule.name}, from the best: {', '.join(rule.levels)}",
                way_out="Correct the cells, or give the rule the levels of this column in order.",
                patients=tuple(map(str, text.index[text.astype(str).isin(unknown)])),
            )
        )
    places = {level: float(place) for place, level in enumerate(rule.levels)}
    return text.map(places).astype(float)


def _refuse_other_scales(rule: ResponseRule, name: str, values: pd.Series, cohort: Cohort) -> None:
    low = -np.inf if rule.low is None else rule.low
    high = np.inf if rule.high is None else rule.high
    outside = (values < low) | (values > high)
    if outside.any():
        first = f"{values[outside].iloc[0]:g} for patient {values.index[outside][0]}"
        raise DataError(
            Fault(
                where=f"{cohort.name}: {name}",
                met=first if outside.sum() == 1 else f"{int(outside.sum())} patients: {first}, ...",
                wanted=f"the scale of {rule.name} runs from {low:g} to {high:g}",
                way_out="Leave what was not assessed empty, or use the rule of the scale that was "
                "used.",
                patients=tuple(map(str, values.index[outside])),
            )
        )


def _require_baseline(rule: ResponseRule, cohort: Cohort) -> None:
    assert rule.baseline is not None
    if cohort[rule.baseline].measured != "baseline":
        raise DataError(
            Fault(
                where="response.baseline",
                met=f"{rule.baseline}, measured {cohort[rule.baseline].measured}",
                wanted="baseline is the last value before the first session",
                way_out="Name a column whose dictionary entry says measured = 'baseline'.",
            )
        )


def _refuse_low_baselines(rule: ResponseRule, before: pd.Series, cohort: Cohort) -> None:
    if rule.drop is not None:
        lowest, kind = rule.lowest_baseline, "a proportional fall"
    elif rule.points is not None:
        lowest, kind = rule.points, f"a fall of {rule.points:g}"
    else:
        lowest, kind = float(rule.levels_fallen or 0), f"a fall of {rule.levels_fallen} levels"
    low = before < lowest - _MARGIN
    if low.any():
        met = rule.levels[int(lowest)] if rule.levels else f"{lowest:g}"
        raise DataError(
            Fault(
                where=f"{cohort.name}: {rule.baseline}",
                met=f"{int(low.sum())} patients below {met}",
                wanted=f"{kind} needs a baseline that can fall"
                + ("" if rule.drop is not None else " so far"),
                way_out="Leave these patients out, or use a rule that is not a proportion."
                if rule.drop is not None
                else "Leave these patients out: they could not respond, whatever was done.",
                patients=tuple(map(str, before.index[low])),
            )
        )


def _matches(
    rule: ResponseRule, values: pd.Series, levels: tuple[str, ...], cohort: Cohort
) -> pd.Series:
    """Compare a category, or a boolean held as 0 and 1, with the responder's level."""
    if pd.api.types.is_float_dtype(values.dtype) and len(levels) == 2:
        values = values.map({0.0: levels[0], 1.0: levels[1]})
    text = values.astype(object)
    known = text.notna()
    if not (text[known].astype(str) == rule.responder).any():
        raise DataError(
            Fault(
                where=f"{cohort.name}: {rule.followup}",
                met=f"no patient has {rule.responder!r}",
                wanted=f"the responder's level is one of {sorted(set(text[known].astype(str)))}",
                way_out="Correct response.responder in the study file.",
            )
        )
    return (text.astype(str) == rule.responder).astype(float).where(known)


def _is_given(value: object) -> bool:
    return value is not None and value != ()


def list_single_rules(rule: ResponseRule) -> Iterator[ResponseRule]:
    """Return the single rules a rule is made of; itself, where it is one."""
    for part in rule.all_of:
        yield from list_single_rules(part)
    if not rule.all_of:
        yield rule


def _measure_of(rule: ResponseRule) -> tuple[str, str]:
    """Return what tells conditions apart: the condition or, where none is named, the scale."""
    return ("condition", rule.condition) if rule.condition else ("scale", _scale_of(rule))


def _scale_of(rule: ResponseRule) -> str:
    return rule.baseline or rule.followup


def _faults_of(rule: ResponseRule) -> Iterator[Fault]:
    if rule.missing not in get_args(MissingOutcome):
        yield Fault(
            where="response.missing",
            met=repr(rule.missing),
            wanted=f"one of {', '.join(get_args(MissingOutcome))}",
            way_out="Say what a missing outcome means.",
        )
    yield from _faults_of_imputation(rule)
    given = [form for form in FORMS if _is_given(getattr(rule, form))]
    if len(given) != 1:
        yield Fault(
            where="response",
            met=f"drop = {rule.drop} and responder = {rule.responder}"
            if not set(given) - {"drop", "responder"}
            else " and ".join(given),
            wanted=f"a rule has exactly one of them, or one of {', '.join(FORMS)}",
            way_out="Give drop with baseline for a scale, or responder for a category.",
        )
        return
    if rule.form in FALLS and rule.baseline is None:
        kind = "a proportional fall" if rule.drop is not None else "a fall"
        yield Fault(
            where="response.baseline",
            met="no baseline column",
            wanted=f"{kind} is measured from a baseline value",
            way_out="Name the column that holds the last value before the first session.",
        )
    if rule.levels_fallen is not None and len(set(rule.levels)) <= rule.levels_fallen:
        yield Fault(
            where="response.levels",
            met=f"{len(set(rule.levels))} levels for a fall of {rule.levels_fallen}",
            wanted="the levels in order, from the best to the worst",
            way_out="Name every level once, in order.",
        )
    least = {
        "drop": rule.drop,
        "points": rule.points,
        "levels_fallen": rule.levels_fallen,
        "lowest_baseline": rule.lowest_baseline,
    }
    for name, value in least.items():
        if value is not None and not (value > 0 and np.isfinite(value)):
            yield Fault(
                where=f"response.{name}",
                met=f"{value:g}",
                wanted="a number above 0",
                way_out="Correct it: a fall of nothing is no response.",
            )
    if rule.drop is not None and rule.drop > 1:
        yield Fault(
            where="response.drop",
            met=f"{rule.drop:g}",
            wanted="a proportion, at most 1",
            way_out="Write 0.5 for 50 %.",
        )
    if len(rule.all_of) == 1:
        yield Fault(
            where="response.all_of",
            met="one rule",
            wanted="several rules that are met together",
            way_out="Use the rule itself.",
        )
    for part in rule.all_of:
        if part.missing != rule.missing:
            yield Fault(
                where=f"response.all_of: {part.name}",
                met=f"missing = {part.missing!r} within {rule.missing!r}",
                wanted="one choice for the whole rule",
                way_out="Say it once, for the rule as a whole, and the same in its parts.",
            )


def _faults_of_imputation(rule: ResponseRule) -> Iterator[Fault]:
    if rule.imputations < 2:
        yield Fault(
            where="response.imputations",
            met=f"{rule.imputations}",
            wanted="2 or more, since the difference between imputations tells what is not known",
            way_out="Take it out: 20 are made.",
        )
    if rule.auxiliary and rule.missing != "multiple":
        yield Fault(
            where="response.auxiliary",
            met=f"missing = {rule.missing!r}",
            wanted="auxiliary columns are those that outcomes are imputed from",
            way_out='Take them out, or write missing = "multiple".',
        )
    own = [name for name in rule.auxiliary if name in rule.outcomes] if rule.auxiliary else []
    if own:
        yield Fault(
            where="response.auxiliary",
            met=", ".join(own),
            wanted="an outcome is not imputed from itself: it is missing where it is wanted",
            way_out="Take it out.",
        )
