"""How MLflow's pages first show an experiment of ours: which columns, which charts.

MLflow keeps such a choice as JSON, whether a reader made it (in the browser) or shared it (as a tag
of the experiment). We write the tag; `stratify.tracking.pages` hands it to the browser.
"""

from __future__ import annotations

import json

from stratify.metrics.estimates import METRICS

VIEW = "stratify"
VIEW_TAG = f"mlflow.sharedViewState.{VIEW}"

# Columns of the table of runs, in MLflow's names, with their width in pixels.
_COLUMNS = {
    "attributes.`Run Name`": 210,
    "tags.`study`": 130,
    "tags.`family`": 95,
    "tags.`features`": 105,
    "metrics.`auc`": 75,
    "metrics.`auc_low`": 80,
    "metrics.`auc_high`": 85,
    "metrics.`brier`": 75,
    "metrics.`calibration_slope`": 130,
    "runDateAndNestInfo": 150,
    "attributes.`Dataset`": 230,
    "duration": 85,
}
_ALWAYS_THERE = ("attributes.`Run Name`", "runDateAndNestInfo", "duration")

# Sections of the chart page. MLflow itself would put the folds first and the bounds among the
# estimates, in the order of the alphabet.
_SECTIONS = {"Model metrics": True, "Bounds": False, "fold": False, "System metrics": False}


def experiment_tags() -> dict[str, str]:
    """Return the tags that make MLflow show an experiment as a comparison of models.

    Returns
    -------
    tags : dict
        The kind of the experiment, and the first view of it: the latest study first, with its
        models' AUC and bounds as columns; charts of the estimates first, those of their bounds and
        of the folds folded away.
    """
    return {
        "mlflow.experimentKind": "custom_model_development",
        VIEW_TAG: json.dumps(_view(), separators=(",", ":")),
    }


def runs_page(experiment_id: str) -> str:
    """Return the part of an address, from its ``#``, that is an experiment's table of models."""
    return f"#/experiments/{experiment_id}/runs"


def shared_runs_page(experiment_id: str) -> str:
    """Return the same for a server of others, whose address must say all there is to say."""
    return f"{runs_page(experiment_id)}?workflowType=machine_learning&viewStateShareKey={VIEW}"


def _view() -> dict[str, object]:
    return {
        "orderByKey": "attributes.start_time",
        "orderByAsc": False,
        "selectedColumns": [column for column in _COLUMNS if column not in _ALWAYS_THERE],
        "columnOrder": list(_COLUMNS),
        "columnWidths": _COLUMNS,
        "runsHiddenMode": "FIRST_10_RUNS",
        "isAccordionReordered": True,
        "compareRunSections": [_section(name, shown) for name, shown in _SECTIONS.items()],
        "compareRunCharts": [_bars(metric, "Model metrics") for metric in METRICS]
        + [_bars(metric + end, "Bounds") for metric in METRICS for end in ("_low", "_high")],
    }


def _section(name: str, shown: bool) -> dict[str, object]:
    return {
        "uuid": name,
        "name": name,
        "display": shown,
        "isReordered": True,
        "deleted": False,
        "isGenerated": False,
    }


def _bars(metric: str, section: str) -> dict[str, object]:
    return {
        "uuid": f"{section} {metric}",
        "type": "BAR",
        "metricKey": metric,
        "displayName": metric,
        "metricSectionId": section,
        "runsCountToCompare": 10,
        "deleted": False,
        "isGenerated": False,
    }
