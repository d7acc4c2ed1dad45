"""How well the regions of a file cover the networks that are spoken of."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from stratify.connectome.networks.tables import CORE, OTHER
from stratify.connectome.networks.values import NetworkMap
from stratify.errors import DataError, Fault, count_of, name_some

if TYPE_CHECKING:
    import pandas as pd

SGACC_WAY_OUT = (
    "Add a region of your own, drawn around MNI (6, 16, -10) with a radius of 10 mm, and name it "
    "sgACC"
)
"""Seed of Fox et al. 2012, Biological Psychiatry 72(7)."""


def compute_coverage(mapped: NetworkMap) -> pd.DataFrame:
    """Count the regions of each network, by side.

    Parameters
    ----------
    mapped : NetworkMap

    Returns
    -------
    coverage : DataFrame
        ``network``, ``regions``, ``left``, ``right``, ``midline`` (on both sides, or of a side that
        nothing tells), ``hubs`` (in words); SN, DMN and CEN first.

    Examples
    --------
    >>> from stratify.connectome import map_regions
    >>> print(compute_coverage(map_regions(["LH_Cont_Par_1"])).iloc[[2]].to_csv(index=False))
    network,regions,left,right,midline,hubs
    CEN,1,1,0,0,parietal
    <BLANKLINE>
    """
    import pandas as pd

    order = dict.fromkeys([*CORE, *sorted(set(mapped.networks) - {OTHER}), OTHER])
    lines = []
    for network in order:
        rows = [row for row in mapped.rows if row.network == network]
        sides = [row.hemisphere for row in rows]
        hubs = dict.fromkeys(row.hub for row in rows if row.hub)
        if rows or network in CORE:
            lines.append(
                (
                    network,
                    len(rows),
                    sides.count("L"),
                    sides.count("R"),
                    sides.count(""),
                    ", ".join(hubs),
                )
            )
    return pd.DataFrame(lines, columns=["network", "regions", "left", "right", "midline", "hubs"])


def require_networks(mapped: NetworkMap, networks: Sequence[str] = CORE, *, least: int = 2) -> None:
    """Refuse a map that leaves a network with too few regions to speak of it.

    Parameters
    ----------
    mapped : NetworkMap
    networks : sequence of str
    least : int
        Regions that each hemisphere must have. Those on the midline, and those whose side nothing
        tells, count for both.

    Raises
    ------
    DataError
        Naming each network and the regions it has.
    """
    faults = _thin_networks(mapped, networks, least)
    if faults:
        raise DataError(faults)


def require_hubs(mapped: NetworkMap, hubs: Sequence[str]) -> None:
    """Refuse a map without a region for a hub; none is ever made up.

    Parameters
    ----------
    mapped : NetworkMap
    hubs : sequence of str
        As ``"sgACC"``, or of one side, ``"DLPFC L"``.

    Raises
    ------
    DataError
        Naming each hub that is lacking, and why the atlas has none.

    Examples
    --------
    >>> from stratify.connectome import map_regions
    >>> require_hubs(map_regions(["LH_Limbic_OFC_1", "LH_Default_PFC_1"]), ["sgACC"])
    Traceback (most recent call last):
    stratify.errors.DataError: hub sgACC: none among 2 regions of Schaefer 2018; a region of it. \
It falls between Limbic_OFC and the ventral Default_PFC, and none of them is the subgenual \
cingulate. Add a region of your own, drawn around MNI (6, 16, -10) with a radius of 10 mm, and \
name it sgACC.
    """
    there = {row.hub for row in mapped.rows}
    there |= {f"{row.hub} {row.hemisphere}" for row in mapped.rows if row.hemisphere}
    why = dict(mapped.lacks)
    faults = []
    for hub in hubs:
        if hub in there:
            continue
        word = hub.removesuffix(" L").removesuffix(" R")
        way_out = (
            SGACC_WAY_OUT
            if word == "sgACC"
            else "Say which region it is (its hub in the table of regions), or ask for others"
        )
        of = f" of {mapped.atlas}" if mapped.atlas else ""
        faults.append(
            Fault(
                where=f"hub {hub}",
                met=f"none among {count_of(len(mapped), 'region')}{of}",
                wanted="a region of it",
                way_out=f"{why[word]} {way_out}." if word in why else f"{way_out}.",
            )
        )
    if faults:
        raise DataError(faults)


def describe_coverage(
    mapped: NetworkMap, networks: Sequence[str] = CORE, *, least: int = 2
) -> tuple[Fault, ...]:
    """Tell of thin networks and of regions that no table knows, as warnings.

    Parameters
    ----------
    mapped, networks, least
        As for `require_networks`.

    Returns
    -------
    warnings : tuple of Fault
    """
    faults = [
        replace(fault, severity="warning") for fault in _thin_networks(mapped, networks, least)
    ]
    unknown = [row.region for row in mapped.rows if row.network == OTHER]
    if unknown:
        of = f" of {mapped.atlas}" if mapped.atlas else ""
        faults.append(
            Fault(
                where="networks",
                met=f"{len(unknown)} of {count_of(len(mapped), 'region')}{of} whose network no "
                f"table tells: {name_some(unknown)}",
                wanted="a network for each region",
                way_out="Name their networks, or give their coordinates; until then they are in "
                f"no network ({OTHER}).",
                severity="warning",
            )
        )
    return tuple(faults)


def _thin_networks(mapped: NetworkMap, networks: Sequence[str], least: int) -> list[Fault]:
    faults = []
    for network in networks:
        rows = [row for row in mapped.rows if row.network == network]
        sides = [row.hemisphere for row in rows]
        left, right, both = sides.count("L"), sides.count("R"), sides.count("")
        if min(left, right) + both >= least:
            continue
        has = name_some([row.region for row in rows]) if rows else "none"
        told = f", {left} left and {right} right" if rows else ""
        told += f", {both} on both sides or none told" if both else ""
        faults.append(
            Fault(
                where=f"networks: {network}",
                met=f"{count_of(len(rows), 'region')} ({has}){told}",
                wanted=f"at least {least} in each hemisphere",
                way_out="Name the network of more regions (connectivity.networks in the study "
                "file), or ask for features that do not need this network.",
            )
        )
    return faults
