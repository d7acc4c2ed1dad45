"""Treatment history: the parts of the Maudsley staging, and adequate failed trials (ATHF-SF)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pandas as pd

from stratify.errors import DataError, Fault
from stratify.instruments.answers import read_cells
from stratify.instruments.bands import make_levels
from stratify.instruments.read import read_instrument
from stratify.instruments.scores import Scores, make_scores
from stratify.instruments.values import Instrument, Item, Recode


def make_msm_parts(history: pd.DataFrame, *, name: str = "history") -> pd.DataFrame:
    """Make the parts of the Maudsley Staging Method from months and counts.

    Parameters
    ----------
    history : DataFrame, shape (n_patients, n_columns)
        Indexed by patient. ``episode_months`` gives the duration, ``failed_antidepressants`` (at
        least 1; the method stages nobody with none) the failures; ``msm_severity``,
        ``msm_augmentation`` and ``msm_ect`` are taken as they stand, as are ``msm_duration`` and
        ``msm_failures`` where the months or counts have no column.
    name : str
        What messages call the table.

    Returns
    -------
    parts : DataFrame, shape (n_patients, 5)
        For `score`.

    Raises
    ------
    DataError
        With every fault: columns absent, months below 0, counts that are not whole.

    Source
    ------
    Fekadu et al. 2018, BMC Psychiatry 18:100, table 3.

    Examples
    --------
    >>> history = pd.DataFrame({"episode_months": [18], "failed_antidepressants": [5],
    ...                         "msm_severity": [4], "msm_augmentation": [1], "msm_ect": [0]},
    ...                        index=["P01"])
    >>> make_msm_parts(history).loc["P01"].tolist()
    [2.0, 4.0, 3.0, 1.0, 0.0]
    """
    msm = read_instrument("msm")
    recodes = {recode.item: recode for recode in msm.recodes}
    parts, faults = {}, []
    for item in msm.items:
        recode = recodes.get(item.name)
        if recode and recode.from_column in history.columns:
            values, found = _recode(recode, item, history, name)
        elif item.name in history.columns:
            values, found = read_cells(item, history[item.name], f"{name}: {item.name}", "MSM")
        else:
            values, found = np.full(len(history), np.nan), [_absent(item, recode, msm, name)]
        parts[item.name] = values
        faults += found
    if faults:
        raise DataError(faults)
    return pd.DataFrame(parts, index=history.index)


def _recode(
    recode: Recode, item: Item, history: pd.DataFrame, name: str
) -> tuple[np.ndarray, list[Fault]]:
    # Lengths of time may be fractions; what is counted from 1 on is counted in whole numbers.
    allowed = Item(name=recode.from_column, low=recode.low, high=None, whole=recode.low >= 1)
    where = f"{name}: {recode.from_column}"
    values, faults = read_cells(allowed, history[recode.from_column], where, "MSM")
    points = item.low + np.searchsorted(recode.upper_edges, values, side="left")
    return np.where(np.isnan(values), np.nan, points), faults


def _absent(item: Item, recode: Recode | None, msm: Instrument, name: str) -> Fault:
    other = f", or {recode.from_column} to make it from" if recode else ""
    return Fault(
        where=f"{name}: {item.name}",
        met="no such column",
        wanted=f"a column for each of the {len(msm.items)} parts of the MSM{other}",
        way_out="Rename or add the column.",
    )


def count_adequate_trials(
    trials: pd.DataFrame, *, patients: Sequence[str] | None = None, name: str = "trials"
) -> Scores:
    """Count each patient's adequate failed treatment trials, as judged by the ATHF-SF.

    Parameters
    ----------
    trials : DataFrame, shape (n_trials, n_columns)
        One row a trial, with the columns ``patient``, ``adequate`` (1 if dose and duration met the
        form's criteria) and ``failed`` (1 if the benefit was insufficient).
    patients : sequence of str, optional
        Everybody who should be in the result; those without a trial have a count of 0. Those with
        trials, without it.
    name : str
        What messages call the table.

    Returns
    -------
    scores : Scores
        The count is missing where a trial of unknown adequacy or outcome could change it. The band
        (treatment-resistant from two on) is known as soon as the known trials settle it.
        `Scores.answered` is the number of trials on record.

    Raises
    ------
    DataError
        With every fault: columns absent, cells that are neither 0 nor 1.

    Examples
    --------
    >>> trials = pd.DataFrame({"patient": ["P01", "P01", "P02"], "adequate": [1, 1, 1],
    ...                        "failed": [1, 1, 0]})
    >>> scores = count_adequate_trials(trials)
    >>> scores.total.to_dict(), scores.band.tolist()
    ({'P01': 2.0, 'P02': 0.0}, ['treatment-resistant', 'fewer than two'])
    """
    known, possible, whose = _read_trials(trials, name)
    rows = pd.Index(
        list(patients) if patients is not None else dict.fromkeys(whose),
        name="patient",
        dtype="str",
    )
    counted = pd.DataFrame({"known": known, "possible": possible, "trials": 1}, dtype=int)
    summed = counted.groupby(whose, sort=False).sum().reindex(rows, fill_value=0)
    athf = read_instrument("athf_sf")
    total = athf.total()
    least, most = summed["known"].to_numpy(), summed["possible"].to_numpy()
    resistant = total.bands[1].low
    codes = np.where(least >= resistant, 1, np.where(most < resistant, 0, -1))
    return make_scores(
        athf,
        rows,
        totals={total.column: np.where(least == most, least, np.nan)},
        levels={total.column: make_levels(codes, total, rows)},
        answered={total.column: summed["trials"].to_numpy()},
        prorated={total.column: np.zeros(len(rows), bool)},
        name=name,
    )


def _read_trials(trials: pd.DataFrame, name: str) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return which trials count for certain, which may count, and whose each is."""
    absent = [one for one in ("patient", "adequate", "failed") if one not in trials.columns]
    if absent:
        raise DataError(
            Fault(
                where=f"{name}: {one}",
                met="no such column",
                wanted="the columns patient, adequate and failed",
                way_out="Rename or add the column.",
            )
            for one in absent
        )
    if trials["patient"].isna().any():
        raise DataError(
            Fault(
                where=f"{name}: patient",
                met=f"empty in {int(trials['patient'].isna().sum())} rows",
                wanted="each trial has a patient",
                way_out="Fill the cells, or delete the rows.",
            )
        )
    whose = trials["patient"].astype(str).to_numpy()
    yes = Item(name="yes", low=0.0, high=1.0)
    cells, faults = {}, []
    for column in ("adequate", "failed"):
        cells[column], found = read_cells(
            replace(yes, name=column),
            trials[column].set_axis(pd.Index(whose)),
            f"{name}: {column}",
            "ATHF-SF",
        )
        faults += found
    if faults:
        raise DataError(faults)
    known = (cells["adequate"] == 1) & (cells["failed"] == 1)
    possible = (cells["adequate"] != 0) & (cells["failed"] != 0)
    return known, possible, whose
