"""The sections that say where runs are kept and how the work is done."""

from __future__ import annotations

from typing import Literal

from pydantic import (
    Field,
    ValidationInfo,
    field_validator,
)

from pipelines.sections.base import Section, Text, refuse

Engine = Literal["fast", "reference"]
Backend = Literal["processes", "dask"]


class TrackingSection(Section):
    """Where runs are kept."""

    experiment: Text | None = Field(
        default=None, description="The experiment; `study.name`, if not given."
    )
    store: Text = Field(
        default="mlruns",
        description="A folder, found from where the command is run, or a tracking server's "
        "address.",
    )


class ComputeSection(Section):
    """How much of the machine is used; it never changes a result."""

    workers: int = Field(default=0, ge=0, description="Processes at once; 0 for one a core.")
    engine: Engine = Field(
        default="fast",
        description="The reference fits each model and grid point by itself, with plain "
        "scikit-learn and XGBoost: the same numbers, slowly.",
    )
    backend: Backend = Field(
        default="processes",
        description="Processes on this machine, or the workers of a Dask cluster.",
    )
    scheduler: Text | None = Field(
        default=None, description="The address of the Dask scheduler, tcp://HOST:PORT."
    )
    checkpoints: bool = Field(
        default=True,
        description="Keep finished fits beside the runs, so that a study that was stopped or "
        "changed does not fit again what it had.",
    )

    @field_validator("scheduler")
    @classmethod
    def _cluster_has_an_address(cls, address: str | None, info: ValidationInfo) -> str | None:
        if address is None and info.data.get("backend") == "dask":
            raise refuse(
                'backend = "dask" and no scheduler',
                "a cluster is reached by its scheduler's address",
                "Add scheduler, such as tcp://10.0.0.5:8786, or --scheduler on the command line.",
            )
        return address
