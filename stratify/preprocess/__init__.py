"""What is done to columns before a model sees them, learned inside the training fold."""

from stratify.preprocess.confounds import ConfoundRemover
from stratify.preprocess.encode import TableEncoder, check_table

__all__ = ["ConfoundRemover", "TableEncoder", "check_table"]
