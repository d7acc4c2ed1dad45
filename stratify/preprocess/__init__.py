"""What is done to columns before a model sees them, learned inside the training fold."""

from stratify.preprocess.confounds import ConfoundRemover
from stratify.preprocess.encode import TableEncoder, check_table
from stratify.preprocess.prepare import Preparation, TablePreparer, make_preparer

__all__ = [
    "ConfoundRemover",
    "Preparation",
    "TableEncoder",
    "TablePreparer",
    "check_table",
    "make_preparer",
]
