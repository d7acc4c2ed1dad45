"""What is said when a solver runs out of rounds."""

from __future__ import annotations

import warnings


def warn_of_rounds(what: str, rounds: int) -> None:
    """Warn that a solution is the best found, not the exact one."""
    from sklearn.exceptions import ConvergenceWarning

    warnings.warn(
        f"{what} did not meet its optimality conditions in {rounds} rounds; its weights are the "
        "best found. Standardise the columns, or penalise more.",
        ConvergenceWarning,
        stacklevel=3,
    )
