"""Which scans are good enough, and whether motion still shows in connectivity."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

import numpy as np
import pandas as pd

from stratify.connectome.regional import RegionalValues
from stratify.connectome.values import QUALITY, Connectomes
from stratify.errors import DataError, Fault, count_of, name_some

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Measured = TypeVar("Measured", Connectomes, RegionalValues)


def apply_quality_gates(
    connectomes: Measured,
    *,
    most_mean_fd: float | None = None,
    least_coverage: float | None = None,
    least_volumes: float | None = None,
    least_minutes: float | None = None,
) -> tuple[Measured, tuple[Fault, ...]]:
    """Leave out the patients whose scan is not good enough, and count them.

    The limits are fixed beforehand and nothing is estimated from other patients, so that gates may
    stand before the split into folds. A patient of whom a gate's measure is not known is left out.

    Parameters
    ----------
    connectomes : Connectomes or RegionalValues
        With a table of quality.
    most_mean_fd : float, optional
        Mean framewise displacement in mm, that itself allowed.
    least_coverage : float, optional
        From 0 to 1.
    least_volumes, least_minutes : float, optional
        After censoring.

    Returns
    -------
    passed : Connectomes or RegionalValues
    faults : tuple of Fault
        A warning for each gate that left somebody out.

    Raises
    ------
    DataError
        If a measure is not known of anybody, or nobody passes.

    Examples
    --------
    >>> quality = pd.DataFrame({"mean_fd": [0.1, 0.6]}, index=["P1", "P2"])
    >>> two = Connectomes(np.zeros((2, 2, 2)), ("P1", "P2"), ("A", "B"), ("SN", "DMN"), "fisher z",
    ...                   quality=quality)
    >>> passed, faults = apply_quality_gates(two, most_mean_fd=0.5)
    >>> passed.patients, faults[0].summary
    (('P1',), 'mean framewise displacement above 0.5 mm in 1 patient')
    """
    gates = {
        "mean_fd": (most_mean_fd, "most"),
        "coverage": (least_coverage, "least"),
        "volumes": (least_volumes, "least"),
        "minutes": (least_minutes, "least"),
    }
    asked = {name: gate for name, gate in gates.items() if gate[0] is not None}
    kept = np.ones(len(connectomes), dtype=bool)
    faults: list[Fault] = []
    for name, (limit, end) in asked.items():
        assert limit is not None
        values = _require_measure(connectomes, name)
        with np.errstate(invalid="ignore"):
            failed = values > limit if end == "most" else values < limit
        meaning, unit = QUALITY[name]
        beyond = f"{'above' if end == 'most' else 'below'} {limit:g}{' ' + unit if unit else ''}"
        for who, what in ((failed, f"{meaning} {beyond}"), (np.isnan(values), f"no {meaning}")):
            faults += _left_out(connectomes, who, what)
            kept &= ~who
    if not kept.any() and len(connectomes):
        raise DataError(
            Fault(
                where=connectomes.name,
                met=f"none of {count_of(len(connectomes), 'patient')} passes the gates: "
                + "; ".join(fault.summary for fault in faults),
                wanted="scans that are good enough",
                way_out="Correct the limits, or the table of quality.",
            )
        )
    return connectomes.select(kept), tuple(faults)


def _require_measure(connectomes: Connectomes | RegionalValues, name: str) -> np.ndarray:
    quality = connectomes.quality
    if quality is None or name not in quality.columns:
        there = ", ".join(quality.columns) if quality is not None else "nothing"
        raise DataError(
            Fault(
                where=f"{connectomes.name}: quality",
                met=f"{name} is not known of any scan; {there} is",
                wanted=f"{QUALITY[name][0]}, for the gate on it",
                way_out="Give the files that hold it, or take the gate out.",
            )
        )
    return quality[name].to_numpy(dtype=float)


def _left_out(connectomes: Connectomes | RegionalValues, who: np.ndarray, what: str) -> list[Fault]:
    patients = tuple(connectomes.patients[k] for k in np.flatnonzero(who))
    if not patients:
        return []
    met = f"{what} in {count_of(len(patients), 'patient')}"
    return [
        Fault(
            where=connectomes.name,
            met=f"{met}: {name_some(patients)}",
            wanted="scans that pass the gates of the study",
            way_out="They are left out.",
            summary=met,
            patients=patients,
            severity="warning",
        )
    ]


def compute_qc_fc(
    connectomes: Connectomes, *, coordinates: np.ndarray | None = None
) -> pd.DataFrame:
    """Correlate each edge with mean framewise displacement, over patients.

    Motion that is left in connectivity shows as correlations away from 0, and, since it ties near
    regions together more than far ones, as a slope on the distance between the regions.

    Parameters
    ----------
    connectomes : Connectomes
        With ``mean_fd`` in their table of quality.
    coordinates : array, shape (n_regions, 3), optional
        The centres of the regions in mm; those of ``connectomes``, if not given.

    Returns
    -------
    qc_fc : DataFrame
        One row an edge, in the order of `Connectomes.edge_columns`: ``edge``, ``r``, ``p``
        (two-sided, uncorrected), ``patients`` (with that edge and a known displacement), and
        ``distance`` in mm where coordinates are known.

    Raises
    ------
    DataError
        If mean displacement is not known.

    Source
    ------
    Ciric R et al. 2017, NeuroImage 154, 174-187.
    """
    from scipy.stats import t as student

    motion = _require_measure(connectomes, "mean_fd")
    edges = connectomes.edges.to_numpy(dtype=float)
    known = ~np.isnan(edges) & ~np.isnan(motion)[:, None]
    count = known.sum(axis=0)
    r = _correlate(edges, motion, known)
    degrees = np.maximum(count - 2, 1)
    with np.errstate(divide="ignore", invalid="ignore"):
        statistic = np.abs(r) * np.sqrt(degrees / (1 - r**2))
        p = np.where(count > 2, 2 * student.sf(statistic, degrees), np.nan)
    table = pd.DataFrame(
        {
            "edge": [column.name for column in connectomes.edge_columns],
            "r": np.where(count > 2, r, np.nan),
            "p": np.where(np.isnan(r), np.nan, p),
            "patients": count,
        }
    )
    places = connectomes.coordinates if coordinates is None else np.asarray(coordinates, float)
    if places is not None:
        first, second = np.triu_indices(len(connectomes.regions), k=1)
        table["distance"] = np.linalg.norm(places[first] - places[second], axis=1)
    return table


def _correlate(edges: np.ndarray, motion: np.ndarray, known: np.ndarray) -> np.ndarray:
    """Return Pearson's r of each column with a vector, over the rows where both are known."""
    count = np.maximum(known.sum(axis=0), 1)
    x = np.where(known, edges, 0.0)
    y = np.where(known, np.nan_to_num(motion)[:, None], 0.0)
    x = np.where(known, x - x.sum(axis=0) / count, 0.0)
    y = np.where(known, y - y.sum(axis=0) / count, 0.0)
    norm = np.sqrt((x**2).sum(axis=0) * (y**2).sum(axis=0))
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(norm > 0, np.clip((x * y).sum(axis=0) / norm, -1, 1), np.nan)


def plot_qc_fc(qc_fc: pd.DataFrame) -> Figure:
    """Draw how edges correlate with motion, and over the distance between regions.

    Parameters
    ----------
    qc_fc : DataFrame
        As `compute_qc_fc` returns it.

    Returns
    -------
    figure : Figure
        A histogram; beside it, where distances are known, a dot an edge with the straight line of
        least squares.
    """
    from matplotlib.figure import Figure

    r = qc_fc["r"].dropna()
    with_distance = "distance" in qc_fc
    figure = Figure(figsize=(8 if with_distance else 4, 3.2), dpi=120, layout="constrained")
    axes = figure.subplots(1, 2 if with_distance else 1, squeeze=False)[0]
    axes[0].hist(r, bins=30, color="#7d93b2", edgecolor="white")
    axes[0].axvline(0, color="#1a1a1a", linewidth=0.8)
    axes[0].axvline(r.median(), color="#1f3a5f", linestyle="--")
    axes[0].set_xlabel("correlation of an edge with mean displacement")
    axes[0].set_ylabel("edges")
    share = float((qc_fc["p"] < 0.05).mean())
    axes[0].set_title(
        f"median {r.median():.2f}; {100 * share:.0f} % of edges with p < 0.05".replace("-", "−"),
        fontsize=9,
    )
    if with_distance:
        known = qc_fc.dropna(subset=["r", "distance"])
        axes[1].plot(known["distance"], known["r"], ".", color="#7d93b2", markersize=2)
        if len(known) and known["distance"].min() < known["distance"].max():
            slope, start = np.polyfit(known["distance"], known["r"], 1)
            ends = np.array([known["distance"].min(), known["distance"].max()])
            axes[1].plot(ends, start + slope * ends, color="#1f3a5f")
        axes[1].axhline(0, color="#1a1a1a", linewidth=0.8)
        axes[1].set_xlabel("distance between the regions (mm)")
        axes[1].set_ylabel("correlation with mean displacement")
    for each in axes:
        each.spines[["top", "right"]].set_visible(False)
    return figure
