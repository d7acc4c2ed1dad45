"""The section that says what is expected before anything is trained."""

from __future__ import annotations

from pydantic import Field

from pipelines.sections.base import Section


class PlanningSection(Section):
    """What is expected before anything is trained."""

    expected_auc: float = Field(
        default=0.65,
        gt=0.5,
        lt=1,
        description="The AUC to be expected in new patients, from the literature and not from "
        "these data; `stratify check` tells how many parameters these patients support then.",
    )
    learning_curve: int = Field(
        default=5,
        ge=0,
        le=20,
        description="After training: on how many numbers of patients a `ridge` model is trained, "
        "to tell whether more patients would help; 0 for none.",
    )
