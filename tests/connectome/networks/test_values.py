from __future__ import annotations

import csv
import tomllib

import pytest

from stratify.connectome import map_regions, read_network_map
from stratify.errors import DataError

REGIONS = ["LH_SalVentAttn_Med_1", "RH_Cont_pCun_1", "sgACC", "nowhere", 'odd "name"']


@pytest.mark.parametrize("ending", ["tsv", "toml"])
def test_a_map_is_read_back_as_it_was_written(tmp_path, ending):
    mapped = map_regions(REGIONS)
    path = tmp_path / f"map.{ending}"
    mapped.write(path)
    again = read_network_map(path)
    assert again.rows == mapped.rows
    assert (again.atlas, again.digest, again.version) == (
        mapped.atlas,
        mapped.digest,
        mapped.version,
    )
    assert map_regions(REGIONS, overrides=again).rows == mapped.rows


@pytest.mark.parametrize("ending", ["tsv", "toml"])
def test_an_edited_map_overrides_the_tables(tmp_path, ending):
    path = tmp_path / f"map.{ending}"
    map_regions(REGIONS).write(path)
    path.write_text(path.read_text().replace("ContOther", "DMN"))
    mapped = map_regions(REGIONS, overrides=read_network_map(path))
    assert mapped.networks[1] == "DMN"
    assert [row.evidence == "override" for row in mapped.rows] == [False, True, False, False, False]


def test_a_written_map_names_atlas_version_and_digest(tmp_path):
    mapped = map_regions(["LH_Vis_1"])
    mapped.write(tmp_path / "map.tsv")
    mapped.write(tmp_path / "map.toml")
    with open(tmp_path / "map.tsv", newline="") as file:
        (line,) = csv.DictReader(file, delimiter="\t")
    held = tomllib.loads((tmp_path / "map.toml").read_text())
    for said in (line, held):
        assert (said["atlas"], said["version"]) == ("Schaefer 2018", mapped.version)
        assert said["tables_sha256"] == mapped.digest
    assert held["region"] == [
        {
            "name": "LH_Vis_1",
            "network": "Vis",
            "hemisphere": "L",
            "evidence": "pattern",
            "table": "Schaefer 2018",
        }
    ]


def test_a_table_of_region_and_network_is_enough(tmp_path):
    (tmp_path / "mine.csv").write_text("region,network\nA,SN\nB,DMN\n")
    mapped = read_network_map(tmp_path / "mine.csv")
    assert map_regions(["B", "A"], overrides=mapped).networks == ("DMN", "SN")


@pytest.mark.parametrize(
    ("name", "text", "phrase"),
    [
        ("m.tsv", "region\tnetwork\nA\tSN\nA\tDMN\n", "regions named twice: A; one line"),
        ("m.tsv", "region\tnetwork\nA\t\n", "no network of A; a network for each"),
        ("m.tsv", "area\tnetwork\nA\tSN\n", "no column region; there are area, network"),
        ("m.toml", "[[region]]\nnetwork = 'SN'\n", "a \\[\\[region\\]\\] of name and network"),
        ("m.toml", "[[region]]\nname = 'A'\nnetwork = 3\n", "values that are no text"),
        ("m.toml", "[[region", "it cannot be read"),
        ("m.toml", "[[region]]\nname = 'A'\n", "no network of A"),
    ],
)
def test_a_map_that_cannot_be_used_is_refused(tmp_path, name, text, phrase):
    (tmp_path / name).write_text(text)
    with pytest.raises(DataError, match=phrase):
        read_network_map(tmp_path / name)


def test_another_ending_and_a_missing_file_are_refused(tmp_path):
    with pytest.raises(DataError, match=r"the ending '.xlsx'; .tsv or .toml"):
        map_regions(["A"]).write(tmp_path / "m.xlsx")
    with pytest.raises(DataError, match="no such file"):
        read_network_map(tmp_path / "m.toml")
    (tmp_path / "m.tsv").write_text("region\tnetwork\nA\tSN\n")
    of_others = read_network_map(tmp_path / "m.tsv")
    with pytest.raises(DataError, match="which is no region"):
        map_regions(["B"], overrides=of_others)


def test_the_page_shows_names_as_text():
    assert "<script>" not in map_regions(["<script>"])._repr_html_()
    assert list(map_regions(["LH_Vis_1"]).to_frame().columns) == [
        "region",
        "network",
        "hub",
        "hemisphere",
        "evidence",
        "table",
        "note",
    ]
