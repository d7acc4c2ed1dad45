"""What every section of a study file is made of.

The words of `stratify.task`, `stratify.outcome` and the like are said again in these modules, so
that
a study file is read without importing pandas. A test holds them equal.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, TypeVar

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
)
from pydantic_core import PydanticCustomError

Item = TypeVar("Item", str, float)


def refuse(met: str, wanted: str, way_out: str) -> PydanticCustomError:
    """Make the error of a rule that joins several settings, in the parts of a Fault."""
    return PydanticCustomError("rule", "{met}", {"met": met, "wanted": wanted, "way_out": way_out})


def quoted(text: str | float) -> str:
    """Write text as TOML does, in double quotation marks, and a number without."""
    return json.dumps(text, ensure_ascii=False)


def each_once(values: tuple[Item, ...] | None) -> tuple[Item, ...] | None:
    """Refuse a list that names something twice."""
    if values is None:
        return None
    twice = sorted({value for value in values if values.count(value) > 1})
    if twice:
        named = ", ".join(map(quoted, twice))
        raise refuse(f"{named} more than once", "each is named once", "Take the others out.")
    return values


Text = Annotated[str, StringConstraints(min_length=1, pattern=r"^\S(.*\S)?$")]
"""One line that is not empty and neither begins nor ends with a space."""


def not_empty(value: object) -> object:
    """Refuse an empty path."""
    if value == "":
        raise refuse("empty text", "it takes a path", "Name a file, or take the setting out.")
    return value


FilePath = Annotated[Path, Field(strict=False), BeforeValidator(not_empty)]


class Section(BaseModel):
    """A section of the study file: frozen, typed strictly, closed to unknown keys."""

    model_config = ConfigDict(
        frozen=True, strict=True, extra="forbid", allow_inf_nan=False, validate_default=True
    )
