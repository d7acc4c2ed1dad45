"""The section that names an event, and when it came."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import Field

from pipelines.sections.base import Section, Text

if TYPE_CHECKING:
    from stratify.time_to_event import CensoredOutcome


class TimeToEventSection(Section):
    """Instead of `[response]`: an event, such as a relapse, and when it came (right-censored)."""

    name: Text = Field(description="What runs call the event: `relapse`.")
    time: Text = Field(
        description="The column of days from the first session, or from the response, to the event "
        "or to the end of follow-up."
    )
    event: Text = Field(
        description="The column that says which: 1 or yes for the event, 0 or no for whose "
        "follow-up ended without it."
    )
    horizon: float = Field(
        gt=0, description="The day by which likelihoods are told; nothing later counts."
    )

    def make(self) -> CensoredOutcome:
        """Return the outcome, as the library knows it."""
        from stratify.time_to_event import CensoredOutcome

        return CensoredOutcome(
            name=self.name, time=self.time, event=self.event, horizon=self.horizon
        )
