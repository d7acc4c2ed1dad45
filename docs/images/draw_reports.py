"""Draw the pictures of reports that the guides show, from simulated patients.

Run from the repository: .venv/bin/python docs/images/draw_reports.py

Prints what each picture shows and its size. The study is the README's.
"""

from __future__ import annotations

import datetime
import io
from pathlib import Path

FOLDER = Path(__file__).parent
DAY = datetime.date(2026, 11, 22)
DOTS_PER_INCH = 110
PATIENTS = 200


def make_reports():
    """Train the README's study and report on fresh patients of the same population."""
    from stratify import (
        ResponseRule,
        Task,
        assemble,
        build_reports,
        cross_validate_many,
        datasets,
        evaluate_references,
        make_folds,
        make_verdict,
        refit,
        summarise_study,
    )

    known = datasets.make_cohort("optimistic", patients=1600, regions=12)
    new = datasets.make_cohort(
        "optimistic", patients=PATIENTS, regions=12, seed=1, shares={"tms+ketamine": 1.0}
    )
    rule = ResponseRule(
        name="response (MADRS fell by half or more at week 6)",
        baseline="madrs_baseline",
        followup="madrs_week6",
        drop=0.5,
    )
    task = Task(rule=rule, treatment="tms+ketamine", condition="depression")
    table = assemble(task, known.cohort)
    folds = make_folds(table.y, table.groups)
    evaluations = cross_validate_many([("prevalence", table), ("logistic", table)], folds)
    model = refit(evaluations[1], table)
    simple = evaluate_references(table, folds)
    verdict = make_verdict(evaluations, table, references=simple)
    study = summarise_study("simulated depression", model, evaluations, verdict, date=DAY)
    return build_reports(study, model, assemble(task, new.cohort, labelled=False))


def write_picture(name: str, page: bytes, *, keep: float = 1.0) -> str:
    """Write a page, or its upper part, as a PNG of few colours; return its size in words."""
    from PIL import Image

    picture = Image.open(io.BytesIO(page)).convert("RGB")
    picture = picture.crop((0, 0, picture.width, round(keep * picture.height)))
    path = FOLDER / name
    picture.quantize(64).save(path, optimize=True)
    return f"{picture.width} x {picture.height}, {path.stat().st_size / 1000:.0f} kB"


def main() -> None:
    from stratify.report import render_pictures

    reports = make_reports()
    of_kind = {
        kind: [report for report in reports if report.verdict.kind == kind]
        for kind in ("stated", "not separated", "cannot say")
    }
    print(f"{PATIENTS} simulated patients: { {k: len(v) for k, v in of_kind.items()} }")
    # Of those above the average, the middle one: neither the weakest nor the most striking.
    above = [one for one in of_kind["stated"] if one.likelihood.count > one.likelihood.average]
    shown = sorted(above, key=lambda report: report.likelihood.probability)[len(above) // 2]
    first, second = render_pictures(shown, dots_per_inch=DOTS_PER_INCH)
    print("report.png       ", write_picture("report.png", first), shown)
    print("report-model.png ", write_picture("report-model.png", second))
    for kind, keep in (("not separated", 0.463), ("cannot say", 0.33)):
        name = kind.replace(" ", "-") + ".png"
        page, _ = render_pictures(of_kind[kind][0], dots_per_inch=DOTS_PER_INCH)
        print(f"{name:17}", write_picture(name, page, keep=keep), of_kind[kind][0])


if __name__ == "__main__":
    main()
