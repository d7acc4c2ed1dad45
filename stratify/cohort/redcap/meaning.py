"""What a field of a REDCap project means for a study: its kind, range, levels and role."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from stratify.cohort.redcap.fields import ANNOTATION, Field
from stratify.cohort.redcap.headers import CHECKBOX, OF_FORMS, OF_REDCAP
from stratify.cohort.source import Said
from stratify.schema import KINDS, MEASURED, ROLES, SOURCES

_NUMBERS = ("number", "integer", "number_1dp", "number_2dp", "number_3dp", "number_4dp")
_IDENTIFYING = (
    "email",
    "phone",
    "ssn",
    "zipcode",
    "postalcode",
    "mrn_10d",
    "mrn_generic",
    "vmrn",
    "signature",
)


def find_meaning(name: str, fields: Mapping[str, Field], by: str) -> Said | None:
    """Return what the data dictionary, or REDCap itself, says of a column."""
    box = CHECKBOX.match(name)
    if name in fields:
        return _say(fields[name], by)
    if box and box["field"] in fields:
        one = fields[box["field"]]
        said = _say(one, by)
        label = f"{one.label}: {one.boxes.get(name, box['code'])}"
        return replace(said, values={**said.values, "label": label, "kind": "boolean"})
    if box:
        return Said(by="a checkbox column", values={"kind": "boolean"})
    own = name.endswith(("_complete", "_timestamp")) or name.startswith(OF_FORMS)
    if own or name in OF_REDCAP:
        return Said(by="REDCap's own column", values={"role": "ignore"})
    return None


def levels_of(one: Field) -> dict[str, str]:
    """Return what a raw code is read as: its label, where that tells the choices apart."""
    if one.kind not in ("radio", "dropdown") or _is_scale(one):
        return {}
    labels = list(one.choices.values())
    return dict(one.choices) if all(labels) and len(set(labels)) == len(labels) else {}


def _is_scale(one: Field) -> bool:
    """Tell whether choices are points of a scale: rows of a matrix, or labels that are numbers."""
    codes = [_number(code) for code in one.choices]
    if _read_annotation(one.annotation).get("kind") == "category":
        return False
    if len(codes) < 3 or any(code is None for code in codes):
        return False
    same = all(
        code == label or label.startswith((f"{code} ", f"{code}-", f"{code}="))
        for code, label in one.choices.items()
    )
    return bool(one.matrix) or same


def points_of(one: Field) -> dict[str, str]:
    """Return what a label of a scale is read as: its points, as a labelled export hides them."""
    if one.kind not in ("radio", "dropdown") or not _is_scale(one):
        return {}
    labels = list(one.choices.values())
    if not all(labels) or len(set(labels)) < len(labels) or set(labels) & set(one.choices):
        return {}
    return {label: code for code, label in one.choices.items()}


def _say(one: Field, by: str) -> Said:
    values: dict[str, Any] = {"label": one.label} if one.label else {}
    levels: dict[str, str] = {}
    if one.kind in ("yesno", "truefalse"):
        values["kind"] = "boolean"
    elif one.kind in ("calc", "slider") or one.validation.startswith(_NUMBERS):
        values |= _say_number(one)
    elif one.validation.startswith(("date", "datetime")):
        values["kind"] = "date"
    elif one.kind in ("notes", "file", "descriptive", "sql"):
        values |= {"kind": "text", "role": "ignore"}
    elif one.kind in ("radio", "dropdown") and _is_scale(one):
        codes = [code for code in map(_number, one.choices) if code is not None]
        values |= {"kind": "number", "low": min(codes), "high": max(codes)}
    elif one.kind in ("radio", "dropdown"):
        named = levels_of(one) or {code: code for code in one.choices}
        levels = {label: label for label in named.values()}
        values["kind"] = "category"
    own = _read_annotation(one.annotation)
    if "levels" in own:
        levels = {level: level for level in own.pop("levels").split("|")}
    if own.get("kind") == "text":
        levels = {}
    return Said(by=by, values={**values, **own}, levels=levels, identifies=_identify(one))


def _say_number(one: Field) -> dict[str, Any]:
    bounds = {"low": _number(one.low), "high": _number(one.high)}
    if one.kind == "slider" and bounds == {"low": None, "high": None}:
        bounds = {"low": 0.0, "high": 100.0}
    known = {key: bound for key, bound in bounds.items() if bound is not None}
    return {"kind": "number", **known}


def _identify(one: Field) -> str:
    if one.identifier:
        return "marked as an identifier"
    return f"its validation is {one.validation}" if one.validation in _IDENTIFYING else ""


def _read_annotation(text: str) -> dict[str, Any]:
    """Read ``@STRATIFY role=outcome measured=followup unit="mg/kg"``; other words are others'."""
    known = {"role": ROLES, "measured": MEASURED, "source": SOURCES, "kind": KINDS}
    mark = text.find(ANNOTATION)
    found: dict[str, Any] = {}
    if mark < 0:
        return found
    for key, quoted, bare in re.findall(r'(\w+)=(?:"([^"]*)"|(\S+))', text[mark:]):
        value = quoted or bare
        allowed = known.get(key)
        if key in ("unit", "levels", "visit") or (allowed and value in allowed):
            found[key] = value
        elif key in ("low", "high", "day") and _number(value) is not None:
            found[key] = _number(value)
    return found


def _number(text: str) -> float | None:
    try:
        value = float(text)
    except ValueError:
        return None
    return value if np.isfinite(value) else None
