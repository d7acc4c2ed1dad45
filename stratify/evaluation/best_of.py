"""The best of several models, with allowance for its having been chosen."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from stratify.errors import DataError, Fault, count_of
from stratify.evaluation.held_out import HeldOut, make_figures
from stratify.evaluation.permutation import PermutationTest
from stratify.evaluation.values import Evaluation
from stratify.metrics import BestOf, compute_best_of


@dataclass(frozen=True, slots=True)
class MaxStatistic:
    """Whether the best of several permutation tests could be the luckiest of several chances.

    Parameters
    ----------
    family, features : str
        Of the test with the highest AUC.
    observed : float
        Its AUC.
    tests : int
        Of how many it is the best.
    permutations : int
    reached : int
        In how many shuffles any of them did as well.
    """

    family: str
    features: str
    observed: float
    tests: int
    permutations: int
    reached: int

    @property
    def p_value(self) -> float:
        """``(1 + reached) / (1 + permutations)``, allowing for every test that was made."""
        return (1 + self.reached) / (1 + self.permutations)

    def to_dict(self) -> dict[str, object]:
        """Return plain values, for JSON."""
        return {
            "family": self.family,
            "features": self.features,
            "auc": self.observed,
            "tests": self.tests,
            "permutations": self.permutations,
            "reached": self.reached,
            "p_value": self.p_value,
        }

    def __str__(self) -> str:
        return (
            f"The best of {count_of(self.tests, 'test')}, {self.features} {self.family}, has an "
            f"AUC of {self.observed:.3f}; the best of as many on shuffled outcomes reaches it in "
            f"{self.reached} of {count_of(self.permutations, 'shuffle')} (p = {self.p_value:.2g})."
        )


def compute_best_model(
    evaluations: Sequence[Evaluation],
    groups: Mapping[str, str],
    *,
    seed: int = 0,
    level: float = 0.95,
) -> BestOf:
    """Say how good the model with the highest AUC is, once the choosing is accounted for.

    Parameters
    ----------
    evaluations : sequence of Evaluation
        Of one study: the same patients and folds. Of models that were candidates, not of those
        they are measured against.
    groups : mapping of str to str
        Whom each patient belongs with: they are drawn, and left out, together.
    seed : int
    level : float

    Source
    ------
    Tsamardinos, Greasidou and Borboudakis 2018, Machine Learning 107, 1895-1922.
    """
    held_out = {e.name: HeldOut.of(e.predictions) for e in evaluations}
    _require_same_patients(list(held_out.values()))
    first = next(iter(held_out.values()))
    belongs = np.array([groups[patient] for patient in first.patients])
    return compute_best_of(
        {name: make_figures(each)["auc"] for name, each in held_out.items()},
        len(first.y),
        seed=seed,
        level=level,
        groups=belongs if len(set(belongs)) < len(belongs) else None,
    )


def compute_max_statistic(tests: Sequence[PermutationTest]) -> MaxStatistic:
    """Test the best of several models against the best that as many make of shuffled outcomes.

    Each shuffle is the same for every test, so that models that resemble one another cost less
    than as many that do not; dividing the level by their number would forget that.

    Parameters
    ----------
    tests : sequence of PermutationTest
        Of the same patients, folds and shuffles: one study's.

    Source
    ------
    Westfall and Young 1993, Resampling-Based Multiple Testing (single-step max T).

    Examples
    --------
    >>> lucky = PermutationTest("svm", "both", "site", 0.62, np.array([0.4, 0.5, 0.6]))
    >>> other = PermutationTest("svm", "clinical", "site", 0.55, np.array([0.7, 0.5, 0.5]))
    >>> lucky.p_value, compute_max_statistic([lucky, other]).p_value
    (0.25, 0.5)
    """
    if not tests or len({(test.permutations, test.within) for test in tests}) > 1:
        raise DataError(
            Fault(
                where="tests",
                met=f"{count_of(len(tests), 'permutation test')} of different shuffles"
                if tests
                else "no permutation test",
                wanted="one or more, with the same shuffles",
                way_out="Test every model with the same seed, permutations and within.",
            )
        )
    best = max(tests, key=lambda test: test.observed)
    highest = np.max([test.null for test in tests], axis=0)
    return MaxStatistic(
        family=best.family,
        features=best.features,
        observed=best.observed,
        tests=len(tests),
        permutations=best.permutations,
        reached=int(np.sum(highest >= best.observed - 1e-12)),
    )


def _require_same_patients(held_out: Sequence[HeldOut]) -> None:
    first = held_out[0] if held_out else None
    if first is None or any(
        not np.array_equal(first.patients, each.patients) or not np.array_equal(first.y, each.y)
        for each in held_out
    ):
        raise DataError(
            Fault(
                where="evaluations",
                met="models of different patients" if held_out else "no model",
                wanted="one or more, of the same patients",
                way_out="Pass the evaluations of one study.",
            )
        )
