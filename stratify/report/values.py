"""A patient's report as a value: what a study is, and every sentence, number, table and figure."""

from __future__ import annotations

import datetime
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from math import floor
from typing import Literal

from stratify.errors import DataError, Fault
from stratify.metrics.estimates import Estimate
from stratify.task import QUESTIONS, FeatureSet, Question

VerdictKind = Literal["stated", "not separated", "cannot say"]
RowKind = Literal["base", "raises", "lowers", "neutral", "total"]

NOT_TESTED_ON = (
    "External validation: none. The model has not been tested on patients from another study.",
    "It has not been tested in use: whether such a report changes what becomes of patients is "
    "not known.",
)
"""What holds of every model that was only cross-validated."""


@dataclass(frozen=True, slots=True)
class CalibrationBin:
    """Held-out patients who were given similar likelihoods, and what became of them.

    Parameters
    ----------
    low, high : float
        The lowest and highest likelihood among them.
    predicted, observed : float
        The mean likelihood, and the share with the outcome.
    patients : int
    """

    low: float
    high: float
    predicted: float
    observed: float
    patients: int


@dataclass(frozen=True, slots=True)
class GroupFigures:
    """How well a model did in one group of held-out patients.

    Parameters
    ----------
    grouping, group : str
        ``"sex"`` and ``"female"``.
    patients : int
    auc, intercept : Estimate, optional
        Separation, and calibration in the large; none where ``why_not`` says why.
    why_not : str
    """

    grouping: str
    group: str
    patients: int
    auc: Estimate | None = None
    intercept: Estimate | None = None
    why_not: str = ""


@dataclass(frozen=True, slots=True)
class Possible:
    """Which outcomes remain possible for a patient.

    Parameters
    ----------
    remain : {"both", "responder", "non-responder", "neither"}
    as_high : float
        The share of held-out patients without the outcome whose likelihood was as high.
    as_low : float
        The share of held-out patients with the outcome whose likelihood was as low.
    confidence : float
        An outcome remains as long as its share is above 1 - confidence.
    """

    remain: str
    as_high: float
    as_low: float
    confidence: float


@dataclass(frozen=True, slots=True)
class Recalibrated:
    """The patients that a model's likelihoods were brought into line with.

    Parameters
    ----------
    cohort : str
        What those patients are called.
    n_patients, n_responders : int
        How many, and those of them with the outcome.
    """

    cohort: str
    n_patients: int
    n_responders: int

    @property
    def named(self) -> str:
        """The cohort as it is printed: in quotation marks, and not at any length."""
        return f"“{shorten(visible(self.cohort), 40)}”"


@dataclass(frozen=True, slots=True, kw_only=True)
class StudySummary:
    """What a report says about the study and the model behind a likelihood.

    Parameters
    ----------
    name : str
        The study.
    date : date
        The day the model was fitted.
    question : {"response under treatment", "prognosis", "diagnosis"}
        It decides the words of the report.
    treatment, condition : str, optional
        Whom the model was trained on; a treatment is needed for "response under treatment".
    outcome : str
        The outcome's name, with its time: ``"response at week 6"``.
    rule : str
        The outcome's rule, as a sentence.
    n_patients, n_responders : int
        Those the model was trained on, and those of them with the outcome; the expected count,
        where some outcomes were imputed.
    family : str
        ``"logistic"``, ``"xgboost"``, or other words.
    features : {"clinical", "connectivity", "both"}
    validation : str
        How the metrics were obtained: ``"5-fold cross-validation, repeated 4 times"``.
    metrics : mapping of str to Estimate
        At least ``auc`` and ``calibration_slope``, from patients held out of training.
    n_models : int
        How many models the study compared, this one included.
    responder_model : bool
        Whether the study found the model good enough to speak of single patients.
    verdict : str
        The study's verdict in words; it is told when there is no responder model.
    run_id, digest, version : str
        Which run (empty where none keeps the model), which training data, which stratify.
    simulated : bool
        Whether the patients of the study were made by a simulator.
    calibration : tuple of CalibrationBin
        What became of held-out patients, by the likelihood they were given; left out where empty.
    not_tested_on : tuple of str
        Sentences; never empty.
    warnings : tuple of str
        Sentences about the study's data.
    contact : str
        Whom to ask; left out where empty.
    cautions : tuple of str
        What a reader must know before anything else: that it is a landmark model, or that the
        outcome is unvalidated.
    subgroups : tuple of GroupFigures
        Of every group the study looked at; a report shows those its patient belongs to.
    n_imputed : int
        Those whose outcome was missing and was imputed.
    recalibrated : Recalibrated, optional
        Whose likelihoods these are, where they were brought into line with patients other than
        those of training. Metrics, calibration and the average are of these, then.

    Raises
    ------
    DataError
        If the counts, the question or the metrics cannot support a report.
    """

    name: str
    date: datetime.date
    question: Question
    outcome: str
    rule: str
    n_patients: int
    n_responders: int
    family: str
    features: FeatureSet
    metrics: Mapping[str, Estimate]
    n_models: int
    responder_model: bool
    run_id: str
    digest: str
    version: str
    simulated: bool
    treatment: str | None = None
    condition: str | None = None
    validation: str = "cross-validation"
    verdict: str = ""
    calibration: tuple[CalibrationBin, ...] = ()
    not_tested_on: tuple[str, ...] = NOT_TESTED_ON
    warnings: tuple[str, ...] = ()
    contact: str = ""
    cautions: tuple[str, ...] = ()
    subgroups: tuple[GroupFigures, ...] = ()
    n_imputed: int = 0
    recalibrated: Recalibrated | None = None

    def __post_init__(self) -> None:
        faults = list(_faults(self))
        if faults:
            raise DataError(faults)

    @property
    def base_rate(self) -> float:
        """The share with the outcome, among those whose likelihoods these are."""
        whose = self.recalibrated or self
        return whose.n_responders / whose.n_patients

    @property
    def whence(self) -> str:
        """Where the patients are whose likelihoods these are: ``in the training data``."""
        return (
            "in the training data"
            if self.recalibrated is None
            else (f"in {self.recalibrated.named}")
        )

    @property
    def there(self) -> str:
        """The same, once it has been said: ``in this study``, or ``there``."""
        return "in this study" if self.recalibrated is None else "there"


def _faults(study: StudySummary) -> Iterator[Fault]:
    where = f"study {study.name}"
    if study.question not in QUESTIONS:
        yield Fault(
            where=f"{where}: question",
            met=repr(study.question),
            wanted=f"one of {', '.join(QUESTIONS)}",
            way_out="Report a study that asks one of these.",
        )
    elif study.question == "response under treatment" and not study.treatment:
        yield Fault(
            where=f"{where}: treatment",
            met="no treatment",
            wanted="response under treatment names the treatment",
            way_out="Name the arm the model was trained on.",
        )
    for one, what, done in (
        (study, "training data", "trained on"),
        (study.recalibrated, "patients of the recalibration", "brought into line with"),
    ):
        if one is not None and not 0 < one.n_responders < one.n_patients:
            yield Fault(
                where=f"{where}: n_responders",
                met=f"{one.n_responders} of {one.n_patients} patients",
                wanted=f"a model is {done} patients with and without the outcome",
                way_out=f"Give the counts of the {what}.",
            )
    absent = [name for name in ("auc", "calibration_slope") if name not in study.metrics]
    if absent:
        yield Fault(
            where=f"{where}: metrics",
            met=f"no {' and no '.join(absent)}",
            wanted="a report says how well the model separates and how well it is calibrated",
            way_out="Estimate them on patients held out of training.",
        )
    if not study.not_tested_on:
        yield Fault(
            where=f"{where}: not_tested_on",
            met="nothing",
            wanted="a report says what its model has not been tested on",
            way_out="Say what kind of patients or use the model has not met.",
        )


@dataclass(frozen=True, slots=True)
class Likelihood:
    """A calibrated probability with its interval, beside the study's average.

    Parameters
    ----------
    probability, low, high : float
        Proportions.
    base_rate : float
        The share with the outcome, among those whose likelihoods these are.
    level : float
        The nominal coverage of ``low`` to ``high``.

    Examples
    --------
    >>> likelihood = Likelihood(0.478, 0.381, 0.594, base_rate=0.47)
    >>> likelihood.count, likelihood.low_count, likelihood.high_count, likelihood.average
    (48, 38, 59, 47)
    >>> likelihood.covers_average
    True
    """

    probability: float
    low: float
    high: float
    base_rate: float
    level: float = 0.95

    @property
    def count(self) -> int:
        """Of 100 patients like this one."""
        return of_100(self.probability)

    @property
    def low_count(self) -> int:
        """Where the range starts, of 100."""
        return of_100(self.low)

    @property
    def high_count(self) -> int:
        """Where the range ends, of 100."""
        return of_100(self.high)

    @property
    def average(self) -> int:
        """Of 100 patients of the study."""
        return of_100(self.base_rate)

    @property
    def covers_average(self) -> bool:
        """Whether the range, as it is printed, includes the study's average.

        Rounding keeps order, so whatever covers unrounded covers here too; deciding on what is
        printed keeps a reader from seeing "38 to 47, average 47" called a difference.
        """
        return self.low_count <= self.average <= self.high_count


def of_100(proportion: float) -> int:
    """Return the nearest whole number of 100, halves upward.

    Examples
    --------
    >>> of_100(0.475), of_100(0.004), of_100(0.125)
    (48, 0, 13)
    """
    return floor(100 * proportion + 0.5 + 1e-9)


def write_count(count: int, proportion: float) -> str:
    """Write a count of 100 so that it never claims that nobody, or everybody, is meant.

    Examples
    --------
    >>> write_count(0, 0.004), write_count(48, 0.478)
    ('fewer than 1', '48')
    """
    if count == 0 and proportion > 0:
        return "fewer than 1"
    if count == 100 and proportion < 1:
        return "more than 99"
    return str(count)


def visible(text: str) -> str:
    r"""Return a text with nothing in it that hides or reorders what is read.

    Control characters, line breaks, bidirectional overrides and lone surrogates are written as
    their code points; everything else stays as it is.

    Examples
    --------
    >>> visible("P 017 é 患者"), visible("a\u202eb\n")
    ('P 017 é 患者', 'a[U+202E]b[U+000A]')
    """
    overrides = range(0x202A, 0x202F), range(0x2066, 0x206A), range(0x2028, 0x202A)
    hidden = (
        unicodedata.category(character) in ("Cc", "Cs")
        or any(ord(character) in span for span in overrides)
        for character in text
    )
    return "".join(
        f"[U+{ord(character):04X}]" if hide else character
        for character, hide in zip(text, hidden, strict=True)
    )


def shorten(text: str, longest: int) -> str:
    """Cut a text that would not fit, and show that it was cut.

    Examples
    --------
    >>> shorten("baseline severity", 11), shorten("severity", 11)
    ('baseline s…', 'severity')
    """
    return text if len(text) <= longest else text[: longest - 1] + "…"


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the report says first.

    Parameters
    ----------
    kind : {"stated", "not separated", "cannot say"}
    headline : str
    sentences : tuple of str
    items : tuple of str
        The values the model cannot speak of, when it cannot say.
    """

    kind: VerdictKind
    headline: str
    sentences: tuple[str, ...]
    items: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class IconArray:
    """A hundred people, as a part-to-whole picture.

    Parameters
    ----------
    filled : int
        How many are filled, counted from the first.
    shaded : (int, int)
        The range: people from ``shaded[0] + 1`` to ``shaded[1]`` stand on a shaded ground.
    legend : tuple of str
        What filled, not filled and shaded mean, in that order.
    alt : str
        The picture in words.
    """

    filled: int
    shaded: tuple[int, int]
    legend: tuple[str, str, str]
    alt: str


@dataclass(frozen=True, slots=True)
class LikelihoodBar:
    """A scale from 0 to 100 with the patient, the range and the study's average on it.

    Parameters
    ----------
    patient, low, high, average : int
        Of 100.
    ticks : tuple of int
    patient_label, average_label : str
    alt : str
    """

    patient: int
    low: int
    high: int
    average: int
    ticks: tuple[int, ...]
    patient_label: str
    average_label: str
    alt: str


@dataclass(frozen=True, slots=True)
class ReasonRow:
    """One bar of the reasons: from where the bar before ended to where this one ends.

    Parameters
    ----------
    label, value : str
        The factor in clinical words, and the patient's value.
    effect : str
        Its contribution in words and log-odds: ``"raises +0.31"``.
    start, end : float
        Log-odds.
    kind : {"base", "raises", "lowers", "neutral", "total"}
    """

    label: str
    value: str
    effect: str
    start: float
    end: float
    kind: RowKind


@dataclass(frozen=True, slots=True)
class ReasonChart:
    """How the likelihood builds up from the model's average, factor by factor.

    Parameters
    ----------
    heading : str
    sentences : tuple of str
    columns : tuple of str
        The headings of label, value, bar and effect.
    rows : tuple of ReasonRow
        The starting point, the factors, the total.
    """

    heading: str
    sentences: tuple[str, ...]
    columns: tuple[str, str, str, str]
    rows: tuple[ReasonRow, ...]


@dataclass(frozen=True, slots=True)
class ReportTable:
    """A table of words.

    Parameters
    ----------
    columns : tuple of str
        Headings; empty where the first cell of each row is its heading.
    rows : tuple of tuple of str
    """

    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True, slots=True)
class Section:
    """A heading and what stands under it, in this order: sentences, items, table.

    Parameters
    ----------
    heading : str
    sentences, items : tuple of str
    table : ReportTable, optional
    """

    heading: str
    sentences: tuple[str, ...] = ()
    items: tuple[str, ...] = ()
    table: ReportTable | None = None


@dataclass(frozen=True, slots=True)
class PatientReport:
    """Every sentence, number, table and figure of one patient's report.

    Make one with `build_report`; `render_html` and `render_pdf` draw it and add nothing.

    Parameters
    ----------
    title : str
    patient : str
        The identifier, as the user's file has it.
    day : date
        The day of the report; the documents' own date.
    facts : tuple of (str, str)
        Patient, date and study, as printed under the title.
    band : str
        Stands on every page when the patients are simulated; else empty.
    verdict : Verdict
    likelihood : Likelihood or None
        None when the model cannot say; so are ``icons``, ``bar`` and ``reasons``.
    icons : IconArray or None
    bar : LikelihoodBar or None
    reasons : ReasonChart or None
    reading : tuple of str
        How to read the likelihood; empty when the model cannot say.
    patient_sections, model_sections : tuple of Section
        The rest of the first page, and the second page.
    footer : str
    """

    title: str
    patient: str
    day: datetime.date
    facts: tuple[tuple[str, str], ...]
    band: str
    verdict: Verdict
    likelihood: Likelihood | None
    icons: IconArray | None
    bar: LikelihoodBar | None
    reasons: ReasonChart | None
    reading: tuple[str, ...]
    patient_sections: tuple[Section, ...]
    model_sections: tuple[Section, ...]
    footer: str

    def __repr__(self) -> str:
        return f"PatientReport({self.patient}: {self.verdict.headline})".replace("\u00a0", " ")

    def _repr_html_(self) -> str:
        from html import escape

        from stratify.report.html import render_html

        frame = 'title="patient report" style="width: 100%; height: 60rem; border: 0"'
        return f'<iframe {frame} srcdoc="{escape(render_html(self))}"></iframe>'
