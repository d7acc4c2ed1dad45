"""Honest patient stratification for combined TMS and ketamine.

The names below are the library; each is imported from its room when it is first used, so that
``import stratify`` costs nothing.

Examples
--------
>>> import stratify
>>> rule = stratify.ResponseRule(name="response", followup="madrs_week6",
...                              baseline="madrs_baseline", drop=0.5)
>>> stratify.Task(rule=rule, treatment="tms+ketamine").question
'response under treatment'
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from stratify import datasets as datasets
    from stratify.cohort import Cohort as Cohort
    from stratify.cohort import read_cohort as read_cohort
    from stratify.cohort import read_columns as read_columns
    from stratify.connectome import Connectomes as Connectomes
    from stratify.connectome import read_connectomes as read_connectomes
    from stratify.evaluation import Compute as Compute
    from stratify.evaluation import cross_validate as cross_validate
    from stratify.evaluation import cross_validate_many as cross_validate_many
    from stratify.evaluation import evaluate_references as evaluate_references
    from stratify.evaluation import make_verdict as make_verdict
    from stratify.evaluation import refit as refit
    from stratify.explanation import explain as explain
    from stratify.folds import make_folds as make_folds
    from stratify.model import ResponderClassifier as ResponderClassifier
    from stratify.model import fit_model as fit_model
    from stratify.outcome import ResponseRule as ResponseRule
    from stratify.report import build_report as build_report
    from stratify.report import build_reports as build_reports
    from stratify.report import summarise_study as summarise_study
    from stratify.report import write_report as write_report
    from stratify.schema import Column as Column
    from stratify.task import Task as Task
    from stratify.task import assemble as assemble

    __version__: str

_ROOMS = {
    "Cohort": "stratify.cohort",
    "Column": "stratify.schema",
    "Compute": "stratify.evaluation",
    "Connectomes": "stratify.connectome",
    "ResponderClassifier": "stratify.model",
    "ResponseRule": "stratify.outcome",
    "Task": "stratify.task",
    "assemble": "stratify.task",
    "build_report": "stratify.report",
    "build_reports": "stratify.report",
    "cross_validate": "stratify.evaluation",
    "cross_validate_many": "stratify.evaluation",
    "evaluate_references": "stratify.evaluation",
    "explain": "stratify.explanation",
    "fit_model": "stratify.model",
    "make_folds": "stratify.folds",
    "make_verdict": "stratify.evaluation",
    "read_cohort": "stratify.cohort",
    "read_columns": "stratify.cohort",
    "read_connectomes": "stratify.connectome",
    "refit": "stratify.evaluation",
    "summarise_study": "stratify.report",
    "write_report": "stratify.report",
}


def __getattr__(name: str) -> Any:
    """Import a public name from its room when it is first used."""
    if name == "__version__":
        from importlib.metadata import version

        value: Any = version("stratify")
    elif name == "datasets":
        from importlib import import_module

        value = import_module("stratify.datasets")
    elif name in _ROOMS:
        from importlib import import_module

        value = getattr(import_module(_ROOMS[name]), name)
    else:
        raise AttributeError(f"module 'stratify' has no attribute {name!r}")
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    """Return the public names, for completion."""
    return sorted([*_ROOMS, "__version__", "datasets"])
