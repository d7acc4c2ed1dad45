"""Exact solvers of linear and kernel models, made for more columns than patients.

A room on the ground floor: arrays in, arrays out, nothing known of patients or tables.
"""

from stratify.solvers.gram import Gram, compute_gram, compute_standardised_grams
from stratify.solvers.hinge import HingeSolution, compute_rbf, solve_hinge
from stratify.solvers.losses import LOGISTIC, SQUARED, SQUARED_HINGE, Loss
from stratify.solvers.reduced import Reduced, reduce_gram, reduce_rows
from stratify.solvers.ridge import score_ridge
from stratify.solvers.smooth import Solution, solve
from stratify.solvers.sparse import SparsePoint, solve_elastic_net

__all__ = [
    "LOGISTIC",
    "SQUARED",
    "SQUARED_HINGE",
    "Gram",
    "HingeSolution",
    "Loss",
    "Reduced",
    "Solution",
    "SparsePoint",
    "compute_gram",
    "compute_rbf",
    "compute_standardised_grams",
    "reduce_gram",
    "reduce_rows",
    "score_ridge",
    "solve",
    "solve_elastic_net",
    "solve_hinge",
]
