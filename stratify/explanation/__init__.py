"""Why a model says what it says: exact contributions, edges summed to networks."""

from stratify.explanation.explain import compute_contributions, explain
from stratify.explanation.values import Explanation, Reason, block_name, write_contributions

__all__ = [
    "Explanation",
    "Reason",
    "block_name",
    "compute_contributions",
    "explain",
    "write_contributions",
]
