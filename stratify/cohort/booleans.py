"""Words for no and yes."""

from __future__ import annotations

from collections.abc import Sequence

NO_WORDS = ("0", "0.0", "false", "no")
YES_WORDS = ("1", "1.0", "true", "yes")


def read_boolean_words(levels: Sequence[str] = ()) -> dict[str, float]:
    """Return what each word means; a column's own words go before the usual ones.

    Examples
    --------
    >>> read_boolean_words(("1", "2"))
    {'1': 0.0, '2': 1.0}
    """
    usual = {word: float(k) for k, words in enumerate((NO_WORDS, YES_WORDS)) for word in words}
    own = {word: float(k) for k, word in enumerate(levels)}
    own |= {word.lower(): value for word, value in own.items() if word.lower() not in own}
    # With levels such as ("1", "2"), a 1 means no, and the usual words would contradict them.
    contradicted = any(usual.get(word, value) != value for word, value in own.items())
    return own if contradicted else usual | own
