"""Examine everything a study names, and tell every fault at once."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar, cast

from pipelines.candidates import is_blind, list_candidates
from pipelines.data import (
    assemble_outcome,
    draw_folds,
    gate_scans,
    join_targets,
    join_visits,
    read_scans,
)
from pipelines.progress import Progress, quiet
from pipelines.representation import count_columns, judge_networks
from pipelines.sections import (
    CohortSection,
    ConnectivitySection,
    QualitySection,
    TargetsSection,
    VisitsSection,
)
from pipelines.sets import choose_sets
from pipelines.settings import ExaminedSettings, StudySettings, examine_settings
from pipelines.support import Outlook, plan_support
from stratify.errors import DataError, Fault, group_faults

if TYPE_CHECKING:
    import pandas as pd

    from stratify.cohort import Cohort
    from stratify.connectome import Connectomes
    from stratify.task import Table

Made = TypeVar("Made")


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What a study without faults will do.

    Parameters
    ----------
    question : str
        In one sentence.
    flow : tuple of (str, int)
        How many patients were left after each step.
    patients, responders : int
    imputed : int
        Patients whose outcome is missing and will be imputed.
    features : mapping of str to int
        How many columns each feature set has.
    models : mapping of str to tuple of str
        The feature sets that each family is fitted on; none of the prevalence.
    scheme : str
    folds, repeats, inner_folds : int
    together : str
    simulated : bool
    outlook : Outlook or None
        What so many patients support; not told of a censored outcome.
    counted : str
        What ``responders`` counts.
    """

    question: str
    flow: tuple[tuple[str, int], ...]
    patients: int
    responders: int
    imputed: int
    features: Mapping[str, int]
    models: Mapping[str, tuple[str, ...]]
    scheme: str
    folds: int
    repeats: int
    inner_folds: int
    together: str
    simulated: bool
    outlook: Outlook | None = None
    counted: str = "responders"

    @property
    def runs(self) -> int:
        """One for each family and feature set; one for the prevalence, which uses no feature."""
        return sum(max(len(sets), 1) for sets in self.models.values())

    def to_dict(self) -> dict[str, object]:
        """Return the plan as plain values, for JSON."""
        return {
            "question": self.question,
            "flow": [[step, count] for step, count in self.flow],
            "patients": self.patients,
            "responders": self.responders,
            "imputed": self.imputed,
            "simulated": self.simulated,
            "features": dict(self.features),
            "families": list(self.models),
            "scheme": self.scheme,
            "folds": self.folds,
            "repeats": self.repeats,
            "inner_folds": self.inner_folds,
            "together": self.together,
            "runs": self.runs,
            "outlook": None if self.outlook is None else self.outlook.to_dict(),
        }

    def words(self) -> str:
        """Return the plan in words."""
        who = "simulated patients" if self.simulated else "patients"
        flow = ", ".join(f"{count} {step}" for step, count in self.flow)
        imputed = f", {self.imputed} with an imputed outcome" if self.imputed else ""
        sets = ", ".join(f"{name} ({count})" for name, count in self.features.items())
        models = [
            f"{family} on {'each of ' if len(on) > 1 else ''}{', '.join(on)}" if on else family
            for family, on in self.models.items()
        ]
        return (
            f"{self.question}\n"
            f"{self.patients} {who}, {self.responders} of them {self.counted}{imputed}: {flow}.\n"
            f"Features: {sets}.\n"
            f"{self._describe_folds()}, each {self.together} kept together; "
            f"{self._describe_inner()} for tuning and calibration.\n"
            f"{self.runs} run{'' if self.runs == 1 else 's'}: {'; '.join(models)}."
            + ("" if self.outlook is None else f"\n{self.outlook.words()}")
        )

    def _describe_inner(self) -> str:
        if self.scheme in ("stratified", "temporal"):
            return f"{self.inner_folds} inner folds"
        unit = "sites" if "site" in self.scheme else "trials"
        return f"inner folds of whole {unit}, or {self.inner_folds} of patients where few are left,"

    def _describe_folds(self) -> str:
        if self.scheme == "temporal":
            return f"{self.folds} folds, each trained on earlier patients"
        if self.scheme != "stratified":
            return f"{self.folds} folds ({self.scheme})"
        times = "once" if self.repeats == 1 else f"{self.repeats} times"
        return f"{self.folds} folds drawn {times}"


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckResult:
    """What was found in a study's files.

    Parameters
    ----------
    study : str
        The study's name, or its file's where that could not be read.
    errors, warnings : tuple of Fault
    not_examined : tuple of str
        What could not be looked at because of an error elsewhere, and why.
    plan : Plan or None
        None where an error stops the study.
    baseline_used : DataFrame or None
        Which value is the baseline of whom, where the study has visits in a file of their own.
    each : bool
        Whether words tell each finding by itself; those of one kind are told in one line, if not.
    """

    study: str
    errors: tuple[Fault, ...]
    warnings: tuple[Fault, ...]
    not_examined: tuple[str, ...]
    plan: Plan | None
    baseline_used: pd.DataFrame | None = None
    each: bool = False

    @property
    def ok(self) -> bool:
        """Whether the study can run."""
        return not self.errors

    def to_dict(self) -> dict[str, object]:
        """Return the result as plain values, for JSON."""
        return {
            "study": self.study,
            "ok": self.ok,
            "errors": [fault.to_dict() for fault in self.errors],
            "warnings": [fault.to_dict() for fault in self.warnings],
            "not_examined": list(self.not_examined),
            "plan": None if self.plan is None else self.plan.to_dict(),
            **self._baselines(),
        }

    def _baselines(self) -> dict[str, object]:
        if self.baseline_used is None:
            return {}
        table = self.baseline_used.assign(date=self.baseline_used["date"].astype(str))
        return {"baseline_used": table.to_dict("records")}

    def told(self, faults: Sequence[Fault]) -> tuple[object, ...]:
        """Return faults as they are told: each, or those of one kind together."""
        return tuple(faults) if self.each else group_faults(faults)

    def words(self) -> str:
        """Return the result in words; the errors themselves are told apart from it."""
        parts = [f"{self.study}: {_count(self.errors, 'error')}."]
        if self.plan is not None:
            parts.append(self.plan.words())
        warnings = self.told(self.warnings)
        parts += [f"Warning: {fault}" for fault in warnings]
        if len(warnings) < len(self.warnings):
            parts.append(f"({len(self.warnings)} warnings in all; --all tells each by itself.)")
        parts += [f"Not examined: {what}" for what in self.not_examined]
        return "\n".join(parts)


def check(
    study: Path,
    *,
    overrides: Sequence[str] = (),
    each: bool = False,
    progress: Progress = quiet,
) -> CheckResult:
    """Examine a study file and every file it names.

    A faulty file does not keep the next one from being examined. No model is fitted.

    Parameters
    ----------
    study : Path
        The study file.
    overrides : sequence of str
        ``"validation.repeats=10"``.
    each : bool
        As of `CheckResult`.
    """
    found = _Findings()
    examined = examine_settings(study, overrides)
    found.faults += examined.faults
    plan = None
    with progress("Examining the study's files"):
        if not examined.sections:
            found.skip("the files it names", "the study file could not be read")
        else:
            plan = _examine(examined, found)
    name = study.name if examined.settings is None else examined.settings.study.name
    faults = tuple(dict.fromkeys(found.faults))
    return CheckResult(
        study=name,
        errors=tuple(fault for fault in faults if fault.severity == "error"),
        warnings=tuple(fault for fault in faults if fault.severity == "warning"),
        not_examined=tuple(found.not_examined),
        plan=None if found.faulty else plan,
        baseline_used=found.baseline_used,
        each=each,
    )


def _examine(examined: ExaminedSettings, found: _Findings) -> Plan | None:
    """Examine each file for itself and, if nothing is wrong with any, all of them together."""
    cohort, connectomes = _read_data(
        examined.sections.get("cohort"),
        examined.sections.get("connectivity"),
        examined.sections.get("visits"),
        examined.sections.get("quality", QualitySection()),
        examined.sections.get("targets"),
        found,
    )
    if examined.settings is None:
        found.skip("the study as a whole", "the study file has errors")
    elif found.faulty or cohort is None:
        found.skip("the study as a whole", "its files have errors")
    else:
        return _make_plan(examined.settings, cohort, connectomes, found)
    return None


@dataclass
class _Findings:
    """What has been found so far."""

    faults: list[Fault] = field(default_factory=list)
    not_examined: list[str] = field(default_factory=list)
    baseline_used: pd.DataFrame | None = None

    @property
    def faulty(self) -> bool:
        return any(fault.severity == "error" for fault in self.faults)

    def skip(self, what: str, why: str) -> None:
        self.not_examined.append(f"{what}, because {why}.")

    def of(self, make: Callable[[], Made]) -> Made | None:
        """Return what is made, or None and keep the faults."""
        try:
            return make()
        except DataError as error:
            self.faults += error.faults
            return None


def _read_data(
    cohort: object,
    connectivity: object,
    visits: object,
    quality: object,
    targets: object,
    found: _Findings,
) -> tuple[Cohort | None, Connectomes | None]:
    patients: Cohort | None = None
    connectomes: Connectomes | None = None
    if not isinstance(cohort, CohortSection):
        found.skip("the patients", "the study file does not say rightly where they are")
    elif cohort.dataset is not None:
        patients, connectomes = _fetch(cohort.dataset, found)
    else:
        patients = _read_cohort(cohort, found)
    known = patients
    if isinstance(visits, VisitsSection):
        patients = _join_visits(visits, patients, found)
    if isinstance(targets, TargetsSection) and patients is not None:
        without = patients
        patients = found.of(lambda: join_targets(targets, without))
    if isinstance(connectivity, ConnectivitySection):
        connectomes = _read_connectomes(connectivity, known, found)
    if isinstance(quality, QualitySection) and connectomes is not None:
        scans = connectomes
        connectomes = found.of(lambda: gate_scans(quality, scans))
    if patients is not None:
        from stratify.cohort import check_cohort

        found.faults += check_cohort(patients)
    for data in (patients, connectomes):
        found.faults += () if data is None else data.warnings
    return patients, connectomes


def _fetch(dataset: str, found: _Findings) -> tuple[Cohort | None, Connectomes | None]:
    from stratify import datasets

    fetched = found.of(lambda: datasets.fetch(dataset))
    return (
        (None, None)
        if fetched is None
        else (
            fetched.cohort,
            cast("Connectomes | None", fetched.connectomes),
        )
    )


def _read_cohort(section: CohortSection, found: _Findings) -> Cohort | None:
    from stratify.cohort import read_cohort, read_columns

    file, dictionary = section.file, section.columns
    assert file is not None
    assert dictionary is not None
    columns = found.of(lambda: read_columns(dictionary))
    if columns is not None:
        return found.of(lambda: read_cohort(file, columns, format=section.format))
    if file.exists():
        found.skip(file.name, f"{dictionary.name} has errors")
    else:
        found.faults.append(
            Fault(
                where=str(file),
                met="there is no such file",
                wanted="cohort.file is the table of patients",
                way_out="Correct cohort.file; a path is found from the study file's folder.",
            )
        )
    return None


def _join_visits(section: VisitsSection, cohort: Cohort | None, found: _Findings) -> Cohort | None:
    if cohort is None:
        found.skip(section.file.name, "the table of patients has errors")
        return None
    joined = found.of(lambda: join_visits(section, cohort))
    if joined is None:
        return None
    found.baseline_used = joined[1].baseline_used
    return joined[0]


def _read_connectomes(
    section: ConnectivitySection, cohort: Cohort | None, found: _Findings
) -> Connectomes | None:
    known = None if cohort is None else cohort.patients
    return found.of(lambda: read_scans(section, known))


def _make_plan(
    settings: StudySettings, cohort: Cohort, connectomes: Connectomes | None, found: _Findings
) -> Plan | None:
    task = found.of(lambda: settings.task(cohort.columns))
    if task is None:
        return None
    used = connectomes if settings.uses_connectivity else None
    asked = settings.validation
    made = found.of(lambda: assemble_outcome(settings, task, cohort, used))
    if made is None:
        return None
    table, followed = made
    found.faults += (*table.warnings, *judge_networks(table))
    names = settings.feature_sets(table.has)
    if followed is not None:
        names = found.of(lambda: choose_sets(settings, followed)) or ()
    sets = [
        narrowed
        for name in names
        if (narrowed := found.of(lambda name=name: table.select(name))) is not None  # type: ignore[misc]
    ]
    counted = found.of(lambda: count_columns(sets))
    found.faults += counted[1] if counted else ()
    listed = None
    if followed is None and sets:
        listed = found.of(lambda: list_candidates(settings.models.families, sets))
    found.faults += listed[1] if listed else ()
    models = _group_models(listed[0] if listed else ())
    drawn = found.of(lambda: draw_folds(settings, table))
    return Plan(
        question=table.task.describe() if followed is None else followed.describe(),
        flow=table.flow,
        patients=len(table),
        responders=table.responders,
        imputed=int(table.missing.sum()),
        features=counted[0] if counted else {},
        models=models if followed is None else {"cox": tuple(one.features for one in sets)},
        scheme=asked.scheme,
        folds=asked.folds if drawn is None else len({fold.number for fold in drawn}),
        repeats=asked.repeats if drawn is None else len({fold.repeat for fold in drawn}),
        inner_folds=asked.inner_folds,
        together=asked.together,
        simulated=table.simulated,
        outlook=plan_support(sets, settings.planning.expected_auc, counted[0] if counted else {})
        if sets and followed is None
        else None,
        counted="responders" if followed is None else followed.describe_events(),
    )


def _group_models(candidates: Sequence[tuple[str, Table]]) -> dict[str, tuple[str, ...]]:
    """Return the feature sets of each family."""
    models: dict[str, tuple[str, ...]] = {}
    for family, table in candidates:
        on = () if is_blind(family) else (table.features,)
        models[family] = models.get(family, ()) + on
    return models


def _count(things: Sequence[object], noun: str) -> str:
    return f"{len(things) or 'no'} {noun}{'' if len(things) == 1 else 's'}"
