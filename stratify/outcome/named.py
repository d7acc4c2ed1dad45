"""Response rules with a name, made from the thresholds of the rating scales."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Literal

from stratify.cohort.names import part_visit
from stratify.cohort.spelling import respell
from stratify.errors import Fault, SettingsError, count_of, did_you_mean
from stratify.instruments import Instrument, Threshold, read_instrument
from stratify.outcome.order import require_later
from stratify.outcome.rules import MissingOutcome, ResponseRule, make_durable
from stratify.schema import Column

_CONDITIONS = {
    "depression": "depression",
    "anxiety": "anxiety",
    "pain": "pain",
    "neuropathic pain": "pain",
    "alcohol": "substance use",
    "drugs": "substance use",
    "craving": "substance use",
    "alcohol craving": "substance use",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class NamedRule:
    """A response rule before it is told which columns to read.

    Parameters
    ----------
    name : str
        What a study file calls it: ``"madrs_response_50"``.
    instrument : str
        The rating scale that holds its threshold.
    purpose : {"response", "remission"}
    threshold : str
        The threshold's name in the scale's file.
    starts : tuple of str
        What names of its columns begin with, beside the scale's own.
    """

    name: str
    instrument: str
    purpose: Literal["response", "remission"]
    threshold: str
    starts: tuple[str, ...] = ()

    def read_threshold(self) -> Threshold:
        """Read the threshold from the scale's file."""
        found: tuple[Threshold, ...] = getattr(read_instrument(self.instrument), self.purpose)
        return next(one for one in found if one.name == self.threshold)

    @property
    def condition(self) -> str:
        """What it is an outcome of; empty for a scale of no condition, such as the CGI."""
        return _CONDITIONS.get(read_instrument(self.instrument).domain, "")

    @property
    def words(self) -> str:
        """What reports call the outcome."""
        threshold, short = self.read_threshold(), read_instrument(self.instrument).short_name
        total = f"{threshold.total} "
        met = threshold.describe().removeprefix(total)
        if self.instrument == "tlfb":
            return f"{threshold.name} ({short})"
        which = ", worst pain" if threshold.total.endswith("_worst") else ""
        return f"{self.purpose} ({short}{which} {met})"


def _plain(scale: str, *starts: str, prefix: str = "") -> tuple[NamedRule, ...]:
    """Return the rules of 50 % and of remission of a scale that has both."""
    name = prefix or scale
    return (
        NamedRule(
            name=f"{name}_response_50",
            instrument=scale,
            purpose="response",
            threshold="response",
            starts=starts,
        ),
        NamedRule(
            name=f"{name}_remission",
            instrument=scale,
            purpose="remission",
            threshold="remission",
            starts=starts,
        ),
    )


def _one(
    name: str, scale: str, purpose: Literal["response", "remission"], threshold: str, *starts: str
) -> NamedRule:
    return NamedRule(
        name=name, instrument=scale, purpose=purpose, threshold=threshold, starts=starts
    )


_MODERATE, _SUBSTANTIAL = "response (moderate, 30 %)", "response (substantial, 50 %)"
_WORST_30 = "response of worst pain (moderate, 30 %)"
_WORST_50 = "response of worst pain (substantial, 50 %)"

RESPONSE_RULES: Mapping[str, NamedRule] = MappingProxyType(
    {
        rule.name: rule
        for rule in (
            *_plain("madrs"),
            _one("madrs_remission_12", "madrs", "remission", "remission (esketamine phase 3)"),
            _one("madrs_remission_9", "madrs", "remission", "remission (below 10)"),
            *_plain("hamd17"),
            *_plain("phq9"),
            *_plain("phq8"),
            *_plain("qids_sr16", "qids", prefix="qids"),
            *_plain("bdi2"),
            _one("bdi2_remission_13", "bdi2", "remission", "remission (minimal range)"),
            *_plain("gad7"),
            *_plain("hama"),
            _one("cgi_i_le2", "cgi_i", "response", "response"),
            _one("cgi_s_remission", "cgi_s", "remission", "remission"),
            _one("pain_30", "nrs", "response", _MODERATE, "pain_nrs", "pain"),
            _one("pain_50", "nrs", "response", _SUBSTANTIAL, "pain_nrs", "pain"),
            _one("pain_nrs_minus2", "nrs", "response", "response (2 points)", "pain_nrs"),
            _one("pain_vas_30", "vas", "response", _MODERATE, "pain_vas"),
            _one("pain_vas_50", "vas", "response", _SUBSTANTIAL, "pain_vas"),
            _one("bpi_pain_30", "bpi_severity", "response", _MODERATE),
            _one("bpi_pain_50", "bpi_severity", "response", _SUBSTANTIAL),
            _one("bpi_worst_pain_30", "bpi_severity", "response", _WORST_30),
            _one("bpi_worst_pain_50", "bpi_severity", "response", _WORST_50),
            _one("sud_abstinent", "tlfb", "remission", "abstinent"),
            _one("sud_no_heavy_days", "tlfb", "remission", "no heavy drinking days"),
            _one("sud_who_minus1", "tlfb", "response", "WHO risk level at least one lower", "who"),
            _one("sud_who_minus2", "tlfb", "response", "WHO risk level at least two lower", "who"),
            _one("craving_vas_30", "craving_vas", "response", "response (30 %)"),
            _one("craving_vas_50", "craving_vas", "response", "response (50 %)"),
            _one("ocds_30", "ocds", "response", "response (30 %)"),
            _one("ocds_50", "ocds", "response", "response (50 %)"),
        )
    }
)
"""The rules that have a name, each with its threshold in one file. Of another kind, and so not
here, are ``durable_response`` and ``sud_urine_negative_weeks``; `make_rule` makes these too."""

DURABLE, URINE = "durable_response", "sud_urine_negative_weeks"
RULE_NAMES: tuple[str, ...] = (*RESPONSE_RULES, URINE, DURABLE)


def make_rule(
    name: str,
    *,
    followup: str | None = None,
    baseline: str | None = None,
    later: str | None = None,
    of: str | None = None,
    weeks: int | None = None,
    screens_per_week: int = 1,
    columns: Sequence[Column] = (),
    visit: str | None = None,
    missing: MissingOutcome = "excluded",
    lowest_baseline: float = 1.0,
    imputations: int = 20,
    auxiliary: tuple[str, ...] = (),
) -> ResponseRule:
    """Make a response rule by its name.

    Parameters
    ----------
    name : str
        One of `RESPONSE_RULES`, ``"durable_response"`` or ``"sud_urine_negative_weeks"``.
    followup, baseline : str, optional
        The columns it reads. Where one is not named it is found among ``columns``.
    later : str, optional
        A later column of the same scale: the response must last until then.
    of : str, optional
        The rule that must last, for ``"durable_response"``.
    weeks : int, optional
        The weeks without a positive screen up to the last visit, for
        ``"sud_urine_negative_weeks"``, whose ``followup`` is the final run of negative screens
        from `stratify.instruments.summarise_urine_screens`.
    screens_per_week : int
        How often urine was screened.
    columns : sequence of Column
        The columns of a cohort, to find in them what is not named.
    visit : str, optional
        The visit whose column holds the outcome: ``"week 6"``.
    missing : {"excluded", "nonresponse", "response", "multiple"}
    lowest_baseline, imputations, auxiliary
        As of `ResponseRule`.

    Raises
    ------
    SettingsError
        If there is no rule of that name, or its columns are neither named nor found.

    Examples
    --------
    >>> rule = make_rule("madrs_response_50", baseline="madrs_baseline", followup="madrs_week6")
    >>> rule.name
    'response (MADRS at least 50 % below baseline)'
    >>> rule.describe_threshold()
    'madrs_week6 is at least 50% below madrs_baseline'
    """
    name = spell_rule(name)
    if name == DURABLE:
        if of is None or later is None:
            raise _refuse(
                f"response.rule = {name}",
                "no " + " and no ".join(k for k, v in (("of", of), ("later", later)) if v is None),
                "a durable response is of a named rule, and still there at a later column",
                "Give of and later.",
            )
        name = of
    elif of is not None:
        raise _refuse(
            "response.of", of, f"it belongs to {DURABLE}", "Take it out, or name that rule."
        )
    if weeks is not None and name != URINE:
        raise _refuse("response.weeks", f"{weeks}", f"it belongs to {URINE}", "Take it out.")
    common: dict[str, Any] = {
        "missing": missing,
        "lowest_baseline": lowest_baseline,
        "imputations": imputations,
        "auxiliary": auxiliary,
    }
    if name == URINE:
        rule = _make_urine_rule(followup, weeks, screens_per_week, columns, visit, common)
    else:
        rule = _make_named(name, followup, baseline, columns, visit, common)
    if later is None:
        return rule
    require_later(rule.followup, later, columns)
    return make_durable(rule, later=later)


def _make_named(
    name: str,
    followup: str | None,
    baseline: str | None,
    columns: Sequence[Column],
    visit: str | None,
    common: Mapping[str, Any],
) -> ResponseRule:
    named = find_rule(name)
    threshold = named.read_threshold()
    instrument = read_instrument(named.instrument)
    starts = (threshold.total, *named.starts, *_scale_names(instrument))
    followup = followup or _find_outcome(name, starts, columns, visit)
    if threshold.needs_baseline:
        baseline = baseline or _find_baseline(name, starts, columns)
    elif baseline is not None:
        raise _refuse(
            "response.baseline",
            baseline,
            f"{name} is reached or not, whatever the baseline was",
            "Take response.baseline out.",
        )
    return ResponseRule(
        name=named.words,
        followup=followup,
        baseline=baseline,
        condition=named.condition,
        source=f"{threshold.source} ({threshold.evidence})",
        **_form_of(threshold, instrument),
        **common,
    )


def _form_of(threshold: Threshold, instrument: Instrument) -> dict[str, Any]:
    """Return a threshold as the form of a response rule."""
    total = next(one for one in instrument.totals if one.column == threshold.total)
    if threshold.measure == "levels fallen":
        return {"levels_fallen": int(threshold.amount), "levels": total.band_names}
    # Drinking may be given as a yes or no, as days or as a share of days.
    span = {"low": total.low, "high": None if instrument.name == "tlfb" else total.high}
    return span | _amount_of(threshold)


def _amount_of(threshold: Threshold) -> dict[str, float]:
    match threshold.measure, threshold.comparison:
        case "proportional fall", "at least":
            return {"drop": threshold.amount}
        case "fall", "at least":
            return {"points": threshold.amount}
        case "value", "at most":
            return {"at_most": threshold.amount}
        case "value", "below":
            return {"below": threshold.amount}
        case "value", "at least":
            return {"at_least": threshold.amount}
    raise AssertionError(threshold)


def _make_urine_rule(
    followup: str | None,
    weeks: int | None,
    screens_per_week: int,
    columns: Sequence[Column],
    visit: str | None,
    common: Mapping[str, Any],
) -> ResponseRule:
    if weeks is None or weeks < 1 or screens_per_week < 1:
        raise _refuse(
            "response.weeks",
            "none" if weeks is None else f"{weeks} weeks of {screens_per_week} screens",
            f"{URINE} says for how many weeks, 1 or more, and how many screens there are in one",
            "Give weeks.",
        )
    uds = read_instrument("uds")
    final = next(total for total in uds.totals if total.name == "final_run_worst_case")
    plural = "week" if weeks == 1 else "weeks"
    return ResponseRule(
        name=f"urine screens negative for the last {weeks} {plural} ({uds.short_name}, "
        f"{screens_per_week} a week)",
        followup=followup or _find_outcome(URINE, (final.column,), columns, visit),
        at_least=float(weeks * screens_per_week),
        condition="substance use",
        source="abstinent for a number of weeks; a missing screen counts as positive where the "
        "column is the worst case",
        **common,
    )


def spell_rule(name: str) -> str:
    """Return the rule that is meant, whatever its capitals; the name itself where none is.

    Examples
    --------
    >>> spell_rule("MADRS_response_50")
    'madrs_response_50'
    """
    return respell(name, RULE_NAMES)


def find_rule(name: str) -> NamedRule:
    """Return a named rule, or say which name is nearest."""
    try:
        return RESPONSE_RULES[spell_rule(name)]
    except KeyError:
        raise _refuse(
            "response.rule",
            f"no rule {name!r}{did_you_mean(name, RULE_NAMES)}",
            f"one of {', '.join(RULE_NAMES)}",
            "Correct the name, or give a rule of your own: drop, points, at_most and so on.",
        ) from None


def describe_rules() -> str:
    """Return the named rules with their thresholds and sources, as a markdown table.

    Examples
    --------
    >>> print(describe_rules().splitlines()[2])
    | `madrs_response_50` | depression | madrs_total at least 50 % below baseline | Daly et al. \
2018, doi 10.1001/jamapsychiatry.2017.3739, table 2 |
    """
    lines = ["| rule | condition | what is met | source |", "| --- | --- | --- | --- |"]
    for name, named in RESPONSE_RULES.items():
        threshold = named.read_threshold()
        evidence = "" if threshold.evidence == "verified" else f" ({threshold.evidence})"
        lines.append(
            f"| `{name}` | {named.condition or 'any'} | {threshold.describe()} | "
            f"{threshold.source}{evidence} |"
        )
    return "\n".join(lines) + "\n"


def _scale_names(instrument: Instrument) -> tuple[str, ...]:
    """Return the scale's own name, where that can mean one total only."""
    return (instrument.name,) if len(instrument.totals) == 1 else ()


def _find_outcome(
    rule: str, starts: Sequence[str], columns: Sequence[Column], visit: str | None
) -> str:
    if visit is None:
        raise _refuse(
            "response.followup",
            "no column and no visit",
            f"{rule} is told where the outcome is",
            "Give followup, the column; or visit, and it is found.",
        )
    later = [column for column in columns if column.measured != "baseline"]
    visits = dict.fromkeys(c.visit or part_visit(c.name)[1] for c in later)
    hint = did_you_mean(visit, filter(None, visits))
    what = f"{rule} at {visit}{hint}"
    return _find("response.followup", what, starts, later, lambda c, r: _is_at(c, r, visit))


def _find_baseline(rule: str, starts: Sequence[str], columns: Sequence[Column]) -> str:
    early = [column for column in columns if column.measured == "baseline"]
    return _find("response.baseline", f"{rule} at baseline", starts, early, lambda c, r: True)


def _find(
    where: str, what: str, starts: Sequence[str], columns: Sequence[Column], is_meant: Any
) -> str:
    """Return the one column whose name begins with the first start that any column has."""
    found: list[str] = []
    for start in starts:
        found = [
            column.name
            for column in columns
            if (column.name == start or column.name.startswith(f"{start}_"))
            and is_meant(column, column.name.removeprefix(start))
        ]
        if found:
            break
    if len(found) != 1:
        among = ", ".join(found) if found else "none begins with " + " or ".join(starts)
        raise _refuse(
            where,
            f"{count_of(len(found), 'column')} for {what}: {among}",
            "exactly one column is meant",
            f"Name it as {where}.",
        )
    return found[0]


def _is_at(column: Column, rest: str, visit: str) -> bool:
    """Tell whether a column is of a visit, by what it says or else by how its name ends."""
    return plain(getattr(column, "visit", "") or rest) == plain(visit)


def plain(visit: str) -> str:
    """Return a visit's name in small letters and figures alone.

    Examples
    --------
    >>> plain("Week 6"), plain("_week_6")
    ('week6', 'week6')
    """
    return re.sub(r"[\W_]+", "", visit.lower())


def _refuse(where: str, met: str, wanted: str, way_out: str) -> SettingsError:
    return SettingsError(Fault(where=where, met=met, wanted=wanted, way_out=way_out))
