"""The section that says what counts as response."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    Field,
    ValidationInfo,
    field_validator,
)
from pydantic_core import PydanticCustomError

from pipelines.sections.base import Section, Text, each_once, quoted, refuse

if TYPE_CHECKING:
    from stratify.outcome import ResponseRule
    from stratify.schema import Column


MissingOutcome = Literal["excluded", "nonresponse", "response", "multiple"]


class ResponseSection(Section):
    """What counts as response: a rule with a name, or one of your own with exactly one form.

    Every study has this section, or [time_to_event] in its place.
    """

    rule: Text | None = Field(
        default=None,
        description="A rule with a name, such as `madrs_response_50`; its threshold is the "
        "scale's own (see [the guide](guides/outcomes-and-visits.md)).",
    )
    all_of: Annotated[tuple[Text, ...], AfterValidator(each_once)] | None = Field(
        default=None,
        strict=False,
        min_length=2,
        description="Rules with a name that must all be met at `visit`. Of several conditions, the "
        "combination is unvalidated, and runs and reports say so.",
    )
    name: Text | None = Field(
        default=None,
        description='What reports call it: `"response (MADRS fell by half)"`. Needed for a rule of '
        "your own.",
    )
    visit: Text | None = Field(
        default=None,
        description="The visit of the outcome, `week 6`, by which the columns of `rule` or "
        "`all_of` are found.",
    )
    followup: Text | None = Field(default=None, description="The column that holds the outcome.")
    baseline: Text | None = Field(
        default=None, description="The last value before the first session; needed for a fall."
    )
    later: Text | None = Field(
        default=None,
        description="A later column of the same scale: the response must still be there "
        "(durable response).",
    )
    drop: float | None = Field(
        default=None,
        gt=0,
        le=1,
        description="The proportion of the baseline value that must be lost.",
    )
    points: float | None = Field(
        default=None,
        gt=0,
        description="Instead of `drop`: how far the value must fall, in its own units.",
    )
    levels_fallen: int | None = Field(
        default=None,
        ge=1,
        description="Instead of `drop`: how many of `levels` it must fall.",
    )
    levels: Annotated[tuple[Text, ...], AfterValidator(each_once)] | None = Field(
        default=None,
        strict=False,
        min_length=2,
        description="The levels of an ordinal from the best to the worst; needed with "
        "`levels_fallen`.",
    )
    at_most: float | None = Field(
        default=None, description="Instead of `drop`: `followup` is this or lower."
    )
    below: float | None = Field(
        default=None, description="Instead of `drop`: `followup` is lower than this."
    )
    at_least: float | None = Field(
        default=None, description="Instead of `drop`: `followup` is this or higher."
    )
    responder: Text | None = Field(
        default=None,
        description="Instead of `drop`: the level of `followup` that counts as response.",
    )
    weeks: int | None = Field(
        default=None,
        ge=1,
        description="How many weeks of negative screens `sud_urine_negative_weeks` wants.",
    )
    screens_per_week: int = Field(
        default=1, ge=1, description="How often urine was screened, for the same rule."
    )
    lowest_baseline: float = Field(
        default=1.0,
        gt=0,
        description="Below it a proportional fall means nothing; refused by name.",
    )
    missing: MissingOutcome = Field(
        default="excluded",
        description="What a missing outcome means: left out, the worst, the best, or imputed "
        "several times (see [the guide](guides/outcomes-and-visits.md)).",
    )
    imputations: int = Field(
        default=20,
        ge=2,
        description="How often missing outcomes are imputed, with `multiple`; models are fitted as "
        "often.",
    )
    auxiliary: Annotated[tuple[Text, ...], AfterValidator(each_once)] | None = Field(
        default=None,
        strict=False,
        min_length=1,
        description="The columns they are imputed from, of any visit but the outcome's; its "
        "baseline, site, arm and earlier values during treatment, if not given.",
    )

    @field_validator("rule", "all_of")
    @classmethod
    def _rule_is_known(
        cls, rule: str | tuple[str, ...] | None, info: ValidationInfo
    ) -> str | tuple[str, ...] | None:
        if rule is None:
            return None
        from stratify.errors import SettingsError
        from stratify.outcome.named import DURABLE, URINE, find_rule, spell_rule

        rule = spell_rule(rule) if isinstance(rule, str) else tuple(map(spell_rule, rule))
        for name in (rule,) if isinstance(rule, str) else rule:
            if name == DURABLE:
                raise refuse(
                    quoted(name),
                    "the rule that must last, with the later column beside it",
                    'Write, for instance, rule = "madrs_response_50" and later = "madrs_month6".',
                )
            if name == URINE:
                continue
            try:
                find_rule(name)
            except SettingsError as error:
                fault = error.faults[0]
                raise refuse(fault.met, fault.wanted, fault.way_out) from None
        if info.field_name == "all_of" and info.data.get("rule") is not None:
            raise refuse(
                "both rule and all_of",
                "one rule, or several that are met together",
                "Put the rule into the list.",
            )
        return rule

    @field_validator("name", "followup")
    @classmethod
    def _own_rule_is_complete(cls, value: str | None, info: ValidationInfo) -> str | None:
        named = info.data.get("rule", "") is not None or info.data.get("all_of", "") is not None
        if value is None and not named:
            raise PydanticCustomError("missing", "missing")
        if value is None and info.field_name == "followup" and info.data.get("visit", "") is None:
            raise refuse(
                "neither followup nor visit",
                "a rule with a name is told where the outcome is",
                "Give response.visit, and its columns are found, or response.followup.",
            )
        return value

    @field_validator("drop", "points", "levels_fallen")
    @classmethod
    def _fall_has_its_baseline(cls, fall: float | None, info: ValidationInfo) -> float | None:
        if fall is not None and info.data.get("baseline", "") is None:
            raise refuse(
                f"response.{info.field_name} without response.baseline",
                "a proportional fall is measured from a baseline value"
                if info.field_name == "drop"
                else "a fall is measured from a baseline value",
                "Name the column that holds the last value before the first session.",
            )
        return fall

    @field_validator("levels")
    @classmethod
    def _levels_belong_to_their_fall(
        cls, levels: tuple[str, ...] | None, info: ValidationInfo
    ) -> tuple[str, ...] | None:
        if "levels_fallen" in info.data and (levels is None) != (
            info.data["levels_fallen"] is None
        ):
            raise refuse(
                "response.levels_fallen without response.levels"
                if levels is None
                else "response.levels without response.levels_fallen",
                "levels can be counted when their order is known",
                "Give both, the levels from the best to the worst, or neither.",
            )
        return levels

    @field_validator("responder")
    @classmethod
    def _one_rule(cls, responder: str | None, info: ValidationInfo) -> str | None:
        if not {"rule", "all_of", *_FORMS} - {"responder"} <= set(info.data):
            return responder
        values = {**info.data, "responder": responder}
        named = [name for name in ("rule", "all_of") if values[name] is not None]
        given = [form for form in _FORMS if values[form] is not None]
        if named and given:
            raise refuse(
                f"both {named[0]} and {given[0]}",
                "a rule with a name brings its own threshold",
                f"Take response.{given[0]} out, or response.{named[0]} with a rule of your own.",
            )
        unread = {
            "rule": (),
            "all_of": ("followup", "baseline", "later"),
            "": ("visit",),
        }[named[0] if named else ""]
        for name in unread:
            if values.get(name) is not None:
                raise refuse(
                    f"response.{name} with " + (named[0] if named else "a rule of your own"),
                    "all_of finds its columns by visit"
                    if named
                    else "a rule of your own names its columns",
                    f"Take response.{name} out.",
                )
        if not named and len(given) != 1:
            raise refuse(
                f"both {' and '.join(given)}" if given else "neither drop nor responder",
                "a rule has exactly one of them",
                "Give response.drop with response.baseline for a scale, or response.responder "
                f"for a category; or one of {', '.join(_FORMS[1:-1])}; or response.rule, a rule "
                "with a name.",
            )
        return responder

    @field_validator("weeks")
    @classmethod
    def _weeks_belong_to_urine(cls, weeks: int | None, info: ValidationInfo) -> int | None:
        if "rule" in info.data and (weeks is not None) != (
            info.data["rule"] == "sud_urine_negative_weeks"
        ):
            raise refuse(
                "no weeks" if weeks is None else f"{weeks} weeks for another rule",
                "sud_urine_negative_weeks, and no other rule, says for how many weeks",
                "Give response.weeks." if weeks is None else "Take response.weeks out.",
            )
        return weeks

    @field_validator("auxiliary")
    @classmethod
    def _auxiliary_columns_belong_to_imputation(
        cls, auxiliary: tuple[str, ...] | None, info: ValidationInfo
    ) -> tuple[str, ...] | None:
        if auxiliary is not None and info.data.get("missing", "multiple") != "multiple":
            raise refuse(
                f"response.auxiliary with missing = {quoted(info.data['missing'])}",
                "auxiliary columns are those that outcomes are imputed from",
                'Write missing = "multiple", or take response.auxiliary out.',
            )
        return auxiliary

    @property
    def _of_missing(self) -> dict[str, Any]:
        return {
            "missing": self.missing,
            "imputations": self.imputations,
            "auxiliary": self.auxiliary or (),
        }

    def make_rule(self, columns: Sequence[Column] = ()) -> ResponseRule:
        """Return the rule, as the library knows it.

        Parameters
        ----------
        columns : sequence of Column
            The cohort's, in which a rule with a name finds those that are not named.
        """
        from stratify.outcome import ResponseRule, make_durable, make_rule, require_later

        if self.all_of is not None:
            parts = [
                make_rule(
                    name,
                    columns=columns,
                    visit=self.visit,
                    **self._of_missing,
                    lowest_baseline=self.lowest_baseline,
                )
                for name in self.all_of
            ]
            return ResponseRule(
                name=self.name or " and ".join(part.name for part in parts),
                followup=parts[-1].followup,
                all_of=tuple(parts),
                **self._of_missing,
            )
        if self.rule is not None:
            rule = make_rule(
                self.rule,
                columns=columns,
                **self.model_dump(
                    include={
                        "followup",
                        "baseline",
                        "later",
                        "visit",
                        "weeks",
                        "screens_per_week",
                        "lowest_baseline",
                    }
                ),
                **self._of_missing,
            )
            return rule if self.name is None else replace(rule, name=self.name)
        assert self.name is not None
        assert self.followup is not None
        own = ResponseRule(
            name=self.name,
            followup=self.followup,
            levels=self.levels or (),
            **self.model_dump(include={"baseline", "lowest_baseline", *_FORMS}),
            **self._of_missing,
        )
        if self.later is None:
            return own
        require_later(self.followup, self.later, columns)
        return make_durable(own, later=self.later)


_FORMS = ("drop", "points", "levels_fallen", "at_most", "below", "at_least", "responder")
