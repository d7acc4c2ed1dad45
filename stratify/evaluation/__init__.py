"""Nested cross-validation, the leakage certificate, and the verdict."""

from stratify.evaluation.added_value import AddedValue, compute_added_value, tabulate_added_value
from stratify.evaluation.certificate import Certificate, Check, make_certificate
from stratify.evaluation.cross_validate import (
    compute_by_fold,
    cross_validate,
    cross_validate_many,
    refit,
    refit_many,
)
from stratify.evaluation.learning_curve import compute_learning_curve
from stratify.evaluation.permutation import PermutationTest, compute_permutation_test
from stratify.evaluation.shuffles import Within
from stratify.evaluation.values import Evaluation
from stratify.evaluation.verdict import Verdict, compute_gain, make_verdict

__all__ = [
    "AddedValue",
    "Certificate",
    "Check",
    "Evaluation",
    "PermutationTest",
    "Verdict",
    "Within",
    "compute_added_value",
    "compute_by_fold",
    "compute_gain",
    "compute_learning_curve",
    "compute_permutation_test",
    "cross_validate",
    "cross_validate_many",
    "make_certificate",
    "make_verdict",
    "refit",
    "refit_many",
    "tabulate_added_value",
]
