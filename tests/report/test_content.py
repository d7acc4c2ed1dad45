import datetime
import math
import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from scipy.special import logit

from stratify.errors import DataError
from stratify.explanation.values import Reason
from stratify.metrics.estimates import Estimate
from stratify.outcome import ResponseRule
from stratify.report import (
    NOT_TESTED_ON,
    GroupFigures,
    Likelihood,
    PatientReport,
    Possible,
    Recalibrated,
    build_report,
)
from stratify.report.content import BAND, FOOTER
from stratify.report.values import visible
from stratify.task import Task

Make = Callable[..., Any]
Said = Callable[[Any], list[str]]

FORBIDDEN = (
    r"because of",
    r"thanks to|due to|caused by",
    r"\b(1|one) in \d",
    r"\d+ times (more|less|as|higher|lower)",
    r"relative risk|odds ratio|twice|half as",
    r"recommend|\bshould (be )?(give|start|stop|avoid|treat|consider)",
    r"\b(probably|improbable|unlikely|possibly|rarely|seldom|perhaps|certain|certainly|chance|"
    r"risk|promising|favou?rable|good|poor)\b",
    r"(?<!how )\b(very |more |most |less )likely\b",
    r"\b(significant|green|red light|traffic)\b",
)


def test_no_form_of_the_report_uses_words_that_mislead(report: PatientReport, said: Said) -> None:
    words = "\n".join(said(report)).replace("\u00a0", " ").lower()
    for pattern in FORBIDDEN:
        assert not re.search(pattern, words), pattern


def test_likely_is_only_said_of_how_likely(report: PatientReport, said: Said) -> None:
    words = " ".join(said(report)).lower()
    assert len(re.findall(r"\blikely\b", words)) == len(re.findall(r"\bhow likely\b", words))


def test_the_denominator_is_always_100(report: PatientReport, said: Said) -> None:
    words = " ".join(said(report)).replace("\u00a0", " ")
    assert set(re.findall(r"\bof (\d+)\b", words)) <= {"100"}


def test_likelihood_is_stated_beside_the_average(make_report: Make) -> None:
    report = make_report(0.62, 0.52, 0.71)
    assert report.verdict.kind == "stated"
    assert report.verdict.headline.replace("\u00a0", " ") == (
        "Of 100 patients like this one in the training data, about 62 (52 to 71) met "
        "“response at week 6”"
    )
    assert report.verdict.sentences == (
        "On average in this study 47 of 100 did: the model expects 15 more.",
    )


NORTH = {"recalibrated": Recalibrated("north 2025", 160, 48)}


def test_a_recalibrated_likelihood_is_of_the_patients_it_was_brought_into_line_with(
    make_report: Make, said: Said
) -> None:
    report = make_report(0.62, 0.52, 0.71, study=NORTH)
    assert report.verdict.headline.replace("\u00a0", " ") == (
        "Of 100 patients like this one in “north 2025”, about 62 (52 to 71) met "
        "“response at week 6”"
    )
    assert report.verdict.sentences == (
        "On average there 30 of 100 did: the model expects 32 more.",
    )
    assert report.bar.average_label == "average there: 30"
    # What is said of training is what holds of training.
    of_training = [text for text in said(report) if "in the training data" in text]
    assert [text.split(" in the ")[0] for text in of_training] == ["The factors are associations"]
    assert not [text for text in said(report) if "study average" in text or "study’s av" in text]


def test_patients_of_training_and_of_the_recalibration_are_counted_apart(make_report: Make) -> None:
    rows = dict(make_report(study=NORTH).model_sections[0].table.rows)
    assert rows["Patients"].endswith("; 141 of them met the outcome (47 of 100)")
    assert rows["Patients"].startswith("300 patients")
    there = rows["Brought into line with"]
    assert there.startswith("160 other patients, of “north 2025”; 48 of them met the outcome (30 ")
    assert "recalibrated 2026-11-02" in rows["Model"]
    assert "Brought into line with" not in dict(make_report().model_sections[0].table.rows)
    assert "“north 2025”" in make_report(study=NORTH).model_sections[1].sentences[0]


def test_a_recalibrated_model_does_not_separate_from_the_average_there(make_report: Make) -> None:
    # 47 of 100 is the average of training, 30 of 100 the average there.
    assert make_report(0.48, 0.38, 0.59, study=NORTH).verdict.kind == "stated"
    assert make_report(0.32, 0.22, 0.42, study=NORTH).verdict.kind == "not separated"
    silent = make_report(study=NORTH, cannot_say=("site: south",))
    assert silent.patient_sections[0].heading == "The patients of “north 2025” as a whole"
    assert "30 of 100" in silent.patient_sections[0].sentences[0]
    assert "from where it was brought into line" in silent.verdict.sentences[0]


def test_a_recalibration_on_one_outcome_is_refused(make_study: Make) -> None:
    with pytest.raises(DataError, match="counts of the patients of the recalibration"):
        make_study(recalibrated=Recalibrated("north 2025", 160, 160))


def test_a_range_that_covers_the_average_does_not_separate(make_report: Make) -> None:
    report = make_report(0.48, 0.38, 0.59)
    assert report.verdict.kind == "not separated"
    assert report.verdict.headline == "The model does not separate this patient from the average"
    assert "about 48 (38 to 59)" in report.verdict.sentences[0].replace("\u00a0", " ")
    assert "47 of 100" in report.verdict.sentences[0]
    assert report.likelihood.count == 48


@pytest.mark.parametrize(("low", "kind"), [(0.473, "not separated"), (0.476, "stated")])
def test_the_verdict_agrees_with_the_numbers_as_printed(
    make_report: Make, low: float, kind: str
) -> None:
    # The average is 0.47: an interval from 0.473 prints as 47, one from 0.476 as 48.
    assert make_report(0.55, low, 0.6).verdict.kind == kind


def test_outside_the_training_range_nothing_is_said_of_the_patient(
    make_report: Make, said: Said
) -> None:
    report = make_report(cannot_say=("age: 91 years", "site: Zürich"))
    assert report.verdict.kind == "cannot say"
    assert report.verdict.headline == "The model cannot say for this patient"
    assert report.verdict.items == ("age: 91 years", "site: Zürich")
    figures = (report.likelihood, report.icons, report.bar, report.reasons)
    assert figures == (None, None, None, None)
    words = " ".join(said(report))
    assert "62" not in words
    assert "this patient is here" not in words


def test_without_a_responder_model_no_report_is_issued(make_report: Make) -> None:
    with pytest.raises(DataError, match="No model beats baseline severity") as met:
        make_report(
            study={"responder_model": False, "verdict": "No model beats baseline severity."}
        )
    assert "No report can be issued" in str(met.value)


def test_improvement_is_under_the_treatment(make_report: Make, said: Said) -> None:
    words = " ".join(said(make_report()))
    assert "to improve under this treatment (tms+ketamine)" in words
    assert "cannot tell what the treatment itself adds" in words


@pytest.mark.parametrize("question", ["prognosis", "diagnosis"])
def test_other_questions_never_speak_of_improving_under_a_treatment(
    make_report: Make, said: Said, question: str
) -> None:
    report = make_report(study={"question": question, "treatment": None})
    words = " ".join(said(report)).lower()
    assert "under this treatment" not in words
    assert "respond" not in words.replace("response", "")


def test_a_tiny_or_huge_likelihood_never_claims_nobody_or_everybody(make_report: Make) -> None:
    tiny = make_report(0.004, 0.001, 0.02).verdict.headline.replace("\u00a0", " ")
    huge = make_report(0.997, 0.99, 0.9999).verdict.headline.replace("\u00a0", " ")
    assert "fewer than 1 (fewer than 1 to 2)" in tiny
    assert "more than 99 (99 to more than 99)" in huge


def test_every_report_says_what_it_rests_on_and_what_it_is_not(
    report: PatientReport, said: Said
) -> None:
    words = " ".join(said(report.model_sections)).replace("\u00a0", " ")
    for needed in (
        "300",
        "141 of them",
        "held out of training",
        "In 65 (58 to 72) of 100 pairs of",
        "Calibration slope",
        "0.92 (0.55 to 1.29; 95 %)",
        "7 models were compared",
        *NOT_TESTED_ON,
        "For research use only. stratify is not a medical device",
        "run 4f1c9d0b2a7e4c53b8d1e6f7a9c0b1d2",
        "training data 9ab3c1d2e4f5;",
    ):
        assert needed in words
    assert report.footer == FOOTER == "Research use only. Not a medical device."


def test_simulated_patients_are_named_so(make_report: Make) -> None:
    assert make_report(study={"simulated": True}).band == BAND
    assert BAND == "SIMULATED PATIENTS — not for any use with real people"
    assert make_report(study={"simulated": False}).band == ""


def test_factors_are_called_associations(make_report: Make) -> None:
    assert "associations in the training data, not causes" in " ".join(
        make_report().reasons.sentences
    )


def test_bars_lead_from_the_base_to_the_total(make_report: Make) -> None:
    rows = make_report(0.62).reasons.rows
    first, *factors, last = rows
    assert (first.kind, first.start, first.end) == ("base", -0.15, -0.15)
    position = first.end
    for row in factors:
        assert row.start == pytest.approx(position, abs=1e-12)
        assert row.kind == ("raises" if row.end > row.start else "lowers")
        position = row.end
    assert (last.kind, last.start) == ("total", -0.15)
    assert last.end == pytest.approx(position, abs=1e-9)
    assert last.end == pytest.approx(logit(0.62))


def test_more_than_ten_reasons_are_summed_into_a_last_one(make_report: Make) -> None:
    reasons = tuple(Reason(f"factor {k}", "1", 0.03) for k in range(15))
    log_odds = -0.15 + 15 * 0.03
    probability = 1 / (1 + 2.718281828459045**-log_odds)
    report = make_report(
        probability, 0.5, 0.7, reasons=reasons, base_log_odds=-0.15, log_odds=log_odds
    )
    labels = [row.label for row in report.reasons.rows]
    assert len(labels) == 13
    assert labels[-2] == "everything else"
    assert report.reasons.rows[-2].value == "5 more"
    assert report.reasons.rows[-2].end == pytest.approx(log_odds)


def test_reasons_that_do_not_add_up_are_refused(make_report: Make) -> None:
    with pytest.raises(DataError, match="they add up to the log-odds"):
        make_report(reasons=(Reason("age", "52 years", 0.1),))


def test_reasons_for_another_likelihood_are_refused(make_report: Make) -> None:
    reasons = (Reason("age", "52 years", 0.4),)
    with pytest.raises(DataError, match="the same row with the same model"):
        make_report(0.62, reasons=reasons, base_log_odds=0.0, log_odds=0.4)


@pytest.mark.parametrize(
    "numbers", [(0.62, 0.7, 0.8), (0.62, 0.5, 0.6), (0.62, -0.1, 0.8), (0.62, 0.5, float("nan"))]
)
def test_an_interval_around_something_else_is_refused(
    make_report: Make, numbers: tuple[float, float, float]
) -> None:
    with pytest.raises(DataError, match="0 <= low <= likelihood <= high <= 1"):
        make_report(*numbers)


def test_a_likelihood_without_an_interval_is_refused(make_report: Make) -> None:
    with pytest.raises(DataError, match="without an interval"):
        make_report(0.62, 0.62, 0.62)


@pytest.mark.parametrize(
    ("changes", "phrase"),
    [
        ({"treatment": None}, "names the treatment"),
        ({"question": "gain over comparator"}, "one of response under treatment"),
        ({"n_responders": 300}, "with and without the outcome"),
        ({"metrics": {"auc": Estimate(0.6, 0.5, 0.7)}}, "no calibration_slope"),
        ({"not_tested_on": ()}, "what its model has not been tested on"),
    ],
)
def test_a_study_that_cannot_support_a_report_is_refused(
    make_study: Make, changes: dict[str, Any], phrase: str
) -> None:
    with pytest.raises(DataError, match=phrase):
        make_study(**changes)


def test_a_slope_whose_interval_excludes_1_is_pointed_out(make_report: Make, said: Said) -> None:
    metrics = {"auc": Estimate(0.65, 0.58, 0.72), "calibration_slope": Estimate(0.5, 0.2, 0.8)}
    words = " ".join(said(make_report(study={"metrics": metrics})))
    assert "The interval lies below 1: read them as closer to the average." in words


def test_a_metric_that_could_not_be_estimated_is_said_to_be_so(
    make_report: Make, said: Said
) -> None:
    nan = float("nan")
    metrics = {"auc": Estimate(0.65, 0.58, 0.72), "calibration_slope": Estimate(nan, nan, nan)}
    words = " ".join(said(make_report(study={"metrics": metrics})))
    assert "cannot be estimated" in words
    assert "nan" not in words


def test_the_patients_own_calibration_row_is_marked(make_report: Make) -> None:
    def marked(report: PatientReport) -> list[str]:
        (table,) = (
            section.table
            for section in report.model_sections
            if section.heading.startswith("What became")
        )
        return [row[3] for row in table.rows]

    assert marked(make_report(0.62, 0.52, 0.71)) == ["", "this patient is here"]
    assert marked(make_report(0.10, 0.05, 0.2)) == ["this patient is here", ""]
    assert marked(make_report(cannot_say=("age: 91 years",))) == ["", ""]


def test_the_day_is_the_models_unless_one_is_given(make_report: Make) -> None:
    assert make_report().day == datetime.date(2026, 11, 2)
    day = datetime.date(2026, 11, 20)
    assert make_report(day=day).day == day
    assert ("Date", "2026-11-20") in make_report(day=day).facts


def test_long_lists_are_cut_and_counted(make_report: Make) -> None:
    report = make_report(cannot_say=tuple(f"column {k}: 1" for k in range(30)))
    assert len(report.verdict.items) == 13
    assert report.verdict.items[-1] == "and 18 more reasons"


def test_a_value_outside_is_shown_however_long_its_label_is(make_report: Make) -> None:
    item = "a label that says when, by whom and with which instrument it was recorded: 91 years"
    assert make_report(cannot_say=(item,)).verdict.items == (item,)


def test_characters_that_hide_or_reorder_are_shown_as_code_points(make_report: Make) -> None:
    report = make_report(patient="P1\u202e2\n\ud800")
    assert report.patient == "P1[U+202E]2[U+000A][U+D800]"
    assert visible("患者 é") == "患者 é"


def test_counts_keep_the_order_of_the_proportions() -> None:
    likelihood = Likelihood(0.5, 0.495, 0.505, base_rate=0.4949)
    assert (likelihood.low_count, likelihood.count, likelihood.high_count) == (50, 50, 51)
    assert not likelihood.covers_average
    assert replace(likelihood, base_rate=0.4951).covers_average


def test_arguments_are_unchanged(make_study: Make) -> None:
    outside, missing = ["age: 91 years"], ["weight"]
    build_report(
        make_study(),
        patient="P1",
        probability=0.5,
        low=0.4,
        high=0.6,
        cannot_say=outside,
        missing=missing,
        base_log_odds=0.0,
        log_odds=0.0,
    )
    assert (outside, missing) == (["age: 91 years"], ["weight"])


@pytest.mark.parametrize("outside", [(), ("age: 91 years",)])
def test_what_must_be_known_first_is_said_in_every_form_of_the_report(
    make_report: Make, said: Said, outside: tuple[str, ...]
) -> None:
    task = Task(
        rule=ResponseRule(name="response", followup="week6", at_most=10),
        question="prognosis",
        landmark="week 2",
    )
    report = make_report(study={"cautions": task.cautions}, cannot_say=outside)
    assert report.patient_sections[0].heading == "Read with care"
    words = " ".join(said(report))
    assert "landmark model at week 2" in words
    assert "says nothing of a patient at baseline" in words
    assert "landmark" not in " ".join(said(make_report(cannot_say=outside)))


GROUPS = (
    GroupFigures("sex", "female", 140, Estimate(0.66, 0.57, 0.74), Estimate(0.1, -0.2, 0.4)),
    GroupFigures("sex", "male", 100, Estimate(0.64, 0.53, 0.74), Estimate(-0.5, -0.9, -0.1)),
    GroupFigures("site", "north", 12, why_not="fewer than 20 patients"),
)


def table_of_groups(report):
    found = [s for s in report.model_sections if "groups this" in s.heading]
    return [section.table.rows for section in found]


def test_a_report_shows_the_groups_its_patient_belongs_to(make_report: Make) -> None:
    report = make_report(
        study={"subgroups": GROUPS}, groups={"sex": "male", "site": "north", "age": "60 or more"}
    )
    assert table_of_groups(report) == [
        (
            ("sex: male", "100", "0.64 (0.53 to 0.74)", "too high"),
            ("site: north", "12", "cannot be told: fewer than 20 patients", "cannot be told"),
        )
    ]
    female = make_report(study={"subgroups": GROUPS}, groups={"sex": "female"})
    assert table_of_groups(female)[0][0][3] == "no error can be told"


def test_groups_are_left_out_where_none_is_known_or_nothing_is_said(make_report: Make) -> None:
    assert table_of_groups(make_report(study={"subgroups": GROUPS})) == []
    assert table_of_groups(make_report(groups={"sex": "male"})) == []
    silent = make_report(
        study={"subgroups": GROUPS}, groups={"sex": "male"}, cannot_say=("age: 91 years",)
    )
    assert table_of_groups(silent) == []


@pytest.mark.parametrize(
    ("remain", "said_"),
    [
        (
            "both",
            "Both remain possible for this patient: of 100 held-out patients who did not meet",
        ),
        (
            "responder",
            "So high a likelihood is unusual for patients who did not meet the outcome",
        ),
        ("non-responder", "So low a likelihood is unusual for patients who met the outcome"),
        ("neither", "Such a likelihood is unusual for both"),
    ],
)
def test_what_remains_possible_is_said_in_counts(
    make_report: Make, remain: str, said_: str
) -> None:
    report = make_report(possible=Possible(remain, 0.313, 0.004, 0.9))
    sentence = report.verdict.sentences[-1]
    assert sentence.startswith(said_)
    if remain != "non-responder":
        assert " 31 " in sentence
    if remain != "responder":
        assert "fewer than 1" in sentence
    assert report.verdict.kind == "stated"


def test_nothing_remains_to_be_said_of_whom_the_model_cannot_speak(
    make_report: Make, said: Said
) -> None:
    report = make_report(
        math.nan,
        math.nan,
        math.nan,
        cannot_say=("site: north (training saw A, B)",),
        possible=Possible("", math.nan, math.nan, 0.9),
        log_odds=math.nan,
        base_log_odds=math.nan,
        reasons=(),
    )
    assert report.verdict.kind == "cannot say"
    assert report.verdict.sentences[0].endswith("The reason:")
    assert "nan" not in " ".join(said(report)).lower().split()
    two = make_report(cannot_say=("a", "b"))
    assert two.verdict.sentences[0].endswith("The reasons:")


def test_next_to_the_average_only_that_both_remain_is_said(make_report: Make) -> None:
    near = (0.48, 0.38, 0.59)
    both = make_report(*near, possible=Possible("both", 0.3, 0.5, 0.9))
    assert "Both remain possible" in both.verdict.sentences[-1]
    one = make_report(*near, possible=Possible("responder", 0.05, 0.5, 0.9))
    assert one.verdict.sentences[-1] == "The range includes the average."


def test_a_group_of_everybody_is_not_shown_again(make_report: Make) -> None:
    everybody = GroupFigures("arm", "both", 300, Estimate(0.65, 0.58, 0.72), Estimate(0, -1, 1))
    report = make_report(study={"subgroups": (everybody,)}, groups={"arm": "both"})
    assert table_of_groups(report) == []
