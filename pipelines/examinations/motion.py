"""Whether head motion shows in connectivity."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from pipelines.examinations.values import Assembled, Attachments

if TYPE_CHECKING:
    from pandas import DataFrame, Series

    from stratify.connectome import Connectomes


def describe_motion(study: Assembled) -> Attachments:
    """Correlate each edge with mean displacement, where that is known; else say that it is not."""
    scans = study.scans
    if scans is None:
        return Attachments()
    motion = _find_motion(study, scans)
    # Three patients for a correlation, and two displacements that differ.
    if motion is None or motion.count() < 3 or motion.nunique() < 2:
        return Attachments(
            sentences=[
                "Motion: the mean displacement of the scans is not known, so it cannot be told "
                "whether motion shows in connectivity."
            ]
        )
    from stratify.connectome import compute_qc_fc, plot_qc_fc

    quality = motion.to_frame("mean_fd").set_axis(list(scans.patients))
    qc_fc = compute_qc_fc(replace(scans, quality=quality))
    return Attachments(
        tables={"motion_in_connectivity": qc_fc},
        figures={"motion_in_connectivity": plot_qc_fc(qc_fc)},
        values={"motion_in_connectivity": _summarise(qc_fc)},
        sentences=[_say(study, qc_fc)],
    )


def _find_motion(study: Assembled, scans: Connectomes) -> Series | None:
    """Return mean displacement: what came with the scans, or else the patients' own column."""
    if scans.quality is not None and "mean_fd" in scans.quality:
        return scans.quality["mean_fd"]
    if "mean_fd" in study.cohort:
        return study.cohort.frame.loc[list(study.table.patients), "mean_fd"].astype(float)
    return None


def _summarise(qc_fc: DataFrame) -> dict[str, float]:
    known = qc_fc.dropna(subset="r")
    return {
        "median_r": float(known["r"].median()),
        "median_absolute_r": float(known["r"].abs().median()),
        "share_below_p_0_05": float((known["p"] < 0.05).mean()),
        "edges": len(known),
    }


def _say(study: Assembled, qc_fc: DataFrame) -> str:
    found = _summarise(qc_fc)
    removed = "mean_fd" in study.settings.preparation.remove
    done = (
        "its linear effect is taken out in each training fold"
        if removed
        else 'preparation.remove = ["mean_fd"] would take its linear effect out'
    )
    return (
        f"Motion: edges correlate with mean displacement at a median of {found['median_r']:z.2f}, "
        f"{100 * found['share_below_p_0_05']:.0f} % of them with p < 0.05, where chance alone "
        "gives 5 %; "
        f"{done}."
    )
