"""The question of a study, and the table that answers it: X, y, groups, for whom, under what."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal, get_args

import numpy as np
import pandas as pd

from stratify.connectome import NetworkMap, map_regions
from stratify.errors import DataError, Fault
from stratify.outcome import ResponseRule, plain
from stratify.preprocess import Preparation, TablePreparer, make_preparer
from stratify.references import Reference, ReferenceName
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
        day = find_day_of_landmark(self, columns)
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
    reference : {"severity", "covariates", "site", "motion", "early change"}, optional
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


def find_day_of_landmark(task: Task, columns: Sequence[Column]) -> float | None:
    """Return the last day of the landmark visit, or None where no column says it."""
    days = [c.day for c in columns if task.is_at_landmark(c) and c.day is not None]
    return max(days, default=None)
