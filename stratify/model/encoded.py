"""Rows of one fold as numbers, made once and read by every family that is fitted on them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd
from sklearn.base import clone

from stratify.preprocess import TableEncoder, TablePreparer
from stratify.solvers import Reduced, reduce_rows

Encoder = TableEncoder | TablePreparer


@dataclass(frozen=True, eq=False)
class EncodedRows:
    """Training and held-out rows, encoded by what the training rows taught.

    Parameters
    ----------
    train : array, shape (n_train, n_encoded)
    held_out : array, shape (n_held_out, n_encoded)
    encoder : TableEncoder or TablePreparer
        Fitted: what is known of the columns.
    """

    train: np.ndarray
    held_out: np.ndarray
    encoder: Encoder

    @cached_property
    def reduced(self) -> Reduced:
        """The rows in the span of the training rows; of columns without missing values."""
        return reduce_rows(self.train, self.held_out)


def make_encoder(preparer: TablePreparer | None = None, *, standardise: bool) -> Encoder:
    """Return an unfitted encoder.

    Parameters
    ----------
    preparer : TablePreparer, optional
        What is done to connectivity before; it is cloned.
    standardise : bool
        Whether columns are centred, scaled and filled in.
    """
    if preparer is None:
        return TableEncoder(standardise=standardise)
    return clone(preparer).set_params(standardise=standardise)


def encode_rows(
    train: pd.DataFrame,
    held_out: pd.DataFrame,
    preparer: TablePreparer | None,
    forms: Iterable[bool],
) -> dict[bool, EncodedRows]:
    """Encode a fold in each form that some family wants: standardised, as it is, or both.

    Parameters
    ----------
    train, held_out : DataFrame
    preparer : TablePreparer or None
    forms : iterable of bool
        Values of ``standardise``.
    """
    encoded = {}
    for standardise in set(forms):
        encoder = make_encoder(preparer, standardise=standardise).fit(train)
        encoded[standardise] = EncodedRows(
            encoder.transform(train), encoder.transform(held_out), encoder
        )
    return encoded
