"""Response rules: what counts as having responded, named and applied the same way to everyone."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import pandas as pd

from stratify.cohort import Cohort
from stratify.errors import DataError, Fault

MissingOutcome = Literal["excluded", "nonresponse"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ResponseRule:
    """How a patient's outcome becomes responder or not.

    One of two forms: a fall of ``drop`` (a proportion) from ``baseline`` to ``followup``; or
    ``followup`` (a category or boolean) being ``responder``.

    Parameters
    ----------
    name : str
        What a report calls the outcome: ``"response (MADRS fell by half or more)"``.
    followup : str
        The column that holds the outcome.
    baseline : str, optional
        The last value before the first session; needed with ``drop``.
    drop : float, optional
        The proportion of the baseline value that must be lost, between 0 and 1.
    lowest_baseline : float
        Baseline values below it make a proportion meaningless; such patients are refused by name.
        It must be above 0.
    responder : str, optional
        The level of ``followup`` that counts as response; needed without ``drop``.
    missing : {"excluded", "nonresponse"}
        What a missing outcome means. It is recorded with every run.
    """

    name: str
    followup: str
    baseline: str | None = None
    drop: float | None = None
    lowest_baseline: float = 1.0
    responder: str | None = None
    missing: MissingOutcome = "excluded"

    def __post_init__(self) -> None:
        if (self.drop is None) == (self.responder is None):
            raise DataError(
                Fault(
                    where="response",
                    met=f"drop = {self.drop} and responder = {self.responder}",
                    wanted="a rule has exactly one of them",
                    way_out="Give drop with baseline for a scale, or responder for a category.",
                )
            )
        if self.drop is not None and self.baseline is None:
            raise DataError(
                Fault(
                    where="response.baseline",
                    met="no baseline column",
                    wanted="a proportional fall is measured from a baseline value",
                    way_out="Name the column that holds the last value before the first session.",
                )
            )

    def describe(self) -> str:
        """Return the rule as one sentence, for runs and reports."""
        if self.drop is None:
            rule = f"{self.followup} is {self.responder}"
        else:
            rule = f"{self.followup} is at least {self.drop:.0%} below {self.baseline}"
        missing = {"excluded": "are left out", "nonresponse": "count as non-response"}
        return f"{self.name}: {rule}; patients without an outcome {missing[self.missing]}"


def compute_response(rule: ResponseRule, cohort: Cohort) -> pd.Series:
    """Apply a response rule to every patient.

    Returns
    -------
    response : Series of float64, indexed by patient
        1 for a responder, 0 for none, NaN where the outcome is missing and the rule excludes it.

    Raises
    ------
    DataError
        If a column is absent, is measured at the wrong time, a baseline is too low for a
        proportion, or the responder's level never occurs.

    Examples
    --------
    >>> import numpy as np
    >>> from stratify.schema import Column
    >>> frame = pd.DataFrame({"before": [30.0, 20.0, 24.0], "after": [15.0, 11.0, np.nan]},
    ...                      index=["a", "b", "c"])
    >>> columns = (Column(name="before"), Column(name="after", measured="followup"))
    >>> rule = ResponseRule(name="response", followup="after", baseline="before", drop=0.5)
    >>> compute_response(rule, Cohort(frame, columns)).tolist()
    [1.0, 0.0, nan]
    """
    outcome = cohort[rule.followup]
    after = cohort.frame[rule.followup]
    if rule.drop is None:
        response = _matches(rule, after, outcome.levels, cohort)
    else:
        assert rule.baseline is not None
        if cohort[rule.baseline].measured != "baseline":
            raise DataError(
                Fault(
                    where="response.baseline",
                    met=f"{rule.baseline}, measured {cohort[rule.baseline].measured}",
                    wanted="baseline is the last value before the first session",
                    way_out="Name a column whose dictionary entry says measured = 'baseline'.",
                )
            )
        before = cohort.frame[rule.baseline]
        low = before < rule.lowest_baseline
        if low.any():
            raise DataError(
                Fault(
                    where=f"{cohort.name}: {rule.baseline}",
                    met=f"{int(low.sum())} patients below {rule.lowest_baseline:g}",
                    wanted="a proportional fall needs a baseline that can fall",
                    way_out="Leave these patients out, or use a rule that is not a proportion.",
                    patients=tuple(map(str, before.index[low])),
                )
            )
        # The small margin keeps a fall of exactly one half a response in floating point.
        fall = (before - after) / before
        response = (fall >= rule.drop - 1e-12).astype(float).where(fall.notna())
    if rule.missing == "nonresponse":
        response = response.fillna(0.0)
    return response.rename("response")


def _matches(
    rule: ResponseRule, values: pd.Series, levels: tuple[str, ...], cohort: Cohort
) -> pd.Series:
    """Compare a category, or a boolean held as 0 and 1, with the responder's level."""
    if pd.api.types.is_float_dtype(values.dtype) and len(levels) == 2:
        values = values.map({0.0: levels[0], 1.0: levels[1]})
    text = values.astype(object)
    known = text.notna()
    if not (text[known].astype(str) == rule.responder).any():
        raise DataError(
            Fault(
                where=f"{cohort.name}: {rule.followup}",
                met=f"no patient has {rule.responder!r}",
                wanted=f"the responder's level is one of {sorted(set(text[known].astype(str)))}",
                way_out="Correct response.responder in the study file.",
            )
        )
    return (text.astype(str) == rule.responder).astype(float).where(known)
