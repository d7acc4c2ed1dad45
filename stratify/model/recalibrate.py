"""A fitted model brought into line with another site: a new model, the old one untouched."""

from __future__ import annotations

from collections.abc import Sequence
from copy import copy
from dataclasses import replace

from stratify.errors import DataError, Fault
from stratify.model.average import AveragedClassifier, OneFit
from stratify.model.fitted import FittedModel, SiteCalibration
from stratify.model.limits import Limits
from stratify.model.parts import FoldClassifier
from stratify.model.stack import StackedClassifier


def recalibrate(
    model: FittedModel, calibration: SiteCalibration, *, sites: Sequence[str] = ()
) -> FittedModel:
    """Return a model whose log-odds are ``intercept + slope`` times those of another.

    The ranks of patients stay as they were, and so do the replicas' disagreements about them, but
    for the slope. What the model explains is scaled the same, and still adds up.

    Parameters
    ----------
    model : FittedModel
    calibration : SiteCalibration
        Learned from patients the model was not fitted on; see
        `stratify.metrics.fit_recalibration`.
    sites : sequence of str
        Of these patients; the new model may speak of these sites, and of no others.

    Raises
    ------
    DataError
        If the slope is not above 0, or the model is recalibrated already: bring the one it came
        from to the new site instead.
    """
    if model.calibration is not None:
        raise DataError(
            Fault(
                where="recalibration",
                met=f"a model that was brought to {model.calibration.cohort} already",
                wanted="the model as it was trained",
                way_out="Recalibrate the model that it was made from.",
            )
        )
    if not calibration.slope > 0:
        raise DataError(
            Fault(
                where="recalibration",
                met=f"a slope of {calibration.slope:.3g}",
                wanted="a slope above 0, which keeps the order of patients",
                way_out="Do not use the model at this site.",
            )
        )
    return replace(
        model,
        classifier=_shift(model.classifier, calibration),
        replicas=tuple(_shift(replica, calibration) for replica in model.replicas),
        calibration=calibration,
        limits=_move(model.limits, calibration, sites),
    )


def _move(limits: Limits, calibration: SiteCalibration, sites: Sequence[str]) -> Limits:
    """Bring held-out log-odds along, so that the same outcomes remain; name the new sites."""
    sets = limits.outcome_sets
    if sets is not None:
        responders, nonresponders = (
            calibration.intercept + calibration.slope * scores
            for scores in (sets.responders, sets.nonresponders)
        )
        sets = replace(sets, responders=responders, nonresponders=nonresponders)
    return replace(limits, outcome_sets=sets, sites=tuple(sorted(set(sites))) or limits.sites)


def _shift(classifier: FoldClassifier, calibration: SiteCalibration) -> FoldClassifier:
    shifted = copy(classifier)
    if isinstance(shifted, AveragedClassifier):
        return shifted.join([_shift_one(part, calibration) for part in shifted.parts_])
    return _shift_one(shifted, calibration)


def _shift_one(classifier: OneFit, calibration: SiteCalibration) -> OneFit:
    shifted = copy(classifier)
    shifted.intercept_ = calibration.intercept + calibration.slope * classifier.intercept_
    if isinstance(shifted, StackedClassifier):
        shifted.weights_ = calibration.slope * shifted.weights_
    else:
        shifted.slope_ = calibration.slope * shifted.slope_
    return shifted
