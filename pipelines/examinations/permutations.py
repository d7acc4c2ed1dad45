"""Whether a figure could be chance."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipelines.examinations.values import Attachments, Trained

if TYPE_CHECKING:
    from stratify.evaluation import PermutationTest

PARTS = 100
"""Steps of a progress bar that a permutation test takes."""


def examine_permutations(trained: Trained) -> Attachments:
    """Keep a row and a figure of the test of each feature set against shuffled outcomes."""
    from stratify.evaluation import compute_max_statistic, tabulate_permutation_tests

    tests = _permute(trained)
    best = compute_max_statistic(tests) if len(tests) > 1 else None
    return Attachments(
        tables={"permutation_tests": tabulate_permutation_tests(tests)} if tests else {},
        figures={f"permutations_{one.features}_{one.family}": one.plot() for one in tests},
        values={
            "permutation_tests": [test.to_dict() for test in tests],
            "best_permutation_test": None if best is None else best.to_dict(),
        },
        sentences=[f"Permutation test: {test}" for test in (*tests, *([best] if best else []))],
    )


def _permute(trained: Trained) -> tuple[PermutationTest, ...]:
    """Test each feature set, where there are folds enough for it, and none is always trained on."""
    from stratify.evaluation import compute_permutation_test, is_possible

    study, asked = trained.study, trained.study.settings.validation
    partition = len({fold.number for fold in study.folds})
    if not asked.permutations or partition < 3 or asked.scheme == "temporal":
        return ()
    # A fusion is a join of models that are tested by themselves.
    sets = [one for one in study.sets if one.features != "late fusion"]
    tested = [
        (family, one) for family in asked.permuted for one in sets if is_possible(family, one)
    ]
    with trained.progress("Shuffling outcomes", total=len(tested) * PARTS) as step:
        return tuple(
            compute_permutation_test(
                one,
                study.folds,
                family,
                permutations=asked.permutations,
                within=asked.within,
                seed=asked.seed,
                on_part=lambda share: step(PARTS * share),
                compute=trained.compute,
            )
            for family, one in tested
        )
