"""The sections that say of what use a model is, and to whom it may speak."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, Field, field_validator

from pipelines.sections.base import Section, Text, each_once, refuse

Threshold = Annotated[float, Field(gt=0, lt=1, strict=False)]


class UsefulnessSection(Section):
    """Of what use likelihoods are, to whoever decides by them."""

    thresholds: Annotated[tuple[Threshold, ...], AfterValidator(each_once)] = Field(
        default=(0.3, 0.4, 0.5, 0.6, 0.7),
        strict=False,
        min_length=1,
        description="Likelihoods of response at which a clinician would decide otherwise, stated "
        "before anything is seen: net benefit, sensitivity, specificity, PPV and NPV are told at "
        "each, and the decision curve runs from the lowest to the highest.",
    )


class SubgroupsSection(Section):
    """In which groups of patients a model is judged by itself, beside site, arm and condition."""

    columns: Annotated[tuple[Text, ...] | None, AfterValidator(each_once)] = Field(
        default=None,
        strict=False,
        description="Columns that part patients into groups: categories, booleans, and numbers in "
        "thirds. Sex and age bands, where these columns are found, if none are named.",
    )


class InstabilitySection(Section):
    """How far a patient's likelihood would move with other training patients."""

    refits: int = Field(
        default=50,
        ge=0,
        description="How often the model that may speak of patients, or else the one with the "
        "highest AUC, is fitted anew on patients drawn with replacement; half as often, where it "
        "is of trees. The interval of one patient comes from these refits. 0 for none: the models "
        "of the outer folds then give it.",
    )

    @field_validator("refits")
    @classmethod
    def _enough_or_none(cls, refits: int) -> int:
        if 0 < refits < 20:
            raise refuse(
                f"{refits}",
                "so few refits do not tell how far a likelihood moves",
                "Ask for 20 or more, or for 0.",
            )
        return refits


class AbstentionSection(Section):
    """Of whom a model cannot speak."""

    confidence: float = Field(
        default=0.9,
        gt=0.5,
        lt=1,
        description="Of 100 responders, for how many response is among the outcomes that a report "
        "calls possible; and of 100 non-responders, non-response.",
    )
