"""What is kept of a model that was validated elsewhere, and of one brought into line there."""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from stratify.evaluation import CheckedRecalibration, ExternalValidation
    from stratify.metrics import Estimate
    from stratify.model import FittedModel
    from stratify.task import Table
    from stratify.tracking import LoadedRun, ModelRun


def read_internal(loaded: LoadedRun, names: Iterable[str]) -> dict[str, Estimate]:
    """Read what cross-validation within the study found, of those figures that the run has."""
    from stratify.metrics import Estimate

    metrics, level, unknown = loaded.metrics, float(loaded.params["level"]), float("nan")
    return {
        name: Estimate(
            metrics[name],
            metrics.get(f"{name}_low", unknown),
            metrics.get(f"{name}_high", unknown),
            level,
        )
        for name in names
        if name in metrics
    }


def list_figures(
    names: Iterable[str], internal: Mapping[str, Estimate], external: Mapping[str, Estimate]
) -> list[str]:
    """List figures within the study and here, under a head, as a terminal shows them."""
    head = f"{'':24}{'within the study':28}here"
    return [head] + [
        f"{name.replace('_', ' '):24}{_short(internal.get(name)):28}{_short(external[name])}"
        for name in names
    ]


def _short(estimate: Estimate | None) -> str:
    if estimate is None or estimate.value != estimate.value:
        return "-"
    return f"{estimate.value:.3f} ({estimate.bounds})"


def read_texts(loaded: LoadedRun) -> dict[str, str]:
    """Read what a recalibrated model keeps of the one it was made from."""
    return {
        name: (loaded.folder / name).read_text(encoding="utf-8")
        for name in ("columns.toml", "explanation.md", "certificate.json")
    }


def make_validation_run(loaded: LoadedRun, validation: ExternalValidation) -> ModelRun:
    """Gather the figures of a model among patients who took no part in making it."""
    from stratify.metrics import flatten_estimates
    from stratify.tracking import ModelRun

    assert loaded.model is not None
    worth = validation.usefulness
    return ModelRun(
        family=loaded.tags["family"],
        features=loaded.tags["features"],
        params={
            "cohort": validation.cohort,
            "patients": validation.patients,
            "responders": validation.responders,
            "level": loaded.params["level"],
        },
        tags={
            "validated_run": loaded.reference.run_id,
            "finding": validation.finding,
            "advice": validation.advice or "none",
        },
        metrics={
            **validation.drop.to_dict("auc_drop"),
            **flatten_estimates(validation.external),
            **worth.metrics(),
        },
        figures=worth.figures(),
        tables={
            "internal_and_external": validation.to_frame(),
            "predictions": validation.predictions,
            **worth.tables(),
        },
        description=validation.words,
    )


def make_recalibrated_run(
    loaded: LoadedRun,
    model: FittedModel,
    table: Table,
    checked: CheckedRecalibration,
    validation_run: str,
) -> ModelRun:
    """Gather all that is kept of a recalibrated model, as of the one it was made from."""
    import pandas as pd

    from stratify.explanation import explain
    from stratify.metrics import flatten_estimates
    from stratify.model import write_model
    from stratify.tracking import ModelRun, digest_rows

    explanation = explain(model, table.X)
    learned = checked.recalibration
    return ModelRun(
        family=loaded.tags["family"],
        features=loaded.tags["features"],
        params={
            **loaded.params,
            "patients": len(table),
            "responders": learned.events,
            "folds": checked.folds,
            "repeats": 1,
            "scheme": "stratified",
            "recalibrated": learned.method,
            "recalibration_intercept": learned.intercept.value,
            "recalibration_slope": learned.slope.value,
        },
        tags={
            "recalibrated_from": loaded.reference.run_id,
            "validation_run": validation_run,
            "models_tried": loaded.tags["models_tried"],
            "certificate": loaded.tags["certificate"],
            "trained_on": datetime.date.today().isoformat(),
        },
        metrics=flatten_estimates(checked.estimates),
        tables={
            "out_of_fold": checked.predictions,
            "rows": pd.DataFrame({"patient": digest_rows(model.align(table.X))}),
            "importance": explanation.importance(),
            "warnings": pd.read_csv(loaded.folder / "tables" / "warnings.csv"),
            "contributions": explanation.by_network().assign(base=explanation.base),
        },
        texts=read_texts(loaded),
        description=f"Recalibrated ({learned}) to {table.name}, from run "
        f"{loaded.reference.run_id}. The figures are of patients whom the recalibration was not "
        "learned from.",
        model=lambda folder: write_model(model, folder),
        X=model.align(table.X),
    )
