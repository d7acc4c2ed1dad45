"""The sections that say which models are compared, and how performance is estimated."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, Field, ValidationInfo, field_validator

from pipelines.sections.base import Section, Text, each_once, quoted, refuse

Scheme = Literal["stratified", "leave one site out", "leave one trial out", "temporal"]
Together = Literal["patient", "family", "site"]
PermutedFamily = Literal["logistic", "svm", "ridge", "forest", "xgboost", "cpm"]
Within = Literal["cohort", "site", "treatment"]
Family = Literal["prevalence", "logistic", "svm", "ridge", "forest", "xgboost", "cpm"]


class ValidationSection(Section):
    """How performance is estimated."""

    scheme: Scheme = Field(
        default="stratified",
        description="Whom a fold holds out: a share of each class, a whole site, a whole trial, or "
        "(temporal) whoever came later than those trained on.",
    )
    by: Text | None = Field(
        default=None,
        validate_default=True,
        description="The column that says which trial, or when (a date, a year, a running number); "
        "for those two schemes.",
    )
    folds: int = Field(
        default=5,
        ge=2,
        description="Outer folds: each patient is tested once a repeat. Where a site or trial is "
        "left out, there are as many as there are of those.",
    )
    repeats: int = Field(
        default=4, ge=1, description="How often stratified outer folds are drawn again."
    )
    inner_folds: int = Field(
        default=5, ge=2, description="Folds for tuning and calibration, inside."
    )
    seed: int = Field(default=0, ge=0, description="Equal seeds give equal results on any machine.")
    together: Together = Field(default="patient", description="What no fold ever splits.")
    level: float = Field(default=0.95, gt=0.5, lt=1, description="The coverage of the intervals.")
    smallest_gain: float = Field(
        default=0.01,
        ge=0,
        lt=1,
        description="By how much the log loss must be able to fall for a model to be better than "
        "a simple one (severity, covariates, site or motion alone; of a landmark model, early "
        "change alone too); what lies within is the same.",
    )
    permutations: int = Field(
        default=1000,
        ge=0,
        description="Shuffles of the outcome, the whole pipeline fitted anew on each, to tell "
        "whether its AUC could be chance; 0 for none. It takes three folds or more, and a scheme "
        "that is not temporal.",
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

    @field_validator("by")
    @classmethod
    def _scheme_has_its_column(cls, by: str | None, info: ValidationInfo) -> str | None:
        scheme = info.data.get("scheme")
        if by is None and scheme in ("leave one trial out", "temporal"):
            raise refuse(
                f"scheme = {quoted(scheme)} and no by",
                "the column that says the trial, or the time, is named",
                "Add by, the name of the column.",
            )
        if by is not None and scheme in ("stratified", "leave one site out"):
            raise refuse(
                f"by = {quoted(by)} and scheme = {quoted(scheme)}",
                "this scheme needs no column (a site is known by its role)",
                "Take by out, or set another scheme.",
            )
        return by


class ModelsSection(Section):
    """Which model families are compared."""

    families: Annotated[tuple[Family, ...], AfterValidator(each_once)] = Field(
        default=("prevalence", "logistic", "svm", "forest", "xgboost"),
        strict=False,
        min_length=1,
        description="One run for each family and feature set; `prevalence` is the reference. `cpm` "
        "sums edges, and is fitted on the sets `connectivity` and `both`.",
    )
