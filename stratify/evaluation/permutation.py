"""What the whole pipeline would find if outcomes had nothing to do with the patients."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pandas as pd
from sklearn.base import clone

from stratify.errors import DataError, Fault, count_of
from stratify.evaluation.checkpoints import digest_of, digest_of_code
from stratify.evaluation.compute import HERE, Compute
from stratify.evaluation.engine import (
    InnerFolds,
    Work,
    make_classifier,
    require_possible,
    seed_of,
)
from stratify.evaluation.shuffles import Within, make_blocks, make_shuffles, make_units
from stratify.evaluation.workers import run_tasks
from stratify.folds import Fold
from stratify.metrics import compute_aucs, plot_null_distribution
from stratify.model import FamilyName, ResponderClassifier, fit_labellings
from stratify.task import FeatureSet, Table

if TYPE_CHECKING:
    from matplotlib.figure import Figure

VALUES_AT_ONCE = 40_000_000
"""Held-out scores a task holds in memory, over patients, grid points and shuffles."""

MOST_TIED = 0.05
"""The share of shuffles with the very figure observed above which that is told."""

SLOW_AT_ONCE = 20
"""Shuffles a task takes of a family that fits them one by one."""


@dataclass(frozen=True, eq=False)
class PermutationTest:
    """An AUC beside those of shuffled outcomes.

    Parameters
    ----------
    family : str
    features : {"clinical", "connectivity", "both", "late fusion"}
    within : {"cohort", "site", "treatment"}
        Inside what outcomes changed places.
    observed : float
        The mean AUC of the folds.
    null : array, shape (n_permutations,)
        The same of each shuffle, everything fitted again: preparation, tuning, calibration, model.
    """

    family: FamilyName
    features: FeatureSet
    within: Within
    observed: float
    null: np.ndarray

    @property
    def permutations(self) -> int:
        """How many shuffles there were."""
        return len(self.null)

    @property
    def reached(self) -> int:
        """How many shuffles did as well or better."""
        return int(np.sum(self.null >= self.observed - 1e-12))

    @property
    def tied(self) -> int:
        """How many shuffles have the very figure observed; they are among those that reach it.

        Where calibration finds nothing in any fold, everybody is given the same likelihood and the
        AUC is 0.5 exactly.
        """
        return int(np.sum(np.abs(self.null - self.observed) <= 1e-12))

    @property
    def p_value(self) -> float:
        """``(1 + reached) / (1 + permutations)``: the observed order is one of those possible.

        Never too small under the null; where many figures are tied, as under leave-one-site-out,
        large ones are larger than they need be.
        """
        return (1 + self.reached) / (1 + self.permutations)

    def describe(self) -> str:
        """Return the finding in a sentence.

        Examples
        --------
        >>> print(PermutationTest("svm", "both", "site", 0.7, np.full(999, 0.5)).describe())
        The AUC of both svm is 0.700; with outcomes shuffled within each site, 0 of 999 pipelines \
fitted anew reach it (p = 0.001, the least that so many can show).
        """
        where = "in the whole cohort" if self.within == "cohort" else f"within each {self.within}"
        least = ", the least that so many can show" if self.reached == 0 else ""
        tied = ""
        if self.tied > max(1, MOST_TIED * self.permutations):
            tied = f"; {self.tied:,} of them have that very figure, so p is larger than it need be"
        return (
            f"The AUC of {self.features} {self.family} is {self.observed:.3f}; with outcomes "
            f"shuffled {where}, {self.reached} of {count_of(self.permutations, 'pipeline')} fitted "
            f"anew reach it (p = {self.p_value:.2g}{least}{tied})."
        )

    def to_dict(self) -> dict[str, object]:
        """Return plain values, for JSON and tables."""
        return {
            "family": self.family,
            "features": self.features,
            "within": self.within,
            "auc": self.observed,
            "null_mean": float(self.null.mean()),
            "null_95": float(np.quantile(self.null, 0.95)),
            "permutations": self.permutations,
            "reached": self.reached,
            "tied": self.tied,
            "p_value": self.p_value,
        }

    def to_frame(self) -> pd.DataFrame:
        """Return the null distribution: ``permutation``, ``auc``."""
        return pd.DataFrame({"permutation": np.arange(self.permutations), "auc": self.null})

    def plot(self) -> Figure:
        """Draw the null distribution and the observed AUC."""
        return plot_null_distribution(
            self.null,
            self.observed,
            p_value=self.p_value,
            title=f"{self.features} {self.family}, outcomes shuffled",
        )

    def __str__(self) -> str:
        return self.describe()


def tabulate_permutation_tests(tests: Sequence[PermutationTest]) -> pd.DataFrame:
    """Return one row a test: the keys of `PermutationTest.to_dict`."""
    return pd.DataFrame([test.to_dict() for test in tests])


class _Task(NamedTuple):
    fold: int
    first: int
    end: int


class _Shared(NamedTuple):
    work: Work
    labels: np.ndarray


def compute_permutation_test(
    table: Table,
    folds: Sequence[Fold],
    family: FamilyName,
    *,
    permutations: int = 1000,
    within: Within | None = None,
    seed: int = 0,
    compute: Compute = HERE,
    on_part: Callable[[float], None] = lambda _: None,
) -> PermutationTest:
    """Compare a model's AUC with what the same pipeline makes of shuffled outcomes.

    For every shuffle the whole pipeline is fitted again in every fold: preparing and encoding,
    tuning, calibration, model. What is learned without the outcome is the same for every shuffle,
    and is learned once.

    Folds that share classes out evenly were drawn with the outcomes in view, and would share out
    shuffled ones less evenly, so that shuffles would do worse for no reason of the patients'.
    Therefore outcomes change places inside a fold as well as a block, and the inner folds of a fold
    are the other folds: every fold and inner fold then has the same classes in every shuffle.

    Parameters
    ----------
    table : Table
        With its outcome.
    folds : sequence of Fold
        Three or more of them; of repeated ones the first repeat is used.
    family : {"logistic", "svm", "ridge", "forest", "xgboost", "cpm"}
        Of ``svm``, ``ridge`` and ``cpm`` all shuffles are solved together; the others fit them
        one by one.
    permutations : int
    within : {"cohort", "site", "treatment"}, optional
        Inside what, beside the folds, outcomes change places; the site, where the table knows it,
        and else the cohort. Rows of one person or family keep their outcomes together.
    seed, compute
        As for `stratify.evaluation.cross_validate_many`.
    on_part : callable
        Called with the share of the work that was just done.

    Returns
    -------
    test : PermutationTest
        Its ``observed`` is the AUC on these folds, tuned on the other folds as inner ones.

    Raises
    ------
    DataError
        If the outcomes cannot be shuffled, some are missing, somebody is never tested, as in
        temporal folds, or there is nothing to permute.

    Source
    ------
    Ojala and Garriga 2010, Journal of Machine Learning Research 11, 1833-1863; Phipson and Smyth
    2010, Statistical Applications in Genetics and Molecular Biology 9(1), 39 (the p-value).

    Examples
    --------
    >>> from stratify.datasets import make_cohort
    >>> from stratify import Task, ResponseRule, assemble, make_folds
    >>> made = make_cohort("null", patients=150, seed=1, regions=12)
    >>> rule = ResponseRule(name="response", followup="madrs_week6", baseline="madrs_baseline",
    ...                     drop=0.5)
    >>> table = assemble(Task(rule=rule, treatment="tms+ketamine"), made.cohort)
    >>> folds = make_folds(table.y, table.groups, folds=3)
    >>> test = compute_permutation_test(table, folds, "ridge", permutations=99)
    >>> test.within, test.p_value > 0.05
    ('site', True)
    """
    assert table.y is not None
    if family == "prevalence" or permutations < 1:
        raise DataError(
            Fault(
                where="permutations",
                met=f"{count_of(permutations, 'permutation')} of {family}",
                wanted="at least one, of a model that looks at the patients",
                way_out="Name another family, or leave the permutation test out.",
            )
        )
    require_possible([(family, table)])
    if table.auxiliary is not None:
        raise DataError(
            Fault(
                where="permutations",
                met=f"{count_of(int(table.missing.sum()), 'outcome')} missing and to be imputed",
                wanted="outcomes that are known: what they would be imputed from belongs to a "
                "patient, and would not change places with them",
                way_out="Test the patients whose outcome is known, table.take_known(), or leave "
                "the permutation test out.",
            )
        )
    folds = [fold for fold in folds if fold.repeat == folds[0].repeat]
    _require_everybody_tested(folds, len(table))
    chosen, shuffled = _shuffle(table, folds, permutations, within, seed)
    labels = np.column_stack([table.y, shuffled])
    seeds = [seed_of(seed, fold) for fold in folds]
    work = Work([(family, table)], folds, make_inner_of_others(folds), seeds, compute.engine)
    aucs = _compute_all(_Shared(work, labels), compute, on_part)
    # A fold of one class has no AUC; outcomes stay in their fold, so neither has it in any shuffle.
    mean = np.nanmean(aucs, axis=0)
    return PermutationTest(family, table.features, chosen, float(mean[0]), mean[1:])


def _shuffle(
    table: Table, folds: Sequence[Fold], permutations: int, within: Within | None, seed: int
) -> tuple[Within, np.ndarray]:
    """Return inside what outcomes changed places, and the shuffled outcomes."""
    assert table.y is not None
    chosen: Within = within or ("cohort" if table.site is None else "site")
    try:
        return chosen, make_shuffles(
            table.y,
            count=permutations,
            seed=seed,
            blocks=_join_blocks(make_blocks(table, chosen), folds, len(table)),
            units=make_units(table),
        )
    except DataError:
        # Of sites so small that nobody can change places inside one, the cohort is shuffled.
        if within is not None or chosen == "cohort":
            raise
        return _shuffle(table, folds, permutations, "cohort", seed)


def make_inner_of_others(folds: Sequence[Fold]) -> list[InnerFolds]:
    """Return for each fold of a partition the other folds as its inner ones.

    Returns
    -------
    inner : list of list of (train, test)
        Positions among the training rows of each fold.

    Raises
    ------
    DataError
        If there are fewer than three folds.

    Examples
    --------
    >>> from stratify.folds import make_folds
    >>> inner = make_inner_of_others(make_folds(np.array([0, 1] * 6), folds=3))
    >>> len(inner), len(inner[0]), [len(rows) for rows in inner[0][0]]
    (3, 2, [4, 4])
    """
    if len(folds) < 3:
        raise DataError(
            Fault(
                where="validation.folds",
                met=count_of(len(folds), "fold"),
                wanted="a permutation test tunes on the other folds, two of them at least",
                way_out="Use three folds or more.",
            )
        )
    return [
        [
            (
                np.flatnonzero(~np.isin(fold.train, other.test)),
                np.flatnonzero(np.isin(fold.train, other.test)),
            )
            for other in folds
            if other is not fold
        ]
        for fold in folds
    ]


def _require_everybody_tested(folds: Sequence[Fold], patients: int) -> None:
    tested = len(np.unique(np.concatenate([fold.test for fold in folds])))
    if tested < patients:
        raise DataError(
            Fault(
                where="validation.scheme",
                met=f"{count_of(patients - tested, 'patient')} of {patients} never tested",
                wanted="each tested once, since models are tuned on the other folds",
                way_out="Leave the permutation test out of temporal validation.",
            )
        )


def _join_blocks(blocks: np.ndarray | None, folds: Sequence[Fold], patients: int) -> np.ndarray:
    """Return blocks inside which outcomes may change places and leave every fold its classes."""
    tested_in = np.zeros(patients, dtype=int)
    for k, fold in enumerate(folds):
        tested_in[fold.test] = k
    if blocks is None:
        return tested_in
    named = np.unique(np.asarray(blocks).astype(str), return_inverse=True)[1]
    return tested_in * (named.max() + 1) + named


def _compute_all(shared: _Shared, compute: Compute, on_part: Callable[[float], None]) -> np.ndarray:
    """Return the AUC of every fold and labelling, shape (n_folds, n_labellings)."""
    work, labels = shared
    kept = compute.open_checkpoints()
    tasks = _make_tasks(work, labels.shape[1])
    keys = _make_keys(shared, tasks) if kept is not None else []
    aucs = np.full((len(work.folds), labels.shape[1]), np.nan)
    open_ = []
    for k, task in enumerate(tasks):
        found = kept.read_array(keys[k]) if kept is not None else None
        if found is None:
            open_.append(k)
        else:
            aucs[task.fold, task.first : task.end] = found
            on_part(1 / len(tasks))
    running = run_tasks(
        _run,
        shared,
        [tasks[k] for k in open_],
        workers=compute.workers,
        scheduler=compute.scheduler,
    )
    for position, found in running:
        task = tasks[open_[position]]
        aucs[task.fold, task.first : task.end] = found
        if kept is not None:
            kept.write_array(keys[open_[position]], found)
        on_part(1 / len(tasks))
    return aucs


def _make_tasks(work: Work, labellings: int) -> list[_Task]:
    """Part the work by fold and by what fits into memory; never by the number of workers."""
    (family, table), fold = work.candidates[0], work.folds[0]
    assert table.y is not None
    together = work.engine == "fast" and family in ("svm", "ridge", "cpm")
    most = SLOW_AT_ONCE
    if together and table.features != "late fusion":
        most = max(1, VALUES_AT_ONCE // (10 * len(fold.train)))
    starts = range(0, labellings, most)
    return [
        _Task(j, first, min(first + most, labellings))
        for first in starts
        for j in range(len(work.folds))
    ]


def _make_keys(shared: _Shared, tasks: Sequence[_Task]) -> list[str]:
    work, labels = shared
    family, table = work.candidates[0]
    preparer = None if table.preparer is None else table.preparer.get_params()
    whole = digest_of(
        "permutations", table.X, table.features, preparer, family, work.engine, digest_of_code()
    )
    keys = []
    for task in tasks:
        fold = work.folds[task.fold]
        inner = [rows for split in work.inner[task.fold] for rows in split]
        own = labels[:, task.first : task.end]
        seed = work.seeds[task.fold]
        keys.append(digest_of(whole, seed, fold.train, fold.test, *inner, own))
    return keys


def _run(shared: _Shared, task: _Task) -> np.ndarray:
    work, labels = shared
    fold, (family, table) = work.folds[task.fold], work.candidates[0]
    Y = labels[:, task.first : task.end]
    classifier = make_classifier(
        family,
        table,
        inner_folds=work.inner[task.fold],
        seed=work.seeds[task.fold],
        engine=work.engine,
    )
    train, test = table.X.iloc[fold.train], table.X.iloc[fold.test]
    if isinstance(classifier, ResponderClassifier) and work.engine == "fast":
        log_odds = fit_labellings(classifier, train, Y[fold.train], test)
    else:
        log_odds = np.column_stack(
            [clone(classifier).fit(train, y[fold.train]).decision_function(test) for y in Y.T]
        )
    if len(np.unique(Y[fold.test])) < 2:
        return np.full(Y.shape[1], np.nan)
    return compute_aucs(Y[fold.test], log_odds)
