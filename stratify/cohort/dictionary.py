"""Column dictionaries: what the columns of a cohort file mean, as a TOML file."""

from __future__ import annotations

import math
import tomllib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from stratify.cohort.values import Cohort
from stratify.errors import DataError, Fault, did_you_mean, name_some
from stratify.files import replacing
from stratify.schema import KINDS, MEASURED, ROLES, SOURCES, Column

COHORT_KEYS = ("name", "simulated", "licence", "citation")
COLUMN_KEYS = (
    "kind",
    "role",
    "measured",
    "unit",
    "low",
    "high",
    "levels",
    "label",
    "source",
    "regions",
    "networks",
    "visit",
    "day",
)
ROLES_OF_ONE_COLUMN = ("patient", "person", "site", "family", "treatment", "condition")

_WORDS = {"kind": KINDS, "role": ROLES, "measured": MEASURED, "source": SOURCES}


@dataclass(frozen=True)
class Dictionary:
    """What each column of a cohort file means, the patient column among them.

    Parameters
    ----------
    columns : tuple of Column
        Exactly one has the role ``patient``; at most one each is the site, family, treatment and
        condition.
    name : str
        What reports call the cohort; the file's name, where it is empty.
    simulated : bool
        Whether the patients are made up.
    licence, citation : str

    Raises
    ------
    DataError
        If roles are missing or given twice, or two columns share a name.

    Examples
    --------
    >>> Dictionary((Column(name="id", kind="text", role="patient"), Column(name="madrs")))
    Dictionary(2 columns, 1 baseline feature)
    """

    columns: tuple[Column, ...]
    name: str = ""
    simulated: bool = False
    licence: str = ""
    citation: str = ""

    def __post_init__(self) -> None:
        faults = _role_faults(self.name or "columns", self.columns)
        if faults:
            raise DataError(faults)

    @classmethod
    def of(cls, cohort: Cohort, *, patient: str = "patient") -> Dictionary:
        """Return the dictionary of a cohort, for the file that `write_cohort` writes of it."""
        first = Column(name=patient, kind="text", role="patient")
        return cls((first, *cohort.columns), name=cohort.name, simulated=cohort.simulated)

    @property
    def patient(self) -> Column:
        """The column that holds the patients' identifiers."""
        return next(column for column in self.columns if column.role == "patient")

    def __len__(self) -> int:
        return len(self.columns)

    def __repr__(self) -> str:
        features = sum(column.is_feature for column in self.columns)
        title = f"{self.name}: " if self.name else ""
        plural = "" if features == 1 else "s"
        return f"Dictionary({title}{len(self)} columns, {features} baseline feature{plural})"

    def _repr_html_(self) -> str:
        import pandas as pd

        shown = ["name", "label", "kind", "unit", "low", "high", "levels", "role", "measured"]
        rows = [{key: getattr(column, key) for key in shown} for column in self.columns]
        return f"<p>{self!r}</p>" + pd.DataFrame(rows, columns=shown).to_html(index=False)


def read_columns(path: str | Path) -> Dictionary:
    """Read a column dictionary.

    A column's ``kind`` may be left out: it is then ``category`` where levels are given or the role
    is site, family, treatment or condition, ``text`` for the patient column, and ``number``
    otherwise. ``role`` is ``feature`` and ``measured`` is ``baseline`` where they are left out.

    Parameters
    ----------
    path : str or Path
        A TOML file with ``[cohort]`` (optional) and a ``[columns.NAME]`` for each column.

    Raises
    ------
    DataError
        With every fault of the file: keys and words that are unknown (with the nearest right one),
        values of the wrong type, ranges that are empty, roles missing or given twice.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     path = Path(folder) / "columns.toml"
    ...     _ = path.write_text('''
    ... [columns.id]
    ... role = "patient"
    ... [columns.madrs_baseline]
    ... unit = "points"
    ... low = 0
    ... high = 60
    ... ''')
    ...     read_columns(path).columns[1]
    Column(name='madrs_baseline', ..., unit='points', low=0.0, high=60.0, ...)
    """
    path = Path(path)
    settings = _parse(path)
    faults = _unknown_keys(path.name, settings, ("cohort", "columns"))
    cohort = _table(path.name, settings, "cohort", faults)
    columns_table = _table(path.name, settings, "columns", faults)
    about = _read_about(f"{path.name}: cohort", cohort, faults)
    columns = []
    for name, values in columns_table.items():
        where = f"{path.name}: columns.{name}"
        if not isinstance(values, dict):
            faults.append(
                Fault(
                    where=where,
                    met=f"{values!r}",
                    wanted="a table of keys",
                    way_out=f"Write [columns.{name}] and its keys below it.",
                )
            )
        else:
            columns.append(_read_column(where, name, values, faults))
    faults += _role_faults(path.name, columns)
    if faults:
        raise DataError(faults)
    return Dictionary(tuple(columns), **about)


def write_columns(dictionary: Dictionary, path: str | Path) -> None:
    """Write a column dictionary; `read_columns` gives back an equal one.

    Parameters
    ----------
    dictionary : Dictionary
    path : str or Path
        Replaced as a whole, if it exists.
    """
    with replacing(path) as part:
        part.write_text(render_columns(dictionary), encoding="utf-8", newline="\n")


def render_columns(dictionary: Dictionary) -> str:
    """Return a column dictionary as the text of its file."""
    import tomlkit

    document = tomlkit.document()
    if dictionary.simulated:
        document.add(tomlkit.comment("Simulated: these patients are made up."))
    about = {key: getattr(dictionary, key) for key in COHORT_KEYS if getattr(dictionary, key)}
    if about:
        document["cohort"] = about
    columns = tomlkit.table(is_super_table=True)
    for column in dictionary.columns:
        values = {"kind": column.kind, "role": column.role, "measured": column.measured}
        values |= {key: value for key, value in column.to_dict().items() if key != "name"}
        entry = tomlkit.table()
        for key in COLUMN_KEYS:
            if key in values:
                entry[key] = _whole(values[key])
        columns[column.name] = entry
    document["columns"] = columns
    return tomlkit.dumps(document)


def _whole(value: Any) -> Any:
    """Write 60.0 as 60: it is read back as a number all the same."""
    is_whole = isinstance(value, float) and value.is_integer() and abs(value) < 2**53
    return int(value) if is_whole else value


def _parse(path: Path) -> dict[str, Any]:
    def refuse(met: str, way_out: str) -> DataError:
        return DataError(
            Fault(where=path.name, met=met, wanted="a column dictionary in TOML", way_out=way_out)
        )

    try:
        return tomllib.loads(path.read_bytes().decode("utf-8-sig"))
    except FileNotFoundError:
        raise refuse("no such file", "Correct the path.") from None
    except OSError as error:
        raise refuse(f"it cannot be read ({error.strerror})", "Correct the path.") from None
    except UnicodeDecodeError:
        raise refuse("bytes that are not UTF-8", "Save the file again as UTF-8.") from None
    except tomllib.TOMLDecodeError as error:
        raise refuse(
            f"{error}",
            "Text stands in quotation marks, words for yes and no are true "
            "and false, and each name is given once.",
        ) from None


def _table(name: str, settings: Mapping[str, Any], key: str, faults: list[Fault]) -> dict[str, Any]:
    values = settings.get(key, {})
    if isinstance(values, dict) and (values or key != "columns"):
        return values
    faults.append(
        Fault(
            where=name,
            met=f"no [{key}.NAME] in it" if not values else f"{key} = {values!r}",
            wanted="a table for each column of the cohort file"
            if key == "columns"
            else "a table of keys",
            way_out=f"Write [{key}.NAME] for each column, and its keys below."
            if key == "columns"
            else f"Write [{key}] and its keys below it.",
        )
    )
    return {}


def _unknown_keys(where: str, values: Mapping[str, Any], known: Sequence[str]) -> list[Fault]:
    return [
        Fault(
            where=where,
            met=f"unknown key {key!r}{did_you_mean(key, known)}",
            wanted=f"one of {', '.join(known)}",
            way_out="Correct or delete the key.",
        )
        for key in values
        if key not in known
    ]


def _read_about(where: str, values: dict[str, Any], faults: list[Fault]) -> dict[str, Any]:
    faults += _unknown_keys(where, values, COHORT_KEYS)
    about: dict[str, Any] = {}
    for key in COHORT_KEYS:
        if key in values:
            wanted = bool if key == "simulated" else str
            if isinstance(values[key], wanted):
                about[key] = values[key]
            else:
                faults.append(
                    _wrong_type(
                        where, key, values[key], "true or false" if wanted is bool else "text"
                    )
                )
    return about


def _wrong_type(where: str, key: str, met: object, wanted: str) -> Fault:
    return Fault(
        where=f"{where}.{key}",
        met=f"{met!r}",
        wanted=f"{key} is {wanted}",
        way_out="Correct the value.",
    )


def _read_column(where: str, name: str, values: dict[str, Any], faults: list[Fault]) -> Column:
    faults += _unknown_keys(where, values, COLUMN_KEYS)
    good: dict[str, Any] = {}
    for key in COLUMN_KEYS:
        if key not in values:
            continue
        value, wanted = _convert(key, values[key])
        if wanted:
            faults.append(_wrong_type(where, key, values[key], wanted))
        else:
            good[key] = value
    if "kind" not in values:
        good["kind"] = _kind_of(good)
    column = Column(name=name, **good)
    faults += _sense_faults(where, column, "kind" in good)
    return column


def _convert(key: str, value: object) -> tuple[Any, str]:
    """Return a key's value as `Column` holds it, or what was wanted instead."""
    if key in _WORDS:
        if isinstance(value, str) and value in _WORDS[key]:
            return value, ""
        hint = did_you_mean(value, _WORDS[key]) if isinstance(value, str) else ""
        return None, f"one of {', '.join(_WORDS[key])}{hint}"
    if key in ("low", "high", "day"):
        number = isinstance(value, int | float) and not isinstance(value, bool)
        if number and math.isfinite(cast("float", value)):
            return float(cast("float", value)), ""
        return None, "a number"
    if key in ("unit", "label", "visit"):
        return (value, "") if isinstance(value, str) else (None, "text")
    if key == "levels":
        codes = isinstance(value, list) and all(
            isinstance(level, str | int) and not isinstance(level, bool) for level in value
        )
        if codes:
            return tuple(str(level) for level in cast("list[object]", value)), ""
        return None, "a list of words or whole numbers; true and false are written as words"
    pair = isinstance(value, list) and len(value) == 2 and all(isinstance(v, str) for v in value)
    return (tuple(cast("list[str]", value)), "") if pair else (None, "a list of two names")


def _kind_of(values: Mapping[str, Any]) -> str:
    role = values.get("role", "feature")
    if role in ("patient", "person"):
        return "text"
    return "category" if values.get("levels") or role in ROLES_OF_ONE_COLUMN else "number"


def _sense_faults(where: str, column: Column, kind_known: bool) -> list[Fault]:
    """Tell of values that are each allowed, but make no sense together."""
    told: list[tuple[str, str, str]] = []
    if column.low is not None and column.high is not None and column.low > column.high:
        told.append(
            (
                f"low = {column.low:g} and high = {column.high:g}",
                "low is not above high",
                "Exchange or correct them.",
            )
        )
    if kind_known and column.kind != "number" and (column.low, column.high) != (None, None):
        told.append(
            (
                f"a range for a {column.kind}",
                "low and high are for numbers",
                "Delete them, or correct the kind.",
            )
        )
    if kind_known and column.kind in ("number", "date", "text") and column.levels:
        told.append(
            (
                f"levels for a {column.kind}",
                "levels are for a category or boolean",
                "Delete them, or correct the kind.",
            )
        )
    if kind_known and column.kind == "boolean" and column.levels and len(set(column.levels)) != 2:
        told.append(
            (
                f"levels {list(column.levels)}",
                "a boolean has two: the words for no and yes, in that order",
                "Give both, or make it a category.",
            )
        )
    elif len(set(column.levels)) < len(column.levels):
        told.append(("a level given twice", "each level is given once", "Delete the second."))
    if any(level != level.strip() or not level for level in column.levels):
        told.append(
            (
                "a level that is empty or has spaces around it",
                "levels are words",
                "Delete the empty one (an empty cell is a missing value), or the spaces.",
            )
        )
    return [
        Fault(where=where, met=met, wanted=wanted, way_out=way_out) for met, wanted, way_out in told
    ]


def _role_faults(where: str, columns: Sequence[Column]) -> list[Fault]:
    faults = []
    for role in ROLES_OF_ONE_COLUMN:
        names = [column.name for column in columns if column.role == role]
        if len(names) > 1:
            faults.append(
                Fault(
                    where=where,
                    met=f"{len(names)} columns with the role {role}: {name_some(names)}",
                    wanted=f"one column at most is the {role}",
                    way_out="Give the others another role, such as ignore.",
                )
            )
        if role == "patient" and not names:
            faults.append(
                Fault(
                    where=where,
                    met="no column with the role patient",
                    wanted="one column holds the patients' identifiers",
                    way_out='Write role = "patient" for it.',
                )
            )
    counts = Counter(column.name for column in columns)
    twice = {name for name, count in counts.items() if count > 1}
    if twice:
        faults.append(
            Fault(
                where=where,
                met=f"columns that share a name: {name_some(sorted(twice))}",
                wanted="each column has a name of its own",
                way_out="Rename one of them.",
            )
        )
    return faults
