"""What the second page says: what the model was trained on, and how well it did."""

from __future__ import annotations

from collections.abc import Mapping

from stratify.report.groups import make_groups_section
from stratify.report.measures import make_metrics_table
from stratify.report.values import (
    NOT_TESTED_ON,
    Likelihood,
    ReportTable,
    Section,
    StudySummary,
    of_100,
    shorten,
    visible,
    write_count,
)
from stratify.report.wording import LONGEST_SENTENCE, Words

_FAMILIES = {
    "logistic": "logistic regression (elastic net)",
    "svm": "a linear support vector machine",
    "ridge": "ridge regression",
    "forest": "extremely randomised trees",
    "xgboost": "gradient-boosted trees (XGBoost)",
    "cpm": "connectome-based predictive modelling",
}
_FEATURES = {
    "clinical": "clinical data",
    "connectivity": "brain connectivity",
    "both": "clinical data and brain connectivity",
}


def make_model_sections(
    study: StudySummary,
    words: Words,
    likelihood: Likelihood | None,
    groups: Mapping[str, str],
) -> tuple[Section, ...]:
    """Make the sections about the model; without a likelihood none is marked as the patient's."""
    sections = [
        Section("What the model was trained on", table=_training_table(study, words)),
        Section(
            f"How well it did on {words.people} it was not trained on",
            (_say_held_out(study, words),),
            table=make_metrics_table(study, words),
        ),
    ]
    if study.calibration:
        sections.append(_calibration_section(study, words, likelihood))
    of_groups = make_groups_section(
        # A group of everybody would only say again what stands above.
        [one for one in study.subgroups if one.patients < study.n_patients],
        groups,
        people=words.people,
        person=words.person,
    )
    sections += [] if of_groups is None else [of_groups]
    sections.append(
        Section(
            "What it has not been tested on"
            if study.not_tested_on[0] == NOT_TESTED_ON[0]
            else "Where else it has been tested, and where not",
            items=tuple(shorten(visible(text), LONGEST_SENTENCE) for text in study.not_tested_on),
        )
    )
    if study.warnings:
        shown = study.warnings[:5]
        rest = len(study.warnings) - len(shown)
        more = (f"and {rest} more, in the record of the run",) if rest else ()
        items = (*(shorten(visible(text), 220) for text in shown), *more)
        sections.append(Section("Warnings about the study’s data", items=items))
    return (*sections, _use_section(study, words))


def _say_held_out(study: StudySummary, words: Words) -> str:
    if study.recalibrated is None:
        said = f"Each figure comes from {words.people} held out of training"
    else:
        said = (
            f"Each figure comes from {words.people} of {study.recalibrated.named}, held out of "
            "training and recalibration"
        )
    return f"{said} ({visible(study.validation)}), with its interval."


def _calibration_section(
    study: StudySummary, words: Words, likelihood: Likelihood | None
) -> Section:
    """Tell what became of held-out patients, by the likelihood they were given."""
    here = None
    if likelihood is not None:
        distances = [
            max(part.low - likelihood.probability, likelihood.probability - part.high, 0)
            for part in study.calibration
        ]
        here = distances.index(min(distances))
    rows = tuple(
        (
            f"{of_100(part.low)} to {of_100(part.high)} of 100",
            str(part.patients),
            f"{round(part.patients * part.observed)} ({of_100(part.observed)} of 100)",
            f"this {words.person} is here" if k == here else "",
        )
        for k, part in enumerate(study.calibration)
    )
    return Section(
        f"What became of held-out {words.people}, by the likelihood they were given",
        table=ReportTable(
            (
                "Likelihood given",
                words.people.capitalize(),
                words.filled.capitalize(),
                "",
            ),
            rows,
        ),
    )


def _training_table(study: StudySummary, words: Words) -> ReportTable:
    whom = f"{study.n_patients} {'simulated ' if study.simulated else ''}{words.people}"
    if study.condition:
        whom += f" with {study.condition}" if words.person == "patient" else ""
    if study.treatment:
        whom += f" under {study.treatment}"
    whom += _count_of_them(study.n_responders, study.n_patients, words)
    if study.n_imputed:
        whom += f"; {study.n_imputed} outcomes were missing and imputed, and are in that count"
    others = study.n_models - 1
    compared = (
        f"{study.n_models} models were compared in this study; the best of several looks better "
        "than it is"
        if others > 0
        else "1 model, none compared"
    )
    rows: tuple[tuple[str, str], ...] = (
        ("Question", f"{study.question}: {study.outcome}"),
        ("Outcome rule", study.rule),
        (words.people.capitalize(), whom),
        *_recalibrated_rows(study, words),
        (
            "Model",
            f"{_FAMILIES.get(study.family, study.family)}, from "
            f"{_FEATURES.get(study.features, study.features)}; "
            f"{'fitted' if study.recalibrated is None else 'recalibrated'} "
            f"{study.date.isoformat()}",
        ),
        ("Models tried", compared),
        (
            "Record",
            f"{f'run {study.run_id[:32]}' if study.run_id else 'not kept in a store'}; "
            f"training data {study.digest[:12]}; stratify {study.version}",
        ),
    )
    if study.contact:
        rows = (*rows, ("Questions to", study.contact))
    return ReportTable(
        (), tuple((name, shorten(visible(text), LONGEST_SENTENCE)) for name, text in rows)
    )


def _count_of_them(responders: int, patients: int, words: Words) -> str:
    share = responders / patients
    of_them = (
        f"{responders} of them {words.met} the outcome"
        if not words.met.startswith("were")
        else f"{responders} of them in the group"
    )
    return f"; {of_them} ({write_count(of_100(share), share)} of 100)"


def _recalibrated_rows(study: StudySummary, words: Words) -> tuple[tuple[str, str], ...]:
    told = study.recalibrated
    if told is None:
        return ()
    count = _count_of_them(told.n_responders, told.n_patients, words)
    return (
        (
            "Brought into line with",
            f"{told.n_patients} other {words.people}, of {told.named}{count}; the likelihood, the "
            "average and the figures below are of these",
        ),
    )


def _use_section(study: StudySummary, words: Words) -> Section:
    sentences = [
        "For research use only. stratify is not a medical device, and this report has not been "
        "reviewed by any authority.",
        f"The report gives no advice for or against any treatment, and says nothing about safety. "
        f"Decisions about a {words.person} rest with those who know the {words.person}.",
    ]
    if study.simulated:
        sentences.append(
            "Its model was trained on patients made by a simulator: nothing here is evidence "
            "about real people."
        )
    return Section("What this report is, and is not", tuple(sentences))
