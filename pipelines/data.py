"""Read what a study's settings name: its patients, and their connectivity if it is used."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stratify.errors import DataError, Fault

if TYPE_CHECKING:
    from pipelines.study import StudySettings, VisitsSection
    from stratify.cohort import Cohort, Dictionary, WideVisits
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
    if settings.visits is not None:
        # New patients come in one table, their visits beside what else is known of them.
        dictionary = Dictionary.of(cohort, patient=dictionary.patient.name)
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
    cohort = read_cohort(section.file, read_columns(section.columns), format=section.format)
    if settings.visits is not None:
        cohort = join_visits(settings.visits, cohort)[0]
    _stop_on_errors(check_cohort(cohort))
    connectomes = None
    if settings.connectivity is not None and settings.uses_connectivity:
        connectomes = read_connectomes(
            settings.connectivity.file, known=cohort.patients, **settings.connectivity.reading
        )
    return cohort, connectomes


def join_visits(section: VisitsSection, cohort: Cohort) -> tuple[Cohort, WideVisits]:
    """Read a study's visits and put them beside its patients.

    Returns
    -------
    cohort : Cohort
        One row a patient, or one for each treatment period.
    wide : WideVisits
        The visits, and which value is the baseline of whom.
    """
    from stratify.cohort import add_visits, make_sessions, make_wide, read_visits

    sessions = None
    if section.first_session is not None:
        sessions = make_sessions(
            cohort, first_session=section.first_session, last_session=section.last_session
        )
    visits = read_visits(
        section.file,
        format=section.format,
        sessions=section.sessions if sessions is None else sessions,
        planned=section.days,
        known=cohort.patients,
        on_first_day=section.on_first_day,
        last_day=section.last_day,
    )
    wide = make_wide(visits, row=section.row)
    return add_visits(cohort, wide), wide


def _stop_on_errors(faults: tuple[Fault, ...]) -> None:
    errors = [fault for fault in faults if fault.severity == "error"]
    if errors:
        raise DataError(errors)
