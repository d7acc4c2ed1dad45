"""Turn what the library found into what a run keeps: numbers, tables, figures, and words."""

from __future__ import annotations

import datetime
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol, TypeVar

import pandas as pd

from stratify.tracking.known import COMPLETED, digest_rows
from stratify.tracking.study import ModelRun

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from stratify.errors import Fault
    from stratify.evaluation import Evaluation, Verdict
    from stratify.explanation import Explanation
    from stratify.model import FittedModel
    from stratify.task import Table


Value = TypeVar("Value")


class Examined(Protocol):
    """What was found of a model beside its evaluation, as it is kept in the model's run."""

    def tables(self) -> dict[str, pd.DataFrame]:
        """Return every number, by the name of its table."""

    def figures(self) -> dict[str, Figure]:
        """Draw them."""

    def metrics(self) -> dict[str, float]:
        """Return the single numbers by which runs are sorted."""


@dataclass(frozen=True, eq=False, kw_only=True)
class StudyRecord:
    """What every run of a study says of the study.

    Parameters
    ----------
    name : str
    params : mapping
        The question, the outcome, the patients, and how performance was estimated.
    models_tried : int
        How many models, the prevalence not counted.
    simulated : bool
    columns_toml : str
        The dictionary of the cohort's columns, by which new patients are read.
    trained_on : date
    warnings : DataFrame
        What was odd about the data, as `make_warnings_table` returns it.
    """

    name: str
    params: Mapping[str, object]
    models_tried: int
    simulated: bool
    columns_toml: str
    trained_on: datetime.date
    warnings: pd.DataFrame = field(default_factory=lambda: make_warnings_table(()))


def make_study_record(
    table: Table,
    name: str,
    *,
    validation: Mapping[str, object],
    models_tried: int,
    columns_toml: str,
    trained_on: datetime.date,
) -> StudyRecord:
    """Say once what all runs of a study have in common.

    Parameters
    ----------
    table : Table
    name : str
    validation : mapping
        ``folds``, ``repeats``, ``inner_folds``, ``seed``, ``together``, ``level``.
    models_tried, columns_toml, trained_on
        As in `StudyRecord`.
    """
    task = table.task
    imputed = int(table.missing.sum())
    return StudyRecord(
        name=name,
        params={
            "question": task.question,
            "treatment": task.treatment,
            "condition": task.condition,
            "outcome": task.rule.name,
            "rule": task.rule.describe(),
            "landmark": task.landmark,
            "read_with_care": " ".join(task.cautions) or None,
            "patients": len(table),
            "responders": table.responders,
            "imputed_outcomes": imputed or None,
            "imputations": task.rule.imputations if imputed else None,
            "imputed_from": ", ".join(task.rule.auxiliary) if imputed else None,
            "preparation": table.preparation.describe() if table.preparer is not None else None,
            **validation,
        },
        models_tried=models_tried,
        simulated=table.simulated,
        columns_toml=columns_toml,
        trained_on=trained_on,
        warnings=make_warnings_table(table.warnings),
    )


def make_warnings_table(warnings: Sequence[Fault]) -> pd.DataFrame:
    """Write warnings down for a run: how many patients each is about, and nobody's identifier.

    Parameters
    ----------
    warnings : sequence of Fault

    Returns
    -------
    table : DataFrame
        ``where``, ``met``, ``wanted``, ``way_out``, ``n_patients``.

    Examples
    --------
    >>> from stratify.errors import Fault
    >>> fault = Fault(where="c.csv: age", met="93 for patient P07", wanted="at most 89",
    ...               way_out="Write 90.", patients=("P07",), severity="warning")
    >>> make_warnings_table([fault])["met"].tolist()
    ['1 patient']
    """
    rows = []
    for warning in warnings:
        plain = warning.anonymous()
        count = len(warning.patients)
        rows.append((plain.where, plain.met, plain.wanted, plain.way_out, count))
    return pd.DataFrame(rows, columns=["where", "met", "wanted", "way_out", "n_patients"])


def make_model_run(
    record: StudyRecord,
    evaluation: Evaluation,
    model: FittedModel,
    explanation: Explanation,
    X: pd.DataFrame,
    *,
    examined: Sequence[Examined] = (),
) -> ModelRun:
    """Gather all that is kept of one model.

    Parameters
    ----------
    record : StudyRecord
    evaluation : Evaluation
    model : FittedModel
    explanation : Explanation
        Of the patients the model was fitted on.
    X : DataFrame
        The table the model was fitted on.
    examined : sequence of Examined
        What else was found of the model, as `stratify.evaluation.Usefulness`.
    """
    from stratify.model import write_model

    values = evaluation.to_dict()
    classifier = model.classifier
    return ModelRun(
        family=evaluation.family,
        features=evaluation.features,
        params={
            **record.params,
            "columns": len(model.columns),
            "test_share": evaluation.test_share,
            **{f"chosen_{name}": value for name, value in classifier.parameters_.items()},
            "sigmoid_intercept": classifier.intercept_,
            "sigmoid_slope": classifier.slope_,
        },
        tags={
            "certificate": "passed" if evaluation.certificate.passed else "failed",
            "models_tried": str(record.models_tried),
            "trained_on": record.trained_on.isoformat(),
        },
        metrics={
            **{name: v for name, v in values.items() if isinstance(v, float)},
            **_gather(found.metrics() for found in examined),
        },
        fold_metrics=evaluation.by_fold,
        figures={
            **_make_figures(evaluation, explanation),
            **_gather(found.figures() for found in examined),
        },
        tables={
            "metrics": evaluation.to_frame(),
            "by_fold": evaluation.by_fold,
            "chosen_by_fold": evaluation.chosen,
            "out_of_fold": evaluation.predictions,
            **_completed_tables(evaluation),
            "importance": explanation.importance(),
            "warnings": record.warnings,
            # As a patient's name is, each row's digest is written as a pseudonym.
            "rows": pd.DataFrame({"patient": digest_rows(X)}),
            "contributions": explanation.by_network().assign(base=explanation.base),
            **_gather(found.tables() for found in examined),
        },
        texts={
            "certificate.json": json.dumps(evaluation.certificate.to_dict(), indent=1),
            "explanation.md": explanation.method + "\n",
            "columns.toml": record.columns_toml,
        },
        description=_describe_model(record, evaluation, explanation),
        model=lambda folder: write_model(model, folder),
        X=X,
    )


def make_comparison(
    evaluations: Sequence[Evaluation],
    run_ids: Sequence[str],
    *,
    references: Sequence[Evaluation] = (),
) -> tuple[pd.DataFrame, Figure]:
    """Set a study's models side by side: as a table, and with their AUC intervals as a figure.

    Parameters
    ----------
    evaluations : sequence of Evaluation
    run_ids : sequence of str
        Of each.
    references : sequence of Evaluation
        Of the simple models, marked as baselines in both; they have no runs.
    """
    from stratify.metrics.plots import plot_comparison

    shown = [*evaluations, *references]
    table = pd.DataFrame(
        [
            {
                "run_id": run_id,
                "name": evaluation.name,
                "baseline": evaluation.reference is not None or evaluation.family == "prevalence",
                **evaluation.to_dict(),
            }
            for evaluation, run_id in zip(shown, [*run_ids, *("" for _ in references)], strict=True)
        ]
    )
    names = [f"{one.name} (baseline)" if one.reference else one.name for one in shown]
    drawn = table[["auc", "auc_low", "auc_high"]].set_axis(["auc", "low", "high"], axis=1)
    return table, plot_comparison(drawn.assign(name=names))


def describe_study(
    record: StudyRecord,
    evaluations: Sequence[Evaluation],
    verdict: Verdict,
    *,
    found: Sequence[str] = (),
) -> str:
    """Describe a study in markdown, for the head of its run's page: the verdict first.

    Parameters
    ----------
    record : StudyRecord
    evaluations : sequence of Evaluation
    verdict : Verdict
    found : sequence of str
        What else was looked at, a sentence a thing.
    """
    # A list, since MLflow sets the columns of a table without any space between them.
    models = [
        f"- **{e.name}**: AUC {_short(e, 'auc')}; Brier score {_short(e, 'brier')}; "
        f"calibration slope {_short(e, 'calibration_slope')}"
        for e in evaluations
    ]
    params = record.params
    return "\n".join(
        [
            *_simulated_lines(record),
            *_care_lines(record),
            f"**{verdict.words}**",
            "",
            f"{str(params['question']).capitalize()}; {params['rule']}. "
            f"{params['patients']} patients, {params['responders']} with the outcome"
            f"{_imputed_words(params)}; "
            f"{_validation_words(params)}.",
            "",
            f"Each model, with {params['level']:.0%} intervals:".replace("%", " %"),
            "",
            *models,
            *(["", "Also looked at:", "", *(f"- {sentence}" for sentence in found)] * bool(found)),
            "",
            "Research use only. Not a medical device.",
        ]
    )


def _gather(parts: Iterable[dict[str, Value]]) -> dict[str, Value]:
    return {name: value for part in parts for name, value in part.items()}


def _completed_tables(evaluation: Evaluation) -> dict[str, pd.DataFrame]:
    """Return what figures were drawn of where outcomes were imputed: each completion as repeats."""
    if evaluation.completions is None:
        return {}
    columns = ["patient", "repeat", "fold", "y", "probability", "log_odds"]
    return {COMPLETED: evaluation.judged[columns]}


def _make_figures(evaluation: Evaluation, explanation: Explanation) -> dict[str, Figure]:
    from stratify.explanation.plots import plot_beeswarm, plot_importance, plot_network_blocks
    from stratify.metrics.plots import plot_calibration, plot_roc

    repeats = "repeats" if evaluation.completions is None else "repeats and completions"
    figures = {
        "roc": plot_roc(evaluation.judged, auc=evaluation.metrics["auc"], repeats=repeats),
        "calibration": plot_calibration(evaluation.judged),
    }
    if evaluation.family != "prevalence":
        figures["importance"] = plot_importance(explanation)
        figures["beeswarm"] = plot_beeswarm(explanation)
        if any(column.networks for column in explanation.columns):
            figures["network_blocks"] = plot_network_blocks(explanation)
    return figures


def _describe_model(record: StudyRecord, evaluation: Evaluation, explanation: Explanation) -> str:
    leading = explanation.importance().query("mean_absolute > 0")["label"].head(5).tolist()
    reasons = f"Largest contributions: {', '.join(leading)}." if leading else ""
    return "\n".join(
        [
            *_simulated_lines(record),
            *_care_lines(record),
            f"AUC {evaluation.metrics['auc']}; calibration slope "
            f"{evaluation.metrics['calibration_slope']}.",
            "",
            f"{evaluation.name.capitalize()} model of the study {record.name}: "
            f"{record.params['rule']}.",
            "",
            f"{_validation_words(record.params)}. {reasons}".strip(),
        ]
    )


def _imputed_words(params: Mapping[str, object]) -> str:
    if not params.get("imputed_outcomes"):
        return ""
    return (
        f", {params['imputed_outcomes']} whose outcome is missing and was imputed "
        f"{params['imputations']} times from {params['imputed_from']}, as if missing at random "
        'given these. Run it again with missing = "nonresponse" and "response", the worst and '
        "best that can have happened"
    )


def _care_lines(record: StudyRecord) -> list[str]:
    care = record.params.get("read_with_care")
    return [f"**{care}**", ""] if care else []


def _simulated_lines(record: StudyRecord) -> list[str]:
    return ["**SIMULATED PATIENTS: not for any use with real people.**", ""] * record.simulated


def _validation_words(params: Mapping[str, object]) -> str:
    times = "once" if params["repeats"] == 1 else f"{params['repeats']} times"
    return (
        f"{params['folds']}-fold cross-validation, drawn {times}, tuned and "
        f"calibrated on {params['inner_folds']} inner folds, each {params['together']} kept "
        "together"
    )


def _short(evaluation: Evaluation, name: str) -> str:
    estimate = evaluation.metrics[name]
    if estimate.value != estimate.value:
        return "–"
    return f"{estimate.value:.3f} ({estimate.bounds})"
