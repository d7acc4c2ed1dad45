"""Ways to damage a REDCap export, raw or labelled or with events, and its dictionary."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator

from faults.damages import WHO, Damage, change_bytes
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
    place,
    put,
    remove,
    rename,
)

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
