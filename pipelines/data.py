"""Read what a study's settings name: its patients, and their connectivity if it is used."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, cast

from pipelines.representation import judge_networks
from stratify.errors import DataError

if TYPE_CHECKING:
    from pipelines.sections import (
        ConnectivitySection,
        QualitySection,
        TargetsSection,
        VisitsSection,
    )
    from pipelines.study import StudySettings
    from stratify.cohort import Cohort, Dictionary, WideVisits
    from stratify.connectome import Connectomes
    from stratify.folds import Fold
    from stratify.task import Table, Task
    from stratify.time_to_event import FollowedTable


@dataclass(frozen=True, slots=True, eq=False)
class StudyData:
    """What a study's files hold.

    Parameters
    ----------
    table : Table
        The patients that the question is about, with features and outcome.
    dictionary : Dictionary
        What the columns mean, by which new patients are read.
    cohort : Cohort
        Everybody in the file, also those the question is not about.
    connectomes : Connectomes or RegionalValues, or None
        Of everybody whose scan passed the gates; None where no feature set uses them.
    followed : FollowedTable or None
        The same table with times and events, where the outcome is censored.
    """

    table: Table
    dictionary: Dictionary
    cohort: Cohort
    connectomes: Connectomes | None
    followed: FollowedTable | None = None


def read_table(settings: StudySettings) -> StudyData:
    """Read a study's data and make the table that answers its question.

    Raises
    ------
    DataError
        With every fault of the files; `stratify check` examines the ones behind a faulty one too.
    """
    from stratify.cohort import Dictionary, read_columns

    cohort, connectomes = read_data(settings)
    path = settings.cohort.columns
    dictionary = Dictionary.of(cohort) if path is None else read_columns(path)
    if settings.visits is not None or settings.targets is not None:
        # New patients come in one table, visits and targets beside what else is known of them.
        dictionary = Dictionary.of(cohort, patient=dictionary.patient.name)
    task = settings.task(cohort.columns)
    table, followed = assemble_outcome(settings, task, cohort, connectomes)
    errors = [fault for fault in judge_networks(table) if fault.severity == "error"]
    if errors:
        raise DataError(errors)
    return StudyData(table, dictionary, cohort, connectomes, followed)


def assemble_outcome(
    settings: StudySettings, task: Task, cohort: Cohort, connectomes: Connectomes | None
) -> tuple[Table, FollowedTable | None]:
    """Make the table that answers a study's question; and with it the times, of a censored one."""
    how: dict[str, Any] = {
        "preparation": settings.preparation.make(),
        "scheme": settings.validation.scheme,
        "by": settings.validation.by,
    }
    if settings.time_to_event is None:
        from stratify.task import assemble

        return assemble(task, cohort, connectomes, **how), None
    from stratify.time_to_event import assemble_followed

    outcome = settings.time_to_event.make()
    followed = assemble_followed(task, outcome, cohort, connectomes, **how)
    return followed.table, followed


def read_data(settings: StudySettings) -> tuple[Cohort, Connectomes | None]:
    """Read the patients of a study, and their connectivity where a feature set uses it."""
    from stratify.cohort import examine_cohort, read_cohort, read_columns

    section = settings.cohort
    if section.dataset is not None:
        from stratify import datasets

        fetched = datasets.fetch(section.dataset)
        cohort = examine_cohort(fetched.cohort)
        scans = fetched.connectomes if settings.uses_connectivity else None
        return cohort, gate_scans(settings.quality, cast("Connectomes | None", scans))
    assert section.file is not None
    assert section.columns is not None
    cohort = read_cohort(section.file, read_columns(section.columns), format=section.format)
    known = cohort.patients
    if settings.visits is not None:
        cohort = join_visits(settings.visits, cohort)[0]
    if settings.targets is not None and settings.uses_connectivity:
        cohort = join_targets(settings.targets, cohort)
    cohort = examine_cohort(cohort)
    connectomes = None
    if settings.connectivity is not None and settings.uses_connectivity:
        connectomes = read_scans(settings.connectivity, known)
    return cohort, gate_scans(settings.quality, connectomes)


def read_scans(section: ConnectivitySection, known: Collection[str] | None) -> Connectomes:
    """Read the connectivity a section names, or its regional values.

    A task and the gates look only at what the two have in common: patients, features, quality.
    """
    from stratify.connectome import read_connectomes, read_regional_values

    if section.is_regional:
        values = read_regional_values(section.file, known=known, **section.reading)
        return cast("Connectomes", values)
    return read_connectomes(section.file, known=known, **section.reading)


def join_targets(section: TargetsSection, cohort: Cohort) -> Cohort:
    """Put what is computed of each patient's stimulation target beside what else is known."""
    from stratify.connectome import compute_target_features, read_targets

    targets = read_targets(
        section.file, known=cohort.patients, patient_column=section.patient_column
    )
    features = compute_target_features(
        targets,
        site=section.site,
        site_name=section.site_name,
        connectivity=section.map,
        seed=section.seed or "",
        brain=section.brain,
    )
    joined = cohort.join(features.frame, features.columns)
    return replace(joined, warnings=(*joined.warnings, *targets.warnings))


def find_atlas(connectomes: Connectomes | None) -> str:
    """Return the atlas that the files of scans themselves name; derivatives do."""
    return getattr(connectomes, "atlas", "") if getattr(connectomes, "producer", "") else ""


def gate_scans(section: QualitySection, connectomes: Connectomes | None) -> Connectomes | None:
    """Leave out the scans that do not pass the study's gates, and warn of them."""
    if connectomes is None or not section.gates:
        return connectomes
    from stratify.connectome import apply_quality_gates

    passed, faults = apply_quality_gates(connectomes, **section.gates)
    return replace(passed, warnings=(*passed.warnings, *faults))


def draw_folds(settings: StudySettings, table: Table) -> tuple[Fold, ...]:
    """Draw the outer folds; and the inner folds of the first repeat's, to see that they can be.

    Raises
    ------
    DataError
        If there are too few patients of a class for either.
    """
    from stratify import folds

    asked = settings.validation
    return folds.draw_folds(
        table,
        folds=asked.folds,
        repeats=asked.repeats,
        inner_folds=asked.inner_folds,
        seed=asked.seed,
    )


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
