"""The section that names a study."""

from __future__ import annotations

import re

from pydantic import (
    Field,
    field_validator,
)

from pipelines.sections.base import Section, Text, quoted, refuse


class StudySection(Section):
    """What the study is called."""

    name: Text = Field(
        description="What the study is called in runs, reports and `stratify explain NAME`."
    )
    description: str = Field(default="", description="What it is for, in a sentence or two.")

    @field_validator("name")
    @classmethod
    def _tells_apart_from_a_run(cls, name: str) -> str:
        if "@" in name or re.fullmatch(r"[0-9a-f]{32}", name):
            raise refuse(
                quoted(name),
                "a name that cannot be mistaken for a run id (32 hexadecimal digits) or for an "
                'alias ("model@alias")',
                "Choose a name in words.",
            )
        return name
