"""The study file, read once into typed settings, with every fault told at once."""

from __future__ import annotations

import difflib
import os
import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, time
from inspect import cleandoc
from pathlib import Path
from typing import Any, Literal, get_args, get_origin

from pydantic import ValidationError

from pipelines.every_setting import (
    SECTIONS,
    SETTINGS,
    bare_type,
    describe_default,
    describe_settings,
    describe_type,
    item_type_of,
    type_of,
)
from pipelines.sections import Section, quoted
from pipelines.study import StudySettings
from stratify.errors import Fault, SettingsError

__all__ = [
    "ExaminedSettings",
    "StudySettings",
    "describe_settings",
    "examine_settings",
    "read_settings",
]


def read_settings(path: str | os.PathLike[str], overrides: Iterable[str] = ()) -> StudySettings:
    """Read a study file.

    Parameters
    ----------
    path : path
        The TOML file. Paths in it, and in the overrides, are found from its folder.
    overrides : iterable of str
        ``"validation.repeats=10"``: values that replace the file's. A value is TOML; where it is
        not, or the setting takes text, it is taken as it stands. A list may be given with commas,
        and an empty value gives a setting its default back.

    Raises
    ------
    SettingsError
        With every fault of the file and of the overrides.
    """
    examined = examine_settings(path, overrides)
    if examined.settings is None:
        raise SettingsError(examined.faults)
    return examined.settings


@dataclass(frozen=True, slots=True)
class ExaminedSettings:
    """What could be made of a study file, faults and all.

    Parameters
    ----------
    settings : StudySettings or None
        None if there are faults.
    sections : mapping of str to Section
        The sections that make sense by themselves, so that the files they name can be examined
        although another section is faulty.
    faults : tuple of Fault
    """

    settings: StudySettings | None
    sections: Mapping[str, Section]
    faults: tuple[Fault, ...]


def examine_settings(
    path: str | os.PathLike[str], overrides: Iterable[str] = ()
) -> ExaminedSettings:
    """Read a study file, and return what is right of it beside what is wrong."""
    path = Path(path)
    try:
        values = _read_toml(path)
    except SettingsError as error:
        return ExaminedSettings(None, {}, error.faults)
    folder = path.resolve().parent
    values, faults = _keep_known(values, path.name)
    overridden, refused = _override(values, overrides)
    faults += refused
    _resolve_paths(values, folder)
    settings = None
    try:
        settings = StudySettings.model_validate(values)
        settings._folder = folder
    except ValidationError as error:
        faults += _translate(error, path.name, overridden)
    return ExaminedSettings(
        None if faults else settings, _make_sections(values), tuple(dict.fromkeys(faults))
    )


def _resolve_paths(values: dict[str, Any], folder: Path) -> None:
    for section, content in values.items():
        for name, value in content.items() if isinstance(content, dict) else ():
            if isinstance(value, str) and value and type_of(f"{section}.{name}") is Path:
                content[name] = Path(os.path.abspath(folder / Path(value).expanduser()))


def _make_sections(values: dict[str, Any]) -> dict[str, Section]:
    made = {}
    for name, section in SECTIONS.items():
        try:
            made[name] = section.model_validate(values.get(name, {}))
        except ValidationError:
            continue
    return made


# The file -----------------------------------------------------------------------------------------


def _read_toml(path: Path) -> dict[str, Any]:
    try:
        text = path.read_bytes().decode("utf-8-sig")
        return tomllib.loads(text)
    except (FileNotFoundError, NotADirectoryError):
        fault = _no_such_file(path)
    except OSError as error:
        fault = _unreadable(path, error)
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        fault = Fault(
            where=f"{path.name}, line {line}",
            met="a character that is not UTF-8",
            wanted="a study file is text in UTF-8",
            way_out="Save it again with the encoding UTF-8.",
        )
    except tomllib.TOMLDecodeError as error:
        fault = _not_toml(path, text, str(error))
    raise SettingsError(fault)


def _no_such_file(path: Path) -> Fault:
    return Fault(
        where=str(path),
        met="there is no such file",
        wanted="a study file is needed",
        way_out=_nearest_files(path),
    )


def _unreadable(path: Path, error: OSError) -> Fault:
    if path.is_dir():
        met, way_out = "it is a folder", _nearest_files(path / "study.toml")
    else:
        met, way_out = f"it cannot be read ({error.strerror})", "Check its permissions."
    return Fault(where=str(path), met=met, wanted="a study file is needed", way_out=way_out)


def _nearest_files(path: Path) -> str:
    """Say which study files lie where one was looked for, the nearest names first."""
    if not path.parent.is_dir():
        return f"There is no folder {path.parent} either: check the path."
    names = sorted(file.name for file in path.parent.glob("*.toml"))
    near = difflib.get_close_matches(path.name, names, n=3, cutoff=0.4) or names[:3]
    if not near:
        return f"No .toml file is in {path.parent}; stratify simulate writes one to start from."
    return f"Did you mean {' or '.join(str(path.parent / name) for name in near)}?"


def _not_toml(path: Path, text: str, message: str) -> Fault:
    lines = text.splitlines() or [""]
    found = re.search(r"\(at line (\d+), column \d+\)", message)
    number = min(int(found.group(1)) if found else len(lines), len(lines))
    line = lines[number - 1].strip()
    way_out = "Correct the line: text in quotation marks, lists in square brackets."
    if bare := re.fullmatch(r"([\w.-]+)\s*=\s*([^\W\d][^\"'\[{#]*)", line):
        way_out = f"Put text in quotation marks: {bare.group(1)} = {quoted(bare.group(2).strip())}."
    elif "\\" in line:
        way_out = "Write a path with / or in single quotation marks: 'C:\\study\\cohort.csv'."
    return Fault(
        where=f"{path.name}, line {number}",
        met=f"{line} is not TOML",
        wanted=re.sub(r"\s*\(at .*\)$", "", message).lower(),
        way_out=way_out,
    )


# Keys ---------------------------------------------------------------------------------------------


def _keep_known(values: dict[str, Any], file: str) -> tuple[dict[str, Any], list[Fault]]:
    """Return what can be a setting, with a fault for each key that is none.

    A misspelt key is read as the one that was meant, so that it is refused for its spelling alone
    and not a second time for being absent.
    """
    known: dict[str, Any] = {}
    faults = []
    for section, content in values.items():
        meant = section
        if section not in SECTIONS:
            faults.append(_unknown(section, f"{file}: {section}"))
            meant = _nearest(section, SECTIONS) or ""
            if not isinstance(content, dict) or not meant or meant in values:
                continue
        if not isinstance(content, dict):
            known[meant] = content
            continue
        known[meant] = {}
        own = SECTIONS[meant].model_fields
        for name, value in content.items():
            likely: str | None = name
            if name not in own:
                faults.append(_unknown(f"{meant}.{name}", f"{file}: {section}.{name}"))
                likely = _nearest(name, own)
                if likely in content:
                    continue
            if likely is not None:
                known[meant][likely] = value
    return known, faults


def _unknown(key: str, where: str) -> Fault:
    section, _, name = key.partition(".")
    if section in SECTIONS:
        wanted = f"[{section}] has {', '.join(SECTIONS[section].model_fields)}"
    else:
        wanted = f"the sections are {', '.join(SECTIONS)}"
    nearest = _nearest_key(section, name)
    return Fault(
        where=where,
        met="not a section" if not name and nearest in (*SECTIONS, None) else "not a setting",
        wanted=wanted,
        way_out=f"Did you mean {nearest}?" if nearest else "Take it out.",
    )


def _nearest_key(section: str, name: str) -> str | None:
    """Name the section or setting that was meant: near by spelling, or the same key elsewhere."""
    meant = section if section in SECTIONS else _nearest(section, SECTIONS)
    if not name:
        if meant is not None:
            return meant
        name = section
    elif meant is not None:
        own = _nearest(name, SECTIONS[meant].model_fields)
        if own is not None:
            return f"{meant}.{own}"
    elsewhere = [key for key in SETTINGS if key.partition(".")[2] == name.lower()]
    return " or ".join(elsewhere) or None


def _nearest(name: str, names: Iterable[str]) -> str | None:
    near = difflib.get_close_matches(name.lower(), list(names), n=1, cutoff=0.7)
    return near[0] if near else None


# Overrides ----------------------------------------------------------------------------------------


def _override(values: dict[str, Any], overrides: Iterable[str]) -> tuple[set[str], list[Fault]]:
    """Put the command line's values in place; return their keys, and what was wrong with them."""
    overridden = set()
    faults = []
    for override in overrides:
        path, equals, text = override.partition("=")
        section, _, name = path.strip().partition(".")
        key = f"{section}.{name}"
        entry = ""
        if key not in SETTINGS:  # An entry of a table: connectivity.networks.ACC
            name, _, entry = name.partition(".")
            key = f"{section}.{name}"
        if not equals or not name:
            faults.append(_not_an_override(override, section))
        elif key not in SETTINGS or (entry and get_origin(type_of(key)) is not dict):
            faults.append(_unknown(path.strip(), f"--set {path.strip()}"))
        else:
            overridden.add(key)
            if not isinstance(values.get(section), dict):
                values[section] = {}
            _place(values[section], key, entry, text.strip())
    return overridden, faults


def _not_an_override(override: str, word: str) -> Fault:
    nearest = _nearest_key(word, "")
    if nearest in SECTIONS:
        nearest = next(key for key in SETTINGS if key.startswith(f"{nearest}."))
    return Fault(
        where=f"--set {override}",
        met="not SECTION.KEY=VALUE",
        wanted="it is written like --set validation.repeats=10",
        way_out=f"Did you mean --set {nearest}=VALUE?" if nearest else "Name one setting.",
    )


def _place(content: dict[str, Any], key: str, entry: str, text: str) -> None:
    name = key.partition(".")[2]
    if entry:
        table = content.get(name)
        value = _read_override(text, bare_type(get_args(type_of(key))[1]))
        content[name] = {**(table if isinstance(table, dict) else {}), entry: value}
    elif text == "":
        content.pop(name, None)
    else:
        content[name] = _read_override(text, type_of(key))


def _read_override(text: str, kind: Any) -> Any:
    """Read an override's text as its setting would have it; validation tells what is amiss."""
    value = _toml_value(text)
    if get_origin(kind) is tuple:
        return value if isinstance(value, list) else [_unquoted(p) for p in text.split(",")]
    if kind in (str, Path) or get_origin(kind) is Literal:
        return _unquoted(text)
    return text if value is None else value


def _unquoted(text: str) -> str:
    value = _toml_value(text)
    return value if isinstance(value, str) else text.strip()


def _toml_value(text: str) -> Any:
    try:
        parsed = tomllib.loads(f"value = {text}")
    except tomllib.TOMLDecodeError:
        return None
    return parsed["value"] if set(parsed) == {"value"} else None


# Values -------------------------------------------------------------------------------------------


def _translate(error: ValidationError, file: str, overridden: set[str]) -> list[Fault]:
    """Say in the study's words what pydantic found."""
    found = error.errors(include_url=False)
    faults = []
    for one in found:
        location = one["loc"]
        if one["type"] == "too_short" and any(
            other is not one and other["loc"][: len(location)] == location for other in found
        ):
            continue  # The list is too short only because its values were refused.
        key = ".".join(map(str, location[:2]))
        where = f"--set {key}" if key in overridden else f"{file}: {key}"
        if one["type"] == "rule":
            faults.append(Fault(where=where, **one["ctx"]))
        elif one["type"] == "missing":
            faults.append(_absent(key, where))
        elif key in SECTIONS:
            faults.append(_not_a_section(key, one["input"], where))
        else:
            item = location[2] if len(location) > 2 else None
            faults.append(_wrong_value(key, item, one["input"], where))
    return faults


def _absent(key: str, where: str) -> Fault:
    section, _, name = key.partition(".")
    if not name:
        fields = SECTIONS[section].model_fields
        needed = ", ".join(n for n, field in fields.items() if field.is_required())
        return Fault(
            where=where,
            met="missing",
            wanted=f"every study says it ({_summarise(section)})",
            way_out=f"Add [{section}]" + (f" with {needed}." if needed else "."),
        )
    meaning = str(SETTINGS[key].description).replace("`", "").rstrip(".")
    return Fault(
        where=where,
        met="missing",
        wanted=f"it takes {describe_type(key)} ({meaning[0].lower()}{meaning[1:]})",
        way_out=f"Add {name} = ... under [{section}].",
    )


def _summarise(section: str) -> str:
    """Return the first line that is told of a section, to stand within a sentence."""
    line = cleandoc(str(SECTIONS[section].__doc__)).splitlines()[0].rstrip(".")
    return line[0].lower() + line[1:]


def _not_a_section(section: str, value: object, where: str) -> Fault:
    return Fault(
        where=where,
        met=_describe_value(value),
        wanted=f"[{section}] is a section",
        way_out=f"Write [{section}] on a line of its own and, below it, its settings: "
        f"{', '.join(SECTIONS[section].model_fields)}.",
    )


def _wrong_value(key: str, item: int | str | None, value: object, where: str) -> Fault:
    """Say what a setting takes instead of a value, or instead of one item of its value."""
    wanted = f"it takes {describe_type(key)}"
    kind = type_of(key)
    if isinstance(item, str):
        kind = bare_type(get_args(kind)[1])
        where = f"{where}.{item}"
        wanted = "it takes text" if kind is str else "it takes a number"
    elif isinstance(item, int):
        kind = item_type_of(key)
    if where.startswith("--set ") and kind in (int, float) and _is_number(value):
        value = (
            float(str(value)) if "." in str(value) else int(str(value))
        )  # on the command line nothing is in quotation marks
    if kind is str and isinstance(value, str):
        wanted = "it takes one line of text, without a space at either end"
    return Fault(
        where=where,
        met=_describe_value(value),
        wanted=wanted,
        way_out=_way_out(key, kind, value),
    )


def _describe_value(value: object) -> str:
    """Say a value as TOML writes it, with its type where that may be what is wrong.

    Examples
    --------
    >>> _describe_value("5"), _describe_value(5), _describe_value(True)
    ('the text "5"', '5', 'true')
    """
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return str(value)
    if isinstance(value, str | Path):
        text = str(value)
        shown = text if len(text) <= 80 else f"{text[:77]}..."
        return f"the text {quoted(shown)}" if text.strip() else "empty text"
    if isinstance(value, date | time):
        return f"the date or time {value}"
    if isinstance(value, dict):
        return "a table"
    return "a list" if value else "an empty list"


def _way_out(key: str, kind: Any, value: object) -> str:
    name = key.partition(".")[2]
    number = isinstance(value, int | float) and not isinstance(value, bool)
    if isinstance(value, str):
        near = _nearest_choice(value, get_args(kind)) if get_origin(kind) is Literal else None
        if near:
            return f"Did you mean {quoted(near)}?"
        if get_origin(kind) is tuple:
            return f"Put it in square brackets: {name} = [{quoted(value)}]."
        if kind in (int, float) and _is_number(value):
            return f"Write it without quotation marks: {name} = {value.strip()}."
    elif kind is str and (number or isinstance(value, date | time)):
        return f"Put it in quotation marks: {quoted(str(value))}."
    elif kind is float and isinstance(value, int | float) and 1 < value <= 100:
        return f"Write {value:g} per cent as {value / 100:g}."
    if SETTINGS[key].is_required():
        return f"Correct {name}."
    default = describe_default(key)
    return f"Correct {name}, or leave it out" + (f" for {default}." if default else ".")


def _is_number(value: object) -> bool:
    return bool(re.fullmatch(r"\s*[+-]?\d+(\.\d+)?\s*", str(value)))


def _nearest_choice(value: str, choices: tuple[str, ...]) -> str | None:
    near = difflib.get_close_matches(value.lower(), choices, n=1, cutoff=0.5)
    return near[0] if near else None
