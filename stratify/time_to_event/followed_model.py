"""A Cox model ready for new patients: what it learned, from whom, and by which day it speaks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from stratify.folds import Fold, draw_inner_folds
from stratify.model import Scope, make_limits, scope_of
from stratify.model.limits import Silence
from stratify.model.store import pack_encoder, read_scope, unpack_encoder, write_scope
from stratify.time_to_event.cox import BaselineHazard
from stratify.time_to_event.curves import compute_kaplan_meier
from stratify.time_to_event.model import FittedCox, fit_cox_model
from stratify.time_to_event.outcome import CensoredOutcome, FollowedTable

FILE = "cox.skops"


@dataclass(frozen=True, eq=False, kw_only=True)
class FollowedModel(Scope):
    """A Cox model with all it needs to speak of a new patient.

    Parameters
    ----------
    columns, ranges, task, features, n_patients, simulated, digest, preparation, limits
        As in `stratify.model.Scope`.
    cox : FittedCox
        Fitted on every patient of the study.
    outcome : CensoredOutcome
    horizon : float
        Days from where time runs: the landmark, where the task has one.
    n_events : int
        Patients of training with the event, whenever it was.
    everybody : float
        The share of them with the event by the horizon, by the Kaplan–Meier curve.
    """

    cox: FittedCox
    outcome: CensoredOutcome
    horizon: float
    n_events: int
    everybody: float

    def predict(self, X: pd.DataFrame) -> pd.DataFrame:
        """Predict for patients, each as if alone.

        Parameters
        ----------
        X : DataFrame, shape (n_patients, n_columns)
            With at least the columns of training, in any order.

        Returns
        -------
        predictions : DataFrame, indexed by patient
            ``score``, the logarithm of the hazard ratio to an average patient of training, and
            ``likelihood`` of the event by the horizon. NaN for patients from a site that
            harmonising did not see.
        """
        X = self.align(X)
        speaks = ~self.from_unseen_site(X)
        score = np.full(len(X), np.nan)
        if speaks.any():
            score[speaks] = self.cox.score(X[speaks])
        likelihood = self.cox.hazard.predict(score, self.horizon)
        return pd.DataFrame({"score": score, "likelihood": likelihood}, index=X.index)

    def say_silences(
        self, X: pd.DataFrame, site: Sequence[str] | None = None
    ) -> tuple[tuple[Silence, ...], ...]:
        """Return for each patient why the model cannot speak; empty where it can.

        Parameters
        ----------
        X : DataFrame, shape (n_patients, n_columns)
        site : sequence of str, optional
            Of each patient, where it is known and no column of ``X``.
        """
        X = self.align(X)
        return self.find_silences(X, ~self.from_unseen_site(X), site)

    def __repr__(self) -> str:
        kind = "simulated patients" if self.simulated else "patients"
        return (
            f"FollowedModel({self.features} cox: {len(self.columns)} columns, fitted on "
            f"{self.n_patients} {kind}, {self.n_events} with {self.outcome.name})"
        )


def fit_followed_model(
    followed: FollowedTable, folds: Sequence[Fold], *, inner_folds: int = 5, seed: int = 0
) -> FollowedModel:
    """Fit a Cox model on every patient of a study, and keep what prediction will need.

    Parameters
    ----------
    followed : FollowedTable
    folds : sequence of Fold
        Those it was cross-validated on; how far from the others a patient may lie is learned from
        whom the first repeat held out.
    inner_folds, seed
        As for `stratify.time_to_event.cross_validate_cox`.
    """
    table = followed.table
    rows = np.arange(len(table))
    everybody = Fold(0, 0, rows, rows[:0], "all patients", table.scheme)
    cox = fit_cox_model(
        table.X,
        followed.time,
        followed.event,
        draw_inner_folds(table, everybody, folds=inner_folds, seed=seed),
        preparer=table.preparer,
    )
    curve = compute_kaplan_meier(followed.time, followed.event)
    held_out = [fold.test for fold in folds if fold.repeat == folds[0].repeat]
    return FollowedModel(
        cox=cox,
        outcome=followed.outcome,
        horizon=followed.horizon,
        n_events=int(followed.event.sum()),
        everybody=1 - float(curve.at(followed.horizon)),
        **scope_of(table, make_limits(table, held_out=held_out)),
    )


def write_followed_model(model: FollowedModel, folder: Path) -> Path:
    """Write a model as ``model.json`` and ``cox.skops``, without what it keeps of single patients.

    Parameters
    ----------
    model : FollowedModel
    folder : Path
        Made if need be. Each file appears whole or not at all.
    """
    cox, outcome = model.cox, model.outcome
    names: dict[tuple[str, ...], np.ndarray] = {}
    kept = {
        "encoder": pack_encoder(cox.encoder_, names),
        "center": cox.center,
        "weights": cox.weights,
        "times": cox.hazard.times,
        "cumulative": cox.hazard.cumulative,
        "names": np.asarray(list(map(str, cox.feature_names_in_)), dtype=str),
    }
    facts = {
        "strength": cox.strength,
        "slope": cox.slope,
        "horizon": model.horizon,
        "n_events": model.n_events,
        "everybody": model.everybody,
        "outcome": {
            name: getattr(outcome, name) for name in ("name", "horizon", "time", "event", "lost")
        },
    }
    return write_scope(model, folder, FILE, facts, kept, names)


def read_followed_model(folder: Path) -> FollowedModel:
    """Read a model that `write_followed_model` wrote.

    Raises
    ------
    DataError
        As `stratify.model.read_model`.
    """
    facts, kept, scope = read_scope(folder, FILE)
    return FollowedModel(
        cox=FittedCox(
            encoder_=unpack_encoder(kept["encoder"]),
            center=kept["center"],
            weights=kept["weights"],
            strength=facts["strength"],
            slope=facts["slope"],
            hazard=BaselineHazard(kept["times"], kept["cumulative"]),
            inner_folds_=(),
            feature_names_in_=kept["names"],
        ),
        outcome=CensoredOutcome(**facts["outcome"]),
        horizon=facts["horizon"],
        n_events=facts["n_events"],
        everybody=facts["everybody"],
        **scope,
    )
