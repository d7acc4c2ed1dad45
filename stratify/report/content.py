"""What a report says: the words, chosen from plain values and nothing else.

The wording follows the evidence on communicating numbers (Making Numbers Meaningful 2025,
doi 10.1177/0272989X251346811; Trevena et al. 2013, BMC Med Inform Decis Mak 13 Suppl 2:S7): the
same denominator everywhere, a part-to-whole picture, the reference class and the time named, and
no verbal probabilities, ratios or changing denominators.
"""

from __future__ import annotations

import datetime
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import isfinite

from scipy.special import expit

from stratify.errors import DataError, Fault
from stratify.explanation.values import Reason
from stratify.metrics.estimates import METRICS, Estimate
from stratify.report.groups import make_groups_section
from stratify.report.possible import say_possible
from stratify.report.values import (
    IconArray,
    Likelihood,
    LikelihoodBar,
    PatientReport,
    Possible,
    ReasonChart,
    ReasonRow,
    ReportTable,
    RowKind,
    Section,
    StudySummary,
    Verdict,
    of_100,
    shorten,
    visible,
    write_count,
)
from stratify.task import Question

BAND = "SIMULATED PATIENTS — not for any use with real people"
FOOTER = "Research use only. Not a medical device."
NOT_SEPARATED = "The model does not separate this {person} from the average"
CANNOT_SAY = "The model cannot say for this {person}"

MOST_REASONS = 10
MOST_ITEMS = 12
LONGEST_LABEL = 72
LONGEST_VALUE = 36
LONGEST_ITEM = 140
LONGEST_SENTENCE = 400

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


@dataclass(frozen=True, slots=True)
class _Words:
    """How one kind of question is spoken of."""

    title: str
    people: str
    person: str
    met: str
    filled: str
    empty: str
    positive: str
    negative: str
    with_it: str
    without: str
    first: str
    meaning: str


_WORDS: dict[Question, _Words] = {
    "response under treatment": _Words(
        title="How likely to improve under this treatment",
        people="patients",
        person="patient",
        met="met",
        filled="met the outcome",
        empty="did not",
        positive="a responder",
        negative="a non-responder",
        with_it="who met the outcome",
        without="who did not meet the outcome",
        first="the responder",
        meaning="This says how likely such a patient is to improve under this treatment "
        "({treatment}). Every patient in training had it, so the study cannot tell what the "
        "treatment itself adds, nor compare it with another.",
    ),
    "prognosis": _Words(
        title="How likely this outcome is",
        people="patients",
        person="patient",
        met="reached",
        filled="reached the outcome",
        empty="did not",
        positive="a patient who reached the outcome",
        negative="one who did not",
        with_it="who reached the outcome",
        without="who did not reach the outcome",
        first="the first",
        meaning="This describes the course of patients under the care they were given, whatever "
        "it was. It does not tell what any treatment would change.",
    ),
    "diagnosis": _Words(
        title="How likely to belong to the diagnostic group",
        people="people",
        person="person",
        met="were in the group",
        filled="in the group",
        empty="not in it",
        positive="a person in the group",
        negative="one not in it",
        with_it="who were in the group",
        without="who were not in the group",
        first="the first",
        meaning="This says how far the data of this person resemble those of the group in the "
        "study. It is not a diagnosis, and tells nothing of the course or of any treatment.",
    ),
}


def build_report(
    study: StudySummary,
    *,
    patient: str,
    probability: float,
    low: float,
    high: float,
    level: float = 0.95,
    cannot_say: Sequence[str] = (),
    possible: Possible | None = None,
    groups: Mapping[str, str] | None = None,
    reasons: Sequence[Reason] = (),
    base_log_odds: float,
    log_odds: float,
    missing: Sequence[str] = (),
    day: datetime.date | None = None,
) -> PatientReport:
    """Say in words and figures what a study's model says of one patient.

    A report takes one of three forms: the likelihood is stated; the model does not separate the
    patient from the average, when the range as printed covers it; or the model cannot say, when
    the patient is one that it knows nothing of. In the last form no likelihood, figure or reason
    is part of the report.

    Parameters
    ----------
    study : StudySummary
        Its base rate is the average beside the likelihood.
    patient : str
        The identifier, printed as it is.
    probability, low, high : float
        The calibrated likelihood and its interval, as proportions.
    level : float
        The interval's nominal coverage.
    cannot_say : sequence of str
        Why the model cannot speak of the patient, in words, as `Predictions.cannot_say` has them:
        ``"age: 91 years (training saw 19 to 78)"``.
    possible : Possible, optional
        Which outcomes remain.
    groups : mapping of str to str, optional
        The patient's groups, by the study's groupings: ``{"sex": "female"}``.
    reasons : sequence of Reason
        Largest first, as from `Explanation.reasons`. More than ten are summed into one.
    base_log_odds, log_odds : float
        Where the reasons start and end; base + sum of contributions must equal the end, and the
        end must be the probability on the log-odds scale. None of these numbers is looked at
        where the model cannot say.
    missing : sequence of str
        The inputs, in words, that are not recorded for this patient.
    day : date, optional
        The day of the report; the day of the model, where none is given, so that equal inputs
        give equal reports on any day.

    Raises
    ------
    DataError
        If the study has no responder model, or the numbers contradict each other.

    Examples
    --------
    >>> from stratify.metrics.estimates import Estimate
    >>> study = StudySummary(
    ...     name="depression", date=datetime.date(2026, 11, 2), question="response under treatment",
    ...     treatment="tms+ketamine", condition="depression", outcome="response at week 6",
    ...     rule="MADRS at week 6 is at least 50% below baseline", n_patients=300,
    ...     n_responders=141, family="logistic", features="both", n_models=7,
    ...     metrics={"auc": Estimate(0.65, 0.58, 0.72),
    ...              "calibration_slope": Estimate(0.9, 0.6, 1.2)},
    ...     responder_model=True, run_id="4f1c", digest="9ab3", version="0.1.0", simulated=True)
    >>> report = build_report(
    ...     study, patient="P017", probability=expit(0.5), low=0.52, high=0.71,
    ...     reasons=(Reason("baseline severity", "24 points", 0.62),),
    ...     base_log_odds=-0.12, log_odds=0.5)
    >>> report.verdict.kind
    'stated'
    >>> print(report.verdict.sentences[0])
    On average in this study 47 of 100 did: the model expects 15 more.
    """
    _require_responder_model(study)
    likelihood = Likelihood(probability, low, high, study.base_rate, level)
    speaks = not cannot_say
    if speaks:
        _require_agreement(patient, likelihood, reasons, base_log_odds, log_odds)
    words = _WORDS[study.question]
    facts = (
        (words.person.capitalize(), visible(patient)),
        ("Date", (day or study.date).isoformat()),
        ("Study", visible(study.name)),
    )
    return PatientReport(
        title=words.title,
        patient=visible(patient),
        day=day or study.date,
        facts=facts,
        band=BAND if study.simulated else "",
        verdict=_verdict(study, words, likelihood, cannot_say, possible),
        likelihood=likelihood if speaks else None,
        icons=_icons(words, likelihood) if speaks else None,
        bar=_bar(words, likelihood) if speaks else None,
        reasons=_chart(words, reasons, base_log_odds, log_odds) if speaks else None,
        reading=_reading(study, words, likelihood) if speaks else (),
        patient_sections=(
            *_caution_sections(study),
            *(() if speaks else (_average_section(study, words),)),
            _missing_section(missing, speaks=speaks),
        ),
        model_sections=_model_sections(
            study, words, likelihood if speaks else None, (groups or {}) if speaks else {}
        ),
        footer=FOOTER,
    )


def _require_responder_model(study: StudySummary) -> None:
    if not study.responder_model:
        raise DataError(
            Fault(
                where=f"study {study.name}",
                met=study.verdict.rstrip(".") or "no responder model",
                wanted="a report speaks only from a model that beats the simple ones",
                way_out="No report can be issued from this study; see its verdict.",
            )
        )


def _require_agreement(
    patient: str,
    likelihood: Likelihood,
    reasons: Sequence[Reason],
    base_log_odds: float,
    log_odds: float,
) -> None:
    p, low, high = likelihood.probability, likelihood.low, likelihood.high
    contributions = [reason.contribution for reason in reasons]
    faults = []

    def refuse(met: str, wanted: str, way_out: str) -> None:
        faults.append(
            Fault(where="report", met=met, wanted=wanted, way_out=way_out, patients=(str(patient),))
        )

    if not (0 <= low <= p <= high <= 1):
        refuse(
            f"a likelihood of {p:g} with an interval from {low:g} to {high:g}",
            "0 <= low <= likelihood <= high <= 1",
            "Pass the proportions that FittedModel.predict returns.",
        )
    elif low == high and not likelihood.covers_average:
        refuse(
            f"a likelihood of {p:g} without an interval",
            "every likelihood is printed with how well the data settle it",
            "Fit the model with the replicas of its outer folds.",
        )
    if not 0 < likelihood.level < 1:
        refuse(f"a level of {likelihood.level:g}", "a level between 0 and 1", "Pass 0.95.")
    if not all(map(isfinite, (*contributions, base_log_odds, log_odds))):
        refuse("a contribution that is not a number", "finite log-odds", "Explain this row again.")
    else:
        if abs(base_log_odds + sum(contributions) - log_odds) > 1e-6:
            refuse(
                f"base and reasons add up to {base_log_odds + sum(contributions):.6f}",
                f"they add up to the log-odds, {log_odds:.6f}",
                "Pass every reason; Explanation.reasons sums what it leaves out into a last one.",
            )
        if abs(expit(log_odds) - p) > 1e-6:
            refuse(
                f"reasons for a likelihood of {expit(log_odds):.6f}",
                f"reasons for the likelihood that is printed, {p:.6f}",
                "Explain and predict the same row with the same model.",
            )
    if faults:
        raise DataError(faults)


def _about(likelihood: Likelihood) -> str:
    count = write_count(likelihood.count, likelihood.probability)
    low = write_count(likelihood.low_count, likelihood.low)
    high = write_count(likelihood.high_count, likelihood.high)
    about = "about " if count.isdigit() else ""
    # No-break spaces keep a range on one line.
    return f"{about}{count} ({low} to {high})".replace(" ", "\u00a0")


def _percent(level: float) -> str:
    return f"{100 * level:g} %"


def _frequency(study: StudySummary, words: _Words, likelihood: Likelihood) -> str:
    return (
        f"Of 100 {words.people} like this one in the training data, {_about(likelihood)} "
        f"{words.met} “{visible(study.outcome)}”"
    )


def _average(words: _Words, likelihood: Likelihood) -> str:
    count = write_count(likelihood.average, likelihood.base_rate)
    return f"on average in this study {count} of 100 {_did(words)}"


def _did(words: _Words) -> str:
    return "were" if words.met.startswith("were") else "did"


def _verdict(
    study: StudySummary,
    words: _Words,
    likelihood: Likelihood,
    cannot_say: Sequence[str],
    possible: Possible | None,
) -> Verdict:
    if cannot_say:
        return Verdict(
            "cannot say",
            CANNOT_SAY.format(person=words.person),
            (
                f"It knows nothing of {words.people} unlike those it was trained on, so no "
                f"likelihood is given. The reason{'s' if len(cannot_say) > 1 else ''}:",
            ),
            _items(cannot_say, "reasons"),
        )
    frequency, average = _frequency(study, words, likelihood), _average(words, likelihood)
    remain = _say_possible(words, possible)
    if likelihood.covers_average:
        # Next to the average, that a likelihood is unusual for one group would say too much.
        both = remain if possible is not None and possible.remain == "both" else ()
        return Verdict(
            "not separated",
            NOT_SEPARATED.format(person=words.person),
            (f"{frequency}; {average}.", "The range includes the average.", *both),
        )
    distance = likelihood.count - likelihood.average
    way = "more" if distance > 0 else "fewer"
    return Verdict(
        "stated",
        frequency,
        (f"{average[0].upper()}{average[1:]}: the model expects {abs(distance)} {way}.", *remain),
    )


def _say_possible(words: _Words, possible: Possible | None) -> tuple[str, ...]:
    if possible is None:
        return ()
    return (
        say_possible(
            possible,
            people=words.people,
            person=words.person,
            met=words.with_it,
            missed=words.without,
        ),
    )


def _icons(words: _Words, likelihood: Likelihood) -> IconArray:
    low, high = likelihood.low_count, likelihood.high_count
    count = write_count(likelihood.count, likelihood.probability)
    rest = write_count(100 - likelihood.count, 1 - likelihood.probability)
    return IconArray(
        filled=likelihood.count,
        shaded=(low, high),
        legend=(
            f"{count} {words.filled}",
            f"{rest} {words.empty}",
            f"range: {write_count(low, likelihood.low)} to {write_count(high, likelihood.high)}",
        ),
        alt=f"A picture of 100 {words.people} like this one: {count} are filled "
        f"({words.filled}), {rest} are empty ({words.empty}); the shaded ground shows the range, "
        f"{write_count(low, likelihood.low)} to {write_count(high, likelihood.high)}.",
    )


def _bar(words: _Words, likelihood: Likelihood) -> LikelihoodBar:
    count = write_count(likelihood.count, likelihood.probability)
    average = write_count(likelihood.average, likelihood.base_rate)
    low = write_count(likelihood.low_count, likelihood.low)
    high = write_count(likelihood.high_count, likelihood.high)
    return LikelihoodBar(
        patient=likelihood.count,
        low=likelihood.low_count,
        high=likelihood.high_count,
        average=likelihood.average,
        ticks=(0, 25, 50, 75, 100),
        patient_label=f"this {words.person}: {count} ({low} to {high})",
        average_label=f"study average: {average}",
        alt=f"A scale from 0 to 100 of 100 {words.people}: this {words.person} at {count}, the "
        f"range from {low} to {high}, the study’s average at {average}.",
    )


def _signed(number: float) -> str:
    text = f"{number:+.2f}".replace("-", "−")
    return "0.00" if text[1:] == "0.00" else text


def _chart(
    words: _Words, reasons: Sequence[Reason], base_log_odds: float, log_odds: float
) -> ReasonChart:
    kept = tuple(reasons)
    if len(kept) > MOST_REASONS + 1:
        rest = sum(reason.contribution for reason in kept[MOST_REASONS:])
        kept = (
            *kept[:MOST_REASONS],
            Reason("everything else", f"{len(kept) - MOST_REASONS} more", rest),
        )
    start, end = of_100(float(expit(base_log_odds))), of_100(float(expit(log_odds)))
    first, last = (
        f"{write_count(count, float(expit(odds)))} of 100"
        for count, odds in ((start, base_log_odds), (end, log_odds))
    )
    rows = [
        ReasonRow(
            "Starting point: the model’s average",
            first,
            _signed(base_log_odds),
            base_log_odds,
            base_log_odds,
            "base",
        )
    ]
    position = base_log_odds
    for reason in kept:
        rows.append(_row(reason, position))
        position += reason.contribution
    rows.append(
        ReasonRow(f"This {words.person}", last, _signed(log_odds), base_log_odds, log_odds, "total")
    )
    return ReasonChart(
        heading=f"What the model’s number for this {words.person} is made of",
        sentences=(
            "Each bar starts where the one above it ended: filled bars to the right raise the "
            "likelihood, hatched bars to the left lower it. Their lengths are in log-odds, the "
            "scale on which they add up.",
            "The factors are associations in the training data, not causes. Factors that go "
            "together share their contribution.",
        ),
        columns=("Factor", "Value", f"Average to this {words.person}", "Log-odds"),
        rows=tuple(rows),
    )


def _row(reason: Reason, start: float) -> ReasonRow:
    amount = _signed(reason.contribution)
    kind: RowKind = "neutral"
    if amount != "0.00":
        kind = "raises" if reason.contribution > 0 else "lowers"
    return ReasonRow(
        shorten(visible(reason.label), LONGEST_LABEL),
        shorten(visible(reason.value), LONGEST_VALUE),
        amount if kind == "neutral" else f"{kind} {amount}",
        start,
        start + reason.contribution,
        kind,
    )


def _items(items: Sequence[str], noun: str, longest: int = LONGEST_ITEM) -> tuple[str, ...]:
    shown = tuple(shorten(visible(item), longest) for item in items[:MOST_ITEMS])
    rest = len(items) - len(shown)
    return (*shown, f"and {rest} more {noun}") if rest else shown


def _average_section(study: StudySummary, words: _Words) -> Section:
    count = write_count(of_100(study.base_rate), study.base_rate)
    return Section(
        "The study as a whole",
        (
            f"On average in this study, {count} of 100 {words.people} {words.met} "
            f"“{visible(study.outcome)}”. That is not a statement about this {words.person}.",
        ),
    )


def _missing_section(missing: Sequence[str], *, speaks: bool) -> Section:
    heading = "Inputs that were not recorded"
    if not missing:
        return Section(heading, ("None: every input the model uses was recorded.",))
    count = f"{len(missing)} input{'s were' if len(missing) > 1 else ' was'} not recorded"
    them = "them" if len(missing) > 1 else "it"
    entered = f"; the likelihood was computed without {them}" if speaks else ""
    names = "; ".join(_items(missing, "inputs", LONGEST_VALUE + 20))
    return Section(heading, (f"{count}{entered}: {names}.",))


def _reading(study: StudySummary, words: _Words, likelihood: Likelihood) -> tuple[str, ...]:
    return (
        f"The range is a {_percent(likelihood.level)} interval: it shows how far the model’s "
        f"number would move with other training {words.people}. It does not tell which of "
        f"the 100 this {words.person} is.",
        words.meaning.format(treatment=visible(study.treatment or "")),
    )


def _caution_sections(study: StudySummary) -> tuple[Section, ...]:
    if not study.cautions:
        return ()
    items = tuple(shorten(visible(text), LONGEST_SENTENCE) for text in study.cautions)
    return (Section("Read this first", items=items),)


def _model_sections(
    study: StudySummary,
    words: _Words,
    likelihood: Likelihood | None,
    groups: Mapping[str, str],
) -> tuple[Section, ...]:
    sections = [
        Section("What the model was trained on", table=_training_table(study, words)),
        Section(
            f"How well it did on {words.people} it was not trained on",
            (
                f"Each figure comes from {words.people} held out of training "
                f"({visible(study.validation)}), with its interval.",
            ),
            table=_metrics_table(study, words),
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
            "What it has not been tested on",
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


def _calibration_section(
    study: StudySummary, words: _Words, likelihood: Likelihood | None
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


def _training_table(study: StudySummary, words: _Words) -> ReportTable:
    whom = f"{study.n_patients} {'simulated ' if study.simulated else ''}{words.people}"
    if study.condition:
        whom += f" with {study.condition}" if words.person == "patient" else ""
    if study.treatment:
        whom += f" under {study.treatment}"
    count = of_100(study.base_rate)
    whom += (
        f"; {study.n_responders} of them {words.met} the outcome"
        if not words.met.startswith("were")
        else f"; {study.n_responders} of them in the group"
    )
    whom += f" ({write_count(count, study.base_rate)} of 100)"
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
        (
            "Model",
            f"{_FAMILIES.get(study.family, study.family)}, from "
            f"{_FEATURES.get(study.features, study.features)}; fitted {study.date.isoformat()}",
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


def _metrics_table(study: StudySummary, words: _Words) -> ReportTable:
    order = [name for name in METRICS if name in study.metrics]
    order += [name for name in study.metrics if name not in METRICS]
    rows = []
    for name in order:
        estimate = study.metrics[name]
        label, digits = _MEASURES.get(name, (name.replace("_", " "), 3))
        rows.append((label, _estimate(estimate, digits), _meaning(name, estimate, study, words)))
    return ReportTable(("Measure", "Value", "What it says"), tuple(rows))


_MEASURES = {
    "auc": ("Separation (AUC)", 2),
    "average_precision": ("Average precision", 2),
    "balanced_accuracy": ("Balanced accuracy", 2),
    "brier": ("Brier score", 3),
    "brier_skill": ("Brier skill", 3),
    "log_loss": ("Log loss", 3),
    "calibration_intercept": ("Calibration intercept", 2),
    "calibration_slope": ("Calibration slope", 2),
}


def _number(number: float, digits: int) -> str:
    return f"{number:z.{digits}f}".replace("-", "−")


def _estimate(estimate: Estimate, digits: int) -> str:
    if not isfinite(estimate.value):
        return "cannot be estimated"
    value = _number(estimate.value, digits)
    if not (isfinite(estimate.low) and isfinite(estimate.high)):
        return f"{value} (interval cannot be estimated)"
    low, high = _number(estimate.low, digits), _number(estimate.high, digits)
    return f"{value} ({low} to {high}; {_percent(estimate.level)})"


def _meaning(name: str, estimate: Estimate, study: StudySummary, words: _Words) -> str:
    if not isfinite(estimate.value):
        return ""
    base = study.base_rate
    if name == "auc":
        pairs = str(of_100(estimate.value))
        if isfinite(estimate.low) and isfinite(estimate.high):
            pairs += f" ({of_100(estimate.low)} to {of_100(estimate.high)})"
        return (
            f"In {pairs} of 100 pairs of {words.positive} and {words.negative}, the model gives "
            f"{words.first} the higher likelihood; 50 is guessing."
        )
    if name == "balanced_accuracy":
        return "The mean of the shares of the two groups told rightly; 0.50 is guessing."
    if name == "average_precision":
        return (
            f"Of {words.people} taken from the highest likelihood down, the mean share who "
            f"{words.met} the outcome; {_number(base, 2)} is guessing."
            if not words.met.startswith("were")
            else f"Of {words.people} taken from the highest likelihood down, the mean share in "
            f"the group; {_number(base, 2)} is guessing."
        )
    if name == "brier_skill":
        return (
            "By what share the Brier score is better than giving everybody the average; 0 is no "
            "better, below 0 worse."
        )
    if name == "brier":
        return (
            "Mean squared distance of likelihood and outcome; 0 is perfect, and giving everybody "
            f"the average scores {_number(base * (1 - base), 3)}."
        )
    if name == "log_loss":
        return "The penalty for confident errors; 0 is perfect."
    if name == "calibration_intercept":
        return "0 when likelihoods are right on average; above 0 they are too low."
    if name == "calibration_slope":
        return _slope_meaning(estimate)
    return ""


def _slope_meaning(slope: Estimate) -> str:
    said = "1 when likelihoods are as spread as they should be; below 1 they are too extreme."
    if slope.high < 1:
        return f"{said} The interval lies below 1: read them as closer to the average."
    if slope.low > 1:
        return f"{said} The interval lies above 1: they are closer to the average than they need."
    return said


def _use_section(study: StudySummary, words: _Words) -> Section:
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
