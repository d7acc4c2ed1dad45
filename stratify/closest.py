"""Which two of many are closer together than any two of them ought to be."""

from __future__ import annotations

import numpy as np

FALSE_ALARM = 0.002
"""How likely any pair at all is to be named, among people who are all different."""

_CLUSTER = 3
"""A person's partners that may be of one group; so many more alike are a kind of people."""


def find_standing_out(
    pairs: np.ndarray, scores: np.ndarray, *, people: int, least_spread: float
) -> np.ndarray:
    """Tell which pairs are too close for two people, judged by how close everybody's closest is.

    The largest of many scores follows a Gumbel distribution whatever the scores follow, as long as
    their tail falls off like an exponential or faster. Its place and spread are read off the
    people's own closest scores, by quantiles, which people entered twice do not move as long as
    they are fewer than one in ten; so columns that go together, or sites that differ, are allowed
    for.

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
        Pairs closer than any two people are, but for one cohort in 500 (`FALSE_ALARM`), and as far
        from what other people reach: of a group of more than three who are alike nobody is named.

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
    if not len(pairs):
        return np.zeros(0, dtype=bool)
    closest = _list_closest(pairs, scores, people)
    best = closest[:, 0][np.isfinite(closest[:, 0])]
    middle, high, highest = np.quantile(best, [0.5, 0.75, 0.9])
    # Quantiles of a Gumbel distribution, as multiples of its spread. Those below the middle are
    # left out: where many are unlike all others, they would hide who is too much alike.
    spread = max(least_spread, (high - middle) / 0.8794, (highest - middle) / 1.8838)
    allowed = middle - 0.3665 * spread + spread * np.log(people / FALSE_ALARM)
    others = np.max(closest[pairs][:, :, -1], axis=1)
    return (scores > allowed) & (scores - others > spread * np.log(1 / FALSE_ALARM))


def _list_closest(pairs: np.ndarray, scores: np.ndarray, people: int) -> np.ndarray:
    """Return each person's highest scores, falling; -inf where there are fewer than three."""
    person, score = pairs.T.ravel(), np.r_[scores, scores]
    order = np.lexsort((-score, person))
    person, score = person[order], score[order]
    place = np.arange(len(person)) - np.searchsorted(person, person)
    closest = np.full((people, _CLUSTER), -np.inf)
    kept = place < _CLUSTER
    closest[person[kept], place[kept]] = score[kept]
    return closest
