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

    asked = trained.study.settings.validation
    if not asked.permutations:
        return Attachments()
    hindered = say_what_hinders(len({fold.number for fold in trained.study.folds}), asked.scheme)
    tests = () if hindered else _permute(trained)
    best = compute_max_statistic(tests) if len(tests) > 1 else None
    return Attachments(
        tables={"permutation_tests": tabulate_permutation_tests(tests)} if tests else {},
        figures={f"permutations_{one.features}_{one.family}": one.plot() for one in tests},
        values={
            "permutation_tests": [test.to_dict() for test in tests],
            "best_permutation_test": None if best is None else best.to_dict(),
        },
        sentences=[
            f"Permutation test: {told}"
            for told in (*([hindered] if hindered else []), *tests, *([best] if best else []))
        ],
    )


def say_what_hinders(folds: int, scheme: str) -> str:
    """Say why outcomes cannot be shuffled in a study of so many folds; nothing, where they can."""
    if scheme == "temporal":
        return "not made: in temporal folds some patients are always trained on."
    if folds < 3:
        return f"not made: it tunes on the other folds, two at least, and there are {folds} folds."
    return ""


def _permute(trained: Trained) -> tuple[PermutationTest, ...]:
    """Test each feature set."""
    from stratify.evaluation import compute_permutation_test, is_possible

    study, asked = trained.study, trained.study.settings.validation
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
