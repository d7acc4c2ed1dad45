"""SHAP values beside the shap package, and the writing of runs beside one call for each number.

Run: python benchmarks/after_training.py [--rows ROW ...] [--keep] [--quick]

All of it is a small part of a study; what is shown is that it stays so.
"""

from __future__ import annotations

import os
import tempfile
import warnings
from collections.abc import Callable
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import numpy as np
import pandas as pd
from measure import Row, compare, run_rows

from stratify.explanation.explain import compute_contributions
from stratify.model import ResponderClassifier

warnings.simplefilter("ignore")


def make_rows(n: int, p: int) -> tuple[pd.DataFrame, np.ndarray]:
    rng = np.random.default_rng(0)
    X = pd.DataFrame(rng.normal(size=(n, p))).rename(columns=str)
    score = X.iloc[:, :5].sum(axis=1).to_numpy()
    return X, (score + 2 * rng.normal(size=n) > 0).astype(int)


def compare_linear(quick: bool) -> Row:
    """Explain a linear model by its formula, and by sampling as if nothing were known of it."""
    import shap

    n, p, explained = (60, 30, 4) if quick else (300, 1000, 2)
    X, y = make_rows(n, p)
    model = ResponderClassifier("ridge").fit(X, y)
    mean = X.mean().to_frame().T

    def score(rows: np.ndarray) -> np.ndarray:
        return model.decision_function(pd.DataFrame(rows, columns=X.columns))

    def explain_by_sampling() -> np.ndarray:
        explainer = shap.KernelExplainer(score, mean.to_numpy())
        some = X.iloc[:explained].to_numpy()
        return explainer.shap_values(some, silent=True, l1_reg=0.0)

    def explain_exactly() -> np.ndarray:
        return compute_contributions(model, X)[0]

    def agree(theirs: np.ndarray, ours: np.ndarray) -> str:
        worst = float(np.abs(theirs - ours[:explained]).max())
        assert worst < 1e-6, worst
        return f"contributions of {explained} patients equal to {worst:.0e}"

    return compare(
        f"SHAP, linear model, {n} patients x {p:,}",
        peer=f"shap's KernelExplainer, {explained} patients scaled up",
        theirs=explain_by_sampling,
        ours=explain_exactly,
        agree=agree,
        goal="< 10 ms",
        times=2 if quick else 1,
        theirs_scale=n / explained,
    )


def compare_trees(quick: bool) -> Row:
    """Explain trees as a study does, and as XGBoost explains itself in single precision."""
    import xgboost

    n, p = (80, 20) if quick else (1000, 300)
    X, y = make_rows(n, p)
    model = ResponderClassifier("xgboost").fit(X, y)
    trees = model.model_
    encoded = model.encoder_.transform(X)[:, trees.kept_].astype(np.float32)
    rows = xgboost.DMatrix(encoded, nthread=1)

    def explain_by_xgboost() -> np.ndarray:
        found = trees.booster_.predict(rows, pred_contribs=True)[:, :-1]
        return model.slope_ * found

    def agree(theirs: np.ndarray, ours: np.ndarray) -> str:
        worst = float(np.abs(theirs - ours[:, trees.kept_]).max())
        assert worst < 1e-4, worst
        return f"contributions equal to {worst:.0e}; ours in double precision, that they add up"

    return compare(
        f"SHAP, XGBoost, {n:,} patients x {p}",
        peer="XGBoost's pred_contribs",
        theirs=explain_by_xgboost,
        ours=lambda: compute_contributions(model, X)[0],
        agree=agree,
        goal="as the library",
        times=3,
    )


def compare_logging(quick: bool) -> Row:
    """Write runs of 20 numbers and two files: in few requests, and in one for each."""
    from mlflow.entities import RunInfo

    from stratify.tracking import open_store
    from stratify.tracking.items import make_items, write_items

    runs = 5 if quick else 125
    metrics = {f"metric_{k}": k / 7 for k in range(20)}
    texts = {"certificate.json": "{}", "explanation.md": "none"}

    with tempfile.TemporaryDirectory() as folder:
        store = open_store(folder)
        client = store.client

        def write(log: Callable[[RunInfo], None], name: str) -> list[dict[str, float]]:
            experiment = client.get_experiment_by_name(name)
            place = experiment.experiment_id if experiment else client.create_experiment(name)
            written = [client.create_run(place).info for _ in range(runs)]
            for run in written:
                log(run)
            return [client.get_run(run.run_id).data.metrics for run in written[:3]]

        def log_each(run: RunInfo) -> None:
            for name, value in metrics.items():
                client.log_metric(run.run_id, name, value)
            for name, text in texts.items():
                client.log_text(run.run_id, text, name)

        def log_together(run: RunInfo) -> None:
            items = make_items(metrics=metrics, texts=texts, key=b"a secret")
            write_items(client, run.run_id, items, home=run.artifact_uri)

        def agree(theirs: list, ours: list) -> str:
            assert theirs == ours == [metrics] * len(ours)
            return "the same numbers read back"

        return compare(
            f"MLflow, {runs} runs x 20 metrics and 2 files",
            peer="MLflow, one call each",
            theirs=lambda: write(log_each, "each"),
            ours=lambda: write(log_together, "together"),
            agree=agree,
            goal="5×",
            times=2,
        )


ROWS = {"shap-linear": compare_linear, "shap-trees": compare_trees, "mlflow": compare_logging}

if __name__ == "__main__":
    run_rows(__doc__, ROWS, Path(__file__).with_suffix(".txt"))
