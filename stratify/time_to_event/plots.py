"""Curves of risk groups, and likelihoods beside what came."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

import numpy as np
import pandas as pd

from stratify.metrics.drawing import DARK, LIGHT, MID, make_figure, write_plainly
from stratify.time_to_event.accuracy import LEAST_IN_GROUP, HorizonCalibration, part_by_risk
from stratify.time_to_event.curves import compute_kaplan_meier

if TYPE_CHECKING:
    from matplotlib.figure import Figure

GROUP_NAMES = {1: ("everybody",), 2: ("lower", "higher"), 3: ("lowest", "middle", "highest")}
_COLOURS = {1: (DARK,), 2: (MID, DARK), 3: (LIGHT, MID, DARK)}


class Told(Protocol):
    """Likelihoods that were told of patients, held out or elsewhere, and what came."""

    @property
    def name(self) -> str: ...  # noqa: D102
    @property
    def horizon(self) -> float: ...  # noqa: D102
    @property
    def calibration(self) -> HorizonCalibration: ...  # noqa: D102
    def of_patients(self) -> pd.DataFrame: ...  # noqa: D102


def tabulate_risk_groups(evaluation: Told) -> pd.DataFrame:
    """Return the Kaplan–Meier curves of three groups of held-out likelihoods.

    Parameters
    ----------
    evaluation : TimeToEventEvaluation or FollowedValidation

    Returns
    -------
    curves : DataFrame
        ``group`` (from "lowest" to "highest"; fewer where there are few patients), ``day``,
        ``free`` (the share free of the event), ``low``, ``high``, ``at_risk``.
    """
    told = evaluation.of_patients()
    count = int(np.clip(len(told) // LEAST_IN_GROUP, 1, 3))
    rows = []
    parts = part_by_risk(told["likelihood"].to_numpy(), count)
    for name, members in zip(GROUP_NAMES[count], parts, strict=True):
        part = told.iloc[members]
        curve = compute_kaplan_meier(part["time"].to_numpy(), part["event"].to_numpy())
        rows.append((name, 0.0, 1.0, np.nan, np.nan, len(part)))
        for day, at_risk in zip(curve.times, curve.at_risk, strict=True):
            free = curve.estimate_at(float(day))
            rows.append((name, float(day), free.value, free.low, free.high, int(at_risk)))
        last = float(part["time"].max())
        if not len(curve.times) or last > curve.times[-1]:
            free = curve.estimate_at(last)
            still = int((part["time"] == last).sum())
            rows.append((name, last, free.value, free.low, free.high, still))
    return pd.DataFrame(rows, columns=["group", "day", "free", "low", "high", "at_risk"])


def plot_risk_groups(evaluation: Told, *, event: str = "the event") -> Figure:
    """Draw the Kaplan–Meier curves of groups by held-out likelihood.

    Parameters
    ----------
    evaluation : TimeToEventEvaluation or FollowedValidation
    event : str
        What it is called.
    """
    curves = tabulate_risk_groups(evaluation)
    figure, (axes,) = make_figure(6.4, 4.2, title=f"{evaluation.name}: time to {event}")
    names = list(dict.fromkeys(curves["group"]))
    followed = _count_followed(evaluation, names)
    for name, colour in zip(names, _COLOURS[len(names)], strict=True):
        part = curves[curves["group"] == name]
        count = int(part["at_risk"].iloc[0])
        label = f"{count} patients, {followed[name]} followed to day {evaluation.horizon:g}"
        label = f"{name} likelihoods: {label}" if len(names) > 1 else label
        axes.step(part["day"], part["free"], where="post", color=colour, lw=2, label=label)
        axes.fill_between(
            part["day"], part["low"], part["high"], step="post", color=colour, alpha=0.15, lw=0
        )
    axes.set(ylim=(0, 1.02), xlabel="days", ylabel=write_plainly(f"share free of {event}"))
    axes.set_xlim(0, evaluation.horizon)
    axes.legend(frameon=False, loc="upper left", bbox_to_anchor=(0, -0.15), fontsize=9)
    return figure


def _count_followed(evaluation: Told, names: list[str]) -> dict[str, int]:
    """Count who of each group was free of the event and followed to the horizon."""
    told = evaluation.of_patients()
    still = (told["time"] >= evaluation.horizon).to_numpy()
    parts = part_by_risk(told["likelihood"].to_numpy(), len(names))
    return {name: int(still[members].sum()) for name, members in zip(names, parts, strict=True)}


def plot_horizon_calibration(evaluation: Told, *, event: str = "the event") -> Figure:
    """Draw likelihoods by the horizon beside how many had the event, group by group.

    Parameters
    ----------
    evaluation : TimeToEventEvaluation or FollowedValidation
    event : str
        What it is called.
    """
    groups = evaluation.calibration.groups
    title = f"{evaluation.name}: {event} by day {evaluation.horizon:g}"
    figure, (axes,) = make_figure(4.8, 4.6, title=title)
    axes.plot([0, 1], [0, 1], color=LIGHT, lw=1, zorder=0)
    axes.vlines(groups["predicted"], groups["low"], groups["high"], color=MID, lw=1.5)
    axes.plot(groups["predicted"], groups["observed"], "o-", color=DARK, lw=1, ms=5)
    axes.set(
        xlim=(0, 1), ylim=(0, 1), xlabel="likelihood that was told",
        ylabel="share with the event (Kaplan–Meier)",
    )  # fmt: skip
    return figure
