"""Answers to instruments, for the tests."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from stratify.instruments import Instrument, read_instrument


def make_answers(name: str, *rows: Sequence[float | None]) -> pd.DataFrame:
    """Return a table of answers, one row a patient: P01, P02, ..."""
    instrument = read_instrument(name)
    patients = [f"P{k + 1:02d}" for k in range(len(rows))]
    return pd.DataFrame(list(rows), index=patients, columns=list(instrument.item_names)).astype(
        float
    )


def draw_answers(instrument: Instrument, n: int, rng: np.random.Generator) -> pd.DataFrame:
    """Return answers drawn evenly from those allowed."""
    columns = {}
    for item in instrument.items:
        high = 20.0 if item.high is None else item.high
        if item.values:
            columns[item.name] = rng.choice(item.values, n)
        elif item.whole:
            columns[item.name] = rng.integers(int(item.low), int(high) + 1, n).astype(float)
        else:
            columns[item.name] = rng.uniform(item.low, high, n)
    return pd.DataFrame(columns, index=[f"P{k:03d}" for k in range(n)])
