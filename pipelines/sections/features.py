"""The sections that say what models are given, and how it is prepared."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import (
    AfterValidator,
    Field,
    ValidationInfo,
    field_validator,
)

from pipelines.sections.base import Section, Text, each_once, refuse

if TYPE_CHECKING:
    from stratify.preprocess import Preparation


FeatureSet = Literal["clinical", "connectivity", "both", "late fusion"]
Representation = Literal[
    "edges", "network blocks", "seeds", "partial correlation", "tangent", "graph"
]
Harmonisation = Literal["none", "combat"]
UnseenSite = Literal["refuse", "reference", "scans"]


class FeaturesSection(Section):
    """What a model may learn from."""

    sets: Annotated[tuple[FeatureSet, ...], AfterValidator(each_once)] | None = Field(
        default=None,
        strict=False,
        min_length=1,
        description="The feature sets compared; whatever the data allow, if not given.",
    )
    clinical: Annotated[tuple[Text, ...], AfterValidator(each_once)] | None = Field(
        default=None,
        strict=False,
        min_length=1,
        description="The clinical columns used; every baseline feature, if not given.",
    )


class PreparationSection(Section):
    """What is done to connectivity in each training fold, before a model sees it."""

    represent: Representation = Field(
        default="edges",
        description="What stands for a matrix: its edges, means within and between networks, "
        "edges of named seeds, partial correlations, tangent vectors, or graph measures.",
    )
    remove: Annotated[tuple[Text, ...], AfterValidator(each_once)] = Field(
        default=(),
        strict=False,
        description="Confounds whose linear effect is taken out: columns of the patients, or what "
        "is known of their scans (`mean_fd`, `volumes`, ...).",
    )
    harmonise: Harmonisation = Field(
        default="none", description="ComBat between the sites, or nothing."
    )
    preserve: Annotated[tuple[Text, ...], AfterValidator(each_once)] = Field(
        default=(),
        strict=False,
        description="Columns whose effect ComBat must not take for a site's; never the outcome.",
    )
    unseen_site: UnseenSite = Field(
        default="refuse",
        description="A new patient from a site that training did not see gets no likelihood, is "
        "treated as one from `reference_site`, or gets one once ten `scans` of that site or more, "
        "outcomes not needed, are named by `stratify report --site-patients`.",
    )
    reference_site: Text | None = Field(
        default=None, description="The site that new ones are taken for."
    )
    hold_constant: Annotated[tuple[Text, ...], AfterValidator(each_once)] = Field(
        default=(),
        strict=False,
        description="Clinical features that `cpm` holds constant as it selects edges, where it "
        "sees them: in the set `both`.",
    )

    @field_validator("preserve")
    @classmethod
    def _not_removed_too(cls, preserve: tuple[str, ...], info: ValidationInfo) -> tuple[str, ...]:
        both = sorted(set(preserve) & set(info.data.get("remove", ())))
        if both:
            raise refuse(
                f"{', '.join(both)} under remove as well",
                "an effect is either taken out of connectivity or kept in it",
                "Leave it in one of remove and preserve.",
            )
        return preserve

    @field_validator("reference_site")
    @classmethod
    def _reference_is_named(cls, site: str | None, info: ValidationInfo) -> str | None:
        if site is None and info.data.get("unseen_site") == "reference":
            raise refuse(
                'unseen_site = "reference" and no reference_site',
                "the site that new ones are taken for is named",
                "Add reference_site, one of the study's sites.",
            )
        return site

    def make(self) -> Preparation:
        """Return the section as the library knows it."""
        from stratify.preprocess import Preparation

        return Preparation(**self.model_dump())
