"""Where a model must stay silent, and why."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
import pandas as pd

from stratify.model.likeness import Familiar, Likeness, Part, make_familiar
from stratify.model.outcome_sets import CONFIDENCE, OutcomeSets, make_outcome_sets
from stratify.schema import Column
from stratify.task import Table

SilenceKind = Literal["value", "combination", "connectivity", "site", "missing"]
SILENCE_KINDS: tuple[str, ...] = get_args(SilenceKind)

MOST_MISSING = 0.5
"""Of the clinical inputs; beyond it a likelihood rests on what is filled in."""


@dataclass(frozen=True, slots=True)
class Silence:
    """One reason why a model cannot speak of a patient.

    Parameters
    ----------
    kind : {"value", "combination", "connectivity", "site", "missing"}
        A value outside what training saw; usual values in a combination too far from those it saw;
        connectivity too far from that it saw; a site it did not see; too little recorded.
    words : str
        As it is printed: ``"age: 91 years"``.
    """

    kind: SilenceKind
    words: str

    def __str__(self) -> str:
        return self.words


@dataclass(frozen=True, eq=False)
class Limits:
    """What a model needs in order to know whom it cannot speak of, beside its columns' ranges.

    Parameters
    ----------
    outcome_sets : OutcomeSets or None
    familiar : Familiar or None
    sites : tuple of str
        Those of training; empty where none are known.
    most_missing : float
        The largest share of clinical inputs that training did without, for one patient.
    """

    outcome_sets: OutcomeSets | None = None
    familiar: Familiar | None = None
    sites: tuple[str, ...] = ()
    most_missing: float = 1.0

    def __repr__(self) -> str:
        parts = () if self.familiar is None else self.familiar.parts
        known = ", ".join(part.part for part in parts) or "nothing"
        return f"Limits({len(self.sites)} sites, familiar with {known}, {self.outcome_sets!r})"

    def find_silences(
        self,
        X: pd.DataFrame,
        clinical: Sequence[str],
        site: Sequence[str] | None = None,
        *,
        saw: str = "training saw",
    ) -> list[tuple[Silence, ...]]:
        """Return for each patient the silences that can be told without preparing anything.

        Parameters
        ----------
        X : DataFrame, shape (n_patients, n_columns)
            As the model takes it.
        clinical : sequence of str
            The columns that are clinical inputs.
        site : sequence of str, optional
            Of each patient; empty where it is not known.
        saw : str
            How the sites are spoken of: those of a recalibrated model need not be of training.
        """
        missing = _share_missing(X, clinical)
        sites = [""] * len(X) if site is None else list(map(str, site))
        return [
            (*self._of_site(sites[k], saw), *self._of_missing(missing[k], clinical))
            for k in range(len(X))
        ]

    def find_unlike(self, X: pd.DataFrame) -> list[tuple[Silence, ...]]:
        """Return for each patient in which kinds of data the patient is too far from training.

        Parameters
        ----------
        X : DataFrame, shape (n_patients, n_columns)
            Of patients that can be prepared.
        """
        if self.familiar is None or not len(X):
            return [()] * len(X)
        return [_say(parts) for parts in self.familiar.find_unlike(X)]

    def _of_site(self, site: str, saw: str) -> Iterator[Silence]:
        if site and self.sites and site not in self.sites:
            yield Silence("site", f"site: {site} ({saw} {', '.join(self.sites)})")

    def _of_missing(self, share: float, clinical: Sequence[str]) -> Iterator[Silence]:
        if share > max(MOST_MISSING, self.most_missing):
            count = round(share * len(clinical))
            yield Silence("missing", f"{count} of {len(clinical)} clinical inputs are not recorded")


WORDS: dict[Part, tuple[SilenceKind, str]] = {
    "clinical": ("combination", "clinical values taken together"),
    "connectivity": ("connectivity", "brain connectivity taken together"),
}


def _say(unlike: Sequence[Likeness]) -> tuple[Silence, ...]:
    return tuple(
        Silence(kind, f"{words}: further from those of training {part.allowed}")
        for part in unlike
        for kind, words in (WORDS[part.part],)
    )


def _share_missing(X: pd.DataFrame, clinical: Sequence[str]) -> np.ndarray:
    if not clinical:
        return np.zeros(len(X))
    return X[list(clinical)].isna().to_numpy().mean(axis=1)


def make_limits(
    table: Table,
    *,
    log_odds: np.ndarray | None = None,
    held_out: Sequence[np.ndarray] = (),
    confidence: float = CONFIDENCE,
    familiar: Familiar | None = None,
) -> Limits:
    """Learn where a model of a table must stay silent.

    Parameters
    ----------
    table : Table
        With its outcome.
    log_odds : array, shape (n_repeats, n_patients), optional
        Held-out log-odds in the order of the table, NaN for patients who never were; without them
        there are no outcome sets.
    held_out : sequence of array of int
        Rows that were held out together, no row twice; without them nobody is too far.
    confidence : float
        Of the outcome sets.
    familiar : Familiar, optional
        What `make_familiar` learned before of the same columns, preparing and folds.
    """
    assert table.y is not None
    sets = None
    if log_odds is not None:
        known = ~np.isnan(log_odds).any(axis=0)
        y = table.y[known].astype(int)
        if 0 < y.sum() < len(y):
            sets = make_outcome_sets(y, log_odds[:, known], confidence=confidence)
    if familiar is None and len(held_out):
        familiar = make_familiar(table.X, table.preparer, held_out)
    sites = () if table.site is None else tuple(sorted(set(map(str, table.site)) - {""}))
    missing = _share_missing(table.X, clinical_inputs(table.columns))
    return Limits(sets, familiar, sites, float(missing.max(initial=0.0)))


def clinical_inputs(columns: Sequence[Column]) -> tuple[str, ...]:
    """Return the names of the columns that are clinical."""
    return tuple(column.name for column in columns if column.source == "clinical")
