"""Ways to damage a good study, generated: each kind of column with each damage of its kind."""

from __future__ import annotations

import csv
import gzip
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

NUMBERS = {
    "age": (18, 90),
    "bmi": (12, 70),
    "episode_duration_months": (0, 600),
    "failed_trials": (0, 20),
    "ctq_total": (25, 125),
    "madrs_baseline": (0, 60),
    "hamd17_baseline": (0, 52),
    "phq9_baseline": (0, 27),
    "gad7_baseline": (0, 21),
    "pain_nrs_baseline": (0, 10),
    "craving_vas_baseline": (0, 100),
    "tms_sessions_planned": (0, 60),
    "ketamine_dose": (0, 5),
    "mean_fd": (0, 5),
    "madrs_week3": (0, 60),
    "madrs_week6": (0, 60),
}
CATEGORIES = ("site", "treatment", "condition", "sex", "pain_severity", "tms_protocol")
BOOLEANS = ("employed", "bipolar", "prior_attempt", "benzodiazepine", "substance_use")
DATES = ("scanned_on", "first_session")
NEEDED = (*NUMBERS, *CATEGORIES, *BOOLEANS, *DATES, "weight", "height", "coil", "patient")
WHO = "S0007"
FIRST = ("Ada", "Alan", "Grace", "Emmy", "Carl")
LAST = ("Abel", "Borel", "Cantor", "Dirichlet", "Euler", "Fermat")


@dataclass(frozen=True, slots=True)
class Damage:
    """One way to damage a study.

    Parameters
    ----------
    name : str
    apply : callable
        Damages the study in a folder.
    says : tuple of str
        What one message must hold: the file, the column, the patient.
    same : bool
        Whether reading the very same values is right too, as when a file changes its line ends.
    """

    name: str
    apply: Callable[[Path], object]
    says: tuple[str, ...] = ()
    same: bool = False


def every_damage() -> tuple[Damage, ...]:
    """Return all damages, each with a name of its own."""
    damages = (
        *cells(),
        *headers(),
        *rows(),
        *patients(),
        *table_files(),
        *dictionary(),
        *settings(),
        *leaks(),
        *units_and_codes(),
        *edges(),
        *matrices(),
    )
    names = [damage.name for damage in damages]
    assert len(set(names)) == len(names), {n for n in names if names.count(n) > 1}
    return damages


# What is done to the table of patients.


def read_rows(folder: Path, name: str = "cohort.csv") -> list[list[str]]:
    with (folder / name).open(newline="") as file:
        return list(csv.reader(file))


def write_rows(folder: Path, rows: list[list[str]], name: str = "cohort.csv") -> None:
    with (folder / name).open("w", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows(rows)


def change_rows(
    change: Callable[[list[list[str]]], object], name: str = "cohort.csv"
) -> Callable[[Path], None]:
    def apply(folder: Path) -> None:
        table = read_rows(folder, name)
        changed = change(table)
        whole = isinstance(changed, list) and bool(changed) and isinstance(changed[0], list)
        write_rows(folder, changed if whole else table, name)  # type: ignore[arg-type]

    return apply


def change_cell(column: str, change: Callable[[str], str]) -> Callable[[Path], None]:
    """Change one patient's cell."""

    def apply(table: list[list[str]]) -> None:
        place = table[0].index(column)
        row = next(row for row in table if row[0] == WHO)
        row[place] = change(row[place])

    return change_rows(apply)


def change_cells(
    column: str, change: Callable[[str], str], patients: Callable[[int], bool] = lambda k: True
) -> Callable[[Path], None]:
    """Change the cells of some patients, by the place of their row."""

    def apply(table: list[list[str]]) -> None:
        place = table[0].index(column)
        for k, row in enumerate(table[1:]):
            if patients(k):
                row[place] = change(row[place])

    return change_rows(apply)


def cells() -> Iterator[Damage]:
    """One cell that its column cannot hold."""
    for column, (low, high) in NUMBERS.items():
        wrong: dict[str, Callable[[str], str]] = {
            "a word": lambda v: "high",
            "a unit after the number": lambda v: f"{v} points",
            "a comparison": lambda v: f">{v}",
            "above its range": lambda v, high=high: str(high + 1),
            "below its range": lambda v, low=low: str(low - 1),
            "a code for missing": lambda v: "-999",
            "infinity": lambda v: "inf",
            "two numbers": lambda v: f"{v}/{v}",
        }
        for what, change in wrong.items():
            yield Damage(
                f"{column}: {what}", change_cell(column, change), ("cohort.csv", column, WHO)
            )
    for column in CATEGORIES:
        for what, change in {
            "an unknown level": lambda v: "elsewhere",
            "another case": str.upper,
            "a misspelt level": lambda v: v[:-1] + "x",
            "a number for a level": lambda v: "7",
        }.items():
            yield Damage(
                f"{column}: {what}", change_cell(column, change), ("cohort.csv", column, WHO)
            )
    for column in BOOLEANS:
        for what, word in {
            "a third answer": "maybe",
            "a number": "2",
            "a symbol": "?",
        }.items():
            yield Damage(
                f"{column}: {what}",
                change_cell(column, lambda v, word=word: word),
                ("cohort.csv", column, WHO),
            )
    for column in DATES:
        for what, word in {
            "day and month first": "03/04/2023",
            "no such day": "2023-02-30",
            "words": "last spring",
            "two digits of the year": "23-04-03",
            "a day to come": "2093-04-03",
            "a day of another century": "1823-04-03",
        }.items():
            yield Damage(
                f"{column}: {what}",
                change_cell(column, lambda v, word=word: word),
                ("cohort.csv", column, WHO),
            )
    yield Damage(
        "first_session: before the scan",
        change_cell("first_session", lambda v: "2022-06-01"),
        ("cohort.csv", "first_session", WHO),
    )


def headers() -> Iterator[Damage]:
    """Names of columns that are absent, doubled, misspelt, empty or exchanged."""

    def without(column: str) -> Callable[[list[list[str]]], list[list[str]]]:
        def change(table: list[list[str]]) -> list[list[str]]:
            place = table[0].index(column)
            return [row[:place] + row[place + 1 :] for row in table]

        return change

    def doubled(column: str) -> Callable[[list[list[str]]], list[list[str]]]:
        def change(table: list[list[str]]) -> list[list[str]]:
            place = table[0].index(column)
            return [[*row, row[place]] for row in table]

        return change

    def renamed(column: str, to: str) -> Callable[[list[list[str]]], None]:
        def change(table: list[list[str]]) -> None:
            table[0][table[0].index(column)] = to

        return change

    for column in NEEDED:
        yield Damage(
            f"{column}: column left out", change_rows(without(column)), ("cohort.csv", column)
        )
        yield Damage(
            f"{column}: column twice", change_rows(doubled(column)), ("cohort.csv", column)
        )
        yield Damage(
            f"{column}: name misspelt",
            change_rows(renamed(column, column[:-1] + "zz")),
            ("cohort.csv", column),
        )
    for column in ("age", "sex", "patient"):
        yield Damage(
            f"{column}: name empty", change_rows(renamed(column, "")), ("cohort.csv", column)
        )
    for first, second in (
        ("age", "mean_fd"),
        ("craving_vas_baseline", "bmi"),
        ("sex", "employed"),
        ("site", "treatment"),
        ("scanned_on", "sex"),
        ("ctq_total", "ketamine_dose"),
        ("patient", "age"),
        ("scanned_on", "first_session"),
    ):

        def swap(table: list[list[str]], first: str = first, second: str = second) -> None:
            a, b = table[0].index(first), table[0].index(second)
            table[0][a], table[0][b] = second, first

        yield Damage(f"{first} and {second} exchanged", change_rows(swap), ("cohort.csv",))


def rows() -> Iterator[Damage]:
    """Rows that do not fit the header, or are no patients."""
    for what, change, says in (
        ("a cell too few", lambda t: t[7].pop(), WHO),
        ("a cell too many", lambda t: t[7].append("0"), WHO),
        ("a delimiter in a cell", lambda t: t[7].insert(3, "30"), WHO),
        ("the header again", lambda t: t.insert(9, list(t[0])), ""),
        ("a line of totals", lambda t: t.append(["Total", *[""] * (len(t[0]) - 1)]), ""),
        ("a comment", lambda t: t.insert(3, ["# checked by hand"]), ""),
        ("a title above the header", lambda t: t.insert(0, ["Export of March"]), ""),
        ("a row without a name", lambda t: t[7].__setitem__(0, ""), "row 8"),
        ("a patient called n/a", lambda t: t[7].__setitem__(0, "n/a"), "row 8"),
        ("only a header", lambda t: t.__delitem__(slice(1, None)), ""),
        ("one patient left", lambda t: t.__delitem__(slice(2, None)), ""),
        ("no header", lambda t: t.__delitem__(0), ""),
    ):
        yield Damage(f"rows: {what}", change_rows(change), ("cohort.csv", says))


def sum_up(word: str) -> Callable[[list[list[str]]], None]:
    """Add the row with which a spreadsheet ends."""

    def apply(table: list[list[str]]) -> None:
        last = list(table[-1])
        last[table[0].index("patient")] = word
        table.append(last)

    return apply


def patients() -> Iterator[Damage]:
    """People twice, under their own and other names; names that other files do not know."""
    for word in ("Mean", "Total"):
        yield Damage(
            f"patients: a row called {word}", change_rows(sum_up(word)), ("cohort.csv", word)
        )

    def again(
        name: str, change: Callable[[list[str], list[str]], object] = lambda row, header: None
    ) -> Callable[[Path], None]:
        def apply(table: list[list[str]]) -> None:
            row = list(next(row for row in table if row[0] == WHO))
            row[0] = name
            change(row, table[0])
            table.append(row)

        return change_rows(apply)

    def set_cell(column: str, value: str) -> Callable[[list[str], list[str]], object]:
        return lambda row, header: row.__setitem__(header.index(column), value)

    yield Damage("patients: a row twice", again(WHO), ("cohort.csv", WHO))
    yield Damage("patients: twice under another name", again("S0999"), ("cohort.csv", WHO))
    for column, value in (
        ("site", "site A"),
        ("treatment", "ketamine"),
        ("age", "80"),
        ("madrs_baseline", "41"),
        ("weight", ""),
        ("madrs_week6", "30"),
    ):
        yield Damage(
            f"patients: under another name, with another {column}",
            again("S0999", set_cell(column, value)),
            ("cohort.csv", WHO),
        )
    for what, change in {
        "prefixed": lambda name: f"sub-{name}",
        "without zeros": lambda name: name.replace("S000", "S").replace("S00", "S"),
        "in small letters": str.lower,
        "with a visit after": lambda name: f"{name}_v1",
    }.items():
        yield Damage(
            f"patients: {what} in the cohort",
            change_cells("patient", change),
            ("connectivity.csv", "S0001"),
        )
    yield Damage(
        "patients: of one site and treatment each",
        change_cells("site", lambda v: "site A"),
        (),
        same=True,
    )


def change_bytes(
    change: Callable[[bytes], bytes], name: str = "cohort.csv"
) -> Callable[[Path], None]:
    def apply(folder: Path) -> None:
        path = folder / name
        path.write_bytes(change(path.read_bytes()))

    return apply


def table_files() -> Iterator[Damage]:
    """The table as another program, or a bad copy, would leave it; edges likewise."""
    harmless: dict[str, Callable[[bytes], bytes]] = {
        "a byte-order mark": lambda data: b"\xef\xbb\xbf" + data,
        "line ends of Windows": lambda data: data.replace(b"\n", b"\r\n"),
        "no last line end": lambda data: data.rstrip(b"\n"),
        "blank lines": lambda data: data.replace(b"\n", b"\n\n"),
        "spaces around cells": lambda data: data.replace(b",", b" , "),
        "every cell quoted": lambda data: b"\n".join(
            b",".join(b'"' + cell + b'"' for cell in line.split(b","))
            for line in data.strip().split(b"\n")
        ),
        "line ends of the old Mac": lambda data: data.replace(b"\n", b"\r"),
        "semicolons": lambda data: data.replace(b",", b";"),
        "tabs": lambda data: data.replace(b",", b"\t"),
        "vertical bars": lambda data: data.replace(b",", b"|"),
        "UTF-16": lambda data: data.decode().encode("utf-16"),
    }
    broken: dict[str, Callable[[bytes], bytes]] = {
        "empty": lambda data: b"",
        "only spaces": lambda data: b"   \n  \n",
        "a zero byte": lambda data: data[:200] + b"\0" + data[201:],
        "another format": lambda data: b"PK\x03\x04" + bytes(range(256)),
        "a quotation mark never closed": lambda data: data.replace(b"\nS0007,", b'\nS0007,"', 1),
        "semicolons and decimal commas": lambda data: data.replace(b",", b";").replace(b".", b","),
    }
    for file in ("cohort.csv", "connectivity.csv"):
        for what, change in harmless.items():
            yield Damage(f"{file}: {what}", change_bytes(change, file), (file,), same=True)
        for what, change in broken.items():
            yield Damage(f"{file}: {what}", change_bytes(change, file), (file,))
        yield Damage(f"{file}: absent", lambda f, file=file: (f / file).unlink(), (file,))
        yield Damage(
            f"{file}: a folder in its place",
            lambda f, file=file: ((f / file).unlink(), (f / file).mkdir()),
            (file,) if file == "cohort.csv" else (),
        )
    yield Damage(
        "cohort.csv: Latin-1",
        change_bytes(lambda data: data.replace(b"site A", b"site \xe9"), "cohort.csv"),
        ("cohort.csv",),
    )
    for suffix, content in (
        (".parquet", b"not parquet at all"),
        (".xlsx", b"not a workbook"),
        (".csv.gz", b"not packed"),
        (".dta", b"another program's"),
        (".csv.gz", gzip.compress(b"patient,age\nP1,3\n", mtime=0)[:-6]),
    ):

        def other(folder: Path, suffix: str = suffix, content: bytes = content) -> None:
            (folder / f"cohort{suffix}").write_bytes(content)
            change_text("study.toml", 'file = "cohort.csv"', f'file = "cohort{suffix}"')(folder)

        yield Damage(f"cohort{suffix}: {content[:11]!r}", other, (f"cohort{suffix}",))


# What is done to the words about the table.


def change_text(name: str, old: str, new: str) -> Callable[[Path], None]:
    def apply(folder: Path) -> None:
        text = (folder / name).read_text()
        assert old in text, f"{name} has no {old!r}"
        (folder / name).write_text(text.replace(old, new, 1))

    return apply


def in_column(column: str, line: str) -> Callable[[Path], None]:
    """Give a column of the dictionary another line, in place of the one with the same key."""

    def apply(folder: Path) -> None:
        path = folder / "columns.toml"
        key = line.split("=")[0].strip()
        start, head, rest = path.read_text().partition(f"[columns.{column}]\n")
        assert head, column
        body, following, after = rest.partition("\n[")
        kept = [one for one in body.splitlines() if not one.startswith(f"{key} =")]
        path.write_text(start + head + "\n".join([*kept, line]) + "\n" + following + after)

    return apply


def dictionary() -> Iterator[Damage]:
    """Dictionaries that say what cannot be."""
    for column, line in (
        ("age", 'kind = "nubmer"'),
        ("age", 'role = "predictor"'),
        ("age", 'measured = "before"'),
        ("age", 'low = "eighteen"'),
        ("age", "low = 95"),
        ("age", "units = 'years'"),
        ("age", "kind = 3"),
        ("age", 'levels = ["young", "old"]'),
        ("age", 'role = "patient"'),
        ("age", "high = nan"),
        ("age", 'kind = "date"'),
        ("age", 'kind = "boolean"'),
        ("sex", "levels = 'female'"),
        ("sex", 'levels = ["female", "female"]'),
        ("sex", 'levels = ["female"]'),
        ("sex", 'kind = "number"'),
        ("employed", 'levels = ["no"]'),
        ("employed", 'levels = ["no", "yes", "both"]'),
        ("site", 'role = "treatment"'),
        ("patient", 'role = "ignore"'),
        ("madrs_week6", 'role = "feature"'),
    ):
        later = column == "madrs_week6"  # It stays a follow-up, and so no feature.
        yield Damage(
            f"columns.toml: {column} {line}", in_column(column, line), (column,), same=later
        )
    for what, change in {
        "no TOML": lambda data: data + b"\n[columns.age\n",
        "a column twice": lambda data: data + b"\n[columns.age]\nkind = 'number'\n",
        "a column the table lacks": lambda data: data + b"\n[columns.iq]\nkind = 'number'\n",
        "an unknown table": lambda data: data + b"\n[colums.iq]\nkind = 'number'\n",
        "empty": lambda data: b"",
        "Latin-1": lambda data: data + b"# \xe9\n",
        "a zero byte": lambda data: data + b"\0",
    }.items():
        yield Damage(f"columns.toml: {what}", change_bytes(change, "columns.toml"), ())
    yield Damage("columns.toml: absent", lambda f: (f / "columns.toml").unlink(), ("columns.toml",))


def settings() -> Iterator[Damage]:
    """Study files that ask for what cannot be."""
    for old, new, says in (
        ("folds = 2", "folds = 1", "validation.folds"),
        ("folds = 2", "folds = 40", "validation.folds"),
        ("folds = 2", 'folds = "2"', "validation.folds"),
        ("folds = 2", "fold = 2", "validation.fold"),
        ("inner_folds = 2", "inner_folds = 30", "validation.inner_folds"),
        ("repeats = 1", "repeats = 0", "validation.repeats"),
        ("repeats = 1", "repeats = 1.5", "validation.repeats"),
        ("seed = 0", "seed = -1", "validation.seed"),
        ('together = "patient"', 'together = "clinic"', "validation.together"),
        ('together = "patient"', 'together = "family"', "family"),
        ("drop = 0.5", "drop = 50", "response.drop"),
        ("drop = 0.5", "drop = 0", "response.drop"),
        ("drop = 0.5", 'drop = "half"', "response.drop"),
        ('missing = "excluded"', 'missing = "dropped"', "response.missing"),
        ('followup = "madrs_week6"', 'followup = "madrs_week66"', "madrs_week66"),
        ('followup = "madrs_week6"', 'followup = "sex"', "sex"),
        ('baseline = "madrs_baseline"', 'baseline = "madrs_week1"', "madrs_week1"),
        ('baseline = "madrs_baseline"', 'baseline = "pain_nrs_baseline"', "pain_nrs_baseline"),
        ('baseline = "madrs_baseline"', 'baseline = "tms_protocol"', "tms_protocol"),
        ('treatment = "tms+ketamine"', 'treatment = "placebo"', "placebo"),
        ('treatment = "tms+ketamine"\n', "", "treatment"),
        ('condition = "depression"', 'condition = "pain"', "pain"),
        ('kind = "response under treatment"', 'kind = "gain over comparator"', "question.kind"),
        ('kind = "response under treatment"', 'kind = "cause"', "question.kind"),
        ('kind = "pearson r"', 'kind = "pearson"', "connectivity.kind"),
        ('kind = "pearson r"', 'kind = "covariance"', "connectivity.csv"),
        ('kind = "pearson r"\n', "", "connectivity"),
        ('families = ["prevalence", "logistic"]', 'families = ["bayes"]', "models.families"),
        ('families = ["prevalence", "logistic"]', "families = []", "models.families"),
        ('families = ["prevalence", "logistic"]', 'families = "logistic"', "models.families"),
        ('sets = ["clinical", "connectivity", "both"]', 'sets = ["genes"]', "features.sets"),
        ('sets = ["clinical", "connectivity", "both"]', "sets = []", "features.sets"),
        ('name = "a study to damage"', 'name = ""', "study.name"),
        ('name = "a study to damage"\n', "", "study.name"),
        ("[models]", "[model]", "model"),
        ("[cohort]", "[patients]", "cohort"),
        ('columns = "columns.toml"\n', "", "cohort.columns"),
        ('file = "cohort.csv"\n', "", "cohort"),
        ('file = "cohort.csv"', 'file = ""', "cohort.file"),
        ('file = "cohort.csv"', 'file = "cohort.csv"\ndataset = "help"', "cohort.dataset"),
        ("[study]", "[study", "study.toml"),
    ):
        yield Damage(
            f"study.toml: {new or 'without ' + old!r}", change_text("study.toml", old, new), (says,)
        )
    yield Damage("study.toml: empty", change_bytes(lambda data: b"", "study.toml"), ("study.toml",))
    yield Damage("study.toml: absent", lambda f: (f / "study.toml").unlink(), ("study.toml",))
    yield Damage(
        "study.toml: Latin-1",
        change_bytes(lambda data: data + b"# \xe9\n", "study.toml"),
        ("study.toml",),
    )


def leaks() -> Iterator[Damage]:
    """Columns that were known only afterwards, among the features."""
    for column in ("madrs_week1", "madrs_week3", "madrs_week6", "pain_nrs_week6", "site", "coil"):
        yield Damage(
            f"leak: {column} named as a feature",
            change_text(
                "study.toml", "[validation]", f'clinical = ["age", "{column}"]\n[validation]'
            ),
            (column,) if column != "coil" else ("coil",),
        )
    for column in ("madrs_week6", "pain_nrs_week6", "craving_vas_week6"):
        for what, change in {
            "copied": lambda v: v,
            "doubled": lambda v: str(2 * float(v)),
            "turned round": lambda v: str(100 - float(v)),
        }.items():
            yield Damage(
                f"leak: {column} {what} under the name of a baseline column",
                add_column("final_score", column, change),
                ("cohort.csv", "final_score", column),
            )
    for what, change in {
        "the response": lambda half: f"{half <= 0.5:d}",
        "the response turned round": lambda half: f"{half > 0.5:d}",
        "the response in other numbers": lambda half: f"{7 - 3 * (half <= 0.5)}",
        "the percentage change": lambda half: f"{100 * (half - 1):.2f}",
        "the percentage change bent": lambda half: f"{half**3:.6f}",
    }.items():
        yield Damage(
            f"leak: {what} under the name of a baseline column",
            add_column_of_response("score", change),
            ("cohort.csv", "score"),
        )
    yield Damage(
        "leak: the change in points under the name of a baseline column",
        add_column_of_response("score", lambda half: f"{half:.6f}", points=True),
        ("cohort.csv", "score"),
    )
    yield Damage(
        "leak: a running number",
        add_column("record", "patient", lambda v: str(int(v[1:]))),
        ("cohort.csv", "record"),
    )
    yield Damage(
        "leak: identifiers as a category",
        add_column("code", "patient", lambda v: f"x{v}", kind="category"),
        ("cohort.csv", "code"),
    )


def add_column_of_response(
    name: str, change: Callable[[float], str], *, points: bool = False
) -> Callable[[Path], None]:
    """Add a column made from what is left of the MADRS, or from the points it fell by."""

    def apply(folder: Path) -> None:
        table = read_rows(folder)
        before, after = (table[0].index(f"madrs_{when}") for when in ("baseline", "week6"))
        added = [[*table[0], name]]
        for row in table[1:]:
            start, end = float(row[before]), float(row[after])
            added.append([*row, change(start - end if points else end / start)])
        write_rows(folder, added)
        path = folder / "columns.toml"
        path.write_text(path.read_text() + f'\n[columns.{name}]\nkind = "number"\n')

    return apply


def add_column(
    name: str, source: str, change: Callable[[str], str], *, kind: str = "number"
) -> Callable[[Path], None]:
    """Add a column made from another, to the table and the dictionary."""

    def apply(folder: Path) -> None:
        table = read_rows(folder)
        place = table[0].index(source)
        added = [[*table[0], name]]
        added += [[*row, change(row[place]) if row[place] else ""] for row in table[1:]]
        write_rows(folder, added)
        path = folder / "columns.toml"
        path.write_text(path.read_text() + f'\n[columns.{name}]\nkind = "{kind}"\n')

    return apply


def units_and_codes() -> Iterator[Damage]:
    """Values that are numbers in range, and yet not what they seem."""
    third = lambda k: k % 3 == 0  # noqa: E731
    for column, what, change in (
        ("weight", "pounds", lambda v: f"{float(v) * 2.20462:.1f}"),
        ("height", "inches", lambda v: f"{float(v) / 2.54:.1f}"),
        ("height", "metres", lambda v: f"{float(v) / 100:.2f}"),
    ):
        yield Damage(
            f"units: {column} in {what} for a third",
            change_cells(column, change, third),
            ("cohort.csv", column, "S0001"),
        )
    yield Damage(
        "units: height in inches for one",
        change_cell("height", lambda v: f"{float(v) / 2.54:.1f}"),
        ("cohort.csv", "height", WHO),
    )

    def open_range(column: str, change: Callable[[str], str], low: float) -> Callable[[Path], None]:
        def apply(folder: Path) -> None:
            in_column(column, "high = 100000")(folder)
            in_column(column, f"low = {low}")(folder)
            change_cells(column, change, third)(folder)

        return apply

    yield Damage(
        "units: dose in mg for a third",
        open_range("ketamine_dose", lambda v: str(float(v) * 75 if float(v) else 37.5), 0),
        ("cohort.csv", "ketamine_dose", "S0001"),
    )
    for column, code in (
        ("failed_trials", "999"),
        ("failed_trials", "99"),
        ("bmi", "-9"),
        ("ctq_total", "999"),
        ("gad7_baseline", "-99"),
        ("phq9_baseline", "888"),
        ("episode_duration_months", "9999"),
        ("weight", "999"),
    ):
        yield Damage(
            f"codes: {column} {code} for a third",
            open_range(column, lambda v, code=code: code, -1000),
            ("cohort.csv", column, "S0001"),
        )
    for column, value in (("bmi", "28.0"), ("weight", "80"), ("sex", "male"), ("employed", "no")):
        yield Damage(
            f"constant: {column}",
            change_cells(column, lambda v, value=value: value),
            ("cohort.csv", column),
        )
    for column in ("bmi", "sex", "weight"):
        yield Damage(f"empty: {column}", change_cells(column, lambda v: ""), ("cohort.csv", column))
    yield Damage(
        "ages over 89",
        lambda f: (in_column("age", "high = 120")(f), change_cell("age", lambda v: "97")(f)),
        ("cohort.csv", "age", WHO),
    )
    for what, values, kind in (
        ("names", "|".join(f"{a} {b}" for a in FIRST for b in LAST), "text"),
        ("e-mail addresses", "a@example.org|b@example.org|c@example.org", "category"),
        ("telephone numbers", "+44 20 7946 0958|020 7946 0123|+1 (212) 555-0199", "text"),
        ("dates of birth", "born 1961-04-03|born 1972-05-06|born 1983-07-08", "text"),
    ):

        def word(name: str, values: str = values) -> str:
            return values.split("|")[int(name[1:]) % len(values.split("|"))]

        yield Damage(
            f"personal: {what}",
            add_column("remark", "patient", word, kind=kind),
            ("cohort.csv", "remark"),
        )
    yield Damage(
        "personal: free text",
        add_column(
            "remark",
            "patient",
            lambda name: f"came with a relative, spoke of work and home at length ({name})",
            kind="text",
        ),
        ("cohort.csv", "remark"),
    )


# What is done to the connectivity.

EDGES = "connectivity.csv"


def edges() -> Iterator[Damage]:
    """Edge tables with wrong cells, columns and patients."""

    def at(value: str, column: int = 3, row: int = 7) -> Callable[[list[list[str]]], object]:
        return lambda t: t[row].__setitem__(column, value)

    for what, change, says in (
        ("a word", at("high"), WHO),
        ("an empty cell", at(""), WHO),
        ("above 1", at("1.7"), WHO),
        ("below -1", at("-1.2"), WHO),
        ("infinity", at("inf"), WHO),
        ("a decimal comma", at("0,31"), WHO),
        ("a patient twice", lambda t: t.append(list(t[7])), WHO),
        ("a patient without a name", at("", 0), ""),
        ("a stranger", at("X9", 0), "X9"),
        ("another's matrix", lambda t: t.append(["S0039x", *t[7][1:]]), ""),
        ("one scan under two names", lambda t: t[8].__setitem__(slice(1, None), t[7][1:]), WHO),
        ("an edge left out", lambda t: [row[:5] + row[6:] for row in t], ""),
        ("an edge twice", lambda t: [[*row, row[4]] for row in t], ""),
        (
            "an edge the other way round too",
            lambda t: [
                [*row, "~".join(reversed(row[4].split("~"))) if k == 0 else row[4]]
                for k, row in enumerate(t)
            ],
            "",
        ),
        ("a cell too few", lambda t: t[7].pop(), ""),
        ("a cell too many", lambda t: t[7].append("0.1"), ""),
        ("no patients", lambda t: t.__delitem__(slice(1, None)), ""),
        ("no patient column", lambda t: [row[1:] for row in t], ""),
        ("another separator", lambda t: t[0].__setitem__(3, t[0][3].replace("~", "-")), ""),
        ("a column that is no edge", lambda t: [[*row, "0.2"] for row in t], ""),
        (
            "a region of another atlas",
            lambda t: t[0].__setitem__(3, t[0][3].split("~")[0] + "~AAL_17"),
            "",
        ),
        (
            "a region's values missing in one patient",
            lambda t: [
                [
                    "" if k == 7 and j and t[0][1].split("~")[0] in t[0][j].split("~") else cell
                    for j, cell in enumerate(row)
                ]
                for k, row in enumerate(t)
            ],
            WHO,
        ),
        (
            "a patient wholly empty",
            lambda t: t[7].__setitem__(slice(1, None), [""] * (len(t[7]) - 1)),
            WHO,
        ),
        (
            "all strangers",
            lambda t: [[f"X{k}" if k else row[0], *row[1:]] for k, row in enumerate(t)],
            "",
        ),
        (
            "Fisher z",
            lambda t: [
                [
                    cell if k == 0 or j == 0 else repr(float(np.arctanh(float(cell)) * 3))
                    for j, cell in enumerate(row)
                ]
                for k, row in enumerate(t)
            ],
            "",
        ),
    ):
        yield Damage(f"edges: {what}", change_rows(change, EDGES), (EDGES, says))


def matrices() -> Iterator[Damage]:
    """One matrix a patient, one of them wrong."""
    file = f"{WHO}.csv"

    def on_files(change: Callable[[Path], object]) -> Callable[[Path], None]:
        def apply(folder: Path) -> None:
            change_text("study.toml", 'file = "connectivity.csv"', 'file = "matrices"')(folder)
            change(folder / "matrices")

        return apply

    def on_rows(change: Callable[[list[list[str]]], object]) -> Callable[[Path], None]:
        return on_files(change_rows(change, file))

    def at(i: int, j: int, value: str) -> Callable[[list[list[str]]], object]:
        return lambda t: t[i].__setitem__(j, value)

    for what, change in (
        ("not symmetric", at(2, 4, "0.83")),
        ("a word", at(2, 4, "none")),
        ("one half empty", at(2, 4, "")),
        ("infinity", lambda t: (at(2, 4, "inf")(t), at(4, 2, "inf")(t))),
        ("above 1", lambda t: (at(2, 4, "1.4")(t), at(4, 2, "1.4")(t))),
        ("an edge missing", lambda t: (at(2, 4, "")(t), at(4, 2, "")(t))),
        ("a diagonal of 3", at(5, 5, "3.0")),
        ("not square", lambda t: t.pop()),
        ("a row too long", lambda t: t[3].append("0.2")),
        ("a row too short", lambda t: t[3].pop()),
        ("fewer regions", lambda t: [row[:-1] for row in t[:-1]]),
        ("another atlas", lambda t: t[0].__setitem__(slice(1, None), [f"A{k}" for k in range(12)])),
        ("a region twice", lambda t: t[0].__setitem__(2, t[0][1])),
        ("rows in another order than columns", lambda t: t.append(t.pop(1))),
        (
            "only the upper half",
            lambda t: [
                [c if k == 0 or j == 0 or j >= k else "0" for j, c in enumerate(row)]
                for k, row in enumerate(t)
            ],
        ),
        (
            "all empty",
            lambda t: [
                [c if k == 0 or j == 0 else "" for j, c in enumerate(row)]
                for k, row in enumerate(t)
            ],
        ),
    ):
        yield Damage(
            f"matrices: {what}",
            on_rows(change),
            (WHO,),
            same=what == "rows in another order than columns",
        )
    yield Damage("matrices: an empty file", on_files(lambda m: (m / file).write_text("")), (WHO,))
    yield Damage("matrices: no text", on_files(lambda m: (m / file).write_bytes(b"\0\1\2")), (WHO,))
    yield Damage(
        "matrices: a stranger's file",
        on_files(lambda m: (m / file).rename(m / "X9.csv")),
        ("X9",),
    )
    yield Damage(
        "matrices: a note among them",
        on_files(lambda m: (m / "readme.csv").write_text("these are the matrices\n")),
        ("readme",),
    )
    yield Damage(
        "matrices: a scan under two names",
        on_files(lambda m: (m / "S0008.csv").write_bytes((m / file).read_bytes())),
        (WHO,),
    )
    yield Damage(
        "matrices: none",
        on_files(lambda m: [one.unlink() for one in m.iterdir()]),
        ("matrices",),
    )
    yield Damage(
        "matrices: names with a prefix",
        on_files(lambda m: [one.rename(m / f"sub-{one.name}") for one in list(m.iterdir())]),
        ("sub-",),
    )


def kind_of(damage: Damage) -> str:
    """Return what is damaged, for counting: a file, a kind of fault, or a column."""
    what = damage.name.split(":")[0].split(" ")[0]
    return "cells and names of columns" if what in NEEDED else what
