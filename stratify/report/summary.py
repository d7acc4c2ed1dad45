"""What a report says of the study behind it, gathered from what the study found."""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from typing import TYPE_CHECKING

import pandas as pd

from stratify.errors import DataError, Fault
from stratify.report.groups import summarise_subgroups
from stratify.report.values import CalibrationBin, StudySummary

if TYPE_CHECKING:
    from stratify.evaluation import Evaluation, Verdict
    from stratify.metrics import Subgroups
    from stratify.model import FittedModel
    from stratify.task import Scheme


def summarise_study(
    name: str,
    model: FittedModel,
    evaluations: Sequence[Evaluation],
    verdict: Verdict,
    *,
    date: datetime.date | None = None,
    run_id: str = "",
    warnings: Sequence[str] = (),
    contact: str = "",
    subgroups: Subgroups | None = None,
) -> StudySummary:
    """Gather what the reports of a study's model say of the study.

    Parameters
    ----------
    name : str
        What the study is called in reports.
    model : FittedModel
        Of one of the evaluations.
    evaluations : sequence of Evaluation
        Of every model tried, so that a report can say how many there were.
    verdict : Verdict
        On these evaluations. Where it names another model, or none, no report can be built.
    date : date, optional
        The day the model was fitted; today, where none is given.
    run_id : str
        The run that keeps the model; empty if none does.
    warnings : sequence of str
        Sentences about the study's data.
    contact : str
        Whom to ask.
    subgroups : Subgroups, optional
        Of the model's evaluation, as from `compute_evaluation_subgroups`.

    Raises
    ------
    DataError
        If none of the evaluations is of this model.
    """
    import stratify

    evaluation = _evaluation_of(model, evaluations)
    return StudySummary(
        name=name,
        date=date or datetime.date.today(),
        question=model.task.question,
        treatment=model.task.treatment,
        condition=model.task.condition,
        outcome=model.task.rule.name,
        rule=model.task.rule.describe(),
        cautions=model.task.cautions,
        n_patients=model.n_patients,
        n_responders=model.n_responders,
        n_imputed=model.n_imputed,
        family=evaluation.family,
        features=model.features,
        validation=describe_validation(
            *(int(evaluation.by_fold[name].nunique()) for name in ("fold", "repeat")),
            scheme=evaluation.scheme,
        ),
        metrics=evaluation.metrics,
        n_models=sum(one.family != "prevalence" for one in evaluations),
        responder_model=verdict.model == (evaluation.family, evaluation.features),
        verdict=verdict.words,
        run_id=run_id,
        digest=model.digest,
        version=stratify.__version__,
        simulated=model.simulated,
        calibration=summarise_calibration(evaluation.judged),
        warnings=tuple(warnings),
        contact=contact,
        subgroups=()
        if subgroups is None
        else summarise_subgroups(subgroups.table, level=subgroups.level),
    )


def summarise_calibration(predictions: pd.DataFrame) -> tuple[CalibrationBin, ...]:
    """Part held-out patients by the likelihood they were given, and say what became of them.

    Parameters
    ----------
    predictions : DataFrame
        As in `Evaluation.judged`.

    Examples
    --------
    >>> half = pd.DataFrame({"repeat": 0, "fold": 0, "y": [0, 1] * 50,
    ...                      "probability": 0.5, "log_odds": 0.0})
    >>> summarise_calibration(half)
    (CalibrationBin(low=0.5, high=0.5, predicted=0.5, observed=0.5, patients=100),)
    """
    from stratify.metrics.plots import compute_calibration_bins

    table = compute_calibration_bins(predictions)
    numbers = table[["low", "high", "predicted", "observed"]].to_numpy(dtype=float).tolist()
    return tuple(
        CalibrationBin(low, high, predicted, observed, int(patients))
        for (low, high, predicted, observed), patients in zip(
            numbers, table["patients"], strict=True
        )
    )


def _evaluation_of(model: FittedModel, evaluations: Sequence[Evaluation]) -> Evaluation:
    for evaluation in evaluations:
        if (evaluation.family, evaluation.features) == (model.classifier.family, model.features):
            return evaluation
    raise DataError(
        Fault(
            where="evaluations",
            met=", ".join(evaluation.name for evaluation in evaluations) or "none",
            wanted=f"one of the model, {model.features} {model.classifier.family}",
            way_out="Pass the evaluations of the study that the model was fitted in; the "
            "prevalence, which says the same of everybody, has no reports.",
        )
    )


def describe_validation(folds: int, repeats: int, *, scheme: Scheme = "stratified") -> str:
    """Say how the figures of a report were obtained.

    Examples
    --------
    >>> describe_validation(5, 4), describe_validation(5, 1)
    ('5-fold cross-validation, drawn 4 times', '5-fold cross-validation')
    >>> describe_validation(7, 1, scheme="leave one site out")
    'each of 7 sites predicted from the others'
    """
    if scheme == "temporal":
        return f"later patients predicted from earlier ones, {folds} times over"
    if scheme != "stratified":
        unit = "sites" if scheme == "leave one site out" else "trials"
        return f"each of {folds} {unit} predicted from the others"
    return f"{folds}-fold cross-validation" + (f", drawn {repeats} times" if repeats > 1 else "")
