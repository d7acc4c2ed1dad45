"""The sections that say of what use a model is, and to whom it may speak."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, Field

from pipelines.sections.base import Section, Text, each_once

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
