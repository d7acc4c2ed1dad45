"""How MLflow's pages first show an experiment of ours: which columns, which charts."""

from __future__ import annotations

import json

VIEW = "stratify"
"""The name of the saved view; pages are opened with it in their address."""

_COLUMNS = (
    ("tags", "study"),
    ("tags", "family"),
    ("tags", "features"),
    ("metrics", "auc"),
    ("metrics", "auc_low"),
    ("metrics", "auc_high"),
)


def experiment_tags() -> dict[str, str]:
    """Return the tags that make MLflow show an experiment as a comparison of models.

    Returns
    -------
    tags : dict
        The kind of the experiment, and a saved view (MLflow's "share" button writes the same)
        with the study, the model, and its AUC with bounds as columns, best first.
    """
    return {
        "mlflow.experimentKind": "custom_model_development",
        f"mlflow.sharedViewState.{VIEW}": json.dumps(_view(), separators=(",", ":")),
    }


def runs_page(experiment_id: str) -> str:
    """Return the address, after the server's own, of an experiment's table of models."""
    return (
        f"/#/experiments/{experiment_id}/runs"
        f"?workflowType=machine_learning&viewStateShareKey={VIEW}"
    )


def _view() -> dict[str, object]:
    return {
        "selectedColumns": [f"{kind}.`{name}`" for kind, name in _COLUMNS],
        "orderByKey": "metrics.`auc`",
        "orderByAsc": False,
    }
