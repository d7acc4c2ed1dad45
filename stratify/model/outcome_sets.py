"""Which outcomes remain possible for a patient, at a stated confidence in each class."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
import pandas as pd

from stratify.errors import DataError, Fault

Remain = Literal["both", "responder", "non-responder", "neither"]
REMAIN: tuple[str, ...] = get_args(Remain)

CONFIDENCE = 0.9


@dataclass(frozen=True, eq=False)
class OutcomeSets:
    """Class-conditional conformal sets, calibrated on held-out log-odds.

    A responder is told to be possible unless the patient's log-odds are lower than those of nearly
    all responders who were held out; the same of non-responders, the other way round. Of 100
    responders, at least 100 times the confidence have "responder" in their set, and so have
    non-responders theirs, as far as new patients are like those of the study.

    Parameters
    ----------
    responders, nonresponders : array, shape (n_repeats, n_of_class)
        Held-out log-odds, sorted in each row. With repeats a patient counts once, each of the
        patient's log-odds for its part.
    confidence : float

    Source
    ------
    Vovk, Gammerman and Shafer 2005, Algorithmic Learning in a Random World, section 4.5 (label
    conditional Mondrian sets); Vovk 2015, Annals of Mathematics and Artificial Intelligence 74,
    9-28 (calibration by the folds of a cross-validation).

    Examples
    --------
    >>> sets = make_outcome_sets(np.array([0] * 50 + [1] * 50), np.r_[-2:2:50j, -1:3:50j])
    >>> sets.compute(np.array([-3.0, 0.0, 4.0]))["remain"].tolist()
    ['non-responder', 'both', 'responder']
    """

    responders: np.ndarray
    nonresponders: np.ndarray
    confidence: float = CONFIDENCE

    def compute(self, log_odds: np.ndarray) -> pd.DataFrame:
        """Say of each patient which outcomes remain, each patient by itself.

        Parameters
        ----------
        log_odds : array, shape (n_patients,)
            NaN where the model says nothing.

        Returns
        -------
        table : DataFrame
            ``p_responder``: the share of held-out responders whose log-odds were as low, this
            patient counted among them; ``p_nonresponder``: of held-out non-responders as high;
            ``remain``: {"both", "responder", "non-responder", "neither"}, those whose share is
            above 1 - confidence; empty where the log-odds are NaN.
        """
        asked = np.asarray(log_odds, dtype=float)
        known = ~np.isnan(asked)
        as_low = _share(self.responders, asked)
        as_high = _share(-self.nonresponders[:, ::-1], -asked)
        # So that one in ten at 0.9 is one in ten, whatever the last digit of 1 - 0.9.
        least = 1 - self.confidence + 1e-12
        code = 2 * (as_low > least) + (as_high > least)
        words = np.array(["neither", "non-responder", "responder", "both"], dtype=object)[code]
        return pd.DataFrame(
            {
                "p_responder": np.where(known, as_low, np.nan),
                "p_nonresponder": np.where(known, as_high, np.nan),
                "remain": np.where(known, words, ""),
            }
        )

    def __repr__(self) -> str:
        counts = self.responders.shape[1], self.nonresponders.shape[1]
        return (
            f"OutcomeSets({counts[0]} responders and {counts[1]} non-responders held out, "
            f"confidence {self.confidence:g})"
        )


def _share(held_out: np.ndarray, asked: np.ndarray) -> np.ndarray:
    """Return the share of held-out values at or below each asked one, it counted among them."""
    below = np.mean([np.searchsorted(row, asked, side="right") for row in held_out], axis=0)
    return (below + 1) / (held_out.shape[1] + 1)


def make_outcome_sets(
    y: np.ndarray, log_odds: np.ndarray, *, confidence: float = CONFIDENCE
) -> OutcomeSets:
    """Calibrate sets on held-out log-odds.

    Parameters
    ----------
    y : array of 0 and 1, shape (n_patients,)
    log_odds : array, shape (n_patients,) or (n_repeats, n_patients)
        Held out: none comes from a model that saw its patient.
    confidence : float
        At least 1 / (1 - confidence) - 1 patients of a class are needed before any patient can be
        told not to be one of them: 9 at 0.9.

    Raises
    ------
    DataError
        If a class has nobody, or the confidence is none.
    """
    scores = np.atleast_2d(np.asarray(log_odds, dtype=float))
    y = np.asarray(y)
    if not 0 < confidence < 1 or not 0 < y.sum() < len(y) or np.isnan(scores).any():
        raise DataError(
            Fault(
                where="outcome sets",
                met=f"{int(y.sum())} responders of {len(y)} patients, confidence {confidence:g}",
                wanted="held-out log-odds of both classes, and a confidence between 0 and 1",
                way_out="Pass the log-odds of patients held out of training.",
            )
        )
    return OutcomeSets(
        responders=np.sort(scores[:, y == 1], axis=1),
        nonresponders=np.sort(scores[:, y == 0], axis=1),
        confidence=confidence,
    )
