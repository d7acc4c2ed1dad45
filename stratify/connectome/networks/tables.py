"""The tables of networks, one of each atlas, read from data files."""

from __future__ import annotations

import hashlib
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from typing import Any

from stratify.connectome.networks.names import Hemisphere, RegionName

OTHER = "OTHER"
"""The network of a region whose name no rule knows."""

CORE = ("SN", "DMN", "CEN")
"""Salience, default mode (its core), central executive."""

ATLASES = (
    "schaefer",
    "stanford",
    "conn",
    "mist",
    "glasser",
    "aal",
    "harvard_oxford",
    "brainnetome",
    "difumo",
    "yeo",
    "power_gordon",
    "subcortex",
)
SYNONYMS = "synonyms"

TABLES_VERSION = "1"
"""Goes up when a table of an earlier version would map a region otherwise."""


@dataclass(frozen=True, slots=True)
class NetworkRule:
    r"""One line of a table that maps region names to networks.

    Parameters
    ----------
    pattern : str
        A regular expression that must match the whole name, hemisphere and atlas prefix taken off,
        upper and lower case alike.
    network : str
        May refer to a group of the pattern, as in ``r"\1"``.
    hub : str
        The hub of the network that such a region is, as ``"anterior insula"``; empty if none.
    names : tuple of str
        Instead of a pattern: the very names.
    source : str
        Whose naming it is.
    hemisphere : {"L", "R", ""}
        The only side that the line is about; empty for both.
    side : {"L", "R", ""}
        The side of such a region, where its name tells none.
    note : str
        Why the line stands where it stands, and what to know of it.
    """

    pattern: str
    network: str
    hub: str = ""
    names: tuple[str, ...] = ()
    source: str = ""
    hemisphere: Hemisphere = ""
    side: Hemisphere = ""
    note: str = ""


@dataclass(frozen=True, slots=True)
class NetworkTable:
    """What is known of the names of one atlas.

    Parameters
    ----------
    key, name, source : str
    rules : tuple of NetworkRule
        In order: the first that matches a name decides.
    recognise : str
        A regular expression for what people call the atlas.
    alone : bool
        Whether the atlas's names are like no other's, so that one of them tells the atlas.
    words : bool
        Whether the patterns are of words, with spaces for underscores, hyphens and commas.
    lacks : mapping of str to str
        The hubs that no region of the atlas is, and why.
    """

    key: str
    name: str
    source: str
    rules: tuple[NetworkRule, ...]
    recognise: str = ""
    alone: bool = False
    words: bool = False
    lacks: Mapping[str, str] = field(default_factory=dict)


@cache
def read_table(key: str) -> NetworkTable:
    """Read the table of one atlas.

    Parameters
    ----------
    key : str
        One of `ATLASES`, or ``"synonyms"``.

    Examples
    --------
    >>> read_table("schaefer").lacks["sgACC"]
    'It falls between Limbic_OFC and the ventral Default_PFC, and none of them is ...'
    """
    held = tomllib.loads(_text(key))
    return NetworkTable(
        key=key,
        name=held["name"],
        source=held["source"],
        rules=tuple(_rule(line, held["source"]) for line in held["rule"]),
        recognise=held.get("recognise", ""),
        alone=held.get("alone", False),
        words=held.get("words", False),
        lacks=held.get("lacks", {}),
    )


def read_rules(table: str) -> tuple[NetworkRule, ...]:
    """Read the rules of one atlas, in order: the first that matches a name decides.

    Parameters
    ----------
    table : str
        One of `ATLASES`, or ``"synonyms"``.

    Examples
    --------
    >>> read_rules("stanford")[0].network
    'SN'
    """
    return read_table(table).rules


def recognise_atlas(text: str) -> tuple[str, ...]:
    """Return the tables of the atlases that a text names, in any of their usual spellings.

    Parameters
    ----------
    text : str

    Examples
    --------
    >>> recognise_atlas("4S456Parcels"), recognise_atlas("AAL3v1"), recognise_atlas("our own")
    (('schaefer', 'subcortex'), ('aal',), ())
    """
    known = text.strip().lower()
    if known in ATLASES:
        return (known,)
    return tuple(key for key in ATLASES if re.search(read_table(key).recognise, known))


@cache
def find_rule(key: str, name: RegionName) -> tuple[NetworkRule, str] | None:
    """Return the line of a table that decides on a name, and its network; None without one."""
    table = read_table(key)
    text = name.words if table.words else name.plain
    for rule, pattern, names in _compiled(key):
        if rule.hemisphere and rule.hemisphere != name.hemisphere:
            continue
        if pattern is None:
            if _as_listed(name.plain) in names:
                return rule, rule.network
        elif match := pattern.fullmatch(text):
            return rule, _as_written(match.expand(rule.network))
    return None


@cache
def digest_of_tables() -> str:
    """Return the SHA-256 of what all tables say: equal on any machine."""
    digest = hashlib.sha256()
    for key in (*ATLASES, SYNONYMS):
        digest.update(repr(tomllib.loads(_text(key))).encode())
    return digest.hexdigest()


@cache
def _compiled(
    key: str,
) -> tuple[tuple[NetworkRule, re.Pattern[str] | None, frozenset[str]], ...]:
    return tuple(
        (
            rule,
            re.compile(rule.pattern, re.IGNORECASE) if rule.pattern else None,
            frozenset(_as_listed(name) for name in rule.names),
        )
        for rule in read_table(key).rules
    )


def _rule(line: dict[str, Any], source: str) -> NetworkRule:
    return NetworkRule(
        pattern=line.get("pattern", ""),
        network=line["network"],
        hub=line.get("hub", ""),
        names=tuple(line.get("names", ())),
        source=line.get("source", source),
        hemisphere=line.get("hemisphere", ""),
        side=line.get("side", ""),
        note=line.get("note", ""),
    )


def _as_listed(name: str) -> str:
    """Make names equal that differ in case, or in underscores for hyphens, and no more."""
    return name.replace("_", "-").casefold()


def _as_written(network: str) -> str:
    """Undo the case of a name that was matched in another case: ``sn`` is ``SN``."""
    return network.upper() if network.upper() in CORE else network


def _text(key: str) -> str:
    return files("stratify.connectome").joinpath("atlases", f"{key}.toml").read_text("utf-8")
