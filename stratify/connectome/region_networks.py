"""The networks of a file's regions: as the study says, as the file has them, or by their names."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from stratify.connectome.networks import NetworkMap, RegionNetwork, map_regions, recognise_atlas
from stratify.connectome.raw import Regions
from stratify.errors import Fault, did_you_mean


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
    rows = mapped.rows
    if isinstance(given, NetworkMap):
        edited = {row.region: row for row in given.rows}
        rows = tuple(_as_edited(row, edited.get(row.region)) for row in rows)
    if regions.hubs is not None:
        rows = tuple(replace(row, hub=hub) for row, hub in zip(rows, regions.hubs, strict=True))
    return replace(mapped, rows=rows), []


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
