"""Ways to change the cells, rows and files of a folder."""

from __future__ import annotations

import csv
import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from faults.damages import Damage, change_bytes

Rows = list[list[str]]


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


def double_column_as(column: str, name: str) -> Callable[[Rows], Rows]:
    def change(rows: Rows) -> Rows:
        at = rows[0].index(column)
        return [[*row, row[at] if k else name] for k, row in enumerate(rows)]

    return change


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
