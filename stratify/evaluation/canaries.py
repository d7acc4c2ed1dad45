"""Two studies that must find nothing, run beside the real one: if they sing, something leaks."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy import stats

from stratify.errors import DataError
from stratify.evaluation.certificate import Check
from stratify.evaluation.checkpoints import Checkpoints, digest_of, digest_of_code
from stratify.evaluation.compute import HERE, Compute
from stratify.evaluation.engine import make_classifier, seed_of
from stratify.evaluation.shuffles import make_shuffles, make_units
from stratify.evaluation.workers import run_tasks
from stratify.folds import Fold, InnerFolds, draw_inner_folds
from stratify.metrics import compute_auc
from stratify.model import ResponderClassifier, fit_labellings
from stratify.preprocess import Preparation
from stratify.schema import Column
from stratify.task import Table

SHUFFLES = 20
NOISES = 10
NOISE_COLUMNS = 10

SHUFFLED = "the same pipeline on outcomes shuffled within sites finds nothing"
NOISE = "the same pipeline on noise in place of the columns finds nothing"

FALSE_ALARM = 1e-4
"""How seldom a canary sings of nothing."""


@dataclass(frozen=True, slots=True, eq=False)
class Canary:
    """The AUC of studies in which nothing can be found.

    Parameters
    ----------
    auc : array, shape (n_studies,)
        Of each, the mean of the folds; independent of one another, and 0.5 on average.
    """

    auc: np.ndarray

    @property
    def band(self) -> tuple[float, float]:
        """What the mean AUC may be, if nothing leaks."""
        n = len(self.auc)
        if n < 2:
            return 0.0, 1.0
        # A spread of nothing, as of a model that is the same for everybody, is no certainty.
        spread = max(float(self.auc.std(ddof=1)), 0.01)
        half = float(stats.t.ppf(1 - FALSE_ALARM / 2, n - 1)) * spread / np.sqrt(n)
        return 0.5 - half, 0.5 + half

    @property
    def is_silent(self) -> bool:
        """Whether the mean AUC is in its band."""
        low, high = self.band
        return bool(low <= self.auc.mean() <= high)

    def __str__(self) -> str:
        low, high = self.band
        return (
            f"mean AUC {self.auc.mean():.3f} of {len(self.auc)}, where {low:.3f} to {high:.3f} is "
            "chance"
        )


def check_canaries(
    tables: Sequence[Table],
    folds: Sequence[Fold],
    *,
    inner_folds: int = 5,
    seed: int = 0,
    compute: Compute = HERE,
) -> dict[str, tuple[Check, ...]]:
    """Run the canary studies of each feature set with the cheapest family; look for any that sings.

    Parameters
    ----------
    tables : sequence of Table
        Narrowed to each feature set, of the same patients with their outcomes; those whose outcome
        is missing are left out. Of a late fusion there is no shuffled study, since its halves are
        joined and not one pipeline.
    folds : sequence of Fold
        The first repeat is used.
    inner_folds, seed, compute
        As for `stratify.evaluation.cross_validate_many`; canaries always run on the fast engine.

    Returns
    -------
    checks : dict of str to tuple of Check
        By feature set. A canary that cannot be run is silent, and its detail says why.

    Examples
    --------
    >>> from stratify.datasets import make_cohort
    >>> from stratify import Task, ResponseRule, assemble, make_folds
    >>> made = make_cohort("null", patients=150, seed=1, regions=12)
    >>> rule = ResponseRule(name="response", followup="madrs_week6", baseline="madrs_baseline",
    ...                     drop=0.5)
    >>> table = assemble(Task(rule=rule, treatment="tms+ketamine"), made.cohort)
    >>> folds = make_folds(table.y, table.groups, folds=3)
    >>> [check.passed for check in check_canaries([table], folds, inner_folds=3)["clinical"]]
    [True, True]
    """
    kept = compute.open_checkpoints()
    first = [fold for fold in folds if fold.repeat == folds[0].repeat]
    noise: Check | None = None
    found: dict[str, tuple[Check, ...]] = {}
    for table in tables:
        known, parts = _take_known(table, first)
        inner = [
            draw_inner_folds(known, fold, folds=inner_folds, seed=seed_of(seed, fold))
            for fold in parts
        ]
        study = _Study(known, parts, inner, seed, compute)
        if noise is None:
            noise = _listen(_plant_noise, NOISE, study, kept)
        found[table.features] = (noise,)
        if table.features != "late fusion":
            found[table.features] = (_listen(_shuffle_outcomes, SHUFFLED, study, kept), noise)
    return found


class _Study(NamedTuple):
    table: Table
    folds: Sequence[Fold]
    inner: Sequence[InnerFolds]
    seed: int
    compute: Compute = HERE

    def digest(self, name: str) -> str:
        """Return the digest of all that a canary is made from."""
        table = self.table
        preparer = None if table.preparer is None else table.preparer.get_params()
        rows = [rows for fold in self.folds for rows in (fold.train, fold.test)]
        rows += [rows for splits in self.inner for split in splits for rows in split]
        who = [
            list(map(str, names))
            for names in (table.groups, () if table.site is None else table.site)
        ]
        sizes = [SHUFFLES, NOISES, NOISE_COLUMNS, self.seed]
        return digest_of(name, table.X, table.y, preparer, who, sizes, digest_of_code(), *rows)


def _listen(
    make: Callable[[_Study], Canary], name: str, study: _Study, kept: Checkpoints | None
) -> Check:
    key = "" if kept is None else study.digest(name)
    auc = None if kept is None else kept.read_array(key)
    try:
        canary = make(study) if auc is None else Canary(auc)
    except DataError as error:
        return Check(name, passed=True, detail=f"not run: {error.faults[0].met}")
    if kept is not None and auc is None:
        kept.write_array(key, canary.auc)
    if len(canary.auc) < 2:
        return Check(name, passed=True, detail="not run: no fold can be judged")
    return Check(name, canary.is_silent, str(canary))


def _shuffle_outcomes(study: _Study) -> Canary:
    """Shuffle outcomes within cells of fold and site, and rank patients inside these.

    Inside a cell outcomes are exchangeable, given everything a model has learned of the others, so
    that the AUC is one half on average whatever sites differ in.
    """
    table = study.table
    assert table.y is not None
    cell = find_cells(table, study.folds)
    shuffled = make_shuffles(
        table.y, count=SHUFFLES, seed=study.seed, blocks=cell, units=make_units(table)
    )
    scores = dict(
        run_tasks(
            _score_shuffled,
            (study, shuffled),
            range(len(study.folds)),
            workers=study.compute.workers,
            scheduler=study.compute.scheduler,
        )
    )
    found = []
    for k, fold in enumerate(study.folds):
        found += _rank_within(cell[fold.test], shuffled[fold.test], scores[k])
    return _average(found)


def _score_shuffled(shared: tuple[_Study, np.ndarray], k: int) -> np.ndarray:
    """Return what is said of those held out in a fold, (n_test, n_studies); NaN if untuned."""
    study, shuffled = shared
    table, fold, splits = study.table, study.folds[k], study.inner[k]
    classifier = make_classifier("ridge", table, inner_folds=splits, seed=seed_of(study.seed, fold))
    assert isinstance(classifier, ResponderClassifier)
    # A labelling that leaves an inner fold one class only cannot be tuned.
    usable = np.flatnonzero(
        [all(len(np.unique(y[train])) == 2 for train, _ in splits) for y in shuffled[fold.train].T]
    )
    scores = np.full((len(fold.test), SHUFFLES), np.nan)
    if len(usable):
        scores[:, usable] = fit_labellings(
            classifier,
            table.X.iloc[fold.train],
            shuffled[np.ix_(fold.train, usable)],
            table.X.iloc[fold.test],
        )
    return scores


def _plant_noise(study: _Study) -> Canary:
    """Put noise in place of the columns, outcomes as they are."""
    table = study.table
    assert table.y is not None
    names = [f"noise_{k}" for k in range(NOISE_COLUMNS)]
    found = []
    for draw in range(NOISES):
        rng = np.random.default_rng([study.seed, draw])
        noise = rng.normal(size=(len(table), len(names)))
        planted = replace(
            table,
            X=pd.DataFrame(noise, index=table.X.index, columns=names),
            columns=tuple(Column(name=name) for name in names),
            features="clinical",
            preparation=Preparation(),
            adjusters=(),
            unused=frozenset(),
        )
        aucs = []
        for fold, splits in zip(study.folds, study.inner, strict=True):
            classifier = make_classifier(
                "ridge", planted, inner_folds=splits, seed=seed_of(study.seed, fold)
            )
            classifier.fit(planted.X.iloc[fold.train], table.y[fold.train])
            scores = classifier.decision_function(planted.X.iloc[fold.test])
            aucs.append(compute_auc(table.y[fold.test], scores))
        found.append(aucs)
    return _average([np.array(column) for column in zip(*found, strict=True)])


def find_cells(table: Table, folds: Sequence[Fold]) -> np.ndarray:
    """Return the number of the cell of fold, site and rows of a unit that each patient is in.

    Inside a cell outcomes change places. Patients never tested are in no fold. A unit alone in its
    cell has nobody to change with, and is given -1.
    """
    fold_of = np.full(len(table), len(folds))
    for k, fold in enumerate(folds):
        fold_of[fold.test] = k
    units = make_units(table)
    frame = pd.DataFrame(
        {
            "fold": fold_of,
            "site": 0 if table.site is None else np.asarray(table.site).astype(str),
            "unit": np.arange(len(table)) if units is None else units,
        }
    )
    frame["rows"] = frame.groupby(["fold", "site", "unit"])["unit"].transform("size")
    cells = frame.groupby(["fold", "site", "rows"])
    return np.where(cells["unit"].transform("nunique") > 1, cells.ngroup(), -1)


def _rank_within(cell: np.ndarray, y: np.ndarray, scores: np.ndarray) -> list[np.ndarray]:
    """Return the AUCs inside each cell that has both classes, an array (n_studies,) a cell."""
    found = []
    for number in np.unique(cell[cell >= 0]):
        mine = cell == number
        found.append(
            np.array(
                [
                    np.nan if np.isnan(f).any() else compute_auc(labels, f)
                    for labels, f in zip(y[mine].T, scores[mine].T, strict=True)
                ]
            )
        )
    return found


def _average(found: Sequence[np.ndarray]) -> Canary:
    """Average over folds and cells what is known of each study."""
    table = np.array(found, dtype=float)
    known = ~np.isnan(table)
    count = known.sum(axis=0)
    total = np.where(known, table, 0.0).sum(axis=0)
    return Canary((total / np.maximum(count, 1))[count > 0])


def _take_known(table: Table, folds: Sequence[Fold]) -> tuple[Table, list[Fold]]:
    """Leave out patients whose outcome is missing, from the table and its folds."""
    if table.auxiliary is None:
        return table, list(folds)
    known = ~table.missing
    place = np.cumsum(known) - 1
    return table.take_known(), [
        replace(
            fold,
            train=place[fold.train[known[fold.train]]],
            test=place[fold.test[known[fold.test]]],
        )
        for fold in folds
    ]
