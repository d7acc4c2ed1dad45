"""Ways to damage files of visits, long and wide, and the sessions beside them."""

from __future__ import annotations

from collections.abc import Iterator

from faults.damages import WHO, Damage, change_bytes, change_text
from faults.tables import (
    Rows,
    again,
    as_another_program,
    change_table,
    double_column,
    double_column_as,
    drop_column,
    drop_row,
    each,
    of_row,
    put,
    remove,
    rename,
)

VISITS, TIMES = "visits.csv", "sessions.csv"


def long_damages() -> Iterator[Damage]:
    """Damage visits in long format, or the sessions beside them."""
    six = "week 6"
    for what, change, says in (
        ("no patient", rename("patient", "subject"), ("patient",)),
        ("no instrument", drop_column("instrument"), ("instrument",)),
        ("no value", rename("value", "score"), ("value",)),
        ("neither visit nor date", lambda r: drop_column("visit")(drop_column("date")(r)),
         ("visit, date or day",)),
        ("a column twice", double_column("value"), ("value",)),
        ("a row too short", of_row(WHO, lambda row: row.pop()), ("row",)),
        ("a row too long", of_row(WHO, lambda row: row.append("1")), ("row",)),
        ("a word", put("value", "better", WHO, six), ("madrs", WHO)),
        ("out of range", put("value", "61", WHO, six), ("madrs", WHO)),
        ("a value and its unit", put("value", "12 points", WHO, six), ("madrs", WHO)),
        ("a value twice", again(WHO, six), ("madrs", WHO)),
        ("two values of one visit", again(WHO, six, value="9"), ("madrs", WHO)),
        ("day and month first", put("date", "03/04/2023", WHO, six), ("date", WHO)),
        ("no such day", put("date", "2023-02-30", WHO, six), ("date", WHO)),
        ("a date in words", put("date", "spring", WHO, six), ("date", WHO)),
        ("a date to come", put("date", "2093-04-03", WHO, six), ("date", WHO)),
        ("another century", put("date", "1923-04-03", WHO, six), ("date", WHO)),
        ("a year too late", put("date", "2027-04-03", WHO, six), ("date", WHO)),
        ("before the first session", put("date", "2022-12-24", WHO, six), (WHO,)),
        ("no date", put("date", "", WHO, six), (WHO,)),
        ("a baseline after the first session", put("date", "2024-12-24", WHO, "baseline"), (WHO,)),
        ("a stranger", put("patient", "X9", WHO, six), ("patient", "X9")),
        ("a patient without zeros", put("patient", "S7", WHO, six), ("S7", WHO)),
        ("a patient in small letters", put("patient", WHO.lower(), WHO, six), (WHO,)),
        ("a prefix before all", each("patient", lambda who: f"sub-{who}"), ("patient", "sub-")),
        ("nobody", put("patient", "", WHO, six), ("patient", "row")),
        ("no name of the instrument", put("instrument", "", WHO, six), ("instrument", "row")),
        ("an instrument misspelt", put("instrument", "mardss", WHO, six), ("mardss", WHO)),
        ("a visit misspelt", put("visit", "wek 6", WHO, six), ("wek 6", WHO)),
        ("a visit in capitals", put("visit", "WEEK 6", WHO, six), ("WEEK 6",)),
        ("an instrument in capitals", each("instrument", str.upper), ("MADRS",)),
        ("no values", lambda rows: rows[:1], ()),
        ("two baselines of one day", again(WHO, "baseline", visit="screening"), ("madrs", WHO)),
        ("a column of one's own", double_column_as("value", "rater"), ("rater",)),
    ):  # fmt: skip
        yield Damage(f"long visits: {what}", change_table(VISITS, change), (VISITS, *says))
    yield Damage(
        "long visits: called wide",
        change_text("study.toml", "[visits]", '[visits]\nformat = "wide"'),
        (VISITS,),
    )
    yield Damage("long visits: absent", remove(VISITS), (VISITS,))
    yield from as_another_program(VISITS, "")
    yield from _session_damages()


def _session_damages() -> Iterator[Damage]:
    first, last = "first_session", "last_session"
    for what, change, says in (
        ("no patient", rename("patient", "subject"), (TIMES, "patient")),
        ("no first session", drop_column(first), (VISITS, "first session")),
        ("a patient left out", drop_row(WHO), (VISITS, WHO)),
        ("a patient twice", again(WHO), (TIMES, WHO)),
        ("a date that is none", put(first, "10.3.2023", WHO), (TIMES, first, WHO)),
        ("no date", put(first, "", WHO), (VISITS, WHO)),
        ("the last before the first", put(last, "2022-12-01", WHO), (TIMES, WHO)),
        ("a date to come", put(first, "2093-01-01", WHO), (TIMES, first, WHO)),
        ("another century", put(first, "1923-01-01", WHO), (TIMES, first, WHO)),
        ("a year too early", put(first, "2020-02-10", WHO), (WHO,)),
        ("after the outcome", put(first, "2023-09-01", WHO), (WHO,)),
        ("a row too short", of_row(WHO, lambda row: row.pop()), (TIMES, "row")),
        ("a prefix before all", each("patient", lambda who: f"sub-{who}"), (TIMES, "sub-")),
        ("periods that overlap", _overlap, (TIMES, "overlap", WHO)),
    ):
        yield Damage(f"sessions: {what}", change_table(TIMES, change), says)
    yield Damage("sessions: absent", remove(TIMES), (TIMES,))
    yield Damage("sessions: empty", change_bytes(lambda data: b"", TIMES), (TIMES,))
    yield Damage(
        "sessions: not named",
        change_text("study.toml", 'sessions = "sessions.csv"\n', ""),
        (VISITS, "first session"),
    )


def _overlap(rows: Rows) -> None:
    for k, row in enumerate(rows):
        row.append("1" if k else "period")
    again(WHO, period="2")(rows)


def wide_damages() -> Iterator[Damage]:
    """Damage visits in wide format."""
    for what, change, says in (
        ("no patient", rename("patient", "subject"), ("patient",)),
        ("a patient twice", again(WHO), (WHO,)),
        ("a stranger", put("patient", "X9", WHO), ("patient", "X9")),
        ("nobody", put("patient", "", WHO), ("row",)),
        ("a column twice", double_column("madrs_week6"), ("madrs_week6",)),
        ("a column of no visit", rename("madrs_week6", "madrs_week8"), ("madrs_week8",)),
        ("a column without a name", rename("madrs_week6", ""), ("column",)),
        ("a word", put("madrs_week6", "better", WHO), ("madrs", WHO)),
        ("out of range", put("madrs_week6", "99", WHO), ("madrs", WHO)),
        ("a row too short", of_row(WHO, lambda row: row.pop()), ("row",)),
        ("a visit in capitals", rename("madrs_week6", "MADRS_WEEK6"), ()),
        ("a visit twice", double_column_as("madrs_week6", "madrs_week_6"), ("madrs", WHO)),
        ("no values", lambda rows: rows[:1], ()),
        ("a date that is none", double_column_as("madrs_week6", "date_week6"), ("date", WHO)),
    ):
        same = what == "a visit in capitals"
        says = (VISITS, *says)
        yield Damage(f"wide visits: {what}", change_table(VISITS, change), says, same=same)
    for what, old, new, word in (
        ("no days", 'days = {baseline = -3, "week 3" = 21, "week 6" = 42}\n', "", "days"),
        ("a day in words", '"week 6" = 42', '"week 6" = "late"', "days"),
        ("a visit left out of the days", ', "week 6" = 42', "", "madrs_week6"),
        ("a baseline after treatment", "baseline = -3", "baseline = 3", "baseline"),
        ("an unknown format", 'format = "wide"', 'format = "broad"', "format"),
        ("a last day in words", "last_day = 28", 'last_day = "week 4"', "last_day"),
    ):
        yield Damage(f"wide visits: {what}", change_text("study.toml", old, new), (word,))
    yield from as_another_program(VISITS, "")
