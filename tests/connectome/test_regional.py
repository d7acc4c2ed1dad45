"""Perfusion, metabolism and fluctuations of regions, in long and wide tables and in folders."""

from __future__ import annotations

import nibabel as nib
import numpy as np
import pandas as pd
import pytest

from stratify.connectome import RegionalValues, read_regional_values
from stratify.errors import DataError

REGIONS = ("SN_ACC", "DMN_PCC", "CEN_DLPFC")
PATIENTS = ("sub-1", "sub-2", "sub-3")
VALUES = np.array([[0.9, 0.8, 0.7], [1.1, 1.0, np.nan], [0.6, 0.5, 0.4]])


def long(values=VALUES, **more):
    frame = pd.DataFrame(
        [
            {"participant_id": p, "roi": r, "value": v}
            for p, row in zip(PATIENTS, values, strict=True)
            for r, v in zip(REGIONS, row, strict=True)
        ]
    )
    return frame.assign(
        **{"tracer": "HMPAO", "atlas": "AAL", "unit": "ratio to cerebellum", **more}
    )


def write(frame, path):
    frame.to_csv(path, sep="\t", index=False, na_rep="n/a")
    return path


def told(path, **options) -> str:
    with pytest.raises(DataError) as refused:
        read_regional_values(path, **{"measure": "perfusion", **options})
    return "\n".join(map(str, refused.value.faults))


def assert_read(read: RegionalValues, values=VALUES):
    assert (read.patients, read.regions) == (PATIENTS, REGIONS)
    assert read.networks == ("SN", "DMN", "CEN")
    np.testing.assert_array_equal(read.values, values)


def test_long_and_wide_tables_give_the_same_values(tmp_path):
    tall = read_regional_values(write(long(), tmp_path / "spect_roi.tsv"), measure="perfusion")
    assert_read(tall)
    assert (tall.tracer, tall.atlas, tall.unit) == ("HMPAO", "AAL", "ratio to cerebellum")
    frame = pd.DataFrame(VALUES, columns=list(REGIONS))
    frame.insert(0, "participant_id", list(PATIENTS))
    frame.insert(1, "tracer", "HMPAO")
    broad = read_regional_values(
        write(frame, tmp_path / "wide.tsv"), measure="perfusion", unit="ratio to cerebellum"
    )
    assert_read(broad)
    assert broad.digest == tall.digest
    assert "1 region without a value in 1 patient: CEN_DLPFC" in str(tall.warnings[0])
    turned = read_regional_values(
        tmp_path / "wide.tsv", measure="perfusion", unit="x", regions=REGIONS[::-1]
    )
    np.testing.assert_array_equal(turned.values, VALUES[:, ::-1])


def test_features_are_named_by_region_and_measure_and_follow_their_rows(tmp_path):
    read = read_regional_values(write(long(), tmp_path / "s.tsv"), measure="perfusion")
    assert list(read.features.columns) == [f"{region}:perfusion" for region in REGIONS]
    assert [c.name for c in read.feature_columns] == list(read.features.columns)
    column = read.feature_columns[1]
    assert (column.regions, column.networks) == (("DMN_PCC",) * 2, ("DMN",) * 2)
    assert (column.source, column.unit) == ("connectivity", "ratio to cerebellum")
    picked = read.select(np.array([2, 0]))
    pd.testing.assert_frame_equal(picked.features, read.features.iloc[[2, 0]])
    assert picked.digest != read.digest
    assert "SN_ACC" in read._repr_html_()
    with pytest.raises(DataError, match="the shape is"):
        RegionalValues(VALUES, PATIENTS, REGIONS[:2], REGIONS[:2], "alff")


@pytest.mark.parametrize(
    ("column", "other"),
    [
        ("tracer", "ECD"),
        ("atlas", "AAL3"),
        ("unit", "z"),
        ("reconstruction", "FBP"),
        ("reader", "B"),
    ],
)
def test_what_differs_is_never_mixed(tmp_path, column, other):
    first = long(reconstruction="OSEM", reader="A")
    both = pd.concat([first, first.assign(**{column: other}, value=first["value"] + 1)])
    path = write(both, tmp_path / "s.tsv")
    said = told(path)
    assert f"s.tsv: {column}: {first[column].iloc[0]}, {other}; one {column}" in said
    choice = (
        {"chosen": {column: other}} if column in ("reconstruction", "reader") else {column: other}
    )
    assert_read(read_regional_values(path, measure="perfusion", **choice), VALUES + 1)
    assert f"Correct the {column}" in told(path, chosen={column: "nonsense"})


def test_one_session_is_read_so_that_no_later_scan_is_a_baseline(tmp_path):
    both = pd.concat([long(session_id="ses-pre"), long(VALUES - 0.1, session_id="ses-post")])
    path = write(both, tmp_path / "s.tsv")
    assert "the sessions ses-pre, ses-post; one session" in told(path)
    assert_read(read_regional_values(path, measure="perfusion", session="pre"))
    assert "rows of the session week6" in told(path, session="week6")
    assert "no column session_id" in told(write(long(), tmp_path / "t.tsv"), session="pre")


def test_wrong_tables_are_refused_in_words(tmp_path):
    again = pd.concat([long(), long()[:1]])
    assert "more than one row: SN_ACC for patient sub-1" in told(write(again, tmp_path / "a.tsv"))
    assert "-0.1 at DMN_PCC for patient sub-3; a ratio to cerebellum is above 0" in told(
        write(long(np.where(VALUES == 0.5, -0.1, VALUES)), tmp_path / "n.tsv")
    )
    assert "no unit" in told(write(long().drop(columns="unit"), tmp_path / "u.tsv"))
    assert "no measure" in told(write(long(), tmp_path / "m.tsv"), measure="")
    assert "0 of 3 patients" not in told(write(long(), tmp_path / "k.tsv"), known=("P1", "P2"))
    assert "3 of 3 patients are not in the cohort" in told(tmp_path / "k.tsv", known=("P1",))
    infinite = long(np.where(VALUES == 0.5, np.inf, VALUES))
    assert "inf at DMN_PCC for patient sub-3" in told(write(infinite, tmp_path / "i.tsv"))
    wide = pd.DataFrame({"participant_id": ["a"], "ACC": ["high"]})
    assert "'high' at ACC for patient a" in told(write(wide, tmp_path / "w.tsv"), unit="z")
    assert "no column PCC" in told(tmp_path / "w.tsv", unit="z", regions=["ACC", "PCC"])
    assert "no column of patients" in told(
        write(wide.drop(columns="participant_id"), tmp_path / "p.tsv")
    )


@pytest.mark.parametrize("form", ["node", "row", "cifti"])
def test_alff_of_xcpd_is_read_with_its_quality(tmp_path, form):
    for patient, row in zip(PATIENTS, VALUES, strict=True):
        func = tmp_path / patient / "func"
        func.mkdir(parents=True)
        name = f"{patient}_task-rest_space-MNI_"
        how = {"sep": "\t", "na_rep": "n/a"}
        if form == "node":
            pd.DataFrame({"Node": REGIONS, "alff": row}).to_csv(
                func / f"{name}atlas-Tian_stat-alff_bold.tsv", index=False, **how
            )
        elif form == "row":
            pd.DataFrame([row], columns=list(REGIONS)).to_csv(
                func / f"{name}atlas-Tian_alff.tsv", index=False, **how
            )
        else:
            brain = nib.cifti2.BrainModelAxis.from_mask(np.ones((2, 2, 1)), affine=np.eye(4))
            parcels = nib.cifti2.ParcelsAxis.from_brain_models(
                [(region, brain[k : k + 1]) for k, region in enumerate(REGIONS)]
            )
            axes = (nib.cifti2.ScalarAxis(["alff"]), parcels)
            image = nib.Cifti2Image(row[None], nib.cifti2.Cifti2Header.from_axes(axes))
            nib.save(image, func / f"{name}atlas-Tian_stat-alff_boldmap.pscalar.nii")
        pd.DataFrame({"framewise_displacement": [np.nan, 0.1, 0.3]}).to_csv(
            func / f"{patient}_task-rest_motion.tsv", index=False, **how
        )
    read = read_regional_values(tmp_path, measure="alff")
    np.testing.assert_allclose(read.values, VALUES, atol=1e-6)
    assert (read.patients, read.regions) == (PATIENTS, REGIONS)
    assert (read.atlas, read.producer) == ("Tian", "XCP-D")
    np.testing.assert_allclose(read.quality["mean_fd"], 0.2)
    assert read_regional_values(tmp_path, measure="alff", known=("1", "2", "3")).patients == (
        "1",
        "2",
        "3",
    )
    assert "no files of reho; one of alff" in told(tmp_path, measure="reho")
