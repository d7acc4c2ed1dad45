"""What is done to columns before a model sees them, learned inside the training fold."""

from stratify.preprocess.combat import ComBat
from stratify.preprocess.combat_folds import fit_combat_folds
from stratify.preprocess.confounds import ConfoundRemover
from stratify.preprocess.encode import TableEncoder, check_table
from stratify.preprocess.impute import ColumnImputer
from stratify.preprocess.prepare import Preparation, TablePreparer, make_preparer

__all__ = [
    "ColumnImputer",
    "ComBat",
    "ConfoundRemover",
    "Preparation",
    "TableEncoder",
    "TablePreparer",
    "check_table",
    "fit_combat_folds",
    "make_preparer",
]
