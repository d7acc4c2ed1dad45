"""Which two of many are closer together than any two of them ought to be."""

from __future__ import annotations

import numpy as np

FALSE_ALARM = 0.01
"""How likely any pair at all is to be named, among people who are all different."""

_CLUSTER = 3
"""A person's partners that may be of one group; so many more alike are a kind of people."""


def find_standing_out(
    pairs: np.ndarray, scores: np.ndarray, *, people: int, least_spread: float
) -> np.ndarray:
    """Tell which pairs are too close for two people, judged by how close everybody's closest is.

    The largest of many scores follows a Gumbel distribution whatever the scores follow, as long as
    their tail falls off like an exponential or faster. Its place and spread are read off the
    people's own closest scores, by their quartiles, which a few people entered twice do not move;
    so columns that go together, or sites that differ, are allowed for.

    Parameters
    ----------
    pairs : array of int, shape (n_pairs, 2)
        Candidates: for each person at least the four closest others; each pair once.
    scores : array, shape (n_pairs,)
        Higher is closer.
    people : int
    least_spread : float
        The spread of the closest scores that is to be expected at least.

    Returns
    -------
    standing_out : array of bool, shape (n_pairs,)
        Pairs that no two people reach with a probability of 0.99, and that are as far from what
        other people reach: of a group of more than three who are all alike nobody is named.

    Source
    ------
    Coles 2001, An Introduction to Statistical Modeling of Extreme Values, chapter 3.

    Examples
    --------
    >>> scores = np.random.default_rng(0).gumbel(size=(60, 60))
    >>> scores[7, 40] = 25.0
    >>> pairs = np.column_stack(np.triu_indices(60, k=1))
    >>> found = find_standing_out(pairs, scores[tuple(pairs.T)], people=60, least_spread=0.5)
    >>> pairs[found].tolist()
    [[7, 40]]
    """
    closest = np.full((people, _CLUSTER), -np.inf)
    for person, score in zip(pairs.T.ravel(), np.r_[scores, scores], strict=True):
        row = closest[person]
        if score > row[-1]:
            row[np.searchsorted(-row, -score) :] = np.r_[
                score, row[np.searchsorted(-row, -score) : -1]
            ]
    best = closest[:, 0][np.isfinite(closest[:, 0])]
    if not len(best):
        return np.zeros(len(pairs), dtype=bool)
    low, middle, high = np.quantile(best, [0.25, 0.5, 0.75])
    # Quartiles of a Gumbel distribution, as multiples of its spread.
    spread = max(least_spread, (high - low) / 1.5725, (high - middle) / 0.8794)
    allowed = middle - 0.3665 * spread + spread * np.log(people / FALSE_ALARM)
    others = np.max(closest[pairs][:, :, -1], axis=1)
    return (scores > allowed) & (scores - others > spread * np.log(1 / FALSE_ALARM))
