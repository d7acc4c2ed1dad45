"""The question of a study, and the table that answers it: X, y, groups, for whom, under what."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal, get_args

import numpy as np
import pandas as pd

from stratify.cohort import Cohort, check_response
from stratify.connectome import QUALITY, Connectomes, NetworkMap, map_regions
from stratify.errors import DataError, Fault, count_of, did_you_mean, name_some
from stratify.outcome import (
    ResponseRule,
    choose_auxiliary,
    compute_changes,
    compute_response,
    plain,
    tell_early_response,
)
from stratify.preprocess import Preparation, TablePreparer, make_preparer
from stratify.references import Reference, ReferenceName, find_references
from stratify.schema import Column

Question = Literal["response under treatment", "prognosis", "diagnosis"]
QUESTIONS: tuple[str, ...] = get_args(Question)
FeatureSet = Literal["clinical", "connectivity", "both", "late fusion"]
FEATURE_SETS: tuple[str, ...] = get_args(FeatureSet)
Together = Literal["patient", "family", "site"]
Scheme = Literal["stratified", "leave one site out", "leave one trial out", "temporal"]
SCHEMES: tuple[str, ...] = get_args(Scheme)


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
        What a fold never splits. A patient's treatment periods are never split.
    landmark : str, optional
        The visit during treatment at which a landmark model predicts: what was measured up to then
        is allowed as a feature, and the outcome must be later. It answers another question than a
        model at baseline does, and its runs and reports say so.

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
    landmark: str | None = None

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
        at = f", by a landmark model at {self.landmark}" if self.landmark else ""
        asked = f"{self.question.capitalize()}{at}: {self.rule.describe()}; in {who}{under}."
        return " ".join((asked, *self.cautions))

    @property
    def cautions(self) -> tuple[str, ...]:
        """What a reader must know before anything else; sentences, for runs and reports."""
        told = []
        if self.landmark is not None:
            told.append(
                f"This is a landmark model at {self.landmark}: it predicts the outcome of patients "
                "who were seen then, from what was measured up to then, and says nothing of a "
                "patient at baseline."
            )
        if self.rule.combines_conditions:
            told.append(
                "The outcome combines several conditions; no such combination has been validated."
            )
        return tuple(told)

    def allows(self, column: Column, columns: Sequence[Column]) -> bool:
        """Tell whether a column may be a feature: known at baseline, or by the landmark visit.

        Parameters
        ----------
        column : Column
        columns : sequence of Column
            The cohort's or the table's, which say on what day the landmark visit is.
        """
        if column.name in self.rule.outcomes or column.role not in ("feature", "confound"):
            return False
        if column.measured == "baseline":
            return True
        if self.landmark is None or column.measured != "during":
            return False
        if self.is_at_landmark(column):
            return True
        day = _day_of_landmark(self, columns)
        return day is not None and column.day is not None and column.day <= day

    def is_at_landmark(self, column: Column) -> bool:
        """Tell whether a column was measured at the landmark visit."""
        return self.landmark is not None and plain(column.visit) == plain(self.landmark)


@dataclass(frozen=True, eq=False)
class Table:
    """What a model learns from: one row a patient, clinical columns and edges together.

    Make one with `assemble`.

    Parameters
    ----------
    X : DataFrame, shape (n_patients, n_features), indexed by patient
        ``float64`` and ``category`` columns.
    y : array of int, shape (n_patients,), or None
        1 for a responder; None for patients whose outcome is not asked for. Where the rule has
        missing outcomes imputed and some are missing it is of float, with NaN for these.
    columns : tuple of Column
        The meaning of each column of ``X``.
    groups : array of str, shape (n_patients,)
        What a fold never splits: the patient, family or site.
    site, treatment : array of str, shape (n_patients,), or None
    task : Task
    features : {"clinical", "connectivity", "both", "late fusion"}
        Late fusion has the columns of both, and a model of each.
    flow : tuple of (str, int)
        How many patients were left after each step from the cohort to this table.
    warnings : tuple of Fault
    name : str
        What the cohort is called.
    simulated : bool
    digest : str
        SHA-256 of cohort, connectomes and task.
    preparation : Preparation
        What is done to connectivity in each fold.
    adjusters : tuple of str
        Columns of ``X`` that preparing reads: confounds, the site.
    unused : frozenset of str
        Adjusters that are no features.
    hubs : mapping of str to (str, str)
        The hub a region is, and its hemisphere, by region; empty where none is known.
    patients_digest : str
        SHA-256 of whom the question is about, whatever is known of them.
    outcome_digest : str
        SHA-256 of those whose outcome is known, and of their outcomes, before any is left out for
        want of connectivity. Equal for all studies that look at the same outcome of the same
        patients, whatever their features and models. Empty, like the other, where no outcome is.
    scheme : {"stratified", "leave one site out", "leave one trial out", "temporal"}
        How validation holds patients out.
    by : array, shape (n_patients,), or None
        The site, the trial or the time that ``scheme`` holds out.
    references : tuple of Reference
        The simple models that others must beat.
    reference : {"severity", "covariates", "site", "motion"}, optional
        Which of those this table is narrowed to.
    auxiliary : DataFrame, indexed by patient, or None
        What missing outcomes are imputed from, and no model sees; None where none are missing.
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
    preparation: Preparation = field(default_factory=Preparation)
    adjusters: tuple[str, ...] = ()
    unused: frozenset[str] = frozenset()
    hubs: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    patients_digest: str = ""
    outcome_digest: str = ""
    scheme: Scheme = "stratified"
    by: np.ndarray | None = None
    references: tuple[Reference, ...] = ()
    reference: ReferenceName | None = None
    auxiliary: pd.DataFrame | None = None

    def __len__(self) -> int:
        return len(self.X)

    @property
    def preparer(self) -> TablePreparer | None:
        """What is done to connectivity in each fold, unfitted; None without connectivity."""
        site = next((c.name for c in self.columns if c.role == "site"), None)
        return make_preparer(
            self.preparation,
            self.columns,
            site=site,
            drop=[name for name in self.adjusters if name in self.unused],
            hubs=self.hubs,
        )

    @property
    def has_edges(self) -> bool:
        """Whether a model sees edges, or what stands for them, in one table."""
        of_edges = any(column.regions is not None for column in self.columns)
        return of_edges and self.features != "late fusion"

    @property
    def network_map(self) -> NetworkMap | None:
        """The network and hub of each region as they are used; None without connectivity."""
        used: dict[str, str] = {}
        for column in self.columns:
            if column.regions is not None and column.networks is not None:
                used.update(zip(column.regions, column.networks, strict=True))
        if not used:
            return None
        told = map_regions(tuple(used)).rows
        given = {row.region: used[row.region] for row in told if row.network != used[row.region]}
        return map_regions(tuple(used), overrides=given)

    @property
    def feature_columns(self) -> tuple[Column, ...]:
        """The columns that are features; the others only serve to adjust them."""
        return tuple(column for column in self.columns if column.name not in self.unused)

    @property
    def patients(self) -> tuple[str, ...]:
        """The patients' identifiers, in the order of the rows."""
        return tuple(map(str, self.X.index))

    @property
    def responders(self) -> int:
        """How many patients are known to have responded."""
        return 0 if self.y is None else int(np.nansum(self.y))

    @property
    def missing(self) -> np.ndarray:
        """Whose outcome is missing and is to be imputed, shape (n_patients,)."""
        if self.y is None or self.auxiliary is None:
            return np.zeros(len(self), dtype=bool)
        return np.isnan(self.y)

    def take_known(self) -> Table:
        """Return the table of the patients whose outcome is known; itself, where all are."""
        if self.auxiliary is None:
            return self
        assert self.y is not None
        known = ~self.missing
        return replace(
            self,
            X=self.X[known],
            y=self.y[known].astype(int),
            groups=self.groups[known],
            site=None if self.site is None else self.site[known],
            treatment=None if self.treatment is None else self.treatment[known],
            by=None if self.by is None else self.by[known],
            references=tuple(replace(one, X=one.X[known]) for one in self.references),
            auxiliary=None,
        )

    @property
    def has(self) -> tuple[FeatureSet, ...]:
        """The feature sets this table can be narrowed to."""
        sources = {column.source for column in self.feature_columns}
        if sources == {"clinical", "connectivity"}:
            return ("clinical", "connectivity", "both", "late fusion")
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
        if features in ("both", "late fusion"):
            return replace(self, features=features)
        adjusters = self.adjusters if features == "connectivity" else ()
        keep = {c.name for c in self.feature_columns if c.source == features}
        columns = tuple(c for c in self.columns if c.name in keep or c.name in adjusters)
        return replace(
            self,
            X=self.X[[column.name for column in columns]],
            columns=columns,
            features=features,
            adjusters=adjusters,
            unused=frozenset(adjusters) - keep,
        )

    def narrow_to(self, reference: Reference) -> Table:
        """Return the same patients with the columns of a simple model, and nothing prepared."""
        return replace(
            self,
            X=reference.X,
            columns=reference.columns,
            features="clinical",
            preparation=Preparation(),
            adjusters=(),
            unused=frozenset(),
            references=(),
            reference=reference.name,
        )

    def __repr__(self) -> str:
        outcome = "" if self.y is None else f", {self.responders} responders"
        if self.auxiliary is not None:
            outcome += f", {int(self.missing.sum())} without an outcome"
        kind = "simulated patients" if self.simulated else "patients"
        count = len(self.feature_columns)
        return f"Table({len(self)} {kind} × {count} {self.features} features{outcome})"

    def _repr_html_(self) -> str:
        return f"<p>{self!r}</p>" + self.X.iloc[:5, :12].to_html()


def assemble(
    task: Task,
    cohort: Cohort,
    connectomes: Connectomes | None = None,
    *,
    labelled: bool = True,
    preparation: Preparation | None = None,
    scheme: Scheme = "stratified",
    by: str | None = None,
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
    preparation : Preparation, optional
        What is to be done to connectivity in each fold; nothing, without it. The columns it reads
        come into the table too.
    scheme : {"stratified", "leave one site out", "leave one trial out", "temporal"}
        How validation is to hold patients out.
    by : str, optional
        The column that says the trial, or the time; needed for those two.

    Raises
    ------
    DataError
        If a named feature is neither a baseline column nor known at the task's landmark visit, the
        outcome is not later than that visit, a new patient was not seen at it, nobody is left,
        only one class is, or a feature copies the response or what it was computed from.
    """
    columns = clinical = _choose_columns(task, cohort, labelled=labelled)
    auxiliary: tuple[Column, ...] = ()
    if labelled and task.rule.missing == "multiple":
        auxiliary = choose_auxiliary(task.rule, cohort.columns)
        names = tuple(column.name for column in auxiliary)
        task = replace(task, rule=replace(task.rule, auxiliary=names))
    flow = [("in the cohort", len(cohort))]
    keep = np.ones(len(cohort), dtype=bool)
    response = None
    if labelled:
        for role, wanted in (("condition", task.condition), ("treatment", task.treatment)):
            if wanted is not None:
                keep &= cohort.values_of(role) == wanted  # type: ignore[arg-type]
                flow.append((f"{role} is {wanted}", int(keep.sum())))
    if task.landmark is not None:
        seen = _seen_at_landmark(task, cohort, columns)
        if labelled:
            keep &= seen
            flow.append((f"seen at {task.landmark}", int(keep.sum())))
        elif not seen.all():
            raise DataError(_unseen(task, cohort, ~seen))
    asked = keep
    if labelled:
        response = compute_response(task.rule, cohort.select(keep)).reindex(cohort.frame.index)
        if auxiliary:
            flow.append(("outcome known or imputed", int(keep.sum())))
        else:
            keep = keep & response.notna().to_numpy()
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
        X = pd.concat([X, matched.features.set_axis(X.index)], axis=1)
        columns += matched.feature_columns
    used = {column.name for column in columns}
    if preparation is not None:
        _require_held(preparation, cohort.name, clinical)
    adjusters: tuple[Column, ...] = ()
    if connectomes is not None and preparation is not None:
        adjusters, values = _find_adjusters(preparation, task, chosen, matched)
        new = [column.name for column in adjusters if column.name not in used]
        X = pd.concat([X, values[new].set_axis(X.index)], axis=1)
        columns += tuple(column for column in adjusters if column.name in new)
    y = None
    telling: tuple[Fault, ...] = ()
    gaps = np.zeros(0, dtype=bool)
    if response is not None:
        y = response[keep].to_numpy()
        gaps = np.isnan(y)
        _require_both_classes(y[~gaps], task, cohort)
        y = y if gaps.any() else y.astype(int)
        telling = _check_response(task, chosen, response[keep], clinical)
    sources = {column.source for column in columns if column.name in used}
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
        warnings=cohort.warnings
        + (connectomes.warnings if connectomes is not None else ())
        + (_several_periods(chosen) if labelled else ())
        + (_gaps_filled(task, chosen, gaps) if gaps.any() else ())
        + telling
        + _early(task, chosen, labelled),
        name=cohort.name,
        simulated=cohort.simulated or (connectomes is not None and connectomes.simulated),
        digest=_digest(task, cohort, connectomes),
        preparation=preparation or Preparation(),
        adjusters=tuple(column.name for column in adjusters),
        unused=frozenset(column.name for column in adjusters) - used,
        hubs={} if connectomes is None else _hubs_of(connectomes),
        patients_digest="" if response is None else _digest_rows(cohort.frame.index[asked]),
        outcome_digest="" if response is None else _digest_rows(response.dropna().items()),
        scheme=scheme,
        by=_held_out_by(scheme, by, chosen),
        references=()
        if response is None
        else find_references(
            task.rule,
            chosen,
            quality=None if connectomes is None else matched.quality,
            confounds=() if preparation is None else preparation.remove,
            site=scheme != "leave one site out",
        ),
        auxiliary=chosen.frame[[c.name for c in auxiliary]] if gaps.any() else None,
    )


def _check_response(
    task: Task, cohort: Cohort, response: pd.Series, columns: Sequence[Column]
) -> tuple[Fault, ...]:
    """Return the warnings of what tells the response; refuse features that copy it."""
    faults = check_response(
        cohort,
        response,
        features=[column.name for column in columns],
        derived=compute_changes(task.rule, cohort),
        baselines=task.rule.baselines,
    )
    errors = [fault for fault in faults if fault.severity == "error"]
    if errors:
        raise DataError(errors)
    return faults


def _early(task: Task, cohort: Cohort, labelled: bool) -> tuple[Fault, ...]:
    """Tell how many have responded by the landmark visit already."""
    if task.landmark is None or not labelled:
        return ()
    return tell_early_response(task.rule, cohort, task.landmark)


def _require_held(preparation: Preparation, where: str, clinical: Sequence[Column]) -> None:
    """Refuse to hold constant what is no clinical feature."""
    names = [column.name for column in clinical]
    absent = [name for name in preparation.hold_constant if name not in names]
    if absent:
        raise DataError(
            Fault(
                where=f"{where}: preparation.hold_constant",
                met=f"{name_some(absent)}, which no model sees",
                wanted="edges are selected holding clinical features constant: "
                f"{name_some(names, most=12)}",
                way_out="Correct the name; or take its effect out of connectivity with "
                "preparation.remove, which needs no feature.",
            )
        )


def _find_adjusters(
    preparation: Preparation, task: Task, cohort: Cohort, connectomes: Connectomes
) -> tuple[tuple[Column, ...], pd.DataFrame]:
    """Find the columns that preparing reads: in the cohort, or in what is known of the scans."""
    site = next((column.name for column in cohort.columns if column.role == "site"), None)
    if preparation.harmonise != "none" and site is None:
        raise DataError(
            Fault(
                where=cohort.name,
                met="no column has the role 'site'",
                wanted="harmonising between sites needs to know each patient's",
                way_out="Give one column of the dictionary the role 'site', or take "
                "connectivity.harmonise out of the study file.",
            )
        )
    quality = connectomes.quality
    columns, values, faults = [], {}, []
    for name in preparation.adjusters(site):
        if name in cohort:
            column = cohort[name]
            if column.measured != "baseline" or column.kind in ("date", "text"):
                faults.append(_no_adjuster(cohort.name, column))
            columns.append(column)
            values[name] = cohort.frame[name].to_numpy()
            if column.kind in ("category", "text"):
                values[name] = cohort.frame[name].array
        elif quality is not None and name in quality:
            label, unit = QUALITY[name]
            columns.append(
                Column(name=name, label=label, unit=unit, role="confound", source="connectivity")
            )
            values[name] = quality[name].to_numpy(dtype=float)
        else:
            faults.append(_unknown_adjuster(name, cohort, quality))
    if faults:
        raise DataError(faults)
    return tuple(columns), pd.DataFrame(values, index=cohort.frame.index)


def _no_adjuster(where: str, column: Column) -> Fault:
    return Fault(
        where=f"{where}: {column.name}",
        met=f"a {column.kind} measured {column.measured}",
        wanted="connectivity is adjusted for numbers, categories or booleans known at baseline",
        way_out="Take it out of the confounds in the study file.",
    )


def _unknown_adjuster(name: str, cohort: Cohort, quality: pd.DataFrame | None) -> Fault:
    of_scans = "" if quality is None else f", and of the scans {', '.join(quality.columns)}"
    return Fault(
        where=cohort.name,
        met=f"no column {name!r}",
        wanted=f"a confound is one of {name_some([c.name for c in cohort.columns], most=12)}"
        f"{of_scans}",
        way_out="Correct the name, or add the column; what is known of each scan comes with the "
        "connectivity file.",
    )


def _hubs_of(connectomes: Connectomes) -> dict[str, tuple[str, str]]:
    mapped = map_regions(connectomes.regions)
    return {row.region: (row.hub, row.hemisphere) for row in mapped.rows}


def _choose_columns(task: Task, cohort: Cohort, *, labelled: bool) -> tuple[Column, ...]:
    """Choose the features; tell at once whatever the task asks for that the cohort has not."""
    if task.landmark is not None:
        _require_landmark(task, cohort)
    if task.clinical is None:
        columns = tuple(c for c in cohort.columns if task.allows(c, cohort.columns))
    else:
        columns = tuple(cohort[name] for name in task.clinical if name in cohort)
    columns = tuple(column for column in columns if column.kind not in ("date", "text"))
    faults = [
        _not_allowed(task, cohort, column)
        for column in columns
        if not task.allows(column, cohort.columns)
    ]
    faults = [*_unknown_features(task, cohort), *_unusable_features(task, cohort), *faults]
    if labelled:
        faults += _unknown_arms(task, cohort)
    if faults:
        raise DataError(faults)
    if task.landmark is not None and not any(map(task.is_at_landmark, columns)):
        raise DataError(
            Fault(
                where="features.clinical",
                met=f"nothing measured at {task.landmark}",
                wanted="a landmark model uses what was seen at its visit",
                way_out="Add a column of that visit, or take question.landmark out.",
            )
        )
    return columns


def _unknown_features(task: Task, cohort: Cohort) -> list[Fault]:
    names = [column.name for column in cohort.columns]
    return [
        Fault(
            where=f"{cohort.name}: features.clinical",
            met=f"no column {name!r}{did_you_mean(name, names)}",
            wanted=f"one of {', '.join(names)}",
            way_out="Correct the name in the study file.",
        )
        for name in task.clinical or ()
        if name not in cohort
    ]


def _unknown_arms(task: Task, cohort: Cohort) -> list[Fault]:
    """Tell a treatment or condition that no patient has, with the nearest that one has."""
    faults = []
    for role, wanted in (("condition", task.condition), ("treatment", task.treatment)):
        values = cohort.values_of(role)  # type: ignore[arg-type]
        if wanted is None or (values is not None and (values == wanted).any()):
            continue
        there = () if values is None else sorted(set(map(str, values)))
        faults.append(
            Fault(
                where=f"{cohort.name}: {role}",
                met="no such column" if values is None else f"only {', '.join(there)}",
                wanted=f"patients whose {role} is {wanted!r}{did_you_mean(wanted, there)}",
                way_out=f"Correct the {role} in the study file, or give a column the role {role}.",
            )
        )
    return faults


def _unusable_features(task: Task, cohort: Cohort) -> list[Fault]:
    """Tell dates and text that were asked for by name; unasked, they are passed over."""
    return [
        Fault(
            where=f"{cohort.name}: {name}",
            met=f"a column of the kind {cohort[name].kind}",
            wanted="features are numbers, categories or booleans",
            way_out="Take it out of features.clinical in the study file; make a number of a date, "
            "such as the days since onset.",
        )
        for name in task.clinical or ()
        if name in cohort and cohort[name].kind in ("date", "text")
    ]


def _not_allowed(task: Task, cohort: Cohort, column: Column) -> Fault:
    at = f" at {column.visit}" if column.visit and task.landmark else ""
    if task.landmark is None:
        wanted = "only what was known before treatment may be a feature"
        way_out = "Take it out of features.clinical in the study file."
        if column.measured == "during" and column.name not in task.rule.outcomes:
            way_out += (
                " A model that predicts from an early response is another question: declare it "
                "with question.landmark, the visit."
            )
    else:
        wanted = f"only what was known by {task.landmark} may be a feature of this landmark model"
        way_out = "Take it out of features.clinical in the study file"
        day = column.measured == "during" and column.day is None
        way_out += ", or say its visit and day in the dictionary." if day else "."
    return Fault(
        where=f"{cohort.name}: {column.name}",
        met=f"measured {column.measured}{at}, role {column.role}",
        wanted=wanted,
        way_out=way_out,
    )


def _require_landmark(task: Task, cohort: Cohort) -> None:
    """Refuse a landmark that is no visit during treatment, or not before the outcome."""
    at = [column for column in cohort.columns if task.is_at_landmark(column)]
    visits = dict.fromkeys(c.visit for c in cohort.columns if c.visit and c.measured == "during")
    if not any(column.measured == "during" for column in at):
        raise DataError(
            Fault(
                where="question.landmark",
                met=f"{task.landmark!r}, with "
                + (f"{at[0].name} measured {at[0].measured}" if at else "no column of that visit"),
                wanted="a visit during treatment"
                + (f": {name_some(visits, most=8)}" if visits else ""),
                way_out="Correct the visit, or say each column's visit and day in the dictionary.",
            )
        )
    day = _day_of_landmark(task, cohort.columns)
    for column in map(cohort.__getitem__, task.rule.outcomes):
        known = day is not None and column.day is not None
        later = column.day > day if known else column.measured == "followup"  # type: ignore[operator]
        if column.measured == "baseline" or task.is_at_landmark(column) or not later:
            raise DataError(
                Fault(
                    where=f"{cohort.name}: {column.name}",
                    met=f"measured {column.measured}"
                    + (f" at {column.visit}" if column.visit else "")
                    + ("" if column.day is None else f", on day {column.day:g}"),
                    wanted=f"the outcome of a landmark model is later than its visit, "
                    f"{task.landmark}",
                    way_out="Name an outcome that is later, an earlier landmark, or say the days "
                    "of both in the dictionary.",
                )
            )


def _day_of_landmark(task: Task, columns: Sequence[Column]) -> float | None:
    """Return the last day of the landmark visit, or None where no column says it."""
    days = [c.day for c in columns if task.is_at_landmark(c) and c.day is not None]
    return max(days, default=None)


def _seen_at_landmark(task: Task, cohort: Cohort, columns: Sequence[Column]) -> np.ndarray:
    names = [column.name for column in columns if task.is_at_landmark(column)]
    return cohort.frame[names].notna().any(axis=1).to_numpy()


def _unseen(task: Task, cohort: Cohort, unseen: np.ndarray) -> Fault:
    patients = tuple(np.array(cohort.patients)[unseen])
    return Fault(
        where=cohort.name,
        met=f"nothing measured at {task.landmark} for {name_some(patients)}",
        wanted=f"the model is a landmark model at {task.landmark}: it can speak only of patients "
        "who were seen then",
        way_out="Add what was measured at that visit, or take these patients out.",
        patients=patients,
    )


def _groups(task: Task, cohort: Cohort) -> np.ndarray:
    people = cohort.values_of("person")
    if task.together == "patient":
        return np.array(cohort.patients) if people is None else people
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
    if people is not None:
        pairs = pd.DataFrame({"person": people, "group": groups}).drop_duplicates()
        several = tuple(pairs["person"][pairs["person"].duplicated()].unique())
        if several:
            raise DataError(
                Fault(
                    where=cohort.name,
                    met=f"several values of {task.together} for {name_some(several)}",
                    wanted="a patient's treatment periods are never split between folds",
                    way_out=f"Give these patients one {task.together}, or validate with "
                    'together = "patient".',
                    patients=several,
                )
            )
    return groups


def _held_out_by(scheme: Scheme, by: str | None, cohort: Cohort) -> np.ndarray | None:
    """Return what each patient is held out by: the site, the trial or the time."""
    if scheme == "stratified":
        return None
    if scheme == "leave one site out":
        sites = cohort.values_of("site")
        if sites is None:
            raise DataError(
                Fault(
                    where=cohort.name,
                    met="no column has the role 'site'",
                    wanted="validation leaves one site out",
                    way_out="Give one column of the dictionary the role 'site', or use another "
                    "validation.scheme.",
                )
            )
        return sites
    name = by or ""
    kinds: tuple[str, ...] = ("category", "text", "number", "boolean")
    wanted = "a category known at baseline, which says the trial"
    if scheme == "temporal":
        kinds, wanted = ("date", "number"), "a date or number known at baseline, which says when"
    met = f"no column {name!r}{did_you_mean(name, [column.name for column in cohort.columns])}"
    if name in cohort:
        column = cohort[name]
        met = f"{name}, a {column.kind} measured {column.measured}"
    if name not in cohort or column.kind not in kinds or column.measured != "baseline":
        raise DataError(
            Fault(
                where="validation.by",
                met=met,
                wanted=wanted,
                way_out="Name the column as it is in the dictionary.",
            )
        )
    values = cohort.frame[name]
    if scheme == "temporal":
        return values.to_numpy()
    return values.astype(object).where(values.notna(), "").astype(str).to_numpy()


def _several_periods(cohort: Cohort) -> tuple[Fault, ...]:
    """Tell that rows are periods, of fewer patients."""
    people = cohort.values_of("person")
    if people is None or len(set(people)) == len(people):
        return ()
    return (
        Fault(
            where=cohort.name,
            met=f"{len(people)} treatment periods of {len(set(people))} patients",
            wanted="each row is counted as a patient of its own, though no fold splits a patient",
            way_out="Read the counts as periods, and the intervals as somewhat too narrow.",
            severity="warning",
        ),
    )


def _gaps_filled(task: Task, cohort: Cohort, gaps: np.ndarray) -> tuple[Fault, ...]:
    """Tell whose outcomes are imputed, from what, and what is thereby assumed."""
    rule = task.rule
    met = (
        f"outcomes of {gaps.sum()} of {count_of(len(gaps), 'patient')} are missing and imputed "
        f"{rule.imputations} times from {', '.join(rule.auxiliary)}"
    )
    return (
        Fault(
            where=f"{cohort.name}: {', '.join(rule.outcomes)}",
            met=met,
            wanted="they are missing at random given these: whoever is alike in them is taken to "
            "respond as often, whether the outcome was seen or not, which no data can show",
            way_out='Run the study again with response.missing = "nonresponse" and "response", '
            "the worst and the best that can have happened, and see whether the finding stands.",
            patients=tuple(np.array(cohort.patients)[gaps]),
            severity="warning",
            summary=met,
        ),
    )


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


def _digest_rows(rows: Iterable[object]) -> str:
    """Digest rows in an order of their own, so that the file's does not matter."""
    return hashlib.sha256("\n".join(sorted(map(str, rows))).encode()).hexdigest()


def _digest(task: Task, cohort: Cohort, connectomes: Connectomes | None) -> str:
    parts = [repr(task), cohort.digest, connectomes.digest if connectomes is not None else ""]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()
