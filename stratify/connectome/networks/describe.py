"""The documentation of the tables of networks, as markdown made from their data files."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from stratify.connectome.networks.tables import (
    ATLASES,
    SYNONYMS,
    TABLES_VERSION,
    NetworkRule,
    NetworkTable,
    read_table,
)

_HEAD = """\
# Networks

Which network and hub a region is taken for, by its name. This page is written from the data files
in `stratify/connectome/atlases` by `stratify.connectome.describe_networks`; change those, then run
`make networks`. This is version {version} of the tables.

Three networks are spoken of by name: **SN** salience (anterior cingulate, anterior insula), **DMN**
default mode (medial prefrontal, posterior cingulate, precuneus, angular gyrus) and **CEN** central
executive (dorsolateral prefrontal, parietal). What belongs to a network's outer parts is kept apart
(`DefaultOther`, `ContOther`), and what no table knows is `OTHER`.

A name is asked for in this order, and the first answer holds; the map says on what evidence:

1. *override*: what the study file, or a map that was edited, says of the region;
2. *exact* and *pattern*: the table of the atlas. It is told by its name, or else it is the one that
   knows most of the names, if it knows half of them. Names that are like no other atlas's
   (marked below) are known among others too, as in atlases made of two;
3. *synonym*: the field's anatomical words, last table below;
4. *coordinates*: the nearest of 300 published regions, if it is within 10 mm;
5. *none*.

Hemisphere (`LH_`, `_L`, `-lh`, `Left`), atlas prefix (`7Networks_`) and coordinates
(`(0,22,35)`) are taken off a name before it is looked up; case does not matter. Patterns are
regular expressions of the whole name; in tables of words, underscores and commas are spaces.

A subgenual cingulate is never made up: where the atlas has none, features that need it ask for a
region of your own.
"""


def describe_networks(tables: Iterable[str] | None = None) -> str:
    """Return the tables that map regions to networks, as markdown.

    Parameters
    ----------
    tables : iterable of str, optional
        Of `ATLASES` and ``"synonyms"``; all, without it.

    Examples
    --------
    >>> "## Schaefer 2018" in describe_networks(["schaefer"])
    True
    """
    chosen = [read_table(key) for key in ((*ATLASES, SYNONYMS) if tables is None else tables)]
    return "\n".join([_HEAD.format(version=TABLES_VERSION), *(_section(one) for one in chosen)])


def _section(table: NetworkTable) -> str:
    lines = [f"## {table.name}", "", f"Source: {table.source}."]
    if table.alone:
        lines += ["", "Its names are like no other's."]
    lines += [f"\nNo region is the {hub}. {why}" for hub, why in table.lacks.items()]
    own = any(rule.source != table.source for rule in table.rules)
    head = ("name", "network", "hub", "note", *(["source"] if own else []))
    lines += ["", *_rows(head, [_row(rule, own) for rule in table.rules]), ""]
    return "\n".join(lines)


def _row(rule: NetworkRule, own: bool) -> tuple[str, ...]:
    names = ", ".join(f"`{name}`" for name in rule.names) or f"`{rule.pattern}`"
    side = {"L": "left ", "R": "right "}.get(rule.hemisphere, "")
    network = "the same word" if "\\" in rule.network else rule.network
    return (f"{side}{names}", network, rule.hub, rule.note, *([rule.source] if own else []))


def _rows(head: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    lines = [head, ["---"] * len(head), *rows]
    return ["| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines]
