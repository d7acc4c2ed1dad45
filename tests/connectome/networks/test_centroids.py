from __future__ import annotations

import numpy as np
import pytest

from stratify.connectome import map_regions
from stratify.errors import DataError

NAMELESS = ["ROI_1", "ROI_2", "ROI_3", "ROI_4", "ROI_5"]
# Centres of CONN's lateral prefrontal, cingulate, posterior cingulate and visual regions, which
# come of another study than the places they are held against; and a place outside the head.
PLACES = np.array([[-43, 33, 28], [0, 22, 35], [1, -61, 38], [2, -79, 12], [90, 90, 90.0]])


def test_regions_without_a_known_name_are_placed_by_their_neighbours():
    mapped = map_regions(NAMELESS, coordinates=PLACES)
    assert mapped.networks == ("CEN", "SN", "DMN", "Vis", "OTHER")
    assert mapped.hemispheres == ("L", "", "", "", "R")
    assert [row.evidence for row in mapped.rows] == ["coordinates"] * 4 + ["none"]
    assert mapped.rows[0].table == "Seitzman 2020"
    assert mapped.rows[0].note.startswith("8.5 mm from a CEN region at (-42.23, 38.21, 21.35)")
    assert mapped.rows[4].note == "the nearest known place is 97.3 mm away"


def test_a_place_speaks_for_ten_millimetres_and_no_farther(monkeypatch):
    alone = (np.array([[0.0, 50.0, 0.0]]), ("DMN",))
    monkeypatch.setattr("stratify.connectome.networks.centroids._known_networks", lambda: alone)
    near, far = map_regions(["a", "b"], coordinates=[[0, 50, 10], [0, 50, 10.1]]).rows
    assert (near.network, near.evidence) == ("DMN", "coordinates")
    assert (far.network, far.evidence, far.hub) == ("OTHER", "none", "")
    assert far.note == "the nearest known place is 10.1 mm away"


def test_the_default_mode_of_power_is_found_by_place():
    # Power et al. 2011 number their default mode regions 86 to 131; nilearn ships places alone.
    from nilearn.datasets import fetch_coords_power_2011

    places = np.array([list(row)[1:] for row in fetch_coords_power_2011()["rois"].to_numpy()])
    mapped = map_regions([f"ROI_{k}" for k in range(1, 265)], coordinates=places)
    found = mapped.networks[85:131]
    assert found.count("DMN") >= 0.95 * len(found)
    assert mapped.networks[142:173].count("Vis") >= 0.95 * 31


def test_a_name_that_a_table_knows_goes_before_its_place():
    mapped = map_regions(["LH_Vis_1"], coordinates=[[-43, 33, 28]])
    assert mapped.networks == ("Vis",)
    assert mapped.rows[0].evidence == "pattern"


def test_places_in_names_are_used_and_unknown_ones_passed_over():
    mapped = map_regions(["target (-43,33,28)", "elsewhere"], coordinates=np.full((2, 3), np.nan))
    assert mapped.networks == ("CEN", "OTHER")


def test_coordinates_that_do_not_fit_the_regions_are_refused():
    with pytest.raises(DataError, match=r"an array of shape \(5, 2\); three numbers for each of"):
        map_regions(NAMELESS, coordinates=PLACES[:, :2])
