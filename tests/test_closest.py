import numpy as np

from stratify.closest import find_standing_out

N = 80
PAIRS = np.column_stack(np.triu_indices(N, k=1))


def find(scores):
    found = find_standing_out(PAIRS, scores, people=N, least_spread=0.1)
    return PAIRS[found].tolist()


def test_among_people_who_are_all_different_nobody_is_named():
    named = 0
    for seed in range(200):
        rng = np.random.default_rng(seed)
        draw = (rng.normal, rng.exponential, rng.gumbel, rng.random)[seed % 4]
        named += bool(find(draw(size=len(PAIRS))))
    # One cohort in 500 is allowed; four in 200 would be seven times too many.
    assert named < 4


def test_a_pair_and_three_of_a_kind_are_named_and_a_crowd_is_not():
    scores = np.random.default_rng(1).gumbel(size=len(PAIRS))
    alike = scores.copy()
    alike[PAIRS.tolist().index([3, 60])] = 40.0
    assert find(alike) == [[3, 60]]
    for members, count in ((3, 3), (6, 0)):
        crowd = scores.copy()
        crowd[PAIRS.max(axis=1) < members] = 40.0
        assert len(find(crowd)) == count


def test_unlike_people_do_not_hide_a_pair():
    scores = np.random.default_rng(2).gumbel(size=len(PAIRS))
    scores[(PAIRS < 20).any(axis=1)] -= 100.0
    scores[PAIRS.tolist().index([30, 60])] = 40.0
    assert find(scores) == [[30, 60]]


def test_no_candidates_no_pairs():
    assert find_standing_out(np.empty((0, 2), int), np.empty(0), people=5, least_spread=1).size == 0
