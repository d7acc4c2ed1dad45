"""The connectivity matrices of a study, read and checked as a whole."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from html import escape
from typing import Literal, get_args

import numpy as np
import pandas as pd

from stratify.connectome.networks import NetworkMap
from stratify.errors import DataError, Fault
from stratify.schema import Column

ConnectivityKind = Literal[
    "pearson r",
    "fisher z",
    "partial correlation",
    "covariance",
    "coherence",
    "imaginary coherence",
    "plv",
    "ciplv",
    "ppc",
    "pli",
    "wpli",
    "debiased wpli",
    "envelope correlation",
]
CONNECTIVITY_KINDS: tuple[str, ...] = get_args(ConnectivityKind)

EDGE_SEPARATOR = "~"

QUALITY: dict[str, tuple[str, str]] = {
    "mean_fd": ("mean framewise displacement", "mm"),
    "coverage": ("share of the regions that the scan covers", ""),
    "volumes": ("volumes left after censoring", ""),
    "minutes": ("minutes of scan left after censoring", "min"),
    "degrees_of_freedom": ("degrees of freedom left after denoising", ""),
}
"""What is known of how good a scan is: each column's meaning and unit."""


@dataclass(frozen=True, eq=False)
class Connectomes:
    """One connectivity matrix a patient, all on the same regions.

    Parameters
    ----------
    matrices : array, shape (n_patients, n_regions, n_regions)
        Symmetric; NaN in the rows and columns of a region that was not covered.
        Unit-free (correlation), Fisher z, or signal² (covariance).
    patients : tuple of str
    regions : tuple of str
    networks : tuple of str
        The network of each region: ``"SN"``, ``"DMN"``, ``"CEN"``, or another name.
    kind : str
        One of `CONNECTIVITY_KINDS`. Recorded at reading; kinds are never mixed.
    atlas : str
    name : str
        Where they came from, for messages and reports.
    simulated : bool
        Whether the patients are made up; every report then says so.
    warnings : tuple of Fault
        What was found and mended, or is worth knowing; carried into runs and reports.
    quality : DataFrame, indexed by patient, optional
        One row a patient, in their order, and some of the columns of `QUALITY`.
    producer : str
        What wrote the files, with its version, where they say it: ``"XCP-D 0.10.6"``.
    band : str
        The band of frequencies of an EEG's connectivity: ``"alpha (8-13 Hz)"``.
    coordinates : array, shape (n_regions, 3), optional
        The centre of each region, in mm of the atlas's space; NaN where it is not known.
    hubs : tuple of str
        The hub of each region, such as ``"dACC"`` or ``"anterior insula"``, empty where it has
        none; or no hub at all. Like coordinates, they are no part of the digest.
    network_map : NetworkMap, optional
        How each region came to its network and hub.
    """

    matrices: np.ndarray
    patients: tuple[str, ...]
    regions: tuple[str, ...]
    networks: tuple[str, ...]
    kind: ConnectivityKind
    atlas: str = ""
    name: str = "connectivity"
    simulated: bool = False
    warnings: tuple[Fault, ...] = ()
    quality: pd.DataFrame | None = None
    producer: str = ""
    band: str = ""
    coordinates: np.ndarray | None = None
    hubs: tuple[str, ...] = ()
    network_map: NetworkMap | None = None

    def __post_init__(self) -> None:
        wanted = (len(self.patients), len(self.regions), len(self.regions))
        if self.matrices.shape != wanted or len(self.networks) != len(self.regions):
            raise DataError(
                Fault(
                    where=self.name,
                    met=f"matrices of shape {self.matrices.shape} with {len(self.patients)} "
                    f"patients, {len(self.regions)} regions, {len(self.networks)} networks",
                    wanted=f"the shape is {wanted} and each region has one network",
                    way_out="Read the file with read_connectomes, which checks them together.",
                )
            )
        if self.quality is not None:
            require_quality_of(self.quality, self.patients, self.name)
        if self.coordinates is not None:
            _require_coordinates_of(self.coordinates, self.regions, self.name)
        if self.hubs:
            _require_hubs_of(self.hubs, self.regions, self.name)

    def __len__(self) -> int:
        return len(self.patients)

    @property
    def edge_columns(self) -> tuple[Column, ...]:
        """A `Column` for each region pair, in row-major order of the upper triangle."""
        first, second = np.triu_indices(len(self.regions), k=1)
        return tuple(
            Column(
                name=f"{self.regions[i]}{EDGE_SEPARATOR}{self.regions[j]}",
                label=f"connectivity of {self.regions[i]} and {self.regions[j]}",
                source="connectivity",
                unit=self.kind,
                regions=(self.regions[i], self.regions[j]),
                networks=(self.networks[i], self.networks[j]),
            )
            for i, j in zip(first, second, strict=True)
        )

    @property
    def edges(self) -> pd.DataFrame:
        """The upper triangles, shape (n_patients, n_regions * (n_regions - 1) / 2)."""
        first, second = np.triu_indices(len(self.regions), k=1)
        return pd.DataFrame(
            self.matrices[:, first, second],
            index=pd.Index(self.patients, name="patient"),
            columns=[column.name for column in self.edge_columns],
        )

    def select(self, rows: np.ndarray) -> Connectomes:
        """Return the connectomes of some rows, by boolean mask or by position."""
        positions = np.arange(len(self))[rows]
        return replace(
            self,
            matrices=self.matrices[positions],
            patients=tuple(self.patients[k] for k in positions),
            quality=None if self.quality is None else self.quality.iloc[positions],
        )

    # The two names that every table of brain measures has, whatever its features are.

    @property
    def features(self) -> pd.DataFrame:
        """The features of each patient: the edges."""
        return self.edges

    @property
    def feature_columns(self) -> tuple[Column, ...]:
        """What each feature is."""
        return self.edge_columns

    @property
    def digest(self) -> str:
        """SHA-256 of the matrices and their labels: equal for equal data, on any machine."""
        digest = hashlib.sha256(
            repr((self.patients, self.regions, self.networks, self.kind)).encode()
        )
        digest.update(self.band.encode())
        # One NaN and one zero: processors write both with either sign.
        numbers = np.where(np.isnan(self.matrices), np.nan, self.matrices + 0.0)
        digest.update(np.ascontiguousarray(numbers, dtype="<f8").tobytes())
        if self.quality is not None:
            digest.update(self.quality.to_csv(float_format="%.12g").encode())
        return digest.hexdigest()

    def __repr__(self) -> str:
        who = "simulated patients" if self.simulated else "patients"
        return (
            f"Connectomes({self.name}: {len(self)} {who}, {len(self.regions)} regions"
            f"{' of ' + self.atlas if self.atlas else ''}, {self.kind}"
            f"{', ' + self.band if self.band else ''}"
            f"{', from ' + self.producer if self.producer else ''})"
        )

    def _repr_html_(self) -> str:
        uncovered = np.isnan(self.matrices).all(axis=2).any(axis=0)
        table = pd.DataFrame(
            [
                {
                    "network": network,
                    "regions": sum(other == network for other in self.networks),
                    "not covered in somebody": sum(
                        bool(gap)
                        for other, gap in zip(self.networks, uncovered, strict=True)
                        if other == network
                    ),
                }
                for network in dict.fromkeys(self.networks)
            ]
        )
        return f"<p>{escape(repr(self))}</p>" + table.to_html(index=False)


def require_quality_of(quality: pd.DataFrame, patients: tuple[str, ...], name: str) -> None:
    """Refuse a table of quality that is not of these patients, or has other columns."""
    unknown = [str(column) for column in quality.columns if column not in QUALITY]
    if unknown or tuple(map(str, quality.index)) != patients:
        raise DataError(
            Fault(
                where=f"{name}: quality",
                met=f"columns {', '.join(map(str, quality.columns))} for {len(quality)} patients",
                wanted=f"a row for each of the {len(patients)} patients in their order, and "
                f"columns among {', '.join(QUALITY)}",
                way_out="Rename or drop the other columns, and order the rows as the matrices are.",
            )
        )


def _require_coordinates_of(coordinates: np.ndarray, regions: tuple[str, ...], name: str) -> None:
    if np.shape(coordinates) != (len(regions), 3):
        raise DataError(
            Fault(
                where=f"{name}: coordinates",
                met=f"an array of shape {np.shape(coordinates)}",
                wanted=f"three numbers for each of the {len(regions)} regions",
                way_out="Give one row of x, y and z a region, in their order.",
            )
        )


def _require_hubs_of(hubs: tuple[str, ...], regions: tuple[str, ...], name: str) -> None:
    if len(hubs) != len(regions):
        raise DataError(
            Fault(
                where=f"{name}: hubs",
                met=f"{len(hubs)} hubs for {len(regions)} regions",
                wanted="a hub for each region, or for none",
                way_out="Give them in the order of the regions, empty where a region is no hub.",
            )
        )
