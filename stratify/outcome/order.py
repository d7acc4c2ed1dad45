"""The order in time of the columns a rule reads."""

from __future__ import annotations

from collections.abc import Iterable

from stratify.cohort.names import find_day, part_visit
from stratify.errors import Fault, SettingsError
from stratify.schema import Column


def require_later(followup: str, later: str, columns: Iterable[Column] = ()) -> None:
    """Refuse a response that must last until before it began.

    Parameters
    ----------
    followup : str
        The column at which response is judged first.
    later : str
        The column at which it must still be there.
    columns : iterable of Column
        The cohort's, which say on what day each was measured. Where they do not, the names are
        read; where those do not count days either, the order cannot be told and is taken as given.

    Raises
    ------
    SettingsError
        If ``later`` is the same column, or is known to be no later.

    Examples
    --------
    >>> require_later("madrs_week6", "madrs_month6")
    >>> require_later("madrs_week6", "madrs_week2")
    Traceback (most recent call last):
    stratify.errors.SettingsError: response.later: madrs_week2 is measured on day 14, and \
madrs_week6 on day 42; ...
    """
    by_name = {column.name: column for column in columns}
    first, last = (_find_day(name, by_name) for name in (followup, later))
    same = followup == later
    if not same and (first is None or last is None or last > first):
        return
    raise SettingsError(
        Fault(
            where="response.later",
            met=f"{later}, which is also where response is judged first"
            if same
            else f"{later} is measured on day {last:g}, and {followup} on day {first:g}",
            wanted="a durable response is one that is still there later on",
            way_out="Exchange the two, if response is first judged at the earlier one; or name a "
            "later column.",
        )
    )


def _find_day(name: str, columns: dict[str, Column]) -> float | None:
    column = columns.get(name)
    if column is not None and column.day is not None:
        return column.day
    visit = column.visit if column is not None and column.visit else part_visit(name)[1]
    return find_day(visit)
