"""Ways to damage a BIDS folder: its tables and their sidecars."""

from __future__ import annotations

from collections.abc import Iterator

from faults.damages import WHO, Damage, change_bytes
from faults.tables import (
    again,
    as_another_program,
    change_json,
    change_table,
    double_column,
    drop_column,
    drop_row,
    each,
    of_row,
    put,
    remove,
    rename,
)

SUB = f"sub-{WHO}"
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
