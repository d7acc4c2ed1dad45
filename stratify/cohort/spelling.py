"""One name written in two ways: in capitals, with spaces, as ``1.0``, or with the prefix ``sub-``.

What is read as something else than the file has it is never told apart in silence: callers warn.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Sequence

PREFIX = "sub-"


def fold(name: str) -> str:
    """Return a name in small letters and without spaces and underscores.

    Hyphens stay: ``day-1`` may be the day before the first.

    Examples
    --------
    >>> fold("Week 2") == fold("week_2"), fold("day-1") == fold("day 1")
    (True, False)
    """
    return re.sub(r"[\s_]+", "", name.casefold())


def respell(name: str, known: Iterable[str], *, key: Callable[[str], str] = fold) -> str:
    """Return the one known name that is meant, or the name itself where none is, or several are.

    Parameters
    ----------
    name : str
    known : iterable of str
    key : callable
        What two spellings of one name have in common.

    Examples
    --------
    >>> respell("TMS+Ketamine", ["tms", "tms+ketamine"])
    'tms+ketamine'
    >>> respell("MADRS", ["madrs", "Madrs"])
    'MADRS'
    """
    known = tuple(dict.fromkeys(known))
    if name in known:
        return name
    near = [one for one in known if key(one) == key(name)]
    return near[0] if len(near) == 1 else name


def find_spellings(
    words: Iterable[str], *, known: Iterable[str] = (), key: Callable[[str], str] = fold
) -> dict[str, str]:
    """Find words that are one name, and say as what each is read.

    Parameters
    ----------
    words : iterable of str
        Each as often as it occurs.
    known : iterable of str
        Names that are right as they are; without one, the spelling used most.
    key : callable

    Returns
    -------
    read_as : dict of str to str
        Words that are read as another, and as which.

    Examples
    --------
    >>> find_spellings(["Week 2", "week 2", "week 2", "week 6"])
    {'Week 2': 'week 2'}
    """
    counts = Counter(words)
    known = tuple(dict.fromkeys(known))
    groups: dict[str, list[str]] = {}
    for word in counts:
        groups.setdefault(key(word), []).append(word)
    read_as: dict[str, str] = {}
    for group in groups.values():
        most = max(group, key=lambda word: counts[word])
        meant = most if any(word in known for word in group) else respell(most, known, key=key)
        right = [word for word in group if word in known] or [meant]
        if len(right) == 1:
            read_as |= {word: right[0] for word in group if word != right[0]}
    return read_as


def match_numbers(words: Iterable[str], levels: Iterable[str]) -> dict[str, str]:
    """Find words that are the number of one level, written otherwise.

    Parameters
    ----------
    words : iterable of str
    levels : iterable of str

    Returns
    -------
    read_as : dict of str to str

    Examples
    --------
    >>> match_numbers(["1", "1.0", "02", "x"], ["1", "2"])
    {'1.0': '1', '02': '2'}
    """
    levels = tuple(levels)
    by_number: dict[float, list[str]] = {}
    for level in levels:
        number = _number(level)
        if number is not None:
            by_number.setdefault(number, []).append(level)
    read_as = {}
    for word in words:
        number = None if word in levels else _number(word)
        meant = by_number.get(number, []) if number is not None else []
        if len(meant) == 1:
            read_as[word] = meant[0]
    return read_as


def merge_numbers(words: Iterable[str]) -> dict[str, str]:
    """Find words that are one number, and say as which each is read: as the shortest.

    Examples
    --------
    >>> merge_numbers(["2.0", "1", "1.0", "yes"])
    {'1.0': '1'}
    """
    by_number: dict[float, list[str]] = {}
    for word in words:
        number = _number(word)
        if number is not None:
            by_number.setdefault(number, []).append(word)
    read_as: dict[str, str] = {}
    for same in by_number.values():
        shortest = min(same, key=lambda word: (len(word), word))
        read_as |= {word: shortest for word in same if word != shortest}
    return read_as


def _number(word: str) -> float | None:
    return float(word) if re.fullmatch(r"[+-]?\d+(\.\d*)?", word) else None


def match_patients(names: Iterable[str], known: Iterable[str]) -> dict[str, str]:
    """Find patients that differ from a known one only in the prefix ``sub-`` of BIDS.

    Returns
    -------
    read_as : dict of str to str
        Names that are no known patient's, and whose they are then.

    Examples
    --------
    >>> match_patients(["01", "sub-02", "sub-03"], ["sub-01", "02", "03", "sub-03"])
    {'01': 'sub-01', 'sub-02': '02'}
    """
    names, members = tuple(dict.fromkeys(names)), set(known)
    read_as: dict[str, str] = {}
    for name in names:
        other = name.removeprefix(PREFIX) if name.startswith(PREFIX) else PREFIX + name
        # With both names in one file they are two people, or a mistake to be seen.
        if name not in members and other in members and other not in names:
            read_as[name] = other
    return read_as


def hint_at_patients(strangers: Sequence[str], known: Iterable[str]) -> str:
    """Return whom a stranger may be, where names differ in the prefix, zeros or capitals only.

    Examples
    --------
    >>> hint_at_patients(["s7"], ["S0007", "S0008"])
    " ('s7' may be 'S0007')"
    """
    by_key: dict[str, str] = {}
    for patient in known:
        by_key.setdefault(bare_patient(patient), patient)
    for stranger in strangers:
        near = by_key.get(bare_patient(stranger))
        if near:
            return f" ({stranger!r} may be {near!r})"
    return ""


def bare_patient(name: str) -> str:
    """Return an identifier without the prefix ``sub-``, leading zeros, capitals and spaces.

    Examples
    --------
    >>> bare_patient("sub-007") == bare_patient("7") == bare_patient("7.0")
    True
    >>> bare_patient("A-11") == bare_patient("A-1-1"), bare_patient("P10") == bare_patient("P1")
    (False, False)
    """
    bare = re.sub(r"\s+", "", name.casefold()).replace("_", "-")
    bare = re.sub(r"^sub-?(?=\w)", "", bare)
    return re.sub(r"(?<!\d)0+(?=\d)", "", re.sub(r"(?<=\d)\.0+$", "", bare))
