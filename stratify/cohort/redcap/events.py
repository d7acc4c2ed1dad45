"""The events of a longitudinal REDCap project, and the arms its patients are in."""

from __future__ import annotations

import csv
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from stratify.errors import Fault, count_of, name_some

ARM = "redcap_arm"
"""The column of each patient's arm, where the events have one."""

_RAW = re.compile(r"^(?P<stem>.+)_arm_(?P<arm>\d+)(?P<letter>[a-z]?)$")
_LABELLED = re.compile(r"^(?P<stem>.+?) *\(Arm (?P<arm>\d+): (?P<name>.*)\)$", re.DOTALL)
_LENGTH = 18
"""So much of an event's label REDCap keeps in its raw name."""


@dataclass(frozen=True, eq=False)
class Events:
    """The event and the arm of each row of an export.

    Parameters
    ----------
    of_row : array of object, shape (n_rows,)
        What the columns of a row's event are called: ``week_6``; ``week_6_arm_2`` in an export in
        which somebody is in two arms. Raw and labelled exports call them the same.
    arms : mapping of str to str
        The arm of each patient who is in one; nothing in an export without arms, or one in which
        somebody is in two.
    levels : tuple of str
        The arms in the order of their numbers.
    faults : tuple of Fault
    """

    of_row: np.ndarray
    arms: Mapping[str, str]
    levels: tuple[str, ...]
    faults: tuple[Fault, ...] = ()


def read_events(
    file: str, cells: Sequence[str | None], who: Sequence[str], names: Mapping[str, str]
) -> Events:
    """Part the events of an export into what was done and in which arm.

    Parameters
    ----------
    file : str
    cells : sequence of str or None
        The event of each row, as REDCap's raw or labelled name.
    who : sequence of str
        The patient of each row.
    names : mapping of str to str
        The name of each arm by its number, where it is known from elsewhere.
    """
    parted = {cell: _part(cell) for cell in dict.fromkeys(cell or "" for cell in cells)}
    stems = _name_stems(parted)
    called = {arm: name for _, arm, name in parted.values() if name}
    numbers = sorted({arm for _, arm, _ in parted.values() if arm}, key=int)
    levels = {arm: called.get(arm) or names.get(arm) or f"arm {arm}" for arm in numbers}
    of_person: dict[str, list[str]] = {}
    for cell, one in zip(cells, who, strict=True):
        arm = parted[cell or ""][1]
        if arm and arm not in of_person.setdefault(one, []):
            of_person[one].append(arm)
    several = [one for one, arms in of_person.items() if len(arms) > 1]
    if several:
        apart = {cell: f"{stems[cell]}_arm_{arm}" for cell, (_, arm, _) in parted.items() if arm}
        stems = {**stems, **apart}
    of_row = np.array([stems[cell or ""] for cell in cells], dtype=object)
    if several:
        told = (_tell_several(file, several, of_person, levels),)
        return Events(of_row, {}, (), told)
    arms = {one: levels[arms[0]] for one, arms in of_person.items()}
    return Events(of_row, arms, tuple(levels.values()))


def _part(event: str) -> tuple[str, str, str]:
    """Return the stem, the number of the arm and its name, each "" where the event has none.

    Examples
    --------
    >>> _part("baseline_arm_1"), _part("Baseline (Arm 1: Drug)")
    (('baseline', '1', ''), ('Baseline', '1', 'Drug'))
    """
    raw = _RAW.match(event)
    if raw:
        letter = f"_{raw['letter']}" if raw["letter"] else ""
        return raw["stem"] + letter, raw["arm"], ""
    labelled = _LABELLED.match(event)
    if labelled:
        return labelled["stem"], labelled["arm"], labelled["name"].strip()
    return event, "", ""


def _name_stems(parted: Mapping[str, tuple[str, str, str]]) -> dict[str, str]:
    """Name labelled events as REDCap does raw ones, unless two would be called the same."""
    labels = {stem for stem, _, _ in parted.values()}
    whole = {label: _bare(label) for label in labels}
    short = {label: name[:_LENGTH].strip("_") for label, name in whole.items()}
    kept = short if len(set(short.values())) == len(labels) else whole
    if len(set(kept.values())) < len(labels):
        kept = {label: label for label in labels}
    return {event: kept[stem] for event, (stem, _, _) in parted.items()}


def _bare(label: str) -> str:
    bare = re.sub(r"[^a-z0-9_]", "", "_".join(label.lower().split()))
    return re.sub(r"_+", "_", bare).strip("_")


def _tell_several(
    file: str,
    several: Sequence[str],
    of_person: Mapping[str, Sequence[str]],
    levels: Mapping[str, str],
) -> Fault:
    shown = name_some(
        f"{one} in {' and '.join(levels[a] for a in of_person[one])}" for one in several
    )
    met = f"{count_of(len(several), 'patient')} in more than one arm"
    return Fault(
        where=file,
        met=f"{met}: {shown}",
        summary=met,
        wanted="one arm a patient",
        way_out="Events of each arm are columns of their own, and there is no column of arms; "
        "for a crossover, export the visits in long format and name each treatment period.",
        patients=tuple(several),
        severity="warning",
    )


def read_arms(path: Path | None) -> dict[str, str]:
    """Read the names of a project's arms from the file REDCap writes of them.

    Returns
    -------
    names : dict of str to str
        By the arm's number; nothing without a file.
    """
    if path is None:
        return {}
    with path.open(encoding="utf-8-sig", errors="replace", newline="") as file:
        rows = list(csv.reader(file))[1:]
    return {row[0].strip(): row[1].strip() for row in rows if len(row) > 1 and row[1].strip()}
