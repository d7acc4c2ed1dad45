import re
import shutil
import struct
import subprocess
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stratify.report import PatientReport, render_pdf, render_pictures, write_pdf
from stratify.report import pdf as module

Make = Callable[..., Any]
Said = Callable[[Any], list[str]]

needs_pdftotext = pytest.mark.skipif(
    shutil.which("pdftotext") is None, reason="pdftotext (poppler) is not installed"
)
NUMBER = r"\d+(?:\.\d+)?"


def count_pages(pdf: bytes) -> int:
    """Read the number of pages from the page tree's own count."""
    counts = re.findall(rb"/Type ?/Pages\b[^>]*?/Count (\d+)", pdf)
    counts += re.findall(rb"/Count (\d+)[^>]*?/Type ?/Pages\b", pdf)
    return max(map(int, counts))


def text_of(pdf: bytes, tmp_path: Path) -> str:
    path = tmp_path / "report.pdf"
    path.write_bytes(pdf)
    words = subprocess.run(
        ["pdftotext", "-enc", "UTF-8", str(path), "-"], check=True, capture_output=True
    ).stdout.decode()
    # What is printed on every page is neither sentence nor number of the report.
    words = re.sub(r"page \d+ of \d+", " ", words)
    return " ".join(words.replace("\u00a0", " ").split())


def plain(words: str) -> str:
    return " ".join(words.replace("\u00a0", " ").split())


def test_every_form_has_two_pages(report: PatientReport) -> None:
    assert count_pages(render_pdf(report)) == 2


def test_long_words_and_ten_reasons_still_have_two_pages(make_report: Make) -> None:
    label = "a label that goes on — as recorded at intake by the referring psychiatrist "
    report = make_report(
        labels=tuple(label + str(k) for k in range(10)),
        values=("a value with a very long unit per kilogram of body weight",) * 10,
        patient="a-very-long-identifier-" * 5,
        missing=tuple(label + str(k) for k in range(30)),
        study={
            "name": "a study whose name says everything about question, arm and site " * 2,
            "rule": "a rule that takes its time " * 14,
            "treatment": "tms+ketamine (10 Hz left DLPFC, 36 sessions; 0.5 mg/kg in 40 minutes)",
            "warnings": ("A warning that says where the data differ from the expected. " * 4,) * 9,
            "simulated": True,
        },
    )
    assert count_pages(render_pdf(report)) == 2


@needs_pdftotext
def test_the_pdf_prints_no_number_absent_from_the_report(
    report: PatientReport, said: Said, tmp_path: Path
) -> None:
    printed = set(re.findall(NUMBER, text_of(render_pdf(report), tmp_path)))
    known = {number for words in said(report) for number in re.findall(NUMBER, words)}
    assert printed - known == set()


@needs_pdftotext
def test_the_pdf_shows_every_sentence_of_the_report(report: PatientReport, tmp_path: Path) -> None:
    shown = text_of(render_pdf(report), tmp_path)
    wanted = [report.title, report.verdict.headline, report.footer, report.patient]
    wanted += [*report.verdict.sentences, *report.verdict.items, *report.reading]
    for section in (*report.patient_sections, *report.model_sections):
        wanted += [section.heading, *section.sentences, *section.items]
    if report.icons and report.bar:
        wanted += [*report.icons.legend, report.bar.patient_label, report.bar.average_label]
    if report.reasons:
        wanted += [report.reasons.heading, *report.reasons.sentences]
        wanted += [row.effect for row in report.reasons.rows]
    assert [words for words in map(plain, wanted) if words not in shown] == []


@needs_pdftotext
def test_the_band_stands_on_each_page(make_report: Make, tmp_path: Path) -> None:
    band = "SIMULATED PATIENTS — not for any use with real people"
    simulated = text_of(render_pdf(make_report(study={"simulated": True})), tmp_path)
    real = text_of(render_pdf(make_report()), tmp_path)
    assert simulated.count(band) == 2
    assert "SIMULATED" not in real


@needs_pdftotext
@pytest.mark.parametrize(
    "patient",
    ['#panic("x")', 'a"b', r"\u{41} \n", "*bold* _it_ $x$ @ref <label>", "// no /* comment", "#{"],
)
def test_an_identifier_cannot_become_typst(make_report: Make, patient: str, tmp_path: Path) -> None:
    assert plain(patient) in text_of(render_pdf(make_report(patient=patient)), tmp_path)


@needs_pdftotext
def test_characters_without_a_glyph_are_told_apart(make_report: Make, tmp_path: Path) -> None:
    shown = text_of(render_pdf(make_report(patient="患者-1 Ж Ω")), tmp_path)
    assert "[U+60A3][U+8005]-1 Ж Ω" in shown


@settings(max_examples=25, deadline=None)
@given(patient=st.text(st.characters(exclude_categories=()), min_size=1, max_size=12))
def test_any_identifier_can_be_printed(patient: str) -> None:
    from stratify.report.values import visible

    shown = module._printable(visible(patient))
    source = b'#set document(title: "t")\n#set text(font: "DejaVu Sans", fallback: false)\n'
    source += b"#sys.inputs.words *#sys.inputs.words*"
    pdf = module._compiler().compile(
        input=source, format="pdf", sys_inputs={"words": shown}, pdf_standards=["ua-1"]
    )
    assert isinstance(pdf, bytes)


def test_the_same_report_gives_the_same_bytes(make_report: Make) -> None:
    first = render_pdf(make_report())
    render_pdf(make_report(patient="another"))
    assert render_pdf(make_report()) == first


def test_threads_draw_the_same_bytes(make_report: Make) -> None:
    reports = [make_report(patient=f"P{k}") for k in range(6)]
    with ThreadPoolExecutor(2) as threads:
        assert list(threads.map(render_pdf, reports)) == [render_pdf(report) for report in reports]


def test_the_document_is_dated_by_the_report_and_does_not_name_the_patient(
    make_report: Make,
) -> None:
    pdf = render_pdf(make_report(patient="ZQ-77"))
    assert b"D:20261102" in pdf
    assert b"ZQ-77" not in pdf


def test_the_pdf_is_tagged_for_screen_readers(make_report: Make) -> None:
    pdf = render_pdf(make_report())
    assert b"/StructTreeRoot" in pdf
    assert b"pdfuaid" in pdf


def test_write_pdf_leaves_the_old_file_when_it_fails(
    make_report: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "report.pdf"
    path.write_bytes(b"old")

    def fail(*_: object) -> None:
        raise OSError("disk full")

    monkeypatch.setattr(module.os, "replace", fail)
    with pytest.raises(OSError, match="disk full"):
        write_pdf(make_report(), path)
    assert path.read_bytes() == b"old"
    assert [file.name for file in tmp_path.iterdir()] == ["report.pdf"]


def test_every_page_can_be_drawn_as_a_picture(report: PatientReport) -> None:
    pages = render_pictures(report, dots_per_inch=36)
    assert [page[:8] for page in pages] == [b"\x89PNG\r\n\x1a\n"] * 2
    # A4 is 210 mm by 297 mm; width and height stand in the first chunk of a PNG.
    width, height = struct.unpack(">II", pages[0][16:24])
    assert (width, height) == pytest.approx((210 / 25.4 * 36, 297 / 25.4 * 36), abs=1)
