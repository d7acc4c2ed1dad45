"""A draft: columns that nobody has read yet, each key with where it comes from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from stratify.cohort.dictionary import Dictionary
from stratify.cohort.source import Source
from stratify.errors import Fault

GUESSED = "guessed: "


@dataclass(frozen=True, eq=False, kw_only=True)
class Draft:
    """A dictionary nobody has read yet.

    Parameters
    ----------
    dictionary : Dictionary
    reasons : mapping of str to mapping of str to str
        For each column and key where its value comes from; a guess begins with ``"guessed: "``.
    faults : tuple of Fault
        What was odd in the file, and what a reader should look at.
    rows : int
    format : str
    """

    dictionary: Dictionary
    reasons: Mapping[str, Mapping[str, str]]
    faults: tuple[Fault, ...]
    rows: int
    format: str

    @property
    def guesses(self) -> int:
        """How many keys are guesses."""
        return sum(
            reason.startswith(GUESSED) for keys in self.reasons.values() for reason in keys.values()
        )


@dataclass(eq=False)
class ColumnDraft:
    """One column on its way to the draft."""

    name: str
    values: dict[str, Any]
    reasons: dict[str, str]
    faults: list[Fault] = field(default_factory=list)

    def guess(self, reason: str, **values: Any) -> None:
        """Set what is not yet said, and note from what it was guessed."""
        for key, value in values.items():
            if key not in self.values:
                self.values[key] = value
                self.reasons[key] = GUESSED + reason

    def ignore(self, reason: str) -> None:
        """Give the column the role that no study uses."""
        self.values["role"] = "ignore"
        self.reasons["role"] = GUESSED + reason

    def warn(self, source: Source, met: str, wanted: str, way_out: str) -> None:
        """Add what a reader of the draft should look at."""
        where = f"{source.sheet.name}: {self.name}"
        self.faults.append(
            Fault(where=where, met=met, wanted=wanted, way_out=way_out, severity="warning")
        )
