from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from stratify.report import render_html, render_pdf, report_stem, write_report
from stratify.report import write as module

Make = Callable[..., Any]


def test_both_files_hold_the_report(make_report: Make, tmp_path: Path) -> None:
    report = make_report()
    html, pdf = write_report(report, tmp_path / "new" / "folder")
    assert html.read_text(encoding="utf-8") == render_html(report)
    assert pdf.read_bytes() == render_pdf(report)
    assert sorted(file.name for file in html.parent.iterdir()) == ["P017.html", "P017.pdf"]


def test_nothing_is_written_when_one_of_the_two_cannot_be_drawn(
    make_report: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_: object) -> bytes:
        raise RuntimeError("no pdf")

    monkeypatch.setattr(module, "render_pdf", fail)
    with pytest.raises(RuntimeError, match="no pdf"):
        write_report(make_report(), tmp_path / "out")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "patient", ["../../etc/passwd", "a/b", "", ".", "..", "CON", "nul", "a\x00b", "患者", "x" * 999]
)
def test_any_identifier_makes_a_file_inside_the_folder(patient: str) -> None:
    stem = report_stem(patient)
    assert Path(stem).name == stem
    assert 0 < len(stem) < 80
    assert stem.isascii()
    assert not stem.startswith((".", "-"))
    assert stem.upper() not in ("CON", "NUL")


def test_identifiers_that_look_alike_keep_their_own_files() -> None:
    patients = ["P1", "p1", "P 1", "P/1", "P:1", "P-1", "Ρ1", "P1 ", "CON", "con"]
    stems = {report_stem(patient).casefold() for patient in patients}
    assert len(stems) == len(patients)
