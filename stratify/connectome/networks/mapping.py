"""From the names of regions to networks and hubs: by table, by synonym, or by place."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import product

import numpy as np

from stratify.connectome.networks.centroids import NEAR_MM, place_regions
from stratify.connectome.networks.names import (
    Hemisphere,
    read_region_name,
    read_region_names,
)
from stratify.connectome.networks.tables import (
    ATLASES,
    OTHER,
    SYNONYMS,
    digest_of_tables,
    find_rule,
    read_table,
    recognise_atlas,
)
from stratify.connectome.networks.values import NetworkMap, RegionNetwork
from stratify.errors import DataError, Fault, did_you_mean, name_some

# A region this near to the midline belongs to both hemispheres.
_MIDLINE_MM = 5.0
_NUMBERED = re.compile(r"\s*(roi|region|node|parcel)?[ _-]*\d+\s*", re.IGNORECASE)


def map_regions(
    regions: Sequence[str],
    *,
    atlas: str | None = None,
    coordinates: np.ndarray | None = None,
    overrides: Mapping[str, str] | NetworkMap | None = None,
) -> NetworkMap:
    """Map every region to its network and hub.

    In this order: overrides; the tables of the atlas, by the very name and by pattern; anatomical
    words; the nearest region of a published set of places, if it is near; and else ``OTHER``. The
    ``evidence`` of each row says which it was.

    Parameters
    ----------
    regions : sequence of str
    atlas : str, optional
        One of `ATLASES`, or a text that names one or more of them, as ``"4S456Parcels"``. Where
        none is given, the table that knows most of the names, if it knows half of them.
    coordinates : array, shape (n_regions, 3), optional
        Centres in MNI millimetres; NaN where not known. They are looked at only for names that no
        table knows, and for the side of a region whose name tells none. Names that hold
        coordinates, as CONN's do, need none.
    overrides : mapping of str to str, or NetworkMap, optional
        Networks of regions by their full name; they go before every table. Of a map, hubs too, and
        only what differs from the tables counts as an override.

    Raises
    ------
    DataError
        If no table is of that atlas, an override names no region, or the coordinates do not fit.

    Source
    ------
    Each table in ``stratify/connectome/atlases`` names its own. Places: Seitzman et al. 2020,
    NeuroImage 206, with hubs from Dosenbach et al. 2010, Science 329.

    Examples
    --------
    >>> map_regions(["7Networks_LH_SalVentAttn_FrOperIns_1", "7Networks_RH_Cont_PFCl_2"])
    NetworkMap(2 regions of Schaefer 2018: 1 SN, 0 DMN, 1 CEN, 0 OTHER)
    """
    told: Mapping[str, str] | Mapping[str, RegionNetwork] = (
        {row.region: row for row in overrides.rows}
        if isinstance(overrides, NetworkMap)
        else overrides or {}
    )
    _require_known(tuple(told), regions)
    places = _places_of(regions, coordinates)
    leading = _named(atlas) if atlas else _guessed(regions)
    others = [key for key in ATLASES if read_table(key).alone and key not in leading]
    rows = [_by_name(region, (*leading, *others, SYNONYMS)) for region in regions]
    rows = [
        replace(row, hemisphere=row.hemisphere or _side_of(place))
        for row, place in zip(rows, places, strict=True)
    ]
    rows = _by_place(rows, places)
    rows = [_overridden(row, told) for row in rows]
    return NetworkMap(
        tuple(rows),
        ", ".join(read_table(key).name for key in leading),
        digest_of_tables(),
        lacks=tuple(item for key in leading for item in read_table(key).lacks.items()),
    )


def network_of(region: str, overrides: Mapping[str, str] | None = None) -> str:
    """Return the network of a region, by its name alone.

    Parameters
    ----------
    region : str
        Such as ``"7Networks_LH_SalVentAttn_Med_1"``, ``"RH_Default_pCunPCC_1"`` or ``"LECN_02"``.
    overrides : mapping of str to str, optional
        Networks of regions by their full name; they go before every rule.

    Returns
    -------
    network : str
        ``"SN"`` (salience), ``"DMN"`` (default mode, its core), ``"CEN"`` (central executive), the
        name of another network, or ``"OTHER"`` where no rule knows the name.

    Examples
    --------
    >>> network_of("7Networks_LH_SalVentAttn_FrOperIns_1"), network_of("LH_Cont_pCun_1")
    ('SN', 'ContOther')
    >>> network_of("subgenual", {"subgenual": "Limbic"})
    'Limbic'
    """
    known = overrides or {}
    told = {region: known[region]} if region in known else {}
    return map_regions([region], overrides=told).networks[0]


def _by_name(region: str, tables: Sequence[str]) -> RegionNetwork:
    for key, name in product(tables, read_region_names(region)):
        found = find_rule(key, name)
        if found is None:
            continue
        rule, network = found
        evidence = "exact" if rule.names else "synonym" if key == SYNONYMS else "pattern"
        return RegionNetwork(
            region,
            network,
            rule.hub,
            name.hemisphere or rule.side,
            evidence,  # type: ignore[arg-type]
            read_table(key).name,
            rule.note,
        )
    return RegionNetwork(region, OTHER, "", read_region_name(region).hemisphere, "none")


def _by_place(rows: list[RegionNetwork], places: np.ndarray) -> list[RegionNetwork]:
    unknown = [k for k, row in enumerate(rows) if row.network == OTHER]
    unknown = [k for k in unknown if np.isfinite(places[k]).all()]
    if not unknown:
        return rows
    rows = list(rows)
    for k, near in zip(unknown, place_regions(places[unknown]), strict=True):
        if near.distance_mm <= NEAR_MM:
            note = f"{near.distance_mm:.1f} mm from {near.name}"
            rows[k] = replace(
                rows[k],
                network=near.network,
                hub=near.hub,
                evidence="coordinates",
                table=near.table,
                note=note,
            )
        else:
            note = f"the nearest known place is {near.distance_mm:.1f} mm away"
            rows[k] = replace(rows[k], note=note)
    return rows


def _overridden(
    row: RegionNetwork, told: Mapping[str, str] | Mapping[str, RegionNetwork]
) -> RegionNetwork:
    given = told.get(row.region)
    if given is None:
        return row
    network, hub = (
        (given.network, given.hub) if isinstance(given, RegionNetwork) else (given, row.hub)
    )
    if isinstance(given, RegionNetwork) and (network, hub) == (row.network, row.hub):
        return row
    return replace(row, network=network, hub=hub, evidence="override", table="", note="")


def _side_of(place: np.ndarray) -> Hemisphere:
    x = float(place[0])
    if not np.isfinite(x) or abs(x) <= _MIDLINE_MM:
        return ""
    return "L" if x < 0 else "R"


def _places_of(regions: Sequence[str], coordinates: np.ndarray | None) -> np.ndarray:
    places = np.full((len(regions), 3), np.nan)
    if coordinates is not None:
        given = np.asarray(coordinates, dtype=float)
        if given.shape != places.shape:
            raise DataError(
                Fault(
                    where="coordinates",
                    met=f"an array of shape {given.shape}",
                    wanted=f"three numbers for each of the {len(regions)} regions",
                    way_out="Give one row of x, y and z a region, in their order.",
                )
            )
        places = given.copy()
    for k, region in enumerate(regions):
        told = read_region_name(region).coordinates
        if told is not None and not np.isfinite(places[k]).all():
            places[k] = told
    return places


def _named(atlas: str) -> tuple[str, ...]:
    found = recognise_atlas(atlas)
    if not found:
        raise DataError(
            Fault(
                where="atlas",
                met=f"{atlas!r}{did_you_mean(atlas, ATLASES)}",
                wanted=f"one of {', '.join(ATLASES)}",
                way_out="Name one of them, or none, and it is told by the regions' names.",
            )
        )
    return found


def _guessed(regions: Sequence[str]) -> tuple[str, ...]:
    """Return the table that knows most of the names, if it knows half of them."""
    # Numbers, which regions without a name have, are the names of some areas too.
    tellers = [read_region_names(name) for name in regions if not _NUMBERED.fullmatch(name)]
    known = {
        key: sum(any(find_rule(key, name) for name in names) for names in tellers)
        for key in ATLASES
    }
    best = max(known, key=lambda key: known[key])
    return (best,) if tellers and known[best] >= len(regions) / 2 else ()


def _require_known(named: tuple[str, ...], regions: Sequence[str]) -> None:
    known = set(regions)
    strangers = [name for name in named if name not in known]
    if strangers:
        raise DataError(
            Fault(
                where="networks",
                met=f"a network for {name_some(strangers)}, which is no region",
                wanted="an override names a region of the connectivity file",
                way_out="Correct the name"
                + (did_you_mean(strangers[0], tuple(regions)) if len(strangers) == 1 else "")
                + ".",
            )
        )
