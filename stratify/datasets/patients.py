"""Simulated patients: from their true drivers to the columns a clinic would hold."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from stratify.datasets.assumptions import ARMS, Assumptions
from stratify.datasets.drivers import Drivers
from stratify.schema import Column

_NO_YES = ("no", "yes")
TMS_PROTOCOLS = ("no TMS", "10 Hz left", "iTBS left", "1 Hz right")


@dataclass(frozen=True, slots=True, kw_only=True)
class Course:
    """How the MADRS of responders and of others falls by week 6, as truncated normal proportions.

    Parameters
    ----------
    responder, other : tuple of (mean, standard deviation)
        Before truncation: responders fall by at least one half, others by less.
    """

    responder: tuple[float, float] = (0.57, 0.15)
    other: tuple[float, float] = (0.20, 0.17)


def make_columns(sites: tuple[str, ...]) -> tuple[Column, ...]:
    """Return the dictionary of the simulated cohort, in the order of its table."""

    def yes_no(name: str, label: str) -> Column:
        return Column(name=name, kind="boolean", levels=_NO_YES, label=label)

    def number(name: str, low: float, high: float, unit: str, label: str, **more: object) -> Column:
        bounds = {"low": float(low), "high": float(high)}
        return Column(name=name, unit=unit, label=label, **bounds, **more)  # type: ignore[arg-type]

    return (
        Column(name="site", kind="category", levels=sites, role="site", label="clinic"),
        Column(name="treatment", kind="category", levels=ARMS, role="treatment", label="treatment"),
        Column(
            name="condition",
            kind="category",
            levels=("depression",),
            role="condition",
            label="primary condition",
        ),
        number("age", 18, 90, "years", "age"),
        Column(name="sex", kind="category", levels=("female", "male"), label="sex"),
        yes_no("employed", "in paid work"),
        number("bmi", 12, 70, "kg/m²", "body mass index"),
        yes_no("bipolar", "bipolar disorder"),
        number("episode_duration_months", 0, 600, "months", "length of the current episode"),
        number("failed_trials", 0, 20, "trials", "adequate treatments that failed this episode"),
        yes_no("prior_attempt", "earlier suicide attempt"),
        yes_no("family_history_aud", "parent or sibling with alcohol use disorder"),
        number("ctq_total", 25, 125, "points", "childhood trauma questionnaire total"),
        yes_no("benzodiazepine", "takes a benzodiazepine"),
        yes_no("psychostimulant", "takes a psychostimulant"),
        yes_no("substance_use", "substance use disorder as well"),
        Column(
            name="pain_severity",
            kind="category",
            levels=("no pain", "mild", "moderate", "severe"),
            label="pain before treatment",
        ),
        number("madrs_baseline", 0, 60, "points", "MADRS before treatment"),
        number("hamd17_baseline", 0, 52, "points", "HAM-D17 before treatment"),
        number("phq9_baseline", 0, 27, "points", "PHQ-9 before treatment"),
        number("gad7_baseline", 0, 21, "points", "GAD-7 before treatment"),
        number("pain_nrs_baseline", 0, 10, "points", "pain rating before treatment"),
        number("craving_vas_baseline", 0, 100, "mm", "craving before treatment"),
        Column(name="tms_protocol", kind="category", levels=TMS_PROTOCOLS, label="TMS protocol"),
        number("tms_sessions_planned", 0, 60, "sessions", "TMS sessions planned"),
        number("ketamine_dose", 0, 5, "mg/kg", "ketamine dose planned for one infusion"),
        number("mean_fd", 0, 5, "mm", "head motion during the scan", role="confound"),
        number(
            "madrs_week1",
            0,
            60,
            "points",
            "MADRS at week 1",
            measured="during",
            visit="week 1",
            day=7,
        ),
        number(
            "madrs_week3",
            0,
            60,
            "points",
            "MADRS at week 3",
            measured="during",
            visit="week 3",
            day=21,
        ),
        *(
            number(
                name,
                0,
                high,
                unit,
                label,
                measured="followup",
                role="outcome",
                visit="week 6",
                day=42,
            )
            for name, high, unit, label in (
                ("madrs_week6", 60, "points", "MADRS at week 6"),
                ("pain_nrs_week6", 10, "points", "pain rating at week 6"),
                ("craving_vas_week6", 100, "mm", "craving at week 6"),
            )
        ),
    )


def draw_baseline(
    rng: np.random.Generator, drivers: Drivers, arm: np.ndarray, assumptions: Assumptions
) -> pd.DataFrame:
    """Turn drivers into what is recorded before treatment: whole points, within each scale.

    The scale or count that a driver stands for follows it exactly but for rounding and the ends of
    its range; the HAM-D17 and PHQ-9 are second, noisy readings of the same severity.
    """
    count = len(arm)
    value = dict(zip(assumptions.names, drivers.values.T, strict=True))
    nuisance = assumptions.nuisance

    def whole(mean: float, spread: float, z: np.ndarray, low: float, high: float) -> np.ndarray:
        return np.clip(np.round(mean + spread * z), low, high)

    def second_reading(z: np.ndarray, agreement: float = 0.75) -> np.ndarray:
        return agreement * z + np.sqrt(1 - agreement**2) * rng.standard_normal(count)

    pain = _draw_pain(rng, value["severe_pain"], nuisance["any_pain"], assumptions)
    substance = rng.random(count) < nuisance["substance_use"]
    craving = np.where(
        substance, 55 + 20 * rng.standard_normal(count), 8 * np.abs(rng.standard_normal(count))
    )
    has_tms, has_ketamine = (
        np.array([part in ARMS[k] for k in range(len(ARMS))])[arm] for part in ("tms", "ketamine")
    )
    protocol = rng.choice([1, 2, 3], size=count, p=[0.5, 0.35, 0.15])
    return pd.DataFrame(
        {
            "age": whole(45, 14, rng.standard_normal(count), 18, 85),
            "sex": np.where(value["female"] == 1, "female", "male"),
            "employed": value["employed"],
            "bmi": np.clip(np.round(28 + 6 * value["bmi"], 1), 14, 65),
            "bipolar": (rng.random(count) < nuisance["bipolar"]).astype(float),
            "episode_duration_months": np.clip(
                np.round(np.exp(np.log(18) + 0.9 * value["episode_duration"])), 1, 600
            ),
            "failed_trials": whole(4, 1.8, value["failed_trials"], 1, 15),
            "prior_attempt": value["prior_attempt"],
            "family_history_aud": value["family_history_aud"],
            "ctq_total": whole(48, 15, value["childhood_trauma"], 25, 125),
            "benzodiazepine": value["benzodiazepine"],
            "psychostimulant": value["psychostimulant"],
            "substance_use": substance.astype(float),
            "pain_severity": np.select(
                [pain == 0, pain <= 4, pain <= 6], ["no pain", "mild", "moderate"], "severe"
            ),
            "madrs_baseline": whole(32, 6, value["severity"], 20, 60),
            "hamd17_baseline": whole(23, 4, second_reading(value["severity"]), 18, 52),
            "phq9_baseline": whole(19, 4, second_reading(value["severity"]), 5, 27),
            "gad7_baseline": whole(11, 4, value["anxiety"], 0, 21),
            "pain_nrs_baseline": pain,
            "craving_vas_baseline": np.clip(np.round(craving), 0, 100),
            "tms_protocol": np.array(TMS_PROTOCOLS)[np.where(has_tms, protocol, 0)],
            "tms_sessions_planned": has_tms * rng.choice([30.0, 36.0], size=count, p=[0.6, 0.4]),
            "ketamine_dose": has_ketamine
            * rng.choice([0.5, 0.75, 1.0], size=count, p=[0.7, 0.2, 0.1]),
        }
    )


def _draw_pain(
    rng: np.random.Generator, severe: np.ndarray, any_pain: float, assumptions: Assumptions
) -> np.ndarray:
    """Draw pain ratings: 7 to 10 for severe pain, 1 to 6 for other pain, 0 for none."""
    share = next(term.share for term in assumptions.terms if term.name == "severe_pain")
    assert share is not None
    some = rng.random(len(severe)) < (any_pain - share) / (1 - share)
    milder = np.where(some, rng.integers(1, 7, len(severe)), 0)
    return np.where(severe == 1, rng.integers(7, 11, len(severe)), milder).astype(float)


def draw_course(
    rng: np.random.Generator,
    baseline: pd.DataFrame,
    response: np.ndarray,
    course: Course,
    correlation: float,
) -> pd.DataFrame:
    """Draw the scores after baseline so that they agree with the response that was drawn.

    Responders end at half their baseline MADRS or below, others above it, in whole points. Weeks 1
    and 3 lie on the way. Pain and craving change with the same latent improvement.
    """
    count = len(response)
    before = baseline["madrs_baseline"].to_numpy()
    half = np.floor(before / 2)
    fall = np.where(
        response == 1,
        _truncated_normal(rng, *course.responder, low=0.5, high=1.0, count=count),
        _truncated_normal(rng, *course.other, low=-0.3, high=0.5, count=count),
    )
    left = before * (1 - fall)
    after = np.where(
        response == 1,
        np.minimum(np.floor(left), half),
        np.clip(np.ceil(left), half + 1, 60),
    )

    def on_the_way(share: float) -> np.ndarray:
        part = share + 0.12 * rng.standard_normal(count)
        score = before - part * (before - after) + 2.5 * rng.standard_normal(count)
        return np.clip(np.round(score), 0, 60)

    def alongside(name: str, high: float) -> np.ndarray:
        own = rng.standard_normal(count)
        latent = correlation * (fall - 0.4) / 0.27 + np.sqrt(1 - correlation**2) * own
        return np.clip(np.round(baseline[name].to_numpy() * (0.75 - 0.25 * latent)), 0, high)

    return pd.DataFrame(
        {
            "madrs_week1": on_the_way(0.4),
            "madrs_week3": on_the_way(0.75),
            "madrs_week6": after,
            "pain_nrs_week6": alongside("pain_nrs_baseline", 10),
            "craving_vas_week6": alongside("craving_vas_baseline", 100),
        }
    )


def _truncated_normal(
    rng: np.random.Generator, mean: float, spread: float, *, low: float, high: float, count: int
) -> np.ndarray:
    from scipy.special import ndtr, ndtri

    first, last = ndtr((low - mean) / spread), ndtr((high - mean) / spread)
    return mean + spread * ndtri(first + (last - first) * rng.random(count))


def lose_values(
    rng: np.random.Generator,
    table: pd.DataFrame,
    response: np.ndarray,
    assumptions: Assumptions,
) -> pd.DataFrame:
    """Return the table with values missing as they go missing in clinics.

    Some baseline columns lose values at random. Week 6 is lost more often by non-responders
    (missing not at random), and with it the later scores; an early visit is missed now and then.
    """
    table = table.copy()
    nuisance = assumptions.nuisance
    for name, share in assumptions.missing.items():
        table.loc[rng.random(len(table)) < share, name] = np.nan
    for name in ("madrs_week1", "madrs_week3"):
        table.loc[rng.random(len(table)) < nuisance["missed_visit"], name] = np.nan
    rate = np.where(response == 1, nuisance["dropout_responder"], nuisance["dropout_nonresponder"])
    lost = rng.random(len(table)) < rate
    table.loc[lost, ["madrs_week6", "pain_nrs_week6", "craving_vas_week6"]] = np.nan
    return table
