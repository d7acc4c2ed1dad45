"""The sections that say where scans are, and which are good enough."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import (
    Field,
    ValidationInfo,
    field_validator,
)

from pipelines.sections.base import FilePath, Section, Text, refuse

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
ConnectivityFormat = Literal[
    "edges",
    "stack",
    "matrices",
    "timeseries",
    "xcpd",
    "cpac",
    "conn",
    "mne",
    "dpabi",
    "regional",
]


Millimetres = Annotated[float, Field(ge=-130, le=130)]


class ConnectivitySection(Section):
    """Where the connectivity is, if there is any (a data set brings its own)."""

    file: FilePath = Field(
        description="Edge table (Parquet, CSV, TSV), stack of matrices (.npz, .npy, .mat), a "
        "folder with one file of a matrix or of signals a patient, or what XCP-D, C-PAC, CONN, "
        "DPABI, MNE-Connectivity or `stratify extract` wrote.",
    )
    format: ConnectivityFormat | None = Field(
        default=None,
        description="What `file` is; guessed from the names, if not given. `regional` values (one "
        "a region, of SPECT, PET or fluctuations) are never guessed.",
    )
    kind: ConnectivityKind | None = Field(
        default=None,
        description="What a cell of a matrix is; needed where the file does not say it itself, "
        "and for signals, of which it is computed.",
    )
    separator: str = Field(
        default="~", min_length=1, description="What stands between two regions in an edge's name."
    )
    regions: FilePath | None = Field(
        default=None,
        description="The regions in the order of the matrices, one a line; or a table with their "
        "networks and places (`region`, `network`, `x`, `y`, `z`), in any order where the files "
        "name the regions; or the NIfTI image of the atlas, beside its table of labels.",
    )
    patients: FilePath | None = Field(
        default=None,
        description="A file with one patient a line, in the order of a stack that does not name "
        "them (CONN's neither); or a table with the columns `file` and `patient`, for files that "
        "call patients otherwise.",
    )
    patient_column: Text | None = Field(
        default=None,
        description="The column of an edge table that names the patients; `patient` and "
        "`participant_id` are found without it.",
    )
    atlas: str = Field(
        default="",
        description="The atlas and its version, for reports; of a folder with several, the one to "
        "read.",
    )
    session: Text | None = Field(
        default=None,
        description="Which session of a patient to read, or `average` for the average of all in "
        "Fisher z; patients with several are refused without.",
    )
    run: Text | None = Field(default=None, description="The same of runs.")
    entities: dict[Text, Text] = Field(
        default={}, description="What else the names of the files to read say."
    )
    measure: Text | None = Field(
        default=None, description="What regional values are: `perfusion`, `alff`."
    )
    unit: Text | None = Field(
        default=None,
        description="Their unit, where the table does not say it: `ratio to cerebellum`.",
    )
    tracer: Text | None = Field(
        default=None, description="The tracer to read of a table that holds several."
    )
    band: Text | None = Field(
        default=None,
        description="The band of an EEG, where files hold several: `alpha`, or `8-12 Hz`.",
    )
    repetition_time: float | None = Field(
        default=None,
        gt=0,
        description="Seconds between two volumes, where no file says it; minutes follow from it.",
    )
    fd_threshold: float | None = Field(
        default=None,
        gt=0,
        description="Volumes of signals that moved further, in mm, are left out.",
    )
    motion: FilePath | None = Field(
        default=None,
        description="The files of framewise displacement, with `{patient}` where the name stands; "
        "found beside the signals without it.",
    )
    networks: dict[Text, Text] = Field(
        default={}, description="The network of a region, where the file's own is absent or wrong."
    )

    @field_validator("measure")
    @classmethod
    def _regional_values_have_their_measure(
        cls, measure: str | None, info: ValidationInfo
    ) -> str | None:
        regional = info.data.get("format") == "regional"
        if "format" in info.data and (measure is not None) != regional:
            raise refuse(
                "no measure of regional values" if regional else "a measure of connectivity",
                "regional values, and they alone, are of a measure",
                'Add measure, such as "perfusion".'
                if regional
                else 'Take measure out, or write format = "regional".',
            )
        return measure

    @property
    def is_regional(self) -> bool:
        """Whether the file holds one value a region, and no connectivity."""
        return self.format == "regional"

    @property
    def reading(self) -> dict[str, Any]:
        """The settings as the library's reader takes them, beside the file.

        The reader is `stratify.connectome.read_connectomes`, or, of regional values,
        `read_regional_values`.
        """
        shared = {
            "regions": self.regions,
            "networks": self.networks or None,
            "atlas": self.atlas,
            "session": self.session,
            "run": self.run,
            "entities": self.entities or None,
            "patient_column": self.patient_column,
        }
        if self.is_regional:
            return shared | {
                "measure": self.measure,
                "unit": self.unit or "",
                "tracer": self.tracer or "",
            }
        return shared | {
            "format": self.format,
            "kind": self.kind,
            "separator": self.separator,
            "patients": self.patients,
            "band": self.band,
            "repetition_time": self.repetition_time,
            "fd_threshold": self.fd_threshold,
            "motion": self.motion,
        }


class TargetsSection(Section):
    """Where each patient is stimulated, in MNI space; features of it are known once it is planned.

    They count as connectivity: their distance from a site, and, with a normative map, their
    connectivity with what the map is seeded in. A patient without a target is imputed in each fold.
    """

    file: FilePath = Field(
        description="A folder of NIfTI images named by patient, a path with `{patient}`, or a "
        "table with the columns `mni_x`, `mni_y` and `mni_z` in mm.",
    )
    patient_column: Text | None = Field(
        default=None, description="The column of a table that names the patients."
    )
    site: tuple[Millimetres, ...] = Field(
        default=(6.0, 16.0, -10.0),
        strict=False,
        min_length=3,
        max_length=3,
        description="From where distances are measured, in MNI mm; a subgenual seed, if not given.",
    )
    site_name: Text = Field(default="sgacc", description="What it is called in names of columns.")
    map: FilePath | None = Field(
        default=None,
        description="Normative connectivity of every voxel with one seed: NIfTI, in MNI space.",
    )
    seed: Text | None = Field(
        default=None, description="What the map is seeded in, for names of columns."
    )
    brain: FilePath | None = Field(
        default=None,
        description="A mask on the map's grid; without it, voxels where the map is 0 do not count.",
    )

    @field_validator("seed")
    @classmethod
    def _map_has_its_seed(cls, seed: str | None, info: ValidationInfo) -> str | None:
        if (seed is None) != (info.data.get("map") is None):
            raise refuse(
                "a map without its seed" if seed is None else "a seed without its map",
                "a normative map is of one seed",
                'Add seed, such as "sgacc".' if seed is None else "Add map, or take seed out.",
            )
        return seed

    @property
    def features(self) -> tuple[str, ...]:
        """The names of the columns that are made."""
        of_map = () if self.seed is None else (f"target_connectivity_{self.seed}",)
        return (f"target_distance_{self.site_name}", *of_map)


class QualitySection(Section):
    """Which scans are good enough; patients whose scan is not are left out and counted."""

    most_mean_fd: float | None = Field(
        default=None, gt=0, description="The most mean framewise displacement, in mm."
    )
    least_coverage: float | None = Field(
        default=None,
        ge=0,
        le=1,
        description="The least share of the regions that a scan covers.",
    )
    least_volumes: int | None = Field(
        default=None, ge=1, description="The least volumes left after censoring."
    )
    least_minutes: float | None = Field(
        default=None, gt=0, description="The least minutes of scan left after censoring."
    )

    @property
    def gates(self) -> dict[str, float]:
        """The limits as `stratify.connectome.apply_quality_gates` takes them."""
        return {key: value for key, value in self.model_dump().items() if value is not None}
