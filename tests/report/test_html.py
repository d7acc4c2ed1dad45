import re
from collections.abc import Callable
from html.parser import HTMLParser
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stratify.report import PatientReport, render_html
from stratify.report.html import _template
from stratify.report.values import visible

Make = Callable[..., Any]
Said = Callable[[Any], list[str]]
VOID = {"meta", "br", "img", "link", "hr", "input"}


class Page(HTMLParser):
    """What a reader meets: texts, spoken labels, headings; and whether the tags are in order."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.texts: list[str] = []
        self.labels: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.feed(html)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        self.labels += [value or "" for name, value in attrs if name in ("aria-label", "alt")]
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if data.strip() and "style" not in self.open:
            self.texts.append(data.strip())


FIXED_LABELS = {"What the picture of 100 shows"}


def test_the_page_shows_nothing_that_is_not_in_the_report(
    report: PatientReport, said: Said
) -> None:
    page = Page(render_html(report))
    assert set(page.texts) <= set(said(report))
    assert set(page.labels) <= set(said(report)) | FIXED_LABELS


def test_the_page_shows_every_sentence_of_the_report(report: PatientReport) -> None:
    page = Page(render_html(report))
    shown = {*page.texts, *page.labels}
    wanted = [report.title, report.verdict.headline, report.footer, report.patient]
    wanted += [*report.verdict.sentences, *report.verdict.items, *report.reading]
    for section in (*report.patient_sections, *report.model_sections):
        wanted += [section.heading, *section.sentences, *section.items]
        wanted += [cell for row in (section.table.rows if section.table else ()) for cell in row]
    if report.icons and report.bar:
        wanted += [*report.icons.legend, report.icons.alt, report.bar.alt]
        wanted += [report.bar.patient_label, report.bar.average_label]
    if report.reasons:
        wanted += [report.reasons.heading, *report.reasons.sentences]
        wanted += [w for row in report.reasons.rows for w in (row.label, row.value, row.effect)]
    assert [words for words in wanted if words and words not in shown] == []


def test_an_identifier_cannot_become_markup(make_report: Make) -> None:
    html = render_html(make_report(patient='<script>alert("1")</script>&amp;'))
    assert "<script" not in html
    assert '<script>alert("1")</script>&amp;' in Page(html).texts


def test_no_text_of_a_user_can_become_markup(make_report: Make) -> None:
    evil = "<img src=x onerror=alert(1)>"
    html = render_html(
        make_report(
            labels=(evil,),
            values=(evil,),
            missing=(evil,),
            study={
                "name": evil,
                "outcome": evil,
                "rule": evil,
                "family": evil,
                "warnings": (evil,),
                "not_tested_on": (evil,),
                "contact": evil,
                "treatment": evil,
                "condition": evil,
                "validation": evil,
                "run_id": evil,
                "version": evil,
            },
        )
    )
    assert "<img" not in html


@settings(max_examples=40, deadline=None)
@given(patient=st.text(st.characters(exclude_categories=()), min_size=1, max_size=30))
def test_any_identifier_is_shown_whole(patient: str) -> None:
    shown = visible(patient)
    html = _template().render(report=_Bare(shown), icons=None, bar=None, bars=[])
    html.encode()
    if shown.strip():
        assert shown.strip() in Page(html).texts


class _Bare:
    """The least a template needs, so that many identifiers can be tried quickly."""

    def __init__(self, patient: str) -> None:
        self.title, self.band, self.footer = "t", "", "f"
        self.facts = (("Patient", patient),)
        self.verdict = {"headline": "h", "sentences": (), "items": ()}
        self.icons = self.bar = self.reasons = None
        self.patient_sections = self.model_sections = ()


def test_the_page_loads_nothing(report: PatientReport) -> None:
    page = Page(render_html(report))
    for tag, attributes in page.tags:
        assert tag not in ("script", "link", "img", "iframe", "object")
        assert not {"src", "href", "onclick", "onload", "style"} & set(attributes)
    assert "url(" not in render_html(report)
    assert "@import" not in render_html(report)


def test_the_page_can_be_heard(report: PatientReport) -> None:
    page = Page(render_html(report))
    tags = dict(page.tags)
    assert tags["html"]["lang"] == "en"
    assert tags["title"] is not None
    headings = [int(tag[1]) for tag, _ in page.tags if re.fullmatch(r"h\d", tag)]
    assert headings[0] == 1
    assert headings.count(1) == 1
    assert set(headings[1:]) == {2}
    pictures = [attributes for _, attributes in page.tags if attributes.get("role") == "img"]
    assert len(pictures) == (2 if report.icons else 0)
    assert all(attributes["aria-label"] for attributes in pictures)
    for tag, attributes in page.tags:
        if tag == "th":
            assert attributes["scope"] in ("row", "col")


def test_the_identifier_is_not_in_the_title(make_report: Make) -> None:
    html = render_html(make_report(patient="ZQ-77"))
    title = re.search("<title>(.*?)</title>", html)
    assert title is not None
    assert "ZQ-77" not in title[1]


@pytest.mark.parametrize("simulated", [True, False])
def test_the_band_stands_on_simulated_patients_alone(make_report: Make, simulated: bool) -> None:
    page = Page(render_html(make_report(study={"simulated": simulated})))
    assert ("SIMULATED PATIENTS — not for any use with real people" in page.texts) == simulated


def test_the_same_report_gives_the_same_page(make_report: Make) -> None:
    assert render_html(make_report()) == render_html(make_report())


def test_no_colour_of_a_traffic_light(report: PatientReport) -> None:
    for colour in re.findall(r"#([0-9a-f]{6})\b", render_html(report)):
        red, green, blue = (int(colour[k : k + 2], 16) for k in (0, 2, 4))
        assert max(red, green) <= blue, colour


def test_a_notebook_shows_the_report_in_a_frame(make_report: Make) -> None:
    shown = make_report()._repr_html_()
    assert shown.startswith("<iframe")
    assert "&lt;h1&gt;" in shown
