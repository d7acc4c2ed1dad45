"""The section that asks the question."""

from __future__ import annotations

from typing import Literal

from pydantic import (
    Field,
    ValidationInfo,
    field_validator,
)

from pipelines.sections.base import Section, Text, quoted, refuse

Question = Literal["response under treatment", "prognosis", "diagnosis"]


GAIN = "gain over comparator"


class QuestionSection(Section):
    """What is asked, and of whom."""

    kind: Question = Field(
        description="What a report may say: likely to improve under a treatment, the likely "
        "course whatever is given, or the group a patient belongs to."
    )
    treatment: Text | None = Field(
        default=None, description="The arm studied; needed for `response under treatment`."
    )
    condition: Text | None = Field(
        default=None, description="The condition studied; all, if not given."
    )
    landmark: Text | None = Field(
        default=None,
        description="A visit during treatment, `week 2`: a landmark model then, which may use what "
        "was measured up to it and predicts a later outcome. Runs and reports say so.",
    )

    @field_validator("kind", mode="before")
    @classmethod
    def _no_gain_without_a_comparator(cls, kind: object) -> object:
        if isinstance(kind, str) and kind.strip().lower() == GAIN:
            raise refuse(
                quoted(kind),
                "a gain over a comparator needs a comparator arm and an estimate of effect, and "
                "this version of stratify does not estimate effects",
                'Ask for "response under treatment", which says who is likely to improve under '
                "a treatment, not because of it.",
            )
        return kind

    @field_validator("treatment")
    @classmethod
    def _response_names_its_treatment(
        cls, treatment: str | None, info: ValidationInfo
    ) -> str | None:
        if treatment is None and info.data.get("kind") == "response under treatment":
            raise refuse(
                "no treatment",
                "response under treatment names the treatment",
                'Name the arm as the cohort spells it, or ask for kind = "prognosis", which '
                "covers every arm.",
            )
        return treatment
