"""Who is held out with whom."""

from stratify.folds.draw import InnerFolds, draw_folds, draw_inner_folds
from stratify.folds.stratified import check_class_sizes, make_folds
from stratify.folds.temporal import make_temporal_folds
from stratify.folds.values import Fold, compute_test_share, restrict_folds
from stratify.folds.whole import make_site_folds, make_trial_folds

__all__ = [
    "Fold",
    "InnerFolds",
    "check_class_sizes",
    "compute_test_share",
    "draw_folds",
    "draw_inner_folds",
    "make_folds",
    "make_site_folds",
    "make_temporal_folds",
    "make_trial_folds",
    "restrict_folds",
]
