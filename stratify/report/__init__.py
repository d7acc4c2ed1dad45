"""A patient's report: content first, then HTML and PDF made from it and from it alone."""

from stratify.report.content import build_report
from stratify.report.groups import summarise_subgroups
from stratify.report.html import render_html
from stratify.report.patients import build_reports
from stratify.report.pdf import render_pdf, render_pictures, write_pdf
from stratify.report.summary import describe_validation, summarise_calibration, summarise_study
from stratify.report.values import (
    NOT_TESTED_ON,
    CalibrationBin,
    GroupFigures,
    Likelihood,
    PatientReport,
    Possible,
    Recalibrated,
    StudySummary,
)
from stratify.report.write import report_stem, write_report

__all__ = [
    "NOT_TESTED_ON",
    "CalibrationBin",
    "GroupFigures",
    "Likelihood",
    "PatientReport",
    "Possible",
    "Recalibrated",
    "StudySummary",
    "build_report",
    "build_reports",
    "describe_validation",
    "render_html",
    "render_pdf",
    "render_pictures",
    "report_stem",
    "summarise_calibration",
    "summarise_study",
    "summarise_subgroups",
    "write_pdf",
    "write_report",
]
