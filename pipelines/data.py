"""Read what a study's settings name: its patients, and their connectivity if it is used."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stratify.errors import DataError, Fault

if TYPE_CHECKING:
    from pipelines.study import StudySettings
    from stratify.cohort import Cohort, Dictionary
    from stratify.connectome import Connectomes
    from stratify.task import Table


def read_table(settings: StudySettings) -> tuple[Table, Dictionary]:
    """Read a study's data and make the table that answers its question.

    Returns
    -------
    table : Table
    dictionary : Dictionary
        What the columns mean, by which new patients are read.

    Raises
    ------
    DataError
        With every fault of the files; `stratify check` examines the ones behind a faulty one too.
    """
    from stratify.cohort import Dictionary, read_columns
    from stratify.task import assemble

    cohort, connectomes = read_data(settings)
    path = settings.cohort.columns
    dictionary = Dictionary.of(cohort) if path is None else read_columns(path)
    return assemble(settings.task(cohort.columns), cohort, connectomes), dictionary


def read_data(settings: StudySettings) -> tuple[Cohort, Connectomes | None]:
    """Read the patients of a study, and their connectivity where a feature set uses it."""
    section = settings.cohort
    if section.dataset is not None:
        from stratify import datasets

        fetched = datasets.fetch(section.dataset)
        return fetched.cohort, fetched.connectomes if settings.uses_connectivity else None
    from stratify.cohort import check_cohort, read_cohort, read_columns
    from stratify.connectome import read_connectomes

    assert section.file is not None
    assert section.columns is not None
    cohort = read_cohort(section.file, read_columns(section.columns))
    _stop_on_errors(check_cohort(cohort))
    connectomes = None
    if settings.connectivity is not None and settings.uses_connectivity:
        connectomes = read_connectomes(
            settings.connectivity.file, known=cohort.patients, **settings.connectivity.reading
        )
    return cohort, connectomes


def _stop_on_errors(faults: tuple[Fault, ...]) -> None:
    errors = [fault for fault in faults if fault.severity == "error"]
    if errors:
        raise DataError(errors)
