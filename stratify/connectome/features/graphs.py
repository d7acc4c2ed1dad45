"""Measures of weighted, undirected graphs, for stacks of them of any leading shape."""

from __future__ import annotations

import numpy as np


def keep_strongest(edges: np.ndarray, density: float) -> np.ndarray:
    """Keep each row's strongest positive edges, as a share of all pairs; the others become 0.

    Parameters
    ----------
    edges : array, shape (..., n_edges)
    density : float
        The share to keep; at least one edge is meant. Fewer where fewer are positive.

    Returns
    -------
    kept : array, shape (..., n_edges)

    Examples
    --------
    >>> keep_strongest(np.array([0.3, -0.9, 0.1, 0.6]), 0.5)
    array([0.3, 0. , 0. , 0.6])
    """
    edges = np.asarray(edges, dtype=np.float64)
    number = min(max(1, round(density * edges.shape[-1])), edges.shape[-1])
    # A stable order, so that ties fall alike whichever rows are beside.
    strongest = np.argsort(-edges, axis=-1, kind="stable")[..., :number]
    kept = np.zeros_like(edges)
    np.put_along_axis(kept, strongest, np.take_along_axis(edges, strongest, axis=-1), axis=-1)
    return np.maximum(kept, 0.0)


def compute_strength(weights: np.ndarray) -> np.ndarray:
    """Return the sum of each node's weights, shape (..., n_nodes).

    Parameters
    ----------
    weights : array, shape (..., n_nodes, n_nodes)
        Symmetric, none below 0, and 0 on the diagonal and where there is no edge.

    Examples
    --------
    >>> compute_strength(np.array([[0.0, 0.5, 0.2], [0.5, 0.0, 0.0], [0.2, 0.0, 0.0]]))
    array([0.7, 0.5, 0.2])
    """
    return weights.sum(axis=-1)


def compute_clustering(weights: np.ndarray) -> np.ndarray:
    """Return how strong the triangles around each node are, shape (..., n_nodes).

    The geometric mean of a triangle's weights, as shares of the graph's largest, averaged over
    the pairs of a node's neighbours; 0 for a node of fewer than two.

    Source
    ------
    Onnela et al. 2005, Physical Review E 71, 065103.

    Examples
    --------
    >>> compute_clustering(np.ones((3, 3)) - np.eye(3))
    array([1., 1., 1.])
    """
    largest = weights.max(axis=(-1, -2), keepdims=True, initial=0.0)
    roots = np.cbrt(weights / np.where(largest > 0, largest, 1.0))
    triangles = ((roots @ roots) * roots).sum(axis=-1)
    neighbours = (weights > 0).sum(axis=-1)
    return triangles / np.where(neighbours > 1, neighbours * (neighbours - 1), 1)


def compute_participation(weights: np.ndarray, modules: np.ndarray) -> np.ndarray:
    """Return how evenly each node's weights spread over modules, shape (..., n_nodes).

    0 for a node all of whose edges, or none at all, lead to one module.

    Parameters
    ----------
    weights : array, shape (..., n_nodes, n_nodes)
    modules : array, shape (n_nodes,)
        The module of each node.

    Source
    ------
    Guimerà and Amaral 2005, Nature 433, 895-900.

    Examples
    --------
    >>> weights = np.array([[0.0, 0.5, 0.5], [0.5, 0.0, 0.0], [0.5, 0.0, 0.0]])
    >>> compute_participation(weights, np.array(["SN", "DMN", "CEN"]))
    array([0.5, 0. , 0. ])
    """
    belongs = np.asarray(modules)[:, None] == np.unique(modules)
    to_modules = weights @ belongs
    strength = to_modules.sum(axis=-1)
    shares = to_modules / np.where(strength > 0, strength, 1.0)[..., None]
    return np.where(strength > 0, 1 - (shares**2).sum(axis=-1), 0.0)


def compute_modularity(weights: np.ndarray, modules: np.ndarray) -> np.ndarray:
    """Return how much more weight lies inside modules than chance would put there, shape (...).

    0 for a graph without edges.

    Parameters
    ----------
    weights : array, shape (..., n_nodes, n_nodes)
    modules : array, shape (n_nodes,)
        The module of each node.

    Source
    ------
    Newman 2004, Physical Review E 70, 056131.

    Examples
    --------
    >>> pairs = np.kron(np.eye(2), np.ones((2, 2)) - np.eye(2))
    >>> float(compute_modularity(pairs, np.array([0, 0, 1, 1])))
    0.5
    """
    belongs = (np.asarray(modules)[:, None] == np.unique(modules)).astype(float)
    total = weights.sum(axis=(-1, -2))
    whole = np.where(total > 0, total, 1.0)[..., None]
    inside = np.einsum("im,...ij,jm->...m", belongs, weights, belongs, optimize=True) / whole
    reached = (compute_strength(weights) @ belongs) / whole
    return (inside - reached**2).sum(axis=-1)


def compute_global_efficiency(weights: np.ndarray) -> np.ndarray:
    """Return the mean of one over the number of steps between two nodes, shape (...).

    Of the edges that are there, whatever their weight; 0 for nodes that are not connected, and
    for a graph of one node.

    Source
    ------
    Latora and Marchiori 2001, Physical Review Letters 87, 198701.

    Examples
    --------
    >>> float(compute_global_efficiency(np.ones((4, 4)) - np.eye(4)))
    1.0
    """
    n_nodes = weights.shape[-1]
    return _sum_closeness(weights > 0) / max(n_nodes * (n_nodes - 1), 1)


def compute_local_efficiency(weights: np.ndarray) -> np.ndarray:
    """Return the mean efficiency among each node's neighbours, once the node is gone, shape (...).

    Of the edges that are there, whatever their weight; 0 for a node of fewer than two neighbours.

    Source
    ------
    Latora and Marchiori 2001, Physical Review Letters 87, 198701.

    Examples
    --------
    >>> float(compute_local_efficiency(np.ones((4, 4)) - np.eye(4)))
    1.0
    """
    linked = weights > 0
    flat = linked.reshape(-1, *linked.shape[-2:])
    return np.array([_local_efficiency(graph) for graph in flat]).reshape(linked.shape[:-2])


def _local_efficiency(linked: np.ndarray) -> float:
    degree = linked.sum(axis=1)
    # Each node's neighbours first, padded with others to the largest number of them.
    around = np.argsort(~linked, axis=1, kind="stable")[:, : max(degree.max(), 1)]
    is_neighbour = np.take_along_axis(linked, around, axis=1)
    among = linked[around[:, :, None], around[:, None, :]]
    among &= is_neighbour[:, :, None] & is_neighbour[:, None, :]
    pairs = np.maximum(degree * (degree - 1), 1)
    return float((_sum_closeness(among) / pairs).mean())


def _sum_closeness(linked: np.ndarray) -> np.ndarray:
    """Sum one over the number of steps of all pairs, one step after the other, shape (...)."""
    step = linked.astype(np.float32)
    reached = linked | np.eye(linked.shape[-1], dtype=bool)
    total = linked.sum(axis=(-1, -2)).astype(float)
    steps = 1
    newest = linked
    while newest.any():
        steps += 1
        # Counts of ways are small whole numbers, exact in single precision.
        newest = ((newest.astype(np.float32) @ step) > 0) & ~reached
        reached |= newest
        total += newest.sum(axis=(-1, -2)) / steps
    return total
