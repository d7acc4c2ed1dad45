"""One value a region: perfusion, metabolism, amplitude of fluctuations, thickness."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from html import escape

import numpy as np
import pandas as pd

from stratify.connectome.values import require_quality_of
from stratify.errors import DataError, Fault
from stratify.schema import Column


@dataclass(frozen=True, eq=False)
class RegionalValues:
    """One value for each patient and region of a brain measure that is no connectivity.

    Parameters
    ----------
    values : array, shape (n_patients, n_regions)
        NaN for a region that was not covered.
    patients : tuple of str
    regions : tuple of str
    networks : tuple of str
        The network of each region: ``"SN"``, ``"DMN"``, ``"CEN"``, or another name.
    measure : str
        What was measured: ``"perfusion"``, ``"alff"``, ``"thickness"``.
    unit : str
        As the file states it, reference included: ``"ratio to cerebellum"``, ``"mm"``.
    atlas : str
    tracer : str
        Of SPECT or PET: ``"HMPAO"``, ``"ECD"``, ``"FDG"``.
    name : str
        Where they came from, for messages and reports.
    simulated : bool
    warnings : tuple of Fault
    quality : DataFrame, indexed by patient, optional
        One row a patient, in their order, and some of the columns of `QUALITY`.
    producer : str

    Examples
    --------
    >>> regions, networks = ("ACC", "PCC"), ("SN", "DMN")
    >>> alff = RegionalValues(np.array([[0.5, 0.7]]), ("P1",), regions, networks, "alff")
    >>> alff.features.columns.to_list(), alff.feature_columns[0].networks
    (['ACC:alff', 'PCC:alff'], ('SN', 'SN'))
    """

    values: np.ndarray
    patients: tuple[str, ...]
    regions: tuple[str, ...]
    networks: tuple[str, ...]
    measure: str
    unit: str = ""
    atlas: str = ""
    tracer: str = ""
    name: str = "regional values"
    simulated: bool = False
    warnings: tuple[Fault, ...] = ()
    quality: pd.DataFrame | None = None
    producer: str = ""

    def __post_init__(self) -> None:
        wanted = (len(self.patients), len(self.regions))
        if self.values.shape != wanted or len(self.networks) != len(self.regions):
            raise DataError(
                Fault(
                    where=self.name,
                    met=f"values of shape {self.values.shape} with {len(self.patients)} patients, "
                    f"{len(self.regions)} regions, {len(self.networks)} networks",
                    wanted=f"the shape is {wanted} and each region has one network",
                    way_out="Read the file with read_regional_values, which checks them together.",
                )
            )
        if self.quality is not None:
            require_quality_of(self.quality, self.patients, self.name)

    def __len__(self) -> int:
        return len(self.patients)

    @property
    def features(self) -> pd.DataFrame:
        """The value of each region, shape (n_patients, n_regions)."""
        return pd.DataFrame(
            self.values,
            index=pd.Index(self.patients, name="patient"),
            columns=[column.name for column in self.feature_columns],
        )

    @property
    def feature_columns(self) -> tuple[Column, ...]:
        """What each feature is; its pair of regions is the region twice."""
        return tuple(
            Column(
                name=f"{region}:{self.measure}",
                label=f"{self.measure} of {region}",
                source="connectivity",
                unit=self.unit,
                regions=(region, region),
                networks=(network, network),
            )
            for region, network in zip(self.regions, self.networks, strict=True)
        )

    def select(self, rows: np.ndarray) -> RegionalValues:
        """Return the values of some rows, by boolean mask or by position."""
        positions = np.arange(len(self))[rows]
        return replace(
            self,
            values=self.values[positions],
            patients=tuple(self.patients[k] for k in positions),
            quality=None if self.quality is None else self.quality.iloc[positions],
        )

    @property
    def digest(self) -> str:
        """SHA-256 of the values and what they are: equal for equal data, on any machine."""
        what = (self.patients, self.regions, self.networks, self.measure, self.unit, self.tracer)
        digest = hashlib.sha256(repr(what).encode())
        # One NaN and one zero: processors write both with either sign.
        numbers = np.where(np.isnan(self.values), np.nan, self.values + 0.0)
        digest.update(np.ascontiguousarray(numbers, dtype="<f8").tobytes())
        if self.quality is not None:
            digest.update(self.quality.to_csv(float_format="%.12g").encode())
        return digest.hexdigest()

    def __repr__(self) -> str:
        who = "simulated patients" if self.simulated else "patients"
        what = f"{self.measure}{' of ' + self.tracer if self.tracer else ''}"
        return (
            f"RegionalValues({self.name}: {len(self)} {who}, {len(self.regions)} regions"
            f"{' of ' + self.atlas if self.atlas else ''}, {what}"
            f"{', ' + self.unit if self.unit else ''}"
            f"{', from ' + self.producer if self.producer else ''})"
        )

    def _repr_html_(self) -> str:
        table = pd.DataFrame(
            {
                "network": self.networks,
                "not covered in": np.isnan(self.values).sum(axis=0),
                "mean": pd.DataFrame(self.values).mean().to_numpy(),
            },
            index=pd.Index(self.regions, name="region"),
        )
        return f"<p>{escape(repr(self))}</p>" + table.to_html()
