"""How often the interval of one patient holds what models of other patients would say of them.

For each of many simulated studies a model is fitted on all patients, on its outer folds, and on
bootstrap samples. Truth is what the models of all studies say on average of a fresh patient: the
interval shows how far a patient's likelihood would move with other training patients. Run with

    python benchmarks/patient_interval.py --studies 40 --patients 200
"""

import argparse

import numpy as np
from scipy import stats

from stratify.datasets import make_cohort
from stratify.evaluation import cross_validate_many, refit_many
from stratify.evaluation.instability import draw_samples, refit_samples
from stratify.folds import make_folds
from stratify.outcome import ResponseRule
from stratify.task import Task, assemble

RULE = ResponseRule(name="response", followup="madrs_week6", baseline="madrs_baseline", drop=0.5)
TASK = Task(rule=RULE, treatment="tms+ketamine")
Z = stats.norm.ppf(0.975)


def make_table(patients, seed, regions, labelled=True):
    made = make_cohort("realistic", patients=patients, seed=seed, regions=regions)
    return assemble(TASK, made.cohort, labelled=labelled)


def study(families, table, fresh, refits, seed):
    """Return what one study says of fresh patients: (family, model, fold models, refits)."""
    candidates = [(family, table) for family in families]
    folds = make_folds(table.y, table.groups, folds=5, repeats=4, seed=seed)
    evaluations = cross_validate_many(candidates, folds, seed=seed)
    models = refit_many(evaluations, [table] * len(candidates), seed=seed)
    samples = draw_samples(table, refits, inner_folds=5, seed=seed)
    drawn = refit_samples(candidates, samples, seed=seed)
    for family, evaluation, model, one in zip(families, evaluations, models, drawn, strict=True):
        X = model.align(fresh.X)

        def ask(classifiers, X=X):
            return np.array([c.decision_function(X) for c in classifiers])

        yield family, ask([model.classifier])[0], ask(evaluation.replicas), ask(one.classifiers)


def intervals(model, folds, refits):
    """Return low and high by method."""
    jackknife = Z * np.sqrt(4 * ((folds - model) ** 2).mean(axis=0))
    spread = Z * refits.std(axis=0, ddof=1)
    about = Z * np.sqrt(((refits - model) ** 2).mean(axis=0))
    low, high = np.quantile(refits, [0.025, 0.975], axis=0)
    some = refits[:50]
    fewer = Z * some.std(axis=0, ddof=1)
    both = np.maximum(jackknife, spread)
    return {
        "outer folds, delete-d jackknife": (model - jackknife, model + jackknife),
        "refits, standard deviation": (model - spread, model + spread),
        "the first 50 refits": (model - fewer, model + fewer),
        "refits, about the model": (model - about, model + about),
        "refits, percentiles": (low, high),
        "refits, reflected percentiles": (2 * model - high, 2 * model - low),
        "the wider of the first two": (model - both, model + both),
    }


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--studies", type=int, default=40)
    parser.add_argument("--patients", type=int, default=200)
    parser.add_argument("--fresh", type=int, default=300)
    parser.add_argument("--refits", type=int, default=100)
    parser.add_argument("--families", default="logistic,svm")
    asked = parser.parse_args()
    families = asked.families.split(",")
    fresh = make_table(asked.fresh, 10_000, 12, labelled=False)
    found = {family: [] for family in families}
    sizes = []
    for seed in range(asked.studies):
        # About half of the simulated patients have both treatments.
        table = make_table(int(asked.patients / 0.46), seed, 12)
        sizes.append(len(table))
        for family, *said in study(families, table, fresh, asked.refits, seed):
            found[family].append(said)
    print(f"{asked.studies} studies of about {np.mean(sizes):.0f} patients, {asked.refits} refits")
    for family, every in found.items():
        models = np.array([model for model, _, _ in every])
        print(
            f"\n{family}: standard deviation over studies {models.std(axis=0, ddof=1).mean():.3f}"
        )
        print(f"{'':34}{'covers':>8}{'half-width':>12}{'holds itself':>14}")
        held = {}
        for k, (model, folds, refits) in enumerate(every):
            truth = np.delete(models, k, axis=0).mean(axis=0)
            for name, (low, high) in intervals(model, folds, refits).items():
                held.setdefault(name, []).append(
                    (
                        ((low <= truth) & (truth <= high)).mean(),
                        ((high - low) / 2).mean(),
                        ((low <= model) & (model <= high)).mean(),
                    )
                )
        for name, rows in held.items():
            covers, width, itself = np.mean(rows, axis=0)
            print(f"{name:34}{covers:8.1%}{width:12.3f}{itself:14.1%}")


if __name__ == "__main__":
    main()
