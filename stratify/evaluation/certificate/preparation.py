"""Whether preparation was learned of the training rows alone."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from sklearn.base import clone

from stratify.errors import count_of
from stratify.evaluation.certificate.values import Check
from stratify.folds import Fold
from stratify.model import Encoder, ResponderClassifier, names_of
from stratify.task import Table

EncodersChecked = dict[tuple[int, int, int], tuple[Encoder, bool]]
"""By address, repeat and fold; the encoder itself is kept, so that its address stays its own."""


def check_given(
    table: Table, parts: Sequence[tuple[Fold, ResponderClassifier]], folds: Sequence[Fold]
) -> Check:
    """Look whether each model was given all columns: fewer were chosen with everybody in view."""
    given: dict[tuple[int, int], set[str]] = {(fold.repeat, fold.number): set() for fold in folds}
    for fold, part in parts:
        given[fold.repeat, fold.number] |= set(map(str, names_of(part)))
    everything = set(map(str, table.X.columns))
    wrong = sum(names != everything for names in given.values())
    fewest = min(len(names & everything) for names in given.values())
    return Check(
        "no column was chosen or left out before the folds were drawn",
        wrong == 0,
        f"{len(everything)} columns, {fewest} of them given to each model at least",
    )


def check_encoders(
    table: Table,
    parts: Sequence[tuple[Fold, ResponderClassifier]],
    checked: EncodersChecked,
) -> Check:
    """Fit each encoder again on its training rows, and compare what it gives."""
    wrong = 0
    for fold, classifier in parts:
        used = classifier.encoder_
        # Families of a fold share an encoder, which needs no second look.
        key = (id(used), fold.repeat, fold.number)
        if key not in checked:
            train = table.X.iloc[fold.train][names_of(classifier)]
            again = clone(used).fit(train)
            rows = train.iloc[: min(len(train), 20)]
            same = np.array_equal(again.transform(rows), used.transform(rows), equal_nan=True)
            checked[key] = used, same
        wrong += not checked[key][1]
    return Check(
        "whatever is learned of columns (means, scales, levels, confounds, sites, reference "
        "matrices) is learned of the training rows alone",
        wrong == 0,
        f"{count_of(len(parts), 'chain')} of preparation fitted again on their training rows, "
        f"{wrong} differ",
    )
