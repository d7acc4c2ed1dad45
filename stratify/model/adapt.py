"""Let a model speak of a new site, by a few scans of people there whose outcomes are not known."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from copy import copy
from dataclasses import replace
from typing import Any

import pandas as pd

from stratify.errors import DataError, Fault
from stratify.model.classifier import ResponderClassifier
from stratify.model.fitted import FittedModel
from stratify.model.limits import Limits
from stratify.model.parts import FoldClassifier
from stratify.model.stack import names_of
from stratify.preprocess import TablePreparer


def adapt_to_sites(model: FittedModel, X: pd.DataFrame) -> FittedModel:
    """Learn how new sites shift and stretch connectivity, from scans without outcomes.

    What was learned in training stays as it is: what is taken out of connectivity, the known sites,
    the weights, the calibration. Each new site's shift and stretch are estimated against them, in
    the model and in each of its replicas.

    Parameters
    ----------
    model : FittedModel
        Of a study that harmonises sites and declared ``unseen_site = "scans"``.
    X : DataFrame, shape (n_patients, n_columns)
        Of the new sites, ten patients each at least, with the columns of training; cells that are
        not of connectivity may be empty, but for the site and what harmonising preserves.

    Returns
    -------
    adapted : FittedModel
        Another one, which knows the new sites; the same, where it sees no connectivity.

    Raises
    ------
    DataError
        If the study declared otherwise, or a site has too few scans or is known already.

    Source
    ------
    Johnson, Li and Rabinovic 2007, Biostatistics 8(1), 118-127 (the estimates of each site).
    """
    if model.preparation.harmonise == "none" or model.preparation.unseen_site != "scans":
        raise DataError(
            Fault(
                where="scans of a new site",
                met=f'a study with harmonise = "{model.preparation.harmonise}" and unseen_site = '
                f'"{model.preparation.unseen_site}"',
                wanted="sites are harmonised, and the study declares that new ones are learned "
                "from scans",
                way_out='Declare preparation.unseen_site = "scans", and train again.',
            )
        )
    X = model.align(X)
    site = next((column.name for column in model.columns if column.role == "site"), None)
    if site is None:
        return model
    known = tuple(map(str, model.ranges[site]))
    new = sorted(set(map(str, X[site].dropna())) - set(known))
    return replace(
        model,
        classifier=_adapt(model.classifier, X),
        replicas=tuple(_adapt(replica, X) for replica in model.replicas),
        ranges=_with_sites(model.ranges, site, (*known, *new)),
        limits=_widen(model.limits, X, new),
    )


def _widen(limits: Limits, X: pd.DataFrame, new: Sequence[str]) -> Limits:
    """Let the new sites be spoken of, and their patients be held against those of training."""
    familiar = limits.familiar
    if familiar is not None and isinstance(familiar.encoder, TablePreparer):
        familiar = replace(familiar, encoder=familiar.encoder.adapt(X))
    return replace(limits, familiar=familiar, sites=tuple(sorted({*limits.sites, *new})))


def _adapt(classifier: FoldClassifier, X: pd.DataFrame) -> FoldClassifier:
    adapted: Any = copy(classifier)
    if not isinstance(adapted, ResponderClassifier):
        adapted.parts_ = [_adapt(part, X) for part in adapted.parts_]
    elif isinstance(adapted.encoder_, TablePreparer):
        adapted.encoder_ = adapted.encoder_.adapt(X[names_of(adapted)])
    return adapted


def _with_sites(
    ranges: Mapping[str, tuple[float, float] | tuple[str, ...]], site: str, sites: tuple[str, ...]
) -> dict[str, tuple[float, float] | tuple[str, ...]]:
    return {**ranges, site: tuple(sorted(sites))}
