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
_APART = 2.5
"""Two units whose values overlap more than at this many spreads cannot be told apart."""
_TOLERANCE = 0.15
"""How far, in proportion, the distance of the heaps may be from that of the two units."""
_LEAST_GAIN = 12.0
_LEAST_SPREAD = 0.02


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
    """Return which values belong to a second heap that lies one conversion away from the first.

    Two normal heaps of logarithms with one spread and a free distance are fitted by EM, and held
    against one heap: they are two units if they fit far better (a log-likelihood ratio of
    12, for two parameters more), lie apart, and at just about the distance of the conversion.
    """
    use = np.isfinite(values) & (values > 0)
    wrong = np.zeros(len(values), dtype=bool)
    if use.sum() < _FEWEST_ROWS:
        return wrong
    given = values[use]
    with np.errstate(divide="ignore", invalid="ignore"):
        here, there = np.log(given), np.log(np.maximum(conversion.back(given), 1e-9))
    centre = _densest(here)
    nearer = np.abs(there - centre) < np.abs(here - centre)
    if not nearer.any() or nearer.sum() > 0.5 * len(here):
        return wrong
    distance = float(np.median((here - there)[nearer]))
    member, shift, spread, gain = _fit_two_heaps(here, nearer.astype(float))
    if (
        gain > _LEAST_GAIN
        and abs(shift / distance - 1) < _TOLERANCE
        and abs(shift) > _APART * spread
        and 0 < (member > 0.5).sum() < 0.5 * len(here)
    ):
        wrong[np.flatnonzero(use)] = member > 0.5
    return wrong


def _fit_two_heaps(x: np.ndarray, member: np.ndarray) -> tuple[np.ndarray, float, float, float]:
    """Return who is in the second heap, its distance, the common spread, the gain over one heap."""
    spread_of_one = max(float(x.std()), _LEAST_SPREAD)
    one = _log_density(x, x.mean(), spread_of_one).sum()
    for _ in range(30):
        share = min(max(float(member.mean()), 1e-6), 1 - 1e-6)
        if not 0 < member.sum() < len(x):
            return member, 0.0, spread_of_one, 0.0
        first = float(np.average(x, weights=1 - member))
        second = float(np.average(x, weights=member))
        squares = (1 - member) * (x - first) ** 2 + member * (x - second) ** 2
        spread = max(float(np.sqrt(squares.mean())), _LEAST_SPREAD)
        a = np.log(1 - share) + _log_density(x, first, spread)
        b = np.log(share) + _log_density(x, second, spread)
        both = np.logaddexp(a, b)
        member = np.exp(b - both)
    return member, second - first, spread, float(2 * (both.sum() - one))


def _log_density(x: np.ndarray, centre: float, spread: float) -> np.ndarray:
    return -0.5 * ((x - centre) / spread) ** 2 - np.log(spread)


def _densest(x: np.ndarray) -> float:
    """Return the middle of the shortest interval that holds half of the values.

    With up to half of them in another unit, their median may lie between the two heaps.
    """
    ordered = np.sort(x)
    half = (len(ordered) + 1) // 2
    start = int(np.argmin(ordered[half - 1 :] - ordered[: len(ordered) - half + 1]))
    return float(np.median(ordered[start : start + half]))
