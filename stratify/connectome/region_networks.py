"""The networks of a file's regions: as the study says, as the file has them, or by their names."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from difflib import get_close_matches

from stratify.connectome.networks import NetworkMap, RegionNetwork, map_regions, recognise_atlas
from stratify.connectome.raw import Regions
from stratify.errors import Fault, did_you_mean

_BY_NAME = ("exact", "pattern", "synonym")
_BETWEEN_WORDS = re.compile(r"[\W_\d]+")
_SHORTEST_WORD = 5
"""Shorter ones are sides and abbreviations, which are alike without being meant."""


def networks_of_regions(
    given: Mapping[str, str] | Sequence[str] | NetworkMap | None,
    regions: Regions,
    where: str,
    *,
    atlas: str = "",
) -> tuple[NetworkMap | None, list[Fault]]:
    """Map each region to its network: as given, as the file has it, or by its name.

    Parameters
    ----------
    given : mapping of region to network, NetworkMap, or sequence in the regions' order, optional
    regions : Regions
        Their networks, hubs and coordinates are used, where the file has them.
    where : str
    atlas : str
        As the file or the study states it; what names no table is passed over.

    Returns
    -------
    mapped : NetworkMap or None
        None where there are faults.
    faults : list of Fault
    """
    fault = _unfit(given, regions, where)
    if fault is not None:
        return None, [fault]
    told: dict[str, str] = {}
    if regions.networks is not None:
        told |= dict(zip(regions.names, regions.networks, strict=True))
    if isinstance(given, Mapping):
        told |= given
    elif given is not None and not isinstance(given, NetworkMap):
        told |= dict(zip(regions.names, given, strict=True))
    mapped = map_regions(
        regions.names,
        atlas=atlas if recognise_atlas(atlas) else None,
        coordinates=regions.coordinates,
        overrides=told,
    )
    misspelt = _find_misspelt(mapped, where)
    if misspelt:
        return None, misspelt
    rows = mapped.rows
    if isinstance(given, NetworkMap):
        edited = {row.region: row for row in given.rows}
        rows = tuple(_as_edited(row, edited.get(row.region)) for row in rows)
    if regions.hubs is not None:
        rows = tuple(replace(row, hub=hub) for row, hub in zip(rows, regions.hubs, strict=True))
    return replace(mapped, rows=rows), []


def _find_misspelt(mapped: NetworkMap, where: str) -> list[Fault]:
    """Find regions that no table knows but for one word, which other regions of the file spell so.

    A region of another name altogether is no fault, only of no network.
    """
    known = {word for row in mapped.rows if row.evidence in _BY_NAME for word in _words(row.region)}
    faults = []
    for row in mapped.rows:
        if row.evidence != "none":
            continue
        meant = next((name for name in _respell(row.region, known) if _is_known(name)), None)
        if meant is not None:
            faults.append(
                Fault(
                    where=where,
                    met=f"the region {row.region!r}, which no table knows; {meant!r} is one",
                    wanted="labels as their atlas spells them",
                    way_out="Correct the label; or name its network in connectivity.networks, if "
                    "it is spelt as it is meant.",
                )
            )
    return faults


def _words(region: str) -> list[str]:
    return [word for word in _BETWEEN_WORDS.split(region) if len(word) >= _SHORTEST_WORD]


def _respell(region: str, known: set[str]) -> Iterator[str]:
    """Yield a region's name with each of its words in turn as other names spell it."""
    for word in _words(region):
        if word not in known:
            # One letter too many, too few, another, or two that changed places: "ventromedial" and
            # "anteromedial" are alike too, and are two regions.
            for near in get_close_matches(word, known, n=3, cutoff=1 - 1.01 / len(word)):
                yield region.replace(word, near, 1)


def _is_known(region: str) -> bool:
    return map_regions([region]).rows[0].evidence in _BY_NAME


def _as_edited(row: RegionNetwork, edited: RegionNetwork | None) -> RegionNetwork:
    if edited is None or (edited.network, edited.hub) == (row.network, row.hub):
        return row
    return replace(
        row, network=edited.network, hub=edited.hub, evidence="override", table="", note=""
    )


def _unfit(
    given: Mapping[str, str] | Sequence[str] | NetworkMap | None, regions: Regions, where: str
) -> Fault | None:
    if given is None:
        return None
    if not isinstance(given, Mapping | NetworkMap):
        if len(given) == len(regions.names):
            return None
        return Fault(
            where=where,
            met=f"{len(given)} networks for {len(regions.names)} regions",
            wanted="one network for each region, in their order",
            way_out="Correct the list, or name the network of each region by its name.",
        )
    named = given.regions if isinstance(given, NetworkMap) else tuple(given)
    strange = sorted(set(named) - set(regions.names))
    if not strange:
        return None
    return Fault(
        where=where,
        met=f"a network for {strange[0]!r}{did_you_mean(strange[0], regions.names)}",
        wanted="networks of regions that the file has",
        way_out="Correct the names of the regions.",
    )
