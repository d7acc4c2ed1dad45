"""Ways to damage BIDS folders, REDCap exports and files of visits."""

from __future__ import annotations

import csv
import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from faults.damages import WHO, Damage, change_bytes, change_text

Rows = list[list[str]]
SUB = f"sub-{WHO}"


def change_table(name: str, change: Callable[[Rows], object]) -> Callable[[Path], None]:
    """Change the rows of a table; tabs part a .tsv, commas a .csv."""

    def apply(folder: Path) -> None:
        path = folder / name
        delimiter = "\t" if path.suffix == ".tsv" else ","
        with path.open(newline="") as file:
            rows = list(csv.reader(file, delimiter=delimiter))
        changed = change(rows)
        rows = changed if isinstance(changed, list) and changed else rows
        with path.open("w", newline="") as file:
            csv.writer(file, delimiter=delimiter, lineterminator="\n").writerows(rows)

    return apply


def place(rows: Rows, column: str, who: str, *words: str) -> tuple[int, int]:
    """Return the row of somebody, that also holds some words, and the place of a column."""
    k = next(k for k, row in enumerate(rows) if who in row and all(word in row for word in words))
    return k, rows[0].index(column)


def put(column: str, value: str, who: str, *words: str) -> Callable[[Rows], None]:
    """Put a value into one cell."""

    def change(rows: Rows) -> None:
        k, at = place(rows, column, who, *words)
        rows[k][at] = value

    return change


def each(column: str, change: Callable[[str], str]) -> Callable[[Rows], None]:
    def apply(rows: Rows) -> None:
        at = rows[0].index(column)
        for row in rows[1:]:
            row[at] = change(row[at])

    return apply


def rename(column: str, to: str) -> Callable[[Rows], None]:
    return lambda rows: rows[0].__setitem__(rows[0].index(column), to)


def drop_column(column: str) -> Callable[[Rows], Rows]:
    def change(rows: Rows) -> Rows:
        at = rows[0].index(column)
        return [row[:at] + row[at + 1 :] for row in rows]

    return change


def double_column(column: str) -> Callable[[Rows], Rows]:
    return lambda rows: [[*row, row[rows[0].index(column)]] for row in rows]


def again(who: str, *words: str, **cells: str) -> Callable[[Rows], None]:
    """Add somebody's row again, with other values in some columns."""

    def change(rows: Rows) -> None:
        row = list(rows[place(rows, rows[0][0], who, *words)[0]])
        for column, value in cells.items():
            row[rows[0].index(column)] = value
        rows.append(row)

    return change


def drop_row(who: str, *words: str) -> Callable[[Rows], None]:
    return lambda rows: rows.__delitem__(place(rows, rows[0][0], who, *words)[0])


def of_row(who: str, change: Callable[[list[str]], object]) -> Callable[[Rows], None]:
    return lambda rows: change(rows[place(rows, rows[0][0], who)[0]]) and None


def change_json(name: str, change: Callable[[dict[str, Any]], object]) -> Callable[[Path], None]:
    def apply(folder: Path) -> None:
        values = json.loads((folder / name).read_text())
        change(values)
        (folder / name).write_text(json.dumps(values))

    return apply


def remove(name: str) -> Callable[[Path], None]:
    def apply(folder: Path) -> None:
        path = folder / name
        shutil.rmtree(path) if path.is_dir() else path.unlink()

    return apply


def as_another_program(file: str, says: str) -> Iterator[Damage]:
    """A table as another program, or a bad copy, would leave it."""
    own = b"\t" if file.endswith(".tsv") else b","
    name = file.rsplit("/", 1)[-1]
    harmless: dict[str, Callable[[bytes], bytes]] = {
        "a byte-order mark": lambda data: b"\xef\xbb\xbf" + data,
        "line ends of the old Mac": lambda data: data.replace(b"\n", b"\r"),
        "semicolons": lambda data: data.replace(own, b";"),
        "UTF-16": lambda data: data.decode().encode("utf-16"),
        "delimiters after the last cell": lambda data: data.replace(b"\n", own + b"\n"),
    }
    broken: dict[str, Callable[[bytes], bytes]] = {
        "empty": lambda data: b"",
        "a header only": lambda data: data.split(b"\n")[0] + b"\n",
        "a zero byte": lambda data: data[:200] + b"\0" + data[201:],
        "another format": lambda data: b"PK\x03\x04" + bytes(range(256)),
    }
    for what, change in harmless.items():
        yield Damage(f"{name}: {what}", change_bytes(change, file), (name,), same=True)
    for what, change in broken.items():
        yield Damage(f"{name}: {what}", change_bytes(change, file), (says or name,))


# BIDS folders

PEOPLE, GAD7, SESSIONS = "bids/participants.tsv", "bids/phenotype/gad7.tsv", "bids/sessions.tsv"


def bids_damages() -> Iterator[Damage]:
    yield from _bids_people()
    yield from _bids_phenotype()
    yield from _bids_sessions()
    yield from _bids_sidecars()


def _bids_people() -> Iterator[Damage]:
    name = "participants.tsv"
    for what, change, says in (
        ("no participant_id", rename("participant_id", "subject"), ("participant_id",)),
        ("a participant twice", again(SUB), (SUB,)),
        ("a participant without a name", put("participant_id", "n/a", SUB), ("row",)),
        ("a row too short", of_row(SUB, lambda row: row.pop()), ("row",)),
        ("a row too long", of_row(SUB, lambda row: row.append("x")), ("row",)),
        ("a column twice", double_column("age"), ("age",)),
        ("a column left out", drop_column("age"), ("age",)),
        ("a column misspelt", rename("age", "agee"), ("age",)),
        ("a column without a name", rename("age", ""), ("age",)),
        ("a word for a number", put("age", "old", SUB), ("age", SUB)),
        ("out of the sidecar's range", put("age", "17", SUB), ("age", SUB)),
        ("a decimal comma", put("bmi", "24,5", SUB), ("bmi",)),
        ("an unknown level", put("sex", "unknown", SUB), ("sex", SUB)),
        ("a level in capitals", put("sex", "FEMALE", SUB), ("sex", SUB)),
        ("a code for missing", put("age", "-999", SUB), ("age", SUB)),
        ("a participant left out", drop_row(SUB), (SUB,)),
        ("a participant renamed", put("participant_id", "sub-X9", SUB), (SUB,)),
        ("a line of totals", again(SUB, participant_id="Total"), ("Total",)),
    ):
        where = () if what in ("a participant left out", "a participant renamed") else (name,)
        if what in ("a word for a number", "out of the sidecar's range", "a decimal comma",
                    "an unknown level", "a level in capitals", "a code for missing",
                    "a column left out", "a column misspelt", "a column without a name",
                    "a line of totals"):  # fmt: skip
            where = ()  # the cells are read from the whole folder, which is named instead
        yield Damage(f"{name}: {what}", change_table(PEOPLE, change), (*where, *says))
    yield Damage(
        f"{name}: names without sub-",
        change_table(PEOPLE, each("participant_id", lambda who: who.removeprefix("sub-"))),
        ("gad7.tsv", "sub-"),
    )
    yield Damage(f"{name}: absent", remove(PEOPLE), ("age",))
    yield Damage(f"{name}: the whole folder absent", remove("bids"), ("bids",))
    yield from as_another_program(PEOPLE, "")


def _bids_phenotype() -> Iterator[Damage]:
    name = "gad7.tsv"
    for what, change, says in (
        ("no participant_id", rename("participant_id", "id"), (name, "participant_id")),
        ("a participant twice", again(SUB), (name, SUB)),
        ("a participant without a name", put("participant_id", "", SUB), (name, "row")),
        ("a participant left out", drop_row(SUB), (name, SUB)),
        ("a stranger", put("participant_id", "sub-X9", SUB), (name, "sub-X9")),
        ("a row too short", of_row(SUB, lambda row: row.pop()), (name, "row")),
        ("out of its range", put("gad7_baseline", "22", SUB), ("gad7_baseline", SUB)),
        ("a word", put("gad7_baseline", "mild", SUB), ("gad7_baseline", SUB)),
        ("a column that another table has", rename("gad7_baseline", "age"), ("gad7_baseline",)),
    ):
        yield Damage(f"{name}: {what}", change_table(GAD7, change), says)
    yield Damage(
        f"{name}: names without sub-",
        change_table(GAD7, each("participant_id", lambda who: who.removeprefix("sub-"))),
        (name, "sub-"),
    )
    yield Damage(f"{name}: absent", remove("bids/phenotype"), ("gad7_baseline",))
    yield Damage(f"{name}: empty", change_bytes(lambda data: b"", GAD7), (name,))


def _bids_sessions() -> Iterator[Damage]:
    name = "sessions.tsv"
    for what, change, says in (
        ("no session_id", drop_column("session_id"), (name, "in 3 rows")),
        ("a session twice", again(SUB, "ses-week6"), (name, SUB)),
        ("a session without a name", put("session_id", "", SUB, "ses-week6"), (name, SUB)),
        (
            "all of a session renamed",
            each("session_id", lambda s: s.replace("week6", "w6")),
            ("madrs@ses-week6",),
        ),
        ("one session misspelt", put("session_id", "ses-wek6", SUB, "ses-week6"), ("ses-wek6",)),
        ("a stranger", put("participant_id", "sub-X9", SUB, "ses-week6"), (name, "sub-X9")),
        ("out of its range", put("madrs", "61", SUB, "ses-week6"), ("madrs@ses-week6", SUB)),
        ("a word", put("madrs", "better", SUB, "ses-week6"), ("madrs@ses-week6", SUB)),
        ("a row too long", of_row(SUB, lambda row: row.append("1")), (name, "row")),
    ):
        yield Damage(f"{name}: {what}", change_table(SESSIONS, change), says)
    yield Damage(f"{name}: absent", remove(SESSIONS), ("madrs@ses-week6",))


def _bids_sidecars() -> Iterator[Damage]:
    for file in ("participants.json", "phenotype/gad7.json", "sessions.json"):
        name = file.rsplit("/", 1)[-1]
        for what, change in {
            "cut off": lambda data: data[: len(data) // 2],
            "a list": lambda data: b"[1, 2]",
            "Latin-1": lambda data: data.replace(b"Units", b"Unit\xe9s", 1)[:-1] + b',"\xe9":1}',
        }.items():
            yield Damage(f"{name}: {what}", change_bytes(change, f"bids/{file}"), (name,))
    sidecar = "bids/participants.json"
    for what, change_one in {
        "a column that is no object": lambda values: values.__setitem__("age", "years"),
        "levels that are no object": lambda values: values["sex"].__setitem__("Levels", "f, m"),
        "a range in words": lambda values: values["age"].__setitem__("MinValue", "adult"),
    }.items():
        yield Damage(
            f"participants.json: {what}",
            change_json(sidecar, change_one),
            ("participants.json", "sex" if "levels" in what else "age"),
        )
    yield Damage("participants.json: absent", remove(sidecar), (), same=True)
    yield Damage(
        "dataset_description.json: cut off",
        change_bytes(lambda data: data[:9], "bids/dataset_description.json"),
        ("dataset_description.json",),
    )


# REDCap exports

EXPORT, FIELDS = "redcap/export.csv", "redcap/export_DataDictionary.csv"


def redcap_damages() -> Iterator[Damage]:
    """Damage a flat export with raw headers, or its data dictionary."""
    name = "export.csv"
    for what, change, says in (
        ("a record twice", again(WHO), (name, "record_id", WHO)),
        ("a record without a name", put("record_id", "", WHO), (name, "record_id", "row")),
        ("a row too short", of_row(WHO, lambda row: row.pop()), (name, "row", WHO)),
        ("a row too long", of_row(WHO, lambda row: row.append("1")), (name, "row", WHO)),
        ("a field twice", double_column("age"), (name, "age")),
        ("a field left out", drop_column("age"), (name, "age")),
        ("a field misspelt", rename("age", "agee"), (name, "agee")),
        ("a field without a name", rename("age", ""), (name, "age")),
        ("no record_id", drop_column("record_id"), (name, "record_id")),
        ("a column of one's own", double_column_as("age", "note"), (name, "note")),
        ("a word for a number", put("age", "old", WHO), (name, "age", WHO)),
        ("out of range", put("madrs_baseline", "61", WHO), (name, "madrs_baseline", WHO)),
        ("a missing data code", put("age", "-999", WHO), (name, "age", WHO)),
        ("a code the field has not", put("sex", "9", WHO), (name, "sex", WHO)),
        ("a third answer", put("employed", "maybe", WHO), (name, "employed", WHO)),
        ("labels for some codes", put("site", "site A", WHO), (name, "site")),
        ("rows of a repeating instrument", _repeat, (name, "repeating", WHO)),
        ("a line of totals", again(WHO, record_id="Total"), (name, "Total")),
    ):
        same = what == "labels for some codes"
        yield Damage(f"{name}: {what}", change_table(EXPORT, change), says, same=same)
    yield Damage(
        f"{name}: codes as decimals",
        change_table(EXPORT, each("sex", lambda code: f"{code}.0")),
        same=True,
    )
    yield Damage(f"{name}: absent", remove(EXPORT), ("redcap",))
    yield Damage(
        f"{name}: two of them",
        lambda f: shutil.copy(f / EXPORT, f / "redcap" / "export (1).csv"),
        ("redcap", "2 tables"),
    )
    yield from as_another_program(EXPORT, "")
    yield from _dictionary_damages()


def double_column_as(column: str, name: str) -> Callable[[Rows], Rows]:
    def change(rows: Rows) -> Rows:
        at = rows[0].index(column)
        return [[*row, row[at] if k else name] for k, row in enumerate(rows)]

    return change


def _repeat(rows: Rows) -> None:
    for k, row in enumerate(rows):
        row[1:1] = ["redcap_repeat_instrument", "redcap_repeat_instance"] if k == 0 else ["", ""]
    k = place(rows, "record_id", WHO)[0]
    rows.insert(k + 1, [WHO, "visits", "1", *rows[k][3:]])


def _dictionary_damages() -> Iterator[Damage]:
    name = "export_DataDictionary.csv"
    header = "Variable / Field Name"
    for what, change, says in (
        ("no field types", drop_column("Field Type"), (name, "Field Type")),
        ("a field twice", again("age"), (name, "age")),
        ("a field left out", drop_row("age"), (name, "age")),
        ("a field renamed", put(header, "years", "age"), (name, "age")),
        ("a row too short", of_row("age", lambda row: row.pop()), (name, "row")),
        (
            "choices without commas",
            put("Choices, Calculations, OR Slider Labels", "1 f | 2 m", "sex"),
            ("sex",),
        ),
        (
            "a choice left out",
            put("Choices, Calculations, OR Slider Labels", "1, female", "sex"),
            ("sex",),
        ),
    ):
        yield Damage(f"{name}: {what}", change_table(FIELDS, change), says)
    yield Damage(f"{name}: absent", remove(FIELDS), ("export.csv", "data dictionary"))
    yield Damage(
        f"{name}: two of them",
        lambda f: shutil.copy(f / FIELDS, f / "redcap" / "older.csv"),
        ("redcap", "2 data dictionaries"),
    )
    yield Damage(f"{name}: a header only", change_table(FIELDS, lambda rows: rows[:1]), ())
    yield Damage(
        f"{name}: Latin-1", change_bytes(lambda data: data + b"remark\xe9,x\n", FIELDS), (name,)
    )


def labelled_damages() -> Iterator[Damage]:
    """Damage an export with labelled headers and cells."""
    name = "labelled export"

    def after(column: str, title: str, *, at: int = 0) -> Callable[[Rows], None]:
        def change(rows: Rows) -> None:
            k = rows[0].index(column) + 1 + at
            for j, row in enumerate(rows):
                row.insert(k, title if j == 0 else "Complete")

        return change

    def alike(rows: Rows) -> None:
        rows[0][rows[0].index("clinic")] = rows[0][rows[0].index("sex")]

    for what, change, says in (
        ("a label twice", alike, ("export.csv", "sex")),
        ("another label", rename("age", "Age in years"), ("export.csv", "Age in years")),
        ("a label left out", drop_column("age"), ("export.csv", "age")),
        ("a choice the field has not", put("sex", "other", WHO), ("sex", WHO)),
        ("a third answer", put("in paid work", "Perhaps", WHO), ("employed", WHO)),
        ("no record", put("Record ID", "", WHO), ("export.csv", "row")),
        ("a record twice", again(WHO), ("export.csv", WHO)),
    ):
        yield Damage(f"{name}: {what}", change_table(EXPORT, change), says)
    for what, change in {
        "the ends of forms": after("age", "Complete?"),
        "markup in a label": rename("age", "<b>age</b>"),
    }.items():
        yield Damage(f"{name}: {what}", change_table(EXPORT, change), ("export.csv",), same=True)
    yield Damage(f"{name}: no data dictionary", remove(FIELDS), ("export.csv",))


def event_damages() -> Iterator[Damage]:
    """Damage an export with events and arms."""
    name, event = "export with events", "redcap_event_name"
    week6 = "week6_arm_"

    def of_event(change: Callable[[list[str], int], object]) -> Callable[[Rows], None]:
        def apply(rows: Rows) -> None:
            k = next(k for k, row in enumerate(rows) if row[0] == WHO and week6 in row[1])
            change(rows[k], rows[0].index(event))

        return apply

    def first_event(row: list[str], at: int) -> None:
        row[at] = row[at].replace("week6", "baseline")

    def second_arm(row: list[str], at: int) -> None:
        row[at] = week6 + ("2" if row[at].endswith("1") else "1")

    for what, change, says in (
        ("no events", drop_column(event), ("export.csv", WHO)),
        ("an event twice", of_event(first_event), ("export.csv", WHO)),
        ("an event without a name", of_event(lambda r, k: r.__setitem__(k, "")), (event, WHO)),
        ("an event misspelt", of_event(lambda r, k: r.__setitem__(k, "wek6_arm_1")), ("madrs",)),
        ("a patient in two arms", of_event(second_arm), ("arm", WHO)),
        ("an event renamed", each(event, lambda e: e.replace("week6", "month2")), ("madrs@week6",)),
        ("out of range", lambda rows: [row.__setitem__(-1, "99") for row in rows if row[0] == WHO]
         and None, ("madrs@week6", WHO)),
    ):  # fmt: skip
        yield Damage(f"{name}: {what}", change_table(EXPORT, change), says)
    yield Damage(f"{name}: no names of arms", remove("redcap/arms.csv"), ("redcap_arm",))


# Visits

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
