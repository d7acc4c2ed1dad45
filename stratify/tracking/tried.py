"""How many models have been tried on the same patients and outcome, in all studies of a store."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pandas as pd

from stratify.errors import count_of
from stratify.tracking.pseudonyms import read_key
from stratify.tracking.reading import search_runs
from stratify.tracking.store import Store
from stratify.tracking.study import KIND, STATE

if TYPE_CHECKING:
    from stratify.evaluation import Evaluation
    from stratify.task import Table
    from stratify.time_to_event import TimeToEventEvaluation

    Evaluated = Evaluation | TimeToEventEvaluation

COLUMNS = ("study", "run_id", "family", "features", "auc", "log_loss", "same_outcome", "started")

DIGITS = 9
"""Two models whose figures agree to so many digits are one model, trained again."""


@dataclass(frozen=True, eq=False)
class Tried:
    """What earlier studies in a store have tried on the patients of a study.

    Parameters
    ----------
    tags : mapping of str to str
        By which runs on the same patients, and on the same outcome of theirs, find each other.
    runs : DataFrame
        One row for each earlier run of a model on these patients: ``study``, ``run_id``,
        ``family``, ``features``, ``auc``, ``log_loss``, ``same_outcome``, ``started``.
    """

    tags: Mapping[str, str]
    runs: pd.DataFrame

    def count(self, evaluations: Iterable[Evaluated] = ()) -> int:
        """Count the models tried on this outcome, with those of the study at hand.

        A model that was trained again and came out the same counts once, and so does one of this
        study that was there before.
        """
        now = {
            _key(e.family, e.features, *_figures({k: v.value for k, v in e.metrics.items()}))
            for e in evaluations
        }
        return len(now | _keys(self.runs[self.runs["same_outcome"].astype(bool)]))

    @property
    def on_other_outcomes(self) -> int:
        """How many models were tried on other outcomes of the same patients."""
        return len(_keys(self.runs[~self.runs["same_outcome"].astype(bool)]))

    def describe(self, evaluations: Iterable[Evaluated]) -> str:
        """Say in a sentence how many were tried, with those of the study at hand.

        Parameters
        ----------
        evaluations : iterable of Evaluation
            Of the study's candidates.
        """
        evaluations = list(evaluations)
        earlier = self.count()
        every = self.count(evaluations)
        said = (
            f"{count_of(every, 'model')} {'has' if every == 1 else 'have'} been tried on this "
            "outcome of these patients in this store"
        )
        if earlier:
            said += f", {every - earlier} of them new in this study"
        if self.on_other_outcomes:
            said += f"; {self.on_other_outcomes} more on other outcomes of the same patients"
        return f"{said}."


def find_tried(store: Store, table: Table) -> Tried:
    """Find what was tried on a table's patients before.

    Only models count, not the prevalence or whatever else models are measured against; and only
    runs that are complete.

    Parameters
    ----------
    store : Store
    table : Table
        With its outcome.
    """
    tags = make_tried_tags(store, table)
    condition = (
        f"tags.`{STATE}` = 'complete' and tags.patients_digest = '{tags['patients_digest']}'"
    )
    found = [
        (
            run.data.tags.get("study", ""),
            run.info.run_id,
            run.data.tags.get("family", ""),
            run.data.tags.get("features", ""),
            *_figures(run.data.metrics),
            run.data.tags.get("outcome_digest") == tags["outcome_digest"],
            pd.Timestamp(run.info.start_time, unit="ms", tz="UTC"),
        )
        for run in reversed(search_runs(store, condition))
        if run.data.tags.get(KIND) in ("model", "time to event")
        and run.data.tags.get("features") != "none"
    ]
    return Tried(tags, pd.DataFrame(found, columns=list(COLUMNS)))


def make_tried_tags(store: Store, table: Table) -> dict[str, str]:
    """Return the tags by which runs on the same patients and outcome find each other.

    The digests are keyed with the store's secret: outcomes of few patients could be guessed from
    a plain one.
    """
    key = read_key(store.folder)
    return {
        name: hashlib.blake2b(digest.encode(), key=key, digest_size=8).hexdigest()
        for name, digest in (
            ("patients_digest", table.patients_digest),
            ("outcome_digest", table.outcome_digest),
        )
    }


def _figures(metrics: Mapping[str, float]) -> tuple[float, float]:
    """Return the two figures by which a model is known again, of a response or of times."""
    ranks = metrics.get("auc", metrics.get("uno_c", float("nan")))
    return ranks, metrics.get("log_loss", metrics.get("brier", float("nan")))


def _keys(runs: pd.DataFrame) -> set[tuple[object, ...]]:
    return {
        _key(row.family, row.features, row.auc, row.log_loss)  # type: ignore[arg-type]
        for row in runs.itertuples()
    }


def _key(family: str, features: str, auc: float, log_loss: float) -> tuple[object, ...]:
    return family, features, round(auc, DIGITS), round(log_loss, DIGITS)
