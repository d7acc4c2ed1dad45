"""The table that answers a task, made of a cohort and its connectivity."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import replace

import numpy as np
import pandas as pd

from stratify.cohort import Cohort, check_response
from stratify.cohort.checks.encoded import find_encoded_outcomes
from stratify.connectome import Connectomes, map_regions
from stratify.errors import DataError, Fault, count_of
from stratify.outcome import choose_auxiliary, compute_changes, compute_response
from stratify.preprocess import Preparation
from stratify.references import find_references
from stratify.schema import Column
from stratify.task.adjusters import find_adjusters, require_held
from stratify.task.columns import choose_columns
from stratify.task.landmark import find_seen, say_unseen, tell_early
from stratify.task.together import find_groups, find_held_out, tell_families, tell_periods
from stratify.task.values import Scheme, Table, Task


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
    columns = clinical = choose_columns(task, cohort, labelled=labelled)
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
        seen = find_seen(task, cohort, columns)
        if labelled:
            keep &= seen
            flow.append((f"seen at {task.landmark}", int(keep.sum())))
        elif not seen.all():
            raise DataError(say_unseen(task, cohort, ~seen))
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
        require_held(preparation, cohort.name, clinical)
    adjusters: tuple[Column, ...] = ()
    if connectomes is not None and preparation is not None:
        adjusters, values = find_adjusters(preparation, task, chosen, matched)
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
        if len(chosen) < len(cohort):
            _refuse_encoded(task, cohort, clinical)
    sources = {column.source for column in columns if column.name in used}
    return Table(
        X=X,
        y=y,
        columns=columns,
        groups=find_groups(task, chosen),
        site=chosen.values_of("site"),
        treatment=chosen.values_of("treatment"),
        task=task,
        features="both" if len(sources) == 2 else next(iter(sources)),
        flow=tuple(flow),
        warnings=cohort.warnings
        + (connectomes.warnings if connectomes is not None else ())
        + ((*tell_periods(chosen), *tell_families(task, chosen)) if labelled else ())
        + (_gaps_filled(task, chosen, gaps) if gaps.any() else ())
        + telling
        + tell_early(task, chosen, labelled),
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
        by=find_held_out(scheme, by, chosen),
        references=()
        if response is None
        else find_references(
            task.rule,
            chosen,
            quality=None if connectomes is None else matched.quality,
            confounds=() if preparation is None else preparation.remove,
            site=scheme != "leave one site out",
            landmark=task.landmark,
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


def _refuse_encoded(task: Task, cohort: Cohort, columns: Sequence[Column]) -> None:
    """Refuse features made of the outcomes of the whole file, other arms among them."""
    rule = task.rule.exclude_missing()
    try:
        response = compute_response(rule, cohort)
    except DataError:
        # Patients the study is not about may lack what the rule needs.
        return
    values = response.reindex(cohort.frame.index).to_numpy(float)
    changes = compute_changes(rule, cohort)
    derived = {k: v.reindex(cohort.frame.index).to_numpy(float) for k, v in changes.items()}
    faults = tuple(find_encoded_outcomes(cohort, values, columns=columns, derived=derived))
    if faults:
        raise DataError(faults)


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


def _hubs_of(connectomes: Connectomes) -> dict[str, tuple[str, str]]:
    mapped = map_regions(connectomes.regions)
    return {row.region: (row.hub, row.hemisphere) for row in mapped.rows}


def _digest_rows(rows: Iterable[object]) -> str:
    """Digest rows in an order of their own, so that the file's does not matter."""
    return hashlib.sha256("\n".join(sorted(map(str, rows))).encode()).hexdigest()


def _digest(task: Task, cohort: Cohort, connectomes: Connectomes | None) -> str:
    parts = [repr(task), cohort.digest, connectomes.digest if connectomes is not None else ""]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()
