"""Columns for a cohort's dictionary: what an instrument's items and totals mean."""

from __future__ import annotations

from typing import Any

from stratify.instruments.values import Instrument, Item, Total
from stratify.schema import Column, Measured, Role


def make_columns(
    instrument: Instrument,
    *,
    measured: Measured = "baseline",
    role: Role = "feature",
    suffix: str = "",
) -> tuple[Column, ...]:
    """Make the columns of an instrument's totals, for the dictionary of a cohort.

    Parameters
    ----------
    instrument : Instrument
    measured : {"baseline", "during", "followup"}
    role : str
    suffix : str
        Put after each name, for instance ``"_week6"``.

    Returns
    -------
    columns : tuple of Column
        One for each total, in order; an ordinal level is a category, never a number.

    Examples
    --------
    >>> from stratify.instruments import read_instrument
    >>> make_columns(read_instrument("madrs"), suffix="_baseline")
    (Column(name='madrs_total_baseline', kind='number', ..., low=0.0, high=60.0, ...),)
    """
    return tuple(
        Column(
            name=f"{total.column}{suffix}",
            label=total.label,
            measured=measured,
            role=role,
            **_total_fields(total),
        )
        for total in instrument.totals
    )


def make_item_columns(
    instrument: Instrument,
    *,
    measured: Measured = "baseline",
    role: Role = "ignore",
    suffix: str = "",
) -> tuple[Column, ...]:
    """Make the columns of an instrument's items; their labels are numbers, never wording.

    Parameters
    ----------
    instrument, measured, suffix
        As in `make_columns`.
    role : str
        Items are usually scored and then left out of models.

    Examples
    --------
    >>> from stratify.instruments import read_instrument
    >>> make_item_columns(read_instrument("dast10"))[2].kind
    'boolean'
    """
    return tuple(
        Column(
            name=f"{item.name}{suffix}",
            label=f"{instrument.short_name} item {item.name.rsplit('_', 1)[-1]}"
            if len(instrument.items) > 1
            else f"{instrument.short_name} answer",
            measured=measured,
            role=role,
            **_item_fields(item),
        )
        for item in instrument.items
    )


def _total_fields(total: Total) -> dict[str, Any]:
    if total.is_ordinal:
        return {"kind": "category", "levels": total.band_names}
    return {"kind": "number", "unit": total.unit, "low": total.low, "high": total.high}


def _item_fields(item: Item) -> dict[str, Any]:
    if item.is_yes_or_no:
        return {"kind": "boolean"}
    low = min((item.low, *item.not_assessed))
    return {"kind": "number", "unit": "points", "low": low, "high": item.high}
