"""Every setting of a study file: its type, range, default and meaning, in words."""

from __future__ import annotations

import types
from inspect import cleandoc
from pathlib import Path
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from pipelines.sections import Section, quoted
from pipelines.study import StudySettings


def bare_type(annotation: Any) -> Any:
    """Return a type without its ``| None`` and its ``Annotated``."""
    if get_origin(annotation) in (Union, types.UnionType):
        chosen = [part for part in get_args(annotation) if part is not types.NoneType]
        return bare_type(chosen[0])
    if get_origin(annotation) is Annotated:
        return bare_type(get_args(annotation)[0])
    return annotation


SECTIONS: dict[str, type[Section]] = {
    name: bare_type(field.annotation) for name, field in StudySettings.model_fields.items()
}
"""Every section, in the order a study file has them."""

SETTINGS: dict[str, FieldInfo] = {
    f"{section}.{name}": field
    for section, kind in SECTIONS.items()
    for name, field in kind.model_fields.items()
}
"""Every setting by its path, ``"validation.repeats"``."""


def type_of(key: str) -> Any:
    """Return a setting's type: str, int, float, Path, or a Literal, tuple or dict of such."""
    return bare_type(SETTINGS[key].annotation)


def item_type_of(key: str) -> Any:
    """Return the type of one value of a setting that takes a list."""
    return bare_type(get_args(type_of(key))[0])


def describe_type(key: str) -> str:
    """Say what a setting takes: its type, choices and range.

    Examples
    --------
    >>> describe_type("validation.level")
    'a number, above 0.5 and below 1'
    """
    kind = type_of(key)
    if get_origin(kind) is tuple:
        choices = ", ".join(map(quoted, get_args(item_type_of(key))))
        if item_type_of(key) is float:
            return f"a list of numbers{_describe_range(get_args(get_args(kind)[0])[1])}"
        return f"a list of any of {choices}" if choices else "a list of names"
    if get_origin(kind) is dict:
        if get_args(kind)[1] is float:
            return 'a table like {"week 2" = 14}'
        return 'a table like {REGION = "NETWORK"}'
    if get_origin(kind) is Literal:
        return f"one of {', '.join(map(quoted, get_args(kind)))}"
    if kind in (str, Path):
        return "text" if kind is str else "a path"
    number = "a whole number" if kind is int else "a number"
    return f"{number}{_describe_range(SETTINGS[key])}"


def _describe_range(field: FieldInfo) -> str:
    phrases = {"ge": "{} or more", "gt": "above {}", "le": "at most {}", "lt": "below {}"}
    words = [
        phrase.format(getattr(bound, name))
        for bound in field.metadata
        for name, phrase in phrases.items()
        if getattr(bound, name, None) is not None
    ]
    return ", " + " and ".join(words) if words else ""


def describe_default(key: str) -> str:
    """Write a setting's default as TOML; empty where it has none.

    Examples
    --------
    >>> describe_default("models.families")
    '["prevalence", "logistic", "svm", "forest", "xgboost"]'
    """
    default = SETTINGS[key].default
    if default in (PydanticUndefined, None, "", {}):
        return ""
    if isinstance(default, tuple):
        return f"[{', '.join(map(quoted, default))}]"
    return quoted(default) if isinstance(default, str) else str(default)


def describe_settings() -> str:
    """Return every setting with its default and meaning, as markdown.

    Examples
    --------
    >>> print(describe_settings().splitlines()[0])
    ## [study] (required)
    """
    return "\n\n".join(map(_describe_section, SECTIONS)) + "\n"


def _describe_section(section: str) -> str:
    required = StudySettings.model_fields[section].is_required()
    lines = [
        f"## [{section}] ({'required' if required else 'optional'})",
        "",
        cleandoc(str(SECTIONS[section].__doc__)),
        "",
        "| setting | takes | default | meaning |",
        "| --- | --- | --- | --- |",
    ]
    for name, field in SECTIONS[section].model_fields.items():
        key = f"{section}.{name}"
        default = f"`{describe_default(key)}`" if describe_default(key) else ""
        if field.is_required():
            default = "required"
        lines.append(f"| `{key}` | {describe_type(key)} | {default} | {field.description} |")
    return "\n".join(lines)
