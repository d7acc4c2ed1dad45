"""Urine drug screens over visits, with missing screens as positive and as missing."""

from __future__ import annotations

import numpy as np
import pandas as pd

from stratify.errors import DataError, Fault
from stratify.instruments.answers import read_cells
from stratify.instruments.read import read_instrument
from stratify.instruments.scores import Scores, make_scores


def summarise_urine_screens(results: pd.DataFrame, *, name: str = "screens") -> Scores:
    """Summarise urine screens of one substance, or one panel, over the visits of a study.

    Each total comes twice, because the treatment of missing screens decides many results: with a
    missing screen as positive (worst case), and over the screens that were done (sensitivity).

    Parameters
    ----------
    results : DataFrame, shape (n_patients, n_visits)
        Indexed by patient; one column for each scheduled visit, in the order of time, and no other
        columns. 1 is positive, 0 negative, empty missing.
    name : str
        What messages call the table.

    Returns
    -------
    scores : Scores
        Percentages of negative visits, and the longest and the final run of negative screens in
        visits. Totals over the screens done are missing where none was. `Scores.answered` is the
        number of screens done.

    Raises
    ------
    DataError
        With every result that is neither 0 nor 1, by visit and patient.

    Examples
    --------
    Negative, missing, negative, positive: 2 of 4 at worst, 2 of 3 of those done.

    >>> results = pd.DataFrame([[0, None, 0, 1]], index=["P01"])
    >>> scores = summarise_urine_screens(results)
    >>> scores.totals.iloc[0, :4].round(1).tolist()
    [50.0, 66.7, 1.0, 2.0]
    """
    uds = read_instrument("uds")
    if not len(results.columns):
        raise DataError(
            Fault(
                where=name,
                met="no visits",
                wanted="a column for each scheduled visit",
                way_out="Add the visits, with empty cells where no screen was done.",
            )
        )
    read = [
        read_cells(uds.items[0], results.iloc[:, k], f"{name}: {visit}", uds.short_name)
        for k, visit in enumerate(results.columns)
    ]
    faults = [fault for _, found in read for fault in found]
    if faults:
        raise DataError(faults)
    screens = np.column_stack([values for values, _ in read])
    done = (~np.isnan(screens)).sum(axis=1)
    none = done == 0
    negative = (screens == 0).sum(axis=1)
    longest, final = _runs(screens, passing_over_missing=False)
    longest_done, final_done = _runs(screens, passing_over_missing=True)
    totals = {
        "percent_negative_worst_case": 100 * negative / screens.shape[1],
        "percent_negative_observed": np.where(none, np.nan, 100 * negative / np.maximum(done, 1)),
        "longest_run_worst_case": longest,
        "longest_run_observed": np.where(none, np.nan, longest_done),
        "final_run_worst_case": final,
        "final_run_observed": np.where(none, np.nan, final_done),
    }
    columns = {total.column: totals[total.name] for total in uds.totals}
    return make_scores(
        uds,
        results.index,
        totals=columns,
        answered=dict.fromkeys(columns, done),
        prorated=dict.fromkeys(columns, np.zeros(len(results), bool)),
        name=name,
    )


def _runs(screens: np.ndarray, *, passing_over_missing: bool) -> tuple[np.ndarray, np.ndarray]:
    """Return the longest and the final run of negative screens, in screens."""
    run = np.zeros(len(screens))
    longest = run
    for visit in screens.T:
        broken = 0.0 if not passing_over_missing else np.where(np.isnan(visit), run, 0.0)
        run = np.where(visit == 0, run + 1, broken)
        longest = np.maximum(longest, run)
    return longest, run
