from __future__ import annotations

import pytest

from stratify.connectome import (
    compute_coverage,
    describe_coverage,
    map_regions,
    require_hubs,
    require_networks,
)
from stratify.errors import DataError

FULL = [
    f"{side}H_{name}_{k}"
    for side in "LR"
    for name in ("Cont_PFCl", "Default_PFC", "SalVentAttn_Med")
    for k in (1, 2)
]


def test_a_network_with_too_few_regions_is_refused_by_name():
    mapped = map_regions([*FULL[:4], *FULL[6:10], "LH_SalVentAttn_Med_1"])
    with pytest.raises(
        DataError,
        match=r"networks: SN: 1 region \(LH_SalVentAttn_Med_1\), 1 left and 0 right; "
        r"at least 2 in each hemisphere. Name the network of more regions",
    ):
        require_networks(mapped)
    require_networks(mapped, ("CEN", "DMN"))
    require_networks(map_regions(FULL))


def test_every_thin_network_is_told_at_once():
    with pytest.raises(DataError) as caught:
        require_networks(map_regions(["LH_Vis_1"]))
    assert [fault.where for fault in caught.value.faults] == [
        "networks: SN",
        "networks: DMN",
        "networks: CEN",
    ]
    assert "0 regions (none)" in str(caught.value)


def test_one_region_fewer_than_needed_on_one_side_is_too_few():
    without = [name for name in FULL if name != "RH_Cont_PFCl_2"]
    with pytest.raises(DataError, match=r"networks: CEN: 3 regions .*, 2 left and 1 right"):
        require_networks(map_regions(without))
    require_networks(map_regions(without), least=1)


def test_midline_regions_count_for_both_sides():
    conn = [
        "networks.DefaultMode.MPFC (1,55,-3)",
        "networks.DefaultMode.LP (L) (-39,-77,33)",
        "networks.DefaultMode.LP (R) (47,-67,29)",
        "networks.DefaultMode.PCC (1,-61,38)",
    ]
    require_networks(map_regions(conn), ["DMN"], least=3)
    with pytest.raises(DataError, match="1 left and 1 right, 2 on both sides or none told"):
        require_networks(map_regions(conn), ["DMN"], least=4)


def test_coverage_is_told_as_warnings_that_stop_nothing():
    told = describe_coverage(map_regions([*FULL, "nowhere"]))
    assert [fault.severity for fault in told] == ["warning"]
    assert "1 of 13 regions of Schaefer 2018 whose network no table tells: nowhere" in str(told[0])
    assert describe_coverage(map_regions(FULL)) == ()
    assert len(describe_coverage(map_regions(["nowhere"]))) == 4


def test_coverage_counts_every_region_once():
    mapped = map_regions([*FULL, "LH_Vis_1", "nowhere"])
    table = compute_coverage(mapped)
    assert list(table["network"]) == ["SN", "DMN", "CEN", "Vis", "OTHER"]
    assert table["regions"].sum() == len(mapped)
    assert (table[["left", "right", "midline"]].sum(axis=1) == table["regions"]).all()
    assert list(table["hubs"][:3]) == ["dACC", "mPFC", "DLPFC"]


def test_no_subgenual_region_is_made_up_where_the_atlas_has_none():
    mapped = map_regions([*FULL, "LH_Limbic_OFC_1", "RH_Limbic_OFC_1"])
    assert "sgACC" not in mapped.hubs
    with pytest.raises(DataError) as caught:
        require_hubs(mapped, ["sgACC", "DLPFC L", "DLPFC R"])
    assert str(caught.value) == (
        "hub sgACC: none among 14 regions of Schaefer 2018; a region of it. It falls between "
        "Limbic_OFC and the ventral Default_PFC, and none of them is the subgenual cingulate. Add "
        "a region of your own, drawn around MNI (6, 16, -10) with a radius of 10 mm, and name it "
        "sgACC."
    )
    require_hubs(map_regions([*FULL, "sgACC"]), ["sgACC"])


def test_a_hub_of_the_other_side_does_not_do():
    mapped = map_regions(["LH_Cont_PFCl_1"])
    require_hubs(mapped, ["DLPFC L", "DLPFC"])
    with pytest.raises(DataError, match="hub DLPFC R: none among 1 region of Schaefer 2018"):
        require_hubs(mapped, ["DLPFC R"])
