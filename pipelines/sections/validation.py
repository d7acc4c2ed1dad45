"""The sections that say which models are compared, and how performance is estimated."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import (
    AfterValidator,
    Field,
)

from pipelines.sections.base import Section, each_once

if TYPE_CHECKING:
    pass


Together = Literal["patient", "family", "site"]
PermutedFamily = Literal["logistic", "svm", "ridge", "forest", "xgboost", "cpm"]
Within = Literal["cohort", "site", "treatment"]
Family = Literal["prevalence", "logistic", "svm", "ridge", "forest", "xgboost", "cpm"]


class ValidationSection(Section):
    """How performance is estimated."""

    folds: int = Field(
        default=5, ge=2, description="Outer folds: each patient is tested once a repeat."
    )
    repeats: int = Field(default=4, ge=1, description="How often the outer folds are drawn again.")
    inner_folds: int = Field(
        default=5, ge=2, description="Folds for tuning and calibration, inside."
    )
    seed: int = Field(default=0, ge=0, description="Equal seeds give equal results on any machine.")
    together: Together = Field(default="patient", description="What no fold ever splits.")
    level: float = Field(default=0.95, gt=0.5, lt=1, description="The coverage of the intervals.")
    permutations: int = Field(
        default=1000,
        ge=0,
        description="Shuffles of the outcome, the whole pipeline fitted anew on each, to tell "
        "whether its AUC could be chance; 0 for none. It takes three folds or more.",
    )
    permuted: Annotated[tuple[PermutedFamily, ...], AfterValidator(each_once)] = Field(
        default=("ridge",),
        strict=False,
        min_length=1,
        description="Families that are tested so, on every feature set; `ridge` takes seconds, "
        "`svm` and `cpm` some more, and the others as many trainings as there are shuffles.",
    )
    within: Within | None = Field(
        default=None,
        description="Inside what outcomes change places; the site, where it is known, and else "
        "the cohort.",
    )


class ModelsSection(Section):
    """Which model families are compared."""

    families: Annotated[tuple[Family, ...], AfterValidator(each_once)] = Field(
        default=("prevalence", "logistic", "svm", "forest", "xgboost"),
        strict=False,
        min_length=1,
        description="One run for each family and feature set; `prevalence` is the reference. `cpm` "
        "sums edges, and is fitted on the sets `connectivity` and `both`.",
    )
