"""Why a model says what it says: exact contributions, edges summed to networks."""

from stratify.explanation.connectivity import (
    compute_network_blocks,
    compute_strongest_edges,
    plot_glass_brain,
    plot_network_blocks,
)
from stratify.explanation.explain import compute_contributions, explain
from stratify.explanation.values import Explanation, Reason, block_name, write_contributions

__all__ = [
    "Explanation",
    "Reason",
    "block_name",
    "compute_contributions",
    "compute_network_blocks",
    "compute_strongest_edges",
    "explain",
    "plot_glass_brain",
    "plot_network_blocks",
    "write_contributions",
]
