"""MLflow: studies and their models written, found again, and shown.

The only room that imports mlflow.
"""

from stratify.tracking.known import COMPLETED, KnownPatients, digest_rows, find_known
from stratify.tracking.pseudonyms import find_identifiers, pseudonymise
from stratify.tracking.reading import (
    LoadedRun,
    RunReference,
    StudyEntry,
    ValidationEntry,
    add_to_run,
    find_run,
    list_models,
    list_studies,
    list_validations,
    load_run,
)
from stratify.tracking.records import (
    Examined,
    StudyRecord,
    describe_study,
    make_comparison,
    make_model_run,
    make_study_record,
)
from stratify.tracking.store import Store, open_store
from stratify.tracking.study import ModelRun, StudyRun, join_study, mark_dead_runs, start_study
from stratify.tracking.tried import Tried, find_tried
from stratify.tracking.ui import serve_ui

__all__ = [
    "COMPLETED",
    "Examined",
    "KnownPatients",
    "LoadedRun",
    "ModelRun",
    "RunReference",
    "Store",
    "StudyEntry",
    "StudyRecord",
    "StudyRun",
    "Tried",
    "ValidationEntry",
    "add_to_run",
    "describe_study",
    "digest_rows",
    "find_identifiers",
    "find_known",
    "find_run",
    "find_tried",
    "join_study",
    "list_models",
    "list_studies",
    "list_validations",
    "load_run",
    "make_comparison",
    "make_model_run",
    "make_study_record",
    "mark_dead_runs",
    "open_store",
    "pseudonymise",
    "serve_ui",
    "start_study",
]
