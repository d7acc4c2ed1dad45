"""The section that names an event, and when it came."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import Field, ValidationInfo, field_validator
from pydantic_core import PydanticCustomError

from pipelines.sections.base import Section, Text, refuse

if TYPE_CHECKING:
    from stratify.time_to_event import CensoredOutcome


class TimeToEventSection(Section):
    """Instead of `[response]`: an event, such as a relapse, and when it came (right-censored)."""

    name: Text = Field(description="What runs call the event: `relapse`.")
    lost: Text | None = Field(
        default=None,
        description="A response rule with a name, `madrs_response_50`, whose loss is the event: "
        "time and event are made from its scale's values at the visits, from each patient's first "
        "response on.",
    )
    time: Text | None = Field(
        default=None,
        description="Instead of `lost`: the column of days from the first session, or from the "
        "response, to the event or to the end of follow-up.",
    )
    event: Text | None = Field(
        default=None,
        description="With `time`: the column that says which, 1 or yes for the event, 0 or no for "
        "whose follow-up ended without it.",
    )
    horizon: float = Field(
        gt=0, description="The day by which likelihoods are told; nothing later counts."
    )

    @field_validator("lost")
    @classmethod
    def _rule_is_known(cls, lost: str | None) -> str | None:
        if lost is None:
            return None
        from stratify.errors import SettingsError
        from stratify.outcome.named import find_rule, spell_rule

        try:
            find_rule(lost)
        except SettingsError as error:
            fault = error.faults[0]
            raise refuse(fault.met, fault.wanted, fault.way_out) from None
        return spell_rule(lost)

    @field_validator("time", "event")
    @classmethod
    def _columns_or_a_rule(cls, column: str | None, info: ValidationInfo) -> str | None:
        lost = info.data.get("lost", "")
        if column is None and lost is None:
            raise PydanticCustomError("missing", "missing")
        if column is not None and lost:
            raise refuse(
                f"both lost and {info.field_name}",
                "time and event are made from the rule whose loss is asked for",
                f"Take time_to_event.{info.field_name} out, or time_to_event.lost.",
            )
        return column

    def make(self) -> CensoredOutcome:
        """Return the outcome, as the library knows it."""
        from stratify.time_to_event import CensoredOutcome

        if self.lost is not None:
            return CensoredOutcome(name=self.name, lost=self.lost, horizon=self.horizon)
        assert self.time is not None
        assert self.event is not None
        return CensoredOutcome(
            name=self.name, time=self.time, event=self.event, horizon=self.horizon
        )
