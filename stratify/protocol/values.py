"""One thing recorded of a treatment, and one safety screen."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from stratify.schema import Column, Measured

Evidence = Literal["verified", "general knowledge"]

RECORDED = "recorded"
MISSING = "missing"
POSITIVE = "positive: follow local protocol"
"""What may be said of a safety screen; nothing else is, and never advice."""


@dataclass(frozen=True, slots=True)
class Report:
    """What one publication says that it used.

    Parameters
    ----------
    value : str
        With its unit.
    source : str
    """

    value: str
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ProtocolColumn:
    """A standard column of a treatment protocol.

    Parameters
    ----------
    name : str
    label : str
    kind : {"number", "category"}
    unit : str
    accepted_units : tuple of str
        Other spellings of the unit.
    aliases : tuple of str
        Other names that files give the column.
    low, high : float, optional
        What a value can be.
    usual_low, usual_high : float, optional
        What published protocols use.
    levels : tuple of str
        Of a category.
    source : str
        Of the usual range or levels.
    evidence : {"verified", "general knowledge"}
    reported : tuple of Report
        Published values, also those that contradict each other.
    """

    name: str
    label: str
    kind: Literal["number", "category"] = "number"
    unit: str = ""
    accepted_units: tuple[str, ...] = ()
    aliases: tuple[str, ...] = ()
    low: float | None = None
    high: float | None = None
    usual_low: float | None = None
    usual_high: float | None = None
    levels: tuple[str, ...] = ()
    source: str
    evidence: Evidence
    reported: tuple[Report, ...] = ()

    def is_named(self, name: str) -> bool:
        """Whether a file's column of some name is this one.

        Examples
        --------
        >>> column = ProtocolColumn(name="tms_side", label="side", aliases=("hemisphere",),
        ...                         source="sides in use", evidence="general knowledge")
        >>> column.is_named("Hemisphere"), column.is_named("side_effects")
        (True, False)
        """
        return name.strip().lower().replace(" ", "_") in (self.name, *self.aliases)

    def to_column(self, *, measured: Measured = "baseline") -> Column:
        """Return the column of a dictionary; what is planned before treatment is baseline."""
        return Column(
            name=self.name,
            kind=self.kind,
            unit=self.unit,
            low=self.low,
            high=self.high,
            levels=self.levels,
            label=self.label,
            measured=measured,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Screen:
    """A safety check that a file may or may not record.

    Parameters
    ----------
    name : str
    label : str
    of : str
        The treatment it belongs to.
    aliases : tuple of str
        Names of columns that record it.
    positive_above : float, optional
        A number above this is positive.
    recorded_only : bool
        Whether only its being there counts, as with a blood pressure.
    source : str
    """

    name: str
    label: str
    of: str
    aliases: tuple[str, ...] = ()
    positive_above: float | None = None
    recorded_only: bool = False
    source: str

    def is_named(self, name: str) -> bool:
        """Whether a file's column of some name records this screen."""
        return name.strip().lower().replace(" ", "_") in (self.name, *self.aliases)
