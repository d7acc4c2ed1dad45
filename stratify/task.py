"""The question of a study, and the table that answers it: X, y, groups, for whom, under what."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from typing import Literal, get_args

import numpy as np
import pandas as pd

from stratify.cohort import Cohort
from stratify.connectome import Connectomes
from stratify.errors import DataError, Fault
from stratify.outcome import ResponseRule, compute_response
from stratify.schema import Column

Question = Literal["response under treatment", "prognosis", "diagnosis"]
QUESTIONS: tuple[str, ...] = get_args(Question)
FeatureSet = Literal["clinical", "connectivity", "both"]
FEATURE_SETS: tuple[str, ...] = get_args(FeatureSet)
Together = Literal["patient", "family", "site"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """What a study asks, of whom.

    Parameters
    ----------
    rule : ResponseRule
        What counts as the outcome.
    question : {"response under treatment", "prognosis", "diagnosis"}
        It decides what a report may say: a likely improvement *under* a treatment, the likely
        course whatever is given, or the group a patient belongs to. None of them is a claim that a
        treatment is the cause.
    treatment : str, optional
        The arm whose patients are studied; needed for "response under treatment".
    condition : str, optional
        The condition whose patients are studied; all, where none is named.
    clinical : tuple of str, optional
        The clinical columns to use; every baseline feature, where none are named.
    together : {"patient", "family", "site"}
        What a fold never splits.

    Examples
    --------
    >>> rule = ResponseRule(name="response", followup="madrs_week6", baseline="madrs_baseline",
    ...                     drop=0.5)
    >>> Task(rule=rule, treatment="tms+ketamine", condition="depression").question
    'response under treatment'
    """

    rule: ResponseRule
    question: Question = "response under treatment"
    treatment: str | None = None
    condition: str | None = None
    clinical: tuple[str, ...] | None = None
    together: Together = "patient"

    def __post_init__(self) -> None:
        if self.question not in QUESTIONS:
            raise DataError(
                Fault(
                    where="task.question",
                    met=repr(self.question),
                    wanted=f"one of {', '.join(QUESTIONS)}",
                    way_out="A gain over another treatment cannot be asked of one arm alone; "
                    "ask for response under treatment, or bring a comparator arm to a version "
                    "that estimates effects.",
                )
            )
        if self.question == "response under treatment" and self.treatment is None:
            raise DataError(
                Fault(
                    where="task.treatment",
                    met="no treatment",
                    wanted="response under treatment names the treatment",
                    way_out="Name the arm, or ask for prognosis, which covers every arm.",
                )
            )

    def describe(self) -> str:
        """Return the question as one sentence, for runs and reports."""
        who = f"patients with {self.condition}" if self.condition else "all patients"
        under = f" under {self.treatment}" if self.treatment else ""
        return f"{self.question.capitalize()}: {self.rule.describe()}; in {who}{under}."


@dataclass(frozen=True, eq=False)
class Table:
    """What a model learns from: one row a patient, clinical columns and edges together.

    Make one with `assemble`.

    Parameters
    ----------
    X : DataFrame, shape (n_patients, n_features), indexed by patient
        ``float64`` and ``category`` columns.
    y : array of int, shape (n_patients,), or None
        1 for a responder; None for patients whose outcome is not known.
    columns : tuple of Column
        The meaning of each column of ``X``.
    groups : array of str, shape (n_patients,)
        What a fold never splits: the patient, family or site.
    site, treatment : array of str, shape (n_patients,), or None
    task : Task
    features : {"clinical", "connectivity", "both"}
    flow : tuple of (str, int)
        How many patients were left after each step from the cohort to this table.
    warnings : tuple of Fault
    name : str
        What the cohort is called.
    simulated : bool
    digest : str
        SHA-256 of cohort, connectomes and task.
    """

    X: pd.DataFrame
    y: np.ndarray | None
    columns: tuple[Column, ...]
    groups: np.ndarray
    site: np.ndarray | None
    treatment: np.ndarray | None
    task: Task
    features: FeatureSet
    flow: tuple[tuple[str, int], ...]
    warnings: tuple[Fault, ...]
    name: str
    simulated: bool
    digest: str

    def __len__(self) -> int:
        return len(self.X)

    @property
    def patients(self) -> tuple[str, ...]:
        """The patients' identifiers, in the order of the rows."""
        return tuple(map(str, self.X.index))

    @property
    def has(self) -> tuple[FeatureSet, ...]:
        """The feature sets this table can be narrowed to."""
        sources = {column.source for column in self.columns}
        if sources == {"clinical", "connectivity"}:
            return ("clinical", "connectivity", "both")
        return ("clinical",) if sources == {"clinical"} else ("connectivity",)

    def select(self, features: FeatureSet) -> Table:
        """Return the same patients with one feature set."""
        if features not in self.has:
            raise DataError(
                Fault(
                    where="features",
                    met=f"{features!r}",
                    wanted=f"the table has {', '.join(self.has)}",
                    way_out="Name connectivity data in the study file, or leave this set out.",
                )
            )
        if features == "both":
            return self
        keep = [column.source == features for column in self.columns]
        columns = tuple(column for column in self.columns if column.source == features)
        return replace(self, X=self.X.loc[:, keep], columns=columns, features=features)

    def __repr__(self) -> str:
        outcome = "" if self.y is None else f", {int(self.y.sum())} responders"
        kind = "simulated patients" if self.simulated else "patients"
        return f"Table({len(self)} {kind} × {self.X.shape[1]} {self.features} features{outcome})"

    def _repr_html_(self) -> str:
        return f"<p>{self!r}</p>" + self.X.iloc[:5, :12].to_html()


def assemble(
    task: Task,
    cohort: Cohort,
    connectomes: Connectomes | None = None,
    *,
    labelled: bool = True,
) -> Table:
    """Make the table that answers a task: the right patients, the allowed columns, the outcome.

    Parameters
    ----------
    task : Task
    cohort : Cohort
    connectomes : Connectomes, optional
        Patients without a matrix are left out, and counted in ``Table.flow``, so that every
        feature set is judged on the same patients.
    labelled : bool
        Whether the outcome is known. Without it no patient is left out for arm or outcome: these
        are new patients, in the order of the cohort.

    Raises
    ------
    DataError
        If a named feature is not a baseline column, nobody is left, or only one class is.
    """
    columns = _choose_columns(task, cohort)
    flow = [("in the cohort", len(cohort))]
    keep = np.ones(len(cohort), dtype=bool)
    response = None
    if labelled:
        for role, wanted in (("condition", task.condition), ("treatment", task.treatment)):
            if wanted is not None:
                keep &= _is(cohort, role, wanted)  # type: ignore[arg-type]
                flow.append((f"{role} is {wanted}", int(keep.sum())))
        response = compute_response(task.rule, cohort.select(keep)).reindex(cohort.frame.index)
        keep &= response.notna().to_numpy()
        flow.append(("outcome known", int(keep.sum())))
    if connectomes is not None:
        keep &= np.isin(cohort.patients, connectomes.patients)
        flow.append(("with connectivity", int(keep.sum())))
    if not keep.any():
        raise DataError(
            Fault(
                where=cohort.name,
                met="; ".join(f"{count} {step}" for step, count in flow),
                wanted="at least one patient is left",
                way_out="Check the treatment and condition in the study file, and that the "
                "patients of the cohort and of the connectivity file have the same names.",
            )
        )
    chosen = cohort.select(keep)
    X = chosen.frame[[column.name for column in columns]]
    if connectomes is not None:
        place = {patient: k for k, patient in enumerate(connectomes.patients)}
        matched = connectomes.select(np.array([place[patient] for patient in chosen.patients]))
        X = pd.concat([X, matched.edges.set_axis(X.index)], axis=1)
        columns += matched.edge_columns
    y = None
    if response is not None:
        y = response[keep].to_numpy().astype(int)
        _require_both_classes(y, task, cohort)
    sources = {column.source for column in columns}
    return Table(
        X=X,
        y=y,
        columns=columns,
        groups=_groups(task, chosen),
        site=chosen.values_of("site"),
        treatment=chosen.values_of("treatment"),
        task=task,
        features="both" if len(sources) == 2 else next(iter(sources)),
        flow=tuple(flow),
        warnings=cohort.warnings + (connectomes.warnings if connectomes is not None else ()),
        name=cohort.name,
        simulated=cohort.simulated or (connectomes is not None and connectomes.simulated),
        digest=_digest(task, cohort, connectomes),
    )


def _choose_columns(task: Task, cohort: Cohort) -> tuple[Column, ...]:
    if task.clinical is None:
        outcome = set(task.rule.outcomes)
        columns = tuple(c for c in cohort.columns if c.is_feature and c.name not in outcome)
    else:
        columns = tuple(cohort[name] for name in task.clinical)
    columns = tuple(column for column in columns if column.kind not in ("date", "text"))
    faults = [
        Fault(
            where=f"{cohort.name}: {column.name}",
            met=f"measured {column.measured}, role {column.role}",
            wanted="only what was known before treatment may be a feature",
            way_out="Take it out of features.clinical in the study file.",
        )
        for column in columns
        if not column.is_feature or column.name in task.rule.outcomes
    ]
    if faults:
        raise DataError(faults)
    return columns


def _is(cohort: Cohort, role: Literal["condition", "treatment"], wanted: str) -> np.ndarray:
    values = cohort.values_of(role)
    if values is None or not (values == wanted).any():
        met = "no such column" if values is None else f"only {', '.join(sorted(set(values)))}"
        raise DataError(
            Fault(
                where=f"{cohort.name}: {role}",
                met=met,
                wanted=f"patients whose {role} is {wanted!r}",
                way_out=f"Correct the {role} in the study file, or give a column the role {role}.",
            )
        )
    return values == wanted


def _groups(task: Task, cohort: Cohort) -> np.ndarray:
    if task.together == "patient":
        return np.array(cohort.patients)
    groups = cohort.values_of(task.together)
    if groups is None:
        raise DataError(
            Fault(
                where=cohort.name,
                met=f"no column has the role {task.together!r}",
                wanted=f"validation keeps each {task.together} together",
                way_out=f"Give one column of the dictionary the role {task.together!r}.",
            )
        )
    return groups


def _require_both_classes(y: np.ndarray, task: Task, cohort: Cohort) -> None:
    if len(set(y)) < 2:
        only = "a responder" if y[0] else "a non-responder"
        raise DataError(
            Fault(
                where=f"{cohort.name}: {task.rule.followup}",
                met=f"each of the {len(y)} patients is {only}",
                wanted="a model needs both responders and non-responders",
                way_out="Nothing can be learned from this cohort about who responds; "
                "check the response rule, or gather more patients.",
            )
        )


def _digest(task: Task, cohort: Cohort, connectomes: Connectomes | None) -> str:
    parts = [repr(task), cohort.digest, connectomes.digest if connectomes is not None else ""]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()
