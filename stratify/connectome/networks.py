"""Which network and hub a region belongs to, by its name, from tables one can read."""

from __future__ import annotations

import hashlib
import re
import tomllib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Literal

from stratify.errors import DataError, Fault, did_you_mean, name_some

if TYPE_CHECKING:
    import pandas as pd

OTHER = "OTHER"
"""The network of a region whose name no rule knows."""

CORE = ("SN", "DMN", "CEN")

Evidence = Literal["override", "exact", "pattern", "synonym", "none"]

ATLASES = (
    "schaefer",
    "stanford",
    "conn",
    "mist",
    "glasser",
    "aal",
    "harvard_oxford",
    "brainnetome",
    "power_gordon",
    "subcortex",
)
SYNONYMS = "synonyms"

_PREFIX = re.compile(r"^(7|17)Networks_", re.IGNORECASE)
_BEFORE = re.compile(r"^(LH|RH|L|R|left|right)[_\- .]", re.IGNORECASE)
_AFTER = re.compile(r"[_\- .](LH|RH|L|R|left|right)$|\s*\((L|R)\)", re.IGNORECASE)
_COORDINATES = re.compile(r"\s*\([-\d., ]+\)$")


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
    """

    pattern: str
    network: str
    hub: str = ""
    names: tuple[str, ...] = ()
    source: str = ""


@dataclass(frozen=True, slots=True)
class RegionNetwork:
    """Where one region belongs, and on what evidence.

    Parameters
    ----------
    region, network, hub : str
    hemisphere : {"L", "R", ""}
    evidence : {"override", "exact", "pattern", "synonym", "none"}
    """

    region: str
    network: str
    hub: str
    hemisphere: str
    evidence: Evidence


@dataclass(frozen=True, eq=False)
class NetworkMap:
    """The network and hub of every region, as a table one can read, and correct with overrides.

    Parameters
    ----------
    rows : tuple of RegionNetwork
    atlas : str
        The table that was used; empty where none fitted.
    digest : str
        SHA-256 of all tables, so that a run says by which version its regions were mapped.
    """

    rows: tuple[RegionNetwork, ...]
    atlas: str
    digest: str

    def __len__(self) -> int:
        return len(self.rows)

    @property
    def networks(self) -> tuple[str, ...]:
        """The network of each region."""
        return tuple(row.network for row in self.rows)

    @property
    def hubs(self) -> tuple[str, ...]:
        """The hub each region is; empty where it is none."""
        return tuple(row.hub for row in self.rows)

    @property
    def hemispheres(self) -> tuple[str, ...]:
        """The hemisphere of each region, ``"L"`` or ``"R"``; empty where its name says none."""
        return tuple(row.hemisphere for row in self.rows)

    def to_frame(self) -> pd.DataFrame:
        """Return ``region``, ``network``, ``hub``, ``hemisphere``, ``evidence``."""
        import pandas as pd

        names = ("region", "network", "hub", "hemisphere", "evidence")
        return pd.DataFrame(
            [[getattr(row, name) for name in names] for row in self.rows], columns=list(names)
        )

    def __repr__(self) -> str:
        counts = Counter(self.networks)
        shown = ", ".join(f"{counts[name]} {name}" for name in (*CORE, OTHER))
        return (
            f"NetworkMap({len(self)} regions{f' of {self.atlas}' if self.atlas else ''}: {shown})"
        )

    def _repr_html_(self) -> str:
        return f"<p>{self!r}</p>" + self.to_frame().to_html(index=False)


@cache
def read_rules(table: str) -> tuple[NetworkRule, ...]:
    """Read the rules of one atlas, in order: the first that matches a name decides.

    Parameters
    ----------
    table : str
        One of `ATLASES`, or ``"synonyms"``.

    Examples
    --------
    >>> read_rules("stanford")[1].network
    'SN'
    """
    known = _read(table)
    return tuple(
        NetworkRule(
            pattern=rule.get("pattern", ""),
            network=rule["network"],
            hub=rule.get("hub", ""),
            names=tuple(rule.get("names", ())),
            source=known["source"],
        )
        for rule in known["rule"]
    )


def map_regions(
    regions: Sequence[str],
    *,
    atlas: str | None = None,
    overrides: Mapping[str, str] | None = None,
) -> NetworkMap:
    """Map every region to its network and hub, by the table of its atlas.

    Parameters
    ----------
    regions : sequence of str
    atlas : str, optional
        One of `ATLASES`; the one that knows most of the names, where none is given.
    overrides : mapping of str to str, optional
        Networks of regions by their full name; they go before every table.

    Raises
    ------
    DataError
        If the atlas is not one of the tables, or an override names no region.

    Source
    ------
    Each table in ``stratify/connectome/atlases`` names its own.

    Examples
    --------
    >>> map_regions(["7Networks_LH_SalVentAttn_FrOperIns_1", "7Networks_RH_Cont_PFCl_2"])
    NetworkMap(2 regions of Schaefer 2018: 1 SN, 0 DMN, 1 CEN, 0 OTHER)
    """
    overrides = overrides or {}
    strangers = [name for name in overrides if name not in set(regions)]
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
    table = _table_of(regions, atlas)
    rows = []
    for region in regions:
        row = _map_one(region, table)
        if region in overrides:
            row = RegionNetwork(region, overrides[region], row.hub, row.hemisphere, "override")
        rows.append(row)
    return NetworkMap(tuple(rows), _read(table)["name"] if table else "", _digest())


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
    if overrides and region in overrides:
        return overrides[region]
    return _map_one(region, _table_of([region], None)).network


def require_networks(mapped: NetworkMap, networks: Sequence[str] = CORE, *, least: int = 2) -> None:
    """Refuse a map that leaves a network with too few regions to speak of it.

    Parameters
    ----------
    mapped : NetworkMap
    networks : sequence of str
    least : int
        Regions that each hemisphere must have; all together, where names tell no hemisphere.

    Raises
    ------
    DataError
        Naming each network and the regions it has.
    """
    faults = []
    for network in networks:
        rows = [row for row in mapped.rows if row.network == network]
        sides = Counter(row.hemisphere for row in rows)
        told = {side: sides[side] for side in ("L", "R")} if sides["L"] or sides["R"] else None
        enough = min(told.values()) >= least if told else len(rows) >= least
        if not enough:
            has = name_some([row.region for row in rows]) if rows else "none"
            faults.append(
                Fault(
                    where=f"networks: {network}",
                    met=f"{len(rows)} regions ({has})"
                    + (f", {told['L']} left and {told['R']} right" if told else ""),
                    wanted=f"at least {least} in each hemisphere",
                    way_out="Name the network of more regions (connectivity.networks in the study "
                    "file), or ask for features that do not need this network.",
                )
            )
    if faults:
        raise DataError(faults)


def _map_one(region: str, table: str | None) -> RegionNetwork:
    name, side = _plain(region)
    for one, found_as in ((table, "pattern"), (SYNONYMS, "synonym")):
        for rule in read_rules(one) if one else ():
            if rule.names:
                bare = re.sub(r"_ROI$", "", name, flags=re.IGNORECASE)
                if bare in rule.names:
                    return RegionNetwork(region, rule.network, rule.hub, side, "exact")
                continue
            match = re.fullmatch(rule.pattern, name, re.IGNORECASE)
            if match:
                network = _as_written(match.expand(rule.network))
                return RegionNetwork(region, network, rule.hub, side, found_as)  # type: ignore[arg-type]
    return RegionNetwork(region, OTHER, "", side, "none")


def _table_of(regions: Sequence[str], atlas: str | None) -> str | None:
    """Return the table that was named, or else the one that knows most of the names."""
    if atlas is not None:
        if atlas not in ATLASES:
            raise DataError(
                Fault(
                    where="atlas",
                    met=f"{atlas!r}{did_you_mean(atlas, ATLASES)}",
                    wanted=f"one of {', '.join(ATLASES)}",
                    way_out="Name one of them, or none, and it is told by the regions' names.",
                )
            )
        return atlas
    names = [_plain(region)[0] for region in regions]
    known = {table: sum(_knows(table, name) for name in names) for table in ATLASES if regions}
    best = max(known, key=lambda table: known[table], default=None)
    return best if best is not None and known[best] > 0 else None


def _knows(table: str, name: str) -> bool:
    bare = re.sub(r"_ROI$", "", name, flags=re.IGNORECASE)
    return any(
        bare in rule.names
        if rule.names
        else re.fullmatch(rule.pattern, name, re.IGNORECASE) is not None
        for rule in read_rules(table)
    )


def _plain(region: str) -> tuple[str, str]:
    """Take prefix, hemisphere and coordinates off a name; return it and the hemisphere."""
    name = _PREFIX.sub("", _COORDINATES.sub("", region.strip()))
    match = _BEFORE.match(name)
    if match:
        return name[match.end() :], match.group(1)[0].upper()
    match = _AFTER.search(name)
    if match:
        side = next(group for group in match.groups() if group)
        return _AFTER.sub("", name), side[0].upper()
    return name, ""


def _as_written(network: str) -> str:
    """Undo the case of a name that was matched in another case: ``sn`` is ``SN``."""
    return network.upper() if network.upper() in CORE else network


@cache
def _read(table: str) -> dict:
    text = files("stratify.connectome").joinpath("atlases", f"{table}.toml").read_text("utf-8")
    return tomllib.loads(text)


@cache
def _digest() -> str:
    digest = hashlib.sha256()
    for table in (*ATLASES, SYNONYMS):
        digest.update(repr(_read(table)).encode())
    return digest.hexdigest()
