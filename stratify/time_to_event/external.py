"""How a Cox model does with patients of another site or another year."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from stratify.errors import count_of
from stratify.evaluation.drop import (
    WANTED_OF_EACH_CLASS,
    Holding,
    describe_drop,
    find_holding,
    name_kind,
    subtract_external,
    tabulate_drop,
)
from stratify.metrics import Estimate, compute_bootstrap_interval, flatten_estimates
from stratify.metrics.recalibration import Method
from stratify.time_to_event.accuracy import HorizonCalibration, compute_horizon_calibration
from stratify.time_to_event.figures import PAIRS, Figures
from stratify.time_to_event.followed_model import FollowedModel
from stratify.time_to_event.outcome import FollowedTable


@dataclass(frozen=True, eq=False, kw_only=True)
class FollowedValidation:
    """What became of a Cox model's likelihoods among patients who took no part in making it.

    Parameters
    ----------
    model, cohort : str
    event : str
        What it is called.
    horizon : float
        Days, as the times run.
    day : float
        The same from the first session, as it is told: later, where times run from a landmark.
    simulated : bool
    internal : dict of str to Estimate
        What cross-validation within the study found, by the names of `BASES`.
    external : dict of str to Estimate
        The same here. Whom ``brier_gain`` is over is told the share of training's patients.
    drop : Estimate
        How much lower Uno's concordance is here; below 0 it is higher.
    calibration : HorizonCalibration
    predictions : DataFrame
        One row a patient: ``patient``, ``repeat`` and ``fold`` (0), ``time``, ``event``, ``score``,
        ``likelihood``, ``everybody``.
    left_out : tuple of (str, int)
        Who was not counted, and how many.
    outside : int
        Patients unlike those of training; they are counted all the same.
    unseen : int
        Patients of a site that training did not see, and nothing was learned of since.
    """

    model: str
    cohort: str
    event: str
    horizon: float
    day: float
    simulated: bool
    internal: Mapping[str, Estimate]
    external: Mapping[str, Estimate]
    drop: Estimate
    calibration: HorizonCalibration
    predictions: pd.DataFrame
    left_out: tuple[tuple[str, int], ...] = field(default=())
    outside: int = 0
    unseen: int = 0

    @property
    def name(self) -> str:
        """What figures are headed with."""
        return f"{self.model} in {self.cohort}"

    @property
    def patients(self) -> int:
        """How many patients were predicted."""
        return len(self.predictions)

    @property
    def events(self) -> int:
        """How many of them were seen to have the event by the horizon."""
        told = self.predictions
        return int(((told["event"] == 1) & (told["time"] <= self.horizon)).sum())

    @property
    def free(self) -> int:
        """How many were seen to be free of it then."""
        told = self.predictions
        happened = (told["event"] == 1) & (told["time"] <= self.horizon)
        return int(((told["time"] >= self.horizon) & ~happened).sum())

    @property
    def finding(self) -> Holding:
        """Whether the model ranks patients here better than chance, by Uno's concordance."""
        return find_holding(self.external["uno_c"])

    @property
    def advice(self) -> Method | None:
        """What recalibration the intervals of slope and observed over expected ask for, if any.

        None helps a model that ranks patients the wrong way round.
        """
        if self.finding == "worse than chance":
            return None
        slope, ratio = (
            self.external[name] for name in ("calibration_slope", "observed_over_expected")
        )
        if slope.low > 1 or slope.high < 1:
            return "intercept and slope"
        return "intercept" if ratio.low > 1 or ratio.high < 1 else None

    @property
    def words(self) -> str:
        """The finding in sentences: the drop first, then likelihoods by the horizon."""
        drop = describe_drop(
            "Uno's concordance",
            self.internal["uno_c"],
            self.external["uno_c"],
            self.drop,
            of=f"{self.patients} {name_kind(self.simulated)} of {self.cohort}",
        )
        return " ".join([drop, self._calibration(), self._worth(), *self._cautions()])

    def of_patients(self) -> pd.DataFrame:
        """Return one row a patient, as figures are drawn of."""
        return self.predictions

    def to_dict(self) -> dict[str, object]:
        """Return plain values, for JSON."""
        values: dict[str, object] = {
            "model": self.model,
            "cohort": self.cohort,
            "simulated": self.simulated,
            "horizon": self.horizon,
            "patients": self.patients,
            "events": self.events,
            "finding": self.finding,
            **self.drop.to_dict("uno_c_drop"),
            **flatten_estimates(self.external),
        }
        values["internal_uno_c"] = self.internal["uno_c"].value
        values["advice"] = self.advice
        values["left_out"] = [[why, count] for why, count in self.left_out]
        values |= {"outside": self.outside, "of_unseen_sites": self.unseen}
        values["words"] = self.words
        return values

    def to_frame(self) -> pd.DataFrame:
        """Return each figure within the study and here: ``metric``, ``internal``, ``external``."""
        return tabulate_drop(self.internal, self.external)

    def __str__(self) -> str:
        return self.words

    def _calibration(self) -> str:
        told = self.predictions["likelihood"].mean()
        ratio, slope = (
            self.external[name] for name in ("observed_over_expected", "calibration_slope")
        )
        said = (
            f"By day {self.day:g} the likelihoods average {100 * told:.0f} %, and "
            f"{100 * told * ratio.value:.0f} % had {self.event} by the Kaplan–Meier curve "
            f"(observed over expected {ratio}; slope {slope})"
        )
        if self.finding == "worse than chance":
            return f"{said}: no recalibration mends wrong ranks; do not use the model here."
        if self.advice is None:
            return f"{said}: no recalibration is called for by these figures."
        what = "baseline hazard" + (" and the slope" if "slope" in self.advice else "")
        return f"{said}: recalibrate the {what} before using them here."

    def _worth(self) -> str:
        gain = self.external["brier_gain"]
        sure = "better" if gain.low > 0 else "worse" if gain.high < 0 else "not shown to be better"
        return (
            f"They are {sure} than telling everybody the share of training's patients: the Brier "
            f"score is {'lower' if gain.value >= 0 else 'higher'} by {abs(gain.value):.3f} "
            f"({gain.level:.0%} interval {gain.bounds}, above 0 where it is lower).".replace(
                "%", " %"
            )
        )

    def _cautions(self) -> list[str]:
        told = []
        rarer = min(self.events, self.free)
        if rarer < WANTED_OF_EACH_CLASS:
            what = f"with {self.event}" if rarer == self.events else "seen to be free of it"
            told.append(
                f"{count_of(rarer, 'patient')} {what} by day {self.day:g} are few: "
                f"calibration elsewhere is hardly known with fewer than {WANTED_OF_EACH_CLASS} of "
                "either."
            )
        if self.outside:
            are = "is" if self.outside == 1 else "are"
            told.append(f"{count_of(self.outside, 'patient')} {are} unlike those of training.")
        if self.unseen:
            are = "is" if self.unseen == 1 else "are"
            told.append(
                f"{count_of(self.unseen, 'patient')} {are} of sites that training did not see."
            )
        told += [f"{count_of(count, 'patient')} left out: {why}." for why, count in self.left_out]
        return told


def validate_followed(
    model: FollowedModel,
    followed: FollowedTable,
    *,
    internal: Mapping[str, Estimate],
    name: str = "the model",
    left_out: tuple[tuple[str, int], ...] = (),
    seed: int = 0,
    level: float = 0.95,
) -> FollowedValidation:
    """Judge a Cox model's likelihoods for patients who took no part in making it.

    Parameters
    ----------
    model : FollowedModel
    followed : FollowedTable
        Of the same outcome and horizon, none of its patients from an unseen site.
    internal : mapping of str to Estimate
        Of cross-validation within the study; ``uno_c`` is needed.
    name : str
        What the model is called.
    left_out
        As in `FollowedValidation`.
    seed : int
    level : float

    Returns
    -------
    validation : FollowedValidation
        Intervals are of a bootstrap of patients, in which the weights for censoring are held fixed;
        those of calibration are Wald's and Greenwood's. The interval of the drop takes the two
        cohorts as independent, which they are.

    Source
    ------
    McLernon et al. 2023, Annals of Internal Medicine 176, 105-114 (what to report of a survival
    model elsewhere).
    """
    table = followed.table
    told = model.predict(table.X)
    site = None if table.site is None else list(map(str, table.site))
    kinds = [{one.kind for one in them} for them in model.say_silences(table.X, site)]
    predictions = pd.DataFrame(
        {
            "patient": list(map(str, followed.table.patients)),
            "repeat": 0,
            "fold": 0,
            "time": followed.time,
            "event": followed.event,
            "score": told["score"].to_numpy(),
            "likelihood": told["likelihood"].to_numpy(),
            "everybody": model.everybody,
        }
    )
    names = (*PAIRS, "brier", "brier_gain")
    external = estimate_figures(predictions, followed, names, seed, level)
    calibration = compute_horizon_calibration(
        followed.time,
        followed.event,
        predictions["likelihood"].to_numpy(),
        horizon=model.horizon,
        level=level,
    )
    external["calibration_slope"] = calibration.slope
    external["observed_over_expected"] = calibration.observed_over_expected
    return FollowedValidation(
        model=name,
        cohort=followed.table.name,
        event=model.outcome.name,
        horizon=model.horizon,
        day=model.outcome.horizon,
        simulated=followed.table.simulated or model.simulated,
        internal=internal,
        external=external,
        drop=subtract_external(internal["uno_c"], external["uno_c"], level),
        calibration=calibration,
        predictions=predictions,
        left_out=left_out,
        outside=sum(bool(them - {"site"}) for them in kinds),
        unseen=sum("site" in them for them in kinds),
    )


def estimate_figures(
    predictions: pd.DataFrame,
    followed: FollowedTable,
    names: Sequence[str],
    seed: int,
    level: float,
) -> dict[str, Estimate]:
    """Compute figures of patients no model has seen, with intervals of a bootstrap of them.

    Parameters
    ----------
    predictions : DataFrame
        One row a patient, as in `FollowedValidation`.
    followed : FollowedTable
        Of the same patients.
    names : sequence of str
        As `Figures.make` knows them.
    seed : int
    level : float
    """
    patients = pd.Index(predictions["patient"])
    figures = Figures(predictions, patients, horizon=followed.horizon)
    groups = followed.table.groups
    together = groups if len(set(groups)) < len(groups) else None
    found = {}
    for name in names:
        figure = figures.make(name)

        def compute(rows: np.ndarray, figure: object = figure) -> float:
            counts = np.bincount(rows, minlength=len(patients))[None, :].astype(float)
            return float(figure(counts)[0])  # type: ignore[operator]

        found[name] = compute_bootstrap_interval(
            compute, len(patients), seed=seed, level=level, groups=together
        )
    return found
