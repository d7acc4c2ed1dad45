import dataclasses
import datetime
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
from scipy.special import logit

from stratify.explanation.values import Reason
from stratify.metrics.estimates import Estimate
from stratify.report import (
    CalibrationBin,
    GroupFigures,
    PatientReport,
    Possible,
    Recalibrated,
    StudySummary,
    build_report,
)

LABELS = (
    "baseline severity (MADRS total)",
    "benzodiazepine use",
    "DMN-SN connectivity",
    "age",
    "failed antidepressants in this episode",
    "CEN-DMN connectivity",
    "comorbid chronic pain",
    "anxiety (GAD-7 total)",
    "employed",
    "body mass index",
)
VALUES = (
    "34 points",
    "yes",
    "144 edges",
    "52 years",
    "4",
    "210 edges",
    "no",
    "12 points",
    "no",
    "27.4 kg/m²",
)

MakeStudy = Callable[..., StudySummary]
MakeReport = Callable[..., PatientReport]


@pytest.fixture
def make_study() -> MakeStudy:
    def make(**changes: Any) -> StudySummary:
        values: dict[str, Any] = {
            "name": "depression under TMS and ketamine",
            "date": datetime.date(2026, 11, 2),
            "question": "response under treatment",
            "treatment": "tms+ketamine",
            "condition": "depression",
            "outcome": "response at week 6",
            "rule": "response: madrs_week6 is at least 50% below madrs_baseline",
            "n_patients": 300,
            "n_responders": 141,
            "family": "logistic",
            "features": "both",
            "n_models": 7,
            "metrics": {
                "auc": Estimate(0.65, 0.58, 0.72),
                "brier": Estimate(0.231, 0.215, 0.247),
                "calibration_slope": Estimate(0.92, 0.55, 1.29),
                "calibration_intercept": Estimate(-0.02, -0.25, 0.21),
            },
            "responder_model": True,
            "run_id": "4f1c9d0b2a7e4c53b8d1e6f7a9c0b1d2",
            "digest": "9ab3c1d2e4f5a6b7c8d9",
            "version": "0.1.0",
            "simulated": False,
            "validation": "5-fold cross-validation, repeated 4 times",
            "calibration": (
                CalibrationBin(0.18, 0.44, 0.35, 0.36, 150),
                CalibrationBin(0.44, 0.81, 0.58, 0.58, 150),
            ),
        }
        return StudySummary(**{**values, **changes})

    return make


@pytest.fixture
def make_report(make_study: MakeStudy) -> MakeReport:
    def make(
        probability: float = 0.62,
        low: float = 0.52,
        high: float = 0.71,
        *,
        patient: str = "P017",
        labels: tuple[str, ...] = LABELS,
        values: tuple[str, ...] = VALUES,
        study: dict[str, Any] | None = None,
        **changes: Any,
    ) -> PatientReport:
        base, total = -0.15, float(logit(probability))
        contributions = np.random.default_rng(1).normal(size=len(labels)) * 0.3
        contributions = contributions[np.argsort(-abs(contributions))]
        reasons = [
            Reason(label, value, float(contribution))
            for label, value, contribution in zip(labels, values, contributions, strict=True)
        ]
        reasons.append(
            Reason("everything else", "31 more", total - base - float(sum(contributions)))
        )
        arguments: dict[str, Any] = {
            "patient": patient,
            "probability": probability,
            "low": low,
            "high": high,
            "reasons": tuple(reasons),
            "base_log_odds": base,
            "log_odds": total,
        }
        return build_report(make_study(**(study or {})), **{**arguments, **changes})

    return make


GROUPS = (
    GroupFigures("sex", "female", 170, Estimate(0.66, 0.58, 0.73), Estimate(0.1, -0.2, 0.4)),
    GroupFigures("age", "30 to 44 years", 121, Estimate(0.7, 0.6, 0.79), Estimate(0.6, 0.2, 1.0)),
    GroupFigures("site", "north", 12, why_not="fewer than 20 patients"),
    GroupFigures("arm", "tms+ketamine", 300, Estimate(0.65, 0.59, 0.71), Estimate(0, -0.2, 0.2)),
)
BELONGS = {"sex": "female", "age": "30 to 44 years", "site": "north", "arm": "tms+ketamine"}
NORTH = Recalibrated("north 2025", 160, 48)
BOTH = Possible("both", 0.31, 0.55, 0.9)
DIAGNOSIS = {"question": "diagnosis", "treatment": None, "outcome": "major depressive disorder"}
PROGNOSIS = {"question": "prognosis", "treatment": None, "outcome": "linked to primary care"}


@pytest.fixture(
    params=[
        "stated above",
        "stated below",
        "not separated",
        "cannot say",
        "simulated",
        "missing inputs",
        "rare outcome",
        "diagnosis",
        "prognosis",
        "cannot say, diagnosis",
        "warnings",
        "groups, both possible",
        "groups, diagnosis",
        "recalibrated",
        "recalibrated, not separated",
        "recalibrated, cannot say",
        "recalibrated, diagnosis",
    ]
)
def report(request: pytest.FixtureRequest, make_report: MakeReport) -> PatientReport:
    """One report of every form a reader can meet."""
    forms: dict[str, tuple[tuple[float, ...], dict[str, Any]]] = {
        "stated above": ((), {}),
        "stated below": ((0.31, 0.22, 0.41), {}),
        "not separated": ((0.48, 0.38, 0.59), {}),
        "cannot say": ((), {"cannot_say": ("age: 91 years", "site: Zürich")}),
        "simulated": ((), {"study": {"simulated": True}}),
        "missing inputs": ((), {"missing": ("body mass index", "age")}),
        "rare outcome": ((0.004, 0.001, 0.02), {}),
        "diagnosis": ((), {"study": DIAGNOSIS}),
        "prognosis": ((), {"study": PROGNOSIS}),
        "cannot say, diagnosis": ((), {"study": DIAGNOSIS, "cannot_say": ("age: 91 years",)}),
        "warnings": ((), {"study": {"warnings": ("Site B has 8 patients.",)}}),
        "groups, both possible": (
            (0.48, 0.38, 0.59),
            {"study": {"subgroups": GROUPS}, "groups": BELONGS, "possible": BOTH},
        ),
        "groups, diagnosis": (
            (),
            {
                "study": {**DIAGNOSIS, "subgroups": GROUPS},
                "groups": BELONGS,
                "possible": Possible("responder", 0.04, 0.61, 0.9),
            },
        ),
        "recalibrated": ((), {"study": {"recalibrated": NORTH}}),
        "recalibrated, not separated": ((0.3, 0.2, 0.4), {"study": {"recalibrated": NORTH}}),
        "recalibrated, cannot say": (
            (),
            {"study": {"recalibrated": NORTH}, "cannot_say": ("age: 91 years",)},
        ),
        "recalibrated, diagnosis": ((), {"study": {**DIAGNOSIS, "recalibrated": NORTH}}),
    }
    numbers, changes = forms[request.param]
    return make_report(*numbers, **changes)


def strings_of(value: Any) -> Iterator[str]:
    """Every string in a report, and every whole number of its figures as a string."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, int) and not isinstance(value, bool):
        yield str(value)
    elif dataclasses.is_dataclass(value):
        for field in dataclasses.fields(value):
            yield from strings_of(getattr(value, field.name))
    elif isinstance(value, (tuple, list)):
        for item in value:
            yield from strings_of(item)


@pytest.fixture
def said() -> Callable[[Any], list[str]]:
    return lambda value: list(strings_of(value))
