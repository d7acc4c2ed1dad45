"""The map from regions to networks: a table one can read, correct, and give back."""

from __future__ import annotations

import hashlib
from collections import Counter
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from stratify.connectome.networks.names import Hemisphere
from stratify.connectome.networks.tables import CORE, OTHER, TABLES_VERSION
from stratify.errors import DataError, Fault, name_some
from stratify.files import replacing
from stratify.sheet import read_sheet

if TYPE_CHECKING:
    import pandas as pd

Evidence = Literal["override", "exact", "pattern", "synonym", "coordinates", "none"]

_COLUMNS = ("region", "network", "hub", "hemisphere", "evidence", "table", "note")


@dataclass(frozen=True, slots=True)
class RegionNetwork:
    """Where one region belongs, and on what evidence.

    Parameters
    ----------
    region, network, hub : str
    hemisphere : {"L", "R", ""}
    evidence : {"override", "exact", "pattern", "synonym", "coordinates", "none"}
    table : str
        The atlas whose table decided.
    note : str
        What is to be known of the decision: the distance it rests on, or the trap it avoids.
    """

    region: str
    network: str
    hub: str
    hemisphere: Hemisphere
    evidence: Evidence
    table: str = ""
    note: str = ""


@dataclass(frozen=True, eq=False)
class NetworkMap:
    """The network and hub of every region, as a table one can read, and correct with overrides.

    Parameters
    ----------
    rows : tuple of RegionNetwork
    atlas : str
        The tables that were used; empty where none fitted.
    digest : str
        SHA-256 of all tables, so that a run says by which version its regions were mapped.
    version : str
        That of the tables.
    lacks : tuple of (str, str)
        The hubs that no region of the atlas is, and why.
    """

    rows: tuple[RegionNetwork, ...]
    atlas: str
    digest: str
    version: str = TABLES_VERSION
    lacks: tuple[tuple[str, str], ...] = ()

    def __len__(self) -> int:
        return len(self.rows)

    @property
    def regions(self) -> tuple[str, ...]:
        """The regions, in their order."""
        return tuple(row.region for row in self.rows)

    @property
    def networks(self) -> tuple[str, ...]:
        """The network of each region."""
        return tuple(row.network for row in self.rows)

    @property
    def hubs(self) -> tuple[str, ...]:
        """The hub each region is; empty where it is none."""
        return tuple(row.hub for row in self.rows)

    @property
    def hemispheres(self) -> tuple[Hemisphere, ...]:
        """The hemisphere of each region, ``"L"`` or ``"R"``; empty where nothing tells it."""
        return tuple(row.hemisphere for row in self.rows)

    @property
    def rows_digest(self) -> str:
        """SHA-256 of the rows: equal for equal networks, hubs and sides of equal regions."""
        rows = [(row.region, row.network, row.hub, row.hemisphere) for row in self.rows]
        return hashlib.sha256(repr(rows).encode()).hexdigest()

    def to_frame(self) -> pd.DataFrame:
        """Return the map as a table, one row a region.

        ``region``, ``network``, ``hub``, ``hemisphere``, ``evidence``, ``table``, ``note``.
        """
        import pandas as pd

        return pd.DataFrame(
            [[getattr(row, name) for name in _COLUMNS] for row in self.rows], columns=list(_COLUMNS)
        )

    def write(self, path: str | Path) -> None:
        """Write the map as a table that can be edited, and read with `read_network_map`.

        Parameters
        ----------
        path : str or Path
            ``.tsv``, or ``.toml``. Replaced as a whole, if it exists.

        Raises
        ------
        DataError
            If the ending is another.
        """
        path = Path(path)
        writers = {".tsv": _as_tsv, ".toml": _as_toml}
        if path.suffix.lower() not in writers:
            raise DataError(
                Fault(
                    where=path.name,
                    met=f"the ending {path.suffix!r}",
                    wanted=".tsv or .toml",
                    way_out="Name the file so.",
                )
            )
        text = writers[path.suffix.lower()](self)
        with replacing(path) as part:
            part.write_text(text, encoding="utf-8", newline="\n")

    def __repr__(self) -> str:
        counts = Counter(self.networks)
        shown = ", ".join(f"{counts[name]} {name}" for name in (*CORE, OTHER))
        return (
            f"NetworkMap({len(self)} regions{f' of {self.atlas}' if self.atlas else ''}: {shown})"
        )

    def _repr_html_(self) -> str:
        return f"<p>{escape(repr(self))}</p>" + self.to_frame().to_html(index=False)


def read_network_map(path: str | Path) -> NetworkMap:
    """Read a map that was written by `NetworkMap.write`, and perhaps edited since.

    Give it to `map_regions` as ``overrides``: what differs from the tables is then an override.

    Parameters
    ----------
    path : str or Path
        A table with the columns ``region`` and ``network``, and perhaps ``hub``; or TOML with a
        ``[[region]]`` of ``name`` and ``network`` for each region.

    Returns
    -------
    mapped : NetworkMap
        Of the columns that are missing, hub and hemisphere are empty.

    Raises
    ------
    DataError
        If a region is there twice, or has no network.
    """
    path = Path(path)
    lines, said = _lines_of_toml(path) if path.suffix.lower() == ".toml" else _lines_of_table(path)
    names = [line["region"] for line in lines]
    twice = sorted({name for name in names if names.count(name) > 1})
    empty = [line["region"] for line in lines if not line["network"]]
    faults = [
        Fault(where=path.name, met=f"{met} {name_some(some)}", wanted=wanted, way_out=way_out)
        for some, met, wanted, way_out in (
            (twice, "regions named twice:", "one line a region", "Take one of the lines out."),
            (empty, "no network of", "a network for each", "Name it, or take the line out."),
        )
        if some
    ]
    if faults:
        raise DataError(faults)
    sides = {"L": "L", "R": "R"}
    rows = tuple(
        RegionNetwork(
            line["region"],
            line["network"],
            line.get("hub", ""),
            sides.get(line.get("hemisphere", ""), ""),  # type: ignore[arg-type]
            line.get("evidence", "") or "override",  # type: ignore[arg-type]
            line.get("table", ""),
            line.get("note", ""),
        )
        for line in lines
    )
    return NetworkMap(
        rows, said.get("atlas", ""), said.get("tables_sha256", ""), said.get("version", "")
    )


_HEAD = ("atlas", "version", "tables_sha256")


def _head_of(mapped: NetworkMap) -> dict[str, str]:
    return dict(zip(_HEAD, (mapped.atlas, mapped.version, mapped.digest), strict=True))


def _as_tsv(mapped: NetworkMap) -> str:
    return mapped.to_frame().assign(**_head_of(mapped)).to_csv(sep="\t", index=False)


def _as_toml(mapped: NetworkMap) -> str:
    import tomlkit

    document = tomlkit.document()
    for key, value in _head_of(mapped).items():
        document[key] = value
    regions = tomlkit.aot()
    for row in mapped.rows:
        line = {"name": row.region} | {
            name: getattr(row, name) for name in _COLUMNS[1:] if getattr(row, name)
        }
        regions.append(tomlkit.item(line))
    document["region"] = regions
    return tomlkit.dumps(document)


def _lines_of_toml(path: Path) -> tuple[list[dict[str, str]], dict[str, str]]:
    import tomllib

    met = ""
    try:
        held = tomllib.loads(path.read_text("utf-8-sig"))
        lines = [{**line, "region": line["name"]} for line in held["region"]]
        good = all(isinstance(value, str) for line in lines for value in line.values())
        met = "" if good else "values that are no text"
    except FileNotFoundError:
        met = "no such file"
    except (OSError, ValueError, KeyError, TypeError) as error:
        met = f"it cannot be read ({error})"
    if met:
        raise DataError(
            Fault(
                where=path.name,
                met=met,
                wanted="a [[region]] of name and network for each region",
                way_out="Correct the file, or write it again.",
            )
        )
    return [{"network": "", **line} for line in lines], {
        key: value for key, value in held.items() if isinstance(value, str)
    }


def _lines_of_table(path: Path) -> tuple[list[dict[str, str]], dict[str, str]]:
    sheet = read_sheet(path)
    lacking = [name for name in ("region", "network") if name not in sheet.columns]
    if lacking:
        raise DataError(
            Fault(
                where=path.name,
                met=f"no column {' and '.join(lacking)}; there are {name_some(sheet.headers)}",
                wanted="columns region and network",
                way_out="Name the columns so.",
            )
        )
    known = [name for name in (*_COLUMNS, *_HEAD) if name in sheet.columns]
    columns = {
        name: ["" if cell is None else cell for cell in sheet.text(name, missing=("",))]
        for name in known
    }
    lines = [{name: columns[name][k] for name in known} for k in range(len(columns["region"]))]
    return lines, lines[0] if lines else {}
