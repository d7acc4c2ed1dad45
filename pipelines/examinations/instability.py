"""How far one patient's likelihood would move, had other patients been trained on."""

from __future__ import annotations

from dataclasses import replace

from pipelines.examinations.values import Attachments, Trained

SLOW = ("forest", "xgboost")
"""Families that are fitted half as often."""


def examine_instability(trained: Trained) -> Attachments:
    """Fit the best model anew on samples of its patients; its refits become its interval."""
    from stratify.evaluation import compute_instability, draw_samples, refit_samples

    settings, k = trained.study.settings, trained.best
    # With outcomes imputed, the folds' models already carry what is missing into the interval.
    if k is None or not settings.instability.refits or trained.models[k].n_imputed:
        return Attachments()
    family, table = trained.candidates[k]
    asked = settings.instability.refits
    samples = draw_samples(
        table,
        asked // 2 if family in SLOW else asked,
        inner_folds=settings.validation.inner_folds,
        seed=settings.validation.seed,
    )
    name = trained.evaluations[k].name
    if not samples:
        return Attachments(
            sentences=[
                f"Instability: the {name} model was not fitted anew on samples of its patients, "
                "since these are too few of a class for that."
            ]
        )
    with trained.progress("Fitting on samples", total=len(samples)) as step:
        (refits,) = refit_samples(
            [(family, table)],
            samples,
            inner_folds=settings.validation.inner_folds,
            seed=settings.validation.seed,
            on_fold=step,
            compute=trained.compute,
        )
    model = trained.models[k]
    found = compute_instability(
        model.classifier.decision_function(table.X),
        refits,
        table.patients,
        thresholds=settings.usefulness.thresholds,
        level=settings.validation.level,
    )
    return Attachments(
        tables={"instability_at_thresholds": found.at_thresholds},
        figures=found.figures(),
        sentences=[
            f"Instability: fitted anew on {len(refits)} samples of its patients, the {name} model "
            f"gives a patient a likelihood {100 * found.mean_change:.0f} points of 100 away, on "
            "average."
        ],
        values={"instability": {"model": name, "refits": len(refits), **found.metrics()}},
        of_models={k: [found]},
        models={k: replace(model, replicas=refits.classifiers, left_out_share=None)},
    )
