"""What the name of a column suggests; every one of these is a guess, and is marked as one."""

from __future__ import annotations

import re

PATIENT = re.compile(
    r"^(participant|patient|subject|subj|record|case|study)?[ _-]?(id|no|nr|number|code)$"
    r"|^(participant|patient|subject|subj|sub|pseudonym)$",
    re.IGNORECASE,
)
SITE = re.compile(
    r"^(study_?)?(site|cent(er|re)|clinic|hospital|scanner)([ _]?(id|name|code))?$", re.IGNORECASE
)
FAMILY = re.compile(r"^(family|household|twin_?pair)(_?id)?$", re.IGNORECASE)
TREATMENT = re.compile(
    r"^(arm|treatment|intervention|allocation|randomi[sz]ation|randomi[sz]ed_to|drug|rx)"
    r"(_?(arm|group|name|code))?$|^(study|trial|redcap)_?arm$",
    re.IGNORECASE,
)
CONDITION = re.compile(r"^(condition|(primary_?)?diagnosis|dx|diagnostic_?group)$", re.IGNORECASE)
GROUP = re.compile(r"^(group|grp|cohort|type)$", re.IGNORECASE)
TREATING = re.compile(r"treat|therap|placebo|sham|drug|tms|ketamine|intervention|arm\b", re.I)
DIAGNOSING = re.compile(r"patient|healthy|control|disorder|depress|depr\b|pain", re.IGNORECASE)

IDENTIFIERS = (
    (
        re.compile(
            r"(^|_)((first|last|sur|family|given|full|middle)_?name|initials)(_|$)|^name$", re.I
        ),
        "a person's name",
    ),
    (re.compile(r"(^|_)(e?mail|phone|telephone|mobile|fax)(_|$)", re.I), "a way to reach a person"),
    (
        re.compile(r"(^|_)(address|street|zip|zip_?code|post_?code|postal_?code)(_|$)", re.I),
        "where a person lives",
    ),
    (
        re.compile(
            r"(^|_)(mrn|ssn|nhs|nhs_?number|insurance(_?(id|no|number))?|passport)(_|$)", re.I
        ),
        "a number that names a person",
    ),
    (re.compile(r"(^|_)(dob|birth_?date|date_?of_?birth|birthday)(_|$)", re.I), "a date of birth"),
    (
        re.compile(r"(_id|_guid|_uuid|serial_?number|SerialNumber|_mrn)$|^(guid|uuid)$", re.I),
        "an identifier",
    ),
)

DATE = re.compile(r"(^|[_ ])(dates?|dob|birth(day)?|seen|visited)([_ ]|$)|[_ ](on|at)$", re.I)
"""Names of dates."""

_VISIT = (
    r"(baseline|pre|screening|screen|bl|t0|week_?\d+|wk_?\d+|w\d+|month_?\d+|mo_?\d+|m\d+|day_?\d+"
    r"|d\d+|visit_?\d+|v\d+|session_?\d+|infusion_?\d+|ses-\w+|ses_?\d+"
    r"|t\d+|\d+_?(?:d|days?|w|wks?|weeks?|m|mo|mth|months?|y|yr|yrs|years?)"
    r"|end[ _-]?of[ _-]?(?:treatment|tx|therapy|study|trial|course)|eos"
    r"|post\d*|post_?(?:treatment|tx|intervention|test|session)|follow_?up\w*|fu_?\d*|end|eot"
    r"|endpoint|discharge|mid|during)"
)
_SUFFIX = re.compile(rf"(?P<stem>.+?)(?P<gap>[_@ .-]+)(?P<visit>{_VISIT})$", re.IGNORECASE)
_PREFIX = re.compile(rf"^(?P<visit>{_VISIT})[_@ .]+(?P<stem>.+)$", re.IGNORECASE)
_BEFORE = re.compile(
    r"(ses-?)?(baseline|pre|screening|screen|bl|t0)(_arm_\d+)?$|(week|wk|w|month|mo|m|day|d)_?0+$"
    r"|0+_?(d|days?|w|wks?|weeks?|m|mo|mth|months?|y|yr|yrs|years?)$",
    re.IGNORECASE,
)
_DURING = re.compile(r"(ses-?)?(mid|during|session_?\d+|infusion_?\d+)$", re.IGNORECASE)
_UNORDERED = re.compile(r"(ses-?\d+|visit_?\d+|v\d+|t[1-9]\d*)$", re.IGNORECASE)
OUTCOME = re.compile(
    r"^(treatment_?)?response([_ ]|$)|(^|[_ ])(respon(der|ded|der_status)|remission|remitted"
    r"|remitter|relapsed?|outcome|improve(d|ment)|(pct|percent)_?change|change|delta)([_ ]|$)"
    r"|analgesia|analsesia",
    re.IGNORECASE,
)


def part_visit(name: str) -> tuple[str, str]:
    """Part a column's name into what was measured and when, where the name says when.

    Examples
    --------
    >>> part_visit("madrs_week6"), part_visit("BDI_ses-pre"), part_visit("phq9@baseline")
    (('madrs', 'week6'), ('BDI', 'ses-pre'), ('phq9', 'baseline'))
    >>> part_visit("hamd_1yr"), part_visit("MADRS end of treatment")
    (('hamd', '1yr'), ('MADRS', 'end of treatment'))
    >>> part_visit("age")
    ('age', '')
    """
    stem, at, event = name.rpartition("@")
    if at:
        return stem, event
    found = _SUFFIX.match(name) or _PREFIX.match(name)
    return (found["stem"], found["visit"]) if found else (name, "")


LATER = re.compile(
    r"(^|[_ ])((sessions?|infusions?|treatments?|doses?|pulses)[_ ]"
    r"(completed|attended|received|delivered|given|administered|missed|done)"
    r"|(completed|attended|received|delivered|missed)[_ ](\w+[_ ])?"
    r"(sessions?|infusions?|treatments?|doses?|pulses)"
    r"|(n|num|number|total)[_ ](of[_ ])?(\w+[_ ])?(sessions|infusions)"
    r"|adverse[_ ]?(events?|effects?)|side[_ ]?effects?|s?aes?|drop(ped)?[_ ]?out|withdrew"
    r"|withdrawn|discontinued|completers?|lost[_ ]to[_ ]follow[_ ]?up|end[_ ]?reason"
    r"|(treatment|patient)[_ ]satisfaction)([_ ]|$)",
    re.IGNORECASE,
)
"""Names of what is known only once a treatment is under way, or over."""

NUMBERING = re.compile(
    r"(^|[_ ])(id|ids|no|nr|num|number|code|record|chart|case|file|serial|barcode|accession)$",
    re.IGNORECASE,
)
"""Endings of names that number patients, where each patient has a value of their own."""


def when(visit: str) -> str:
    """Tell whether a visit is at baseline, during treatment or after it, or "" if unclear.

    Examples
    --------
    >>> when("ses-pre"), when("week6"), when("infusion_3"), when("ses-01")
    ('baseline', 'followup', 'during', '')
    """
    if not visit or _UNORDERED.match(visit):
        return ""
    if _BEFORE.match(visit):
        return "baseline"
    return "during" if _DURING.match(visit) else "followup"


_UNIT_DAYS = {"d": 1.0, "w": 7.0, "m": 365.25 / 12, "y": 365.25}
_COUNTED = re.compile(
    r"^(?P<first>\d+(?:\.\d+)?)?[ _-]?"
    r"(?P<unit>d|days?|w|wks?|weeks?|m|mo|mth|months?|y|yrs?|years?)"
    r"[ _-]?(?P<last>\d+(?:\.\d+)?)?$",
    re.IGNORECASE,
)


def find_day(visit: str) -> float | None:
    """Return the days after the first session that a visit's name counts, or None.

    Examples
    --------
    >>> find_day("week 6"), find_day("month6"), find_day("3 weeks"), find_day("end")
    (42.0, 182.625, 21.0, None)
    """
    found = _COUNTED.match(visit.strip())
    if found is None or (found["first"] is None) == (found["last"] is None):
        return None
    return float(found["first"] or found["last"]) * _UNIT_DAYS[found["unit"][0].lower()]
