"""What a report says: the words, chosen from plain values and nothing else.

The wording follows the evidence on communicating numbers (Making Numbers Meaningful 2025,
doi 10.1177/0272989X251346811; Trevena et al. 2013, BMC Med Inform Decis Mak 13 Suppl 2:S7): the
same denominator everywhere, a part-to-whole picture, the reference class and the time named, and
no verbal probabilities, ratios or changing denominators.
"""

from __future__ import annotations

import datetime
from collections.abc import Mapping, Sequence

from scipy.special import expit

from stratify.explanation.values import Reason
from stratify.report.agreement import require_agreement, require_responder_model
from stratify.report.model_page import make_model_sections
from stratify.report.possible import say_possible
from stratify.report.values import (
    IconArray,
    Likelihood,
    LikelihoodBar,
    PatientReport,
    Possible,
    ReasonChart,
    ReasonRow,
    RowKind,
    Section,
    StudySummary,
    Verdict,
    of_100,
    shorten,
    visible,
    write_count,
)
from stratify.report.wording import (
    LONGEST_LABEL,
    LONGEST_SENTENCE,
    LONGEST_VALUE,
    WORDS,
    Words,
    list_items,
    write_percent,
)

BAND = "SIMULATED PATIENTS — not for any use with real people"
FOOTER = "Research use only. Not a medical device."
NOT_SEPARATED = "The model does not separate this {person} from the average"
CANNOT_SAY = "The model cannot say for this {person}"

MOST_REASONS = 10


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
    require_responder_model(study)
    likelihood = Likelihood(probability, low, high, study.base_rate, level)
    speaks = not cannot_say
    if speaks:
        require_agreement(patient, likelihood, reasons, base_log_odds, log_odds)
    words = WORDS[study.question]
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
        bar=_bar(study, words, likelihood) if speaks else None,
        reasons=_chart(words, reasons, base_log_odds, log_odds) if speaks else None,
        reading=_reading(study, words, likelihood) if speaks else (),
        patient_sections=(
            *_caution_sections(study),
            *(() if speaks else (_average_section(study, words),)),
            _missing_section(missing, speaks=speaks),
        ),
        model_sections=make_model_sections(
            study, words, likelihood if speaks else None, (groups or {}) if speaks else {}
        ),
        footer=FOOTER,
    )


def _about(likelihood: Likelihood) -> str:
    count = write_count(likelihood.count, likelihood.probability)
    low = write_count(likelihood.low_count, likelihood.low)
    high = write_count(likelihood.high_count, likelihood.high)
    about = "about " if count.isdigit() else ""
    # No-break spaces keep a range on one line.
    return f"{about}{count} ({low} to {high})".replace(" ", "\u00a0")


def _frequency(study: StudySummary, words: Words, likelihood: Likelihood) -> str:
    return (
        f"Of 100 {words.people} like this one {study.whence}, {_about(likelihood)} "
        f"{words.met} “{visible(study.outcome)}”"
    )


def _average(study: StudySummary, words: Words, likelihood: Likelihood) -> str:
    count = write_count(likelihood.average, likelihood.base_rate)
    return f"on average {study.there} {count} of 100 {_did(words)}"


def _did(words: Words) -> str:
    return "were" if words.met.startswith("were") else "did"


def _verdict(
    study: StudySummary,
    words: Words,
    likelihood: Likelihood,
    cannot_say: Sequence[str],
    possible: Possible | None,
) -> Verdict:
    if cannot_say:
        return Verdict(
            "cannot say",
            CANNOT_SAY.format(person=words.person),
            (
                f"{_known(study, words)}, so no likelihood is given. The "
                f"reason{'s' if len(cannot_say) > 1 else ''}:",
            ),
            list_items(cannot_say, "reasons"),
        )
    frequency, average = _frequency(study, words, likelihood), _average(study, words, likelihood)
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


def _known(study: StudySummary, words: Words) -> str:
    if study.recalibrated is None:
        return f"It knows nothing of {words.people} unlike those it was trained on"
    return (
        f"It speaks only of {words.people} like those it was trained on, from where it was brought "
        "into line"
    )


def _say_possible(words: Words, possible: Possible | None) -> tuple[str, ...]:
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


def _icons(words: Words, likelihood: Likelihood) -> IconArray:
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


def _bar(study: StudySummary, words: Words, likelihood: Likelihood) -> LikelihoodBar:
    count = write_count(likelihood.count, likelihood.probability)
    average = write_count(likelihood.average, likelihood.base_rate)
    low = write_count(likelihood.low_count, likelihood.low)
    high = write_count(likelihood.high_count, likelihood.high)
    short, long = "study average", "study’s average"
    if study.recalibrated is not None:
        short, long = "average there", f"average in {study.recalibrated.named}"
    return LikelihoodBar(
        patient=likelihood.count,
        low=likelihood.low_count,
        high=likelihood.high_count,
        average=likelihood.average,
        ticks=(0, 25, 50, 75, 100),
        patient_label=f"this {words.person}: {count} ({low} to {high})",
        average_label=f"{short}: {average}",
        alt=f"A scale from 0 to 100 of 100 {words.people}: this {words.person} at {count}, the "
        f"range from {low} to {high}, the {long} at {average}.",
    )


def _signed(number: float) -> str:
    text = f"{number:+.2f}".replace("-", "−")
    return "0.00" if text[1:] == "0.00" else text


def _chart(
    words: Words, reasons: Sequence[Reason], base_log_odds: float, log_odds: float
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


def _average_section(study: StudySummary, words: Words) -> Section:
    count = write_count(of_100(study.base_rate), study.base_rate)
    return Section(
        "The study as a whole"
        if study.recalibrated is None
        else f"The {words.people} of {study.recalibrated.named} as a whole",
        (
            f"On average {study.there}, {count} of 100 {words.people} {words.met} "
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
    names = "; ".join(list_items(missing, "inputs", LONGEST_VALUE + 20))
    return Section(heading, (f"{count}{entered}: {names}.",))


def _reading(study: StudySummary, words: Words, likelihood: Likelihood) -> tuple[str, ...]:
    return (
        f"The range is a {write_percent(likelihood.level)} interval: it shows how far the model’s "
        f"number would move with other training {words.people}. It does not tell which of "
        f"the 100 this {words.person} is.",
        words.meaning.format(treatment=visible(study.treatment or "")),
    )


def _caution_sections(study: StudySummary) -> tuple[Section, ...]:
    if not study.cautions:
        return ()
    items = tuple(shorten(visible(text), LONGEST_SENTENCE) for text in study.cautions)
    return (Section("Read with care", items=items),)
