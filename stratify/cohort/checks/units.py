"""Columns in which two units are mixed: pounds among kilograms, milligrams among mg/kg."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from stratify.cohort.checks.findings import find_patients
from stratify.cohort.values import Cohort
from stratify.errors import Fault
from stratify.schema import Column

_FEWEST_ROWS = 15
_FAR, _NEAR = 3.5, 2.5
"""Robust standard deviations: values farther out than the first are odd; they are in another unit
if conversion brings them nearer than the second."""
_APART = 3.0
"""Two units whose values overlap more than at this distance cannot be told apart."""


@dataclass(frozen=True, slots=True)
class Conversion:
    """Another unit that values of a quantity are written in by mistake.

    Parameters
    ----------
    wanted, other : str
        The two units.
    names : pattern
        Of the columns that hold the quantity.
    units : tuple of str
        The declared units that say the same.
    back : callable
        From the other unit to the wanted one.
    factor : float or None
        How many of the other unit make one; None where it is no factor (temperature).
    """

    wanted: str
    other: str
    names: re.Pattern[str]
    units: tuple[str, ...]
    back: Callable[[np.ndarray], np.ndarray]
    factor: float | None


def _by(factor: float) -> Callable[[np.ndarray], np.ndarray]:
    return lambda values: values / factor


_WEIGHT = re.compile(r"(^|[_\s])(body_?)?(weight|wt|mass)([_\s]|$)", re.I)
_HEIGHT = re.compile(r"(^|[_\s])(body_?)?(height|stature)([_\s]|$)", re.I)
_DOSE = re.compile(r"(^|[_\s])dos(e|age)([_\s]|$)", re.I)
_HEAT = re.compile(r"(^|[_\s])(body_?)?temp(erature)?([_\s]|$)", re.I)

_LENGTHS = ("cm", "m", "in", "inches")
"""Units of many things other than people's heights."""

CONVERSIONS = (
    Conversion("kilograms", "pounds", _WEIGHT, ("kg",), _by(2.20462), 2.20462),
    Conversion("pounds", "kilograms", _WEIGHT, ("lb", "lbs"), _by(1 / 2.20462), 1 / 2.20462),
    Conversion("centimetres", "inches", _HEIGHT, ("cm",), _by(1 / 2.54), 1 / 2.54),
    Conversion("centimetres", "metres", _HEIGHT, ("cm",), _by(1 / 100), 1 / 100),
    Conversion("metres", "centimetres", _HEIGHT, ("m",), _by(100), 100.0),
    Conversion("inches", "centimetres", _HEIGHT, ("in", "inches"), _by(2.54), 2.54),
    # 70 kg stands for everybody: doses by weight and doses in all are far apart anyway.
    Conversion("mg/kg", "mg", _DOSE, ("mg/kg",), _by(70), 70.0),
    Conversion(
        "degrees Celsius", "degrees Fahrenheit", _HEAT, ("°C", "C"), lambda v: (v - 32) / 1.8, None
    ),
)


def find_mixed_units(cohort: Cohort) -> Iterator[Fault]:
    """Find values that lie far out, and would lie among the others in another common unit.

    Only columns that name, or have the unit of, a weight, height, dose or temperature are looked
    at: elsewhere two heaps need not be two units.
    """
    for column in cohort.columns:
        if column.kind != "number" or column.role == "ignore":
            continue
        values = cohort.frame[column.name].to_numpy(float)
        for conversion in CONVERSIONS:
            if _speaks_of(conversion, column):
                wrong = _in_other_unit(values, conversion)
                if wrong.any():
                    yield find_patients(
                        cohort,
                        column.name,
                        wrong,
                        what=f"with values that look like {conversion.other}",
                        wanted=f"all of {column.words} in {conversion.wanted}",
                        way_out=f"Convert these values to {conversion.wanted}, and give the "
                        "column its range.",
                    )
                    break


def _speaks_of(conversion: Conversion, column: Column) -> bool:
    named = conversion.names.search(column.name) is not None
    if column.unit in _LENGTHS:
        return named and column.unit in conversion.units
    return column.unit in conversion.units if column.unit else named


def _in_other_unit(values: np.ndarray, conversion: Conversion) -> np.ndarray:
    """Return which values are out of line as they are, and in line once converted."""
    use = np.isfinite(values) & (values > 0)
    none = np.zeros(len(values), dtype=bool)
    if use.sum() < _FEWEST_ROWS:
        return none
    with np.errstate(divide="ignore", invalid="ignore"):
        here = np.log(np.where(use, values, np.nan))
        there = np.log(np.where(use, conversion.back(values), np.nan))
    centre, spread = _bulk(here[use])
    spread = max(spread, 0.01)
    shift = float(np.median(np.abs(there - here)[use]))
    if shift < _APART * spread:
        return none
    away, back = here - centre, np.abs(there - centre)
    limit = min(_FAR * spread, 0.6 * shift)
    side = np.sign(np.median((here - there)[use]))
    with np.errstate(invalid="ignore"):
        wrong = use & (side * away > limit) & (back < min(_NEAR * spread, 0.4 * shift))
        mirrored = use & (side * away < -limit)
    from scipy.special import ndtr

    # As many as a normal heap has out there, or as lie as far out on its other side, prove nothing.
    by_chance = max(use.sum() * ndtr(-limit / spread), float(mirrored.sum()))
    enough = wrong.sum() >= (1 if shift > 8 * spread else 2) and wrong.sum() > 4 * by_chance
    return wrong if enough and wrong.sum() < 0.5 * use.sum() else none


def _bulk(here: np.ndarray) -> tuple[float, float]:
    """Return the centre and robust spread of the larger heap of logarithms.

    With up to half of the values in the other unit, quartiles of all values mix both heaps. Half of
    the values lie within the shortest interval that holds half of them, and that lies in one heap.
    """
    ordered = np.sort(here)
    half = (len(ordered) + 1) // 2
    widths = ordered[half - 1 :] - ordered[: len(ordered) - half + 1]
    start = int(np.argmin(widths))
    centre = float(np.median(ordered[start : start + half]))
    # For a normal heap the shortest half is 1.349 standard deviations wide.
    return centre, float(widths[start]) / 1.349
