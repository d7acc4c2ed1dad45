"""Nested cross-validation, the leakage certificate, and the verdict."""

from stratify.evaluation.added_value import AddedValue, compute_added_value, tabulate_added_value
from stratify.evaluation.best_of import MaxStatistic, compute_best_model, compute_max_statistic
from stratify.evaluation.canaries import Canary, check_canaries
from stratify.evaluation.certificate import (
    Certificate,
    Check,
    EncodersChecked,
    check_shipped,
    make_certificate,
)
from stratify.evaluation.checkpoints import Checkpoints
from stratify.evaluation.compared import Comparison, Difference, KeptPredictions
from stratify.evaluation.comparison import compare_evaluations, compare_held_out
from stratify.evaluation.compute import Compute
from stratify.evaluation.cross_validate import (
    cross_validate,
    cross_validate_many,
    refit,
    refit_many,
)
from stratify.evaluation.engine import is_possible, require_possible
from stratify.evaluation.external import (
    CheckedRecalibration,
    ExternalValidation,
    check_recalibration,
    validate_externally,
)
from stratify.evaluation.gain import SMALLEST_GAIN, GainOver, compute_gain, compute_gains_over
from stratify.evaluation.held_out import HeldOut, compute_by_fold, compute_estimates, make_figures
from stratify.evaluation.instability import (
    Instability,
    Refits,
    compute_instability,
    draw_samples,
    refit_samples,
)
from stratify.evaluation.learning_curve import compute_learning_curve, make_fit_predict
from stratify.evaluation.permutation import (
    PermutationTest,
    compute_permutation_test,
    tabulate_permutation_tests,
)
from stratify.evaluation.references import evaluate_references, list_references
from stratify.evaluation.shuffles import Within
from stratify.evaluation.site_agreement import (
    SiteAgreement,
    compute_site_agreement,
    tabulate_site_agreements,
)
from stratify.evaluation.sites import SiteDecoding, compute_site_decoding, plot_site_decoding
from stratify.evaluation.subgroups import (
    Grouping,
    compute_evaluation_subgroups,
    find_groupings,
    label_patients,
)
from stratify.evaluation.usefulness import Usefulness, compute_usefulness, judge_likelihoods
from stratify.evaluation.values import Completions, Evaluation
from stratify.evaluation.verdict import Verdict, make_verdict

__all__ = [
    "SMALLEST_GAIN",
    "AddedValue",
    "Canary",
    "Certificate",
    "Check",
    "CheckedRecalibration",
    "Checkpoints",
    "Comparison",
    "Completions",
    "Compute",
    "Difference",
    "EncodersChecked",
    "Evaluation",
    "ExternalValidation",
    "GainOver",
    "Grouping",
    "HeldOut",
    "Instability",
    "KeptPredictions",
    "MaxStatistic",
    "PermutationTest",
    "Refits",
    "SiteAgreement",
    "SiteDecoding",
    "Usefulness",
    "Verdict",
    "Within",
    "check_canaries",
    "check_recalibration",
    "check_shipped",
    "compare_evaluations",
    "compare_held_out",
    "compute_added_value",
    "compute_best_model",
    "compute_by_fold",
    "compute_estimates",
    "compute_evaluation_subgroups",
    "compute_gain",
    "compute_gains_over",
    "compute_instability",
    "compute_learning_curve",
    "compute_max_statistic",
    "compute_permutation_test",
    "compute_site_agreement",
    "compute_site_decoding",
    "compute_usefulness",
    "cross_validate",
    "cross_validate_many",
    "draw_samples",
    "evaluate_references",
    "find_groupings",
    "is_possible",
    "judge_likelihoods",
    "label_patients",
    "list_references",
    "make_certificate",
    "make_figures",
    "make_fit_predict",
    "make_verdict",
    "plot_site_decoding",
    "refit",
    "refit_many",
    "refit_samples",
    "require_possible",
    "tabulate_added_value",
    "tabulate_permutation_tests",
    "tabulate_site_agreements",
    "validate_externally",
]
