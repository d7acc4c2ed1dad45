from __future__ import annotations

import pytest

from stratify.connectome import (
    ATLASES,
    map_regions,
    network_of,
    read_rules,
    require_networks,
)
from stratify.errors import DataError

# Labels as they stand in the label files of Schaefer et al. 2018 (100, 200 and 400 parcels) and of
# the Stanford atlas (Shirer et al. 2012); old and new generations of sub-labels.
KNOWN = {
    "SN": """
        7Networks_LH_SalVentAttn_FrOper_1 7Networks_LH_SalVentAttn_FrOperIns_1
        7Networks_LH_SalVentAttn_Med_1 7Networks_LH_SalVentAttn_PFCl_1
        7Networks_RH_SalVentAttn_TempOccPar_1 7Networks_LH_SalVentAttn_ParOper_1
        17Networks_LH_SalVentAttnA_Ins_1 17Networks_RH_SalVentAttnA_FrMed_1
        17Networks_LH_SalVentAttnB_PFCl_1 17Networks_RH_SalVentAttnB_PFCmp_1
        LH_SalVentAttn_Med_1 RH_SalVentAttnA_FrOper_1 SalVentAttn
        anterior_Salience_01 post_Salience_12 SN SN_03 sn
    """,
    "DMN": """
        7Networks_RH_Default_PFCm_1 7Networks_LH_Default_PFC_1 7Networks_RH_Default_PFCdPFCm_1
        7Networks_RH_Default_PFCv_2 7Networks_LH_Default_PCC_1 7Networks_LH_Default_pCunPCC_1
        7Networks_LH_Default_Par_2 17Networks_LH_DefaultA_PCC_1 17Networks_LH_DefaultA_pCunPCC_1
        17Networks_RH_DefaultA_PFCm_3 17Networks_LH_DefaultA_IPL_1 17Networks_LH_DefaultB_PFCd_2
        RH_Default_pCunPCC_1 Default dorsal_DMN_01 ventral_DMN_09 Precuneus_03 DMN_2
    """,
    "CEN": """
        7Networks_LH_Cont_PFCl_1 7Networks_RH_Cont_Par_2 7Networks_RH_Cont_PFCmp_1
        17Networks_LH_ContA_IPS_1 17Networks_LH_ContA_PFCl_1 17Networks_LH_ContB_PFClv_1
        17Networks_RH_ContB_IPL_2 17Networks_RH_ContB_PFCld_1 LH_Cont_PFCl_1 Cont
        LECN_01 RECN_06 CEN
    """,
    "ContOther": """
        7Networks_LH_Cont_pCun_1 7Networks_RH_Cont_Cing_1 7Networks_LH_Cont_Temp_1
        7Networks_LH_Cont_OFC_1 17Networks_LH_ContC_pCun_1 17Networks_RH_ContC_Cingp_1
        17Networks_LH_ContA_Cingm_1 RH_Cont_pCun_2 ContC
    """,
    "DefaultOther": """
        7Networks_RH_Default_Temp_1 7Networks_LH_Default_PHC_1 17Networks_LH_DefaultB_Temp_1
        17Networks_RH_DefaultB_AntTemp_1 17Networks_LH_DefaultC_Rsp_1 17Networks_LH_DefaultC_PHC_1
        17Networks_LH_DefaultB_IPL_1
    """,
    "Vis": "7Networks_LH_Vis_1 17Networks_LH_VisCent_ExStr_1 17Networks_RH_VisPeri_StriCal_1 Vis",
    "SomMot": "7Networks_RH_SomMot_6 17Networks_LH_SomMotA_1 17Networks_LH_SomMotB_Aud_1 SomMot",
    "DorsAttn": "7Networks_LH_DorsAttn_FEF_1 17Networks_LH_DorsAttnA_SPL_1 DorsAttn",
    "Limbic": """
        7Networks_LH_Limbic_OFC_1 17Networks_LH_Limbic_OFC 17Networks_LH_LimbicB_OFC_1
        17Networks_LH_LimbicA_TempPole_1 Limbic
    """,
    "TempPar": "17Networks_LH_TempPar_1",
    "Auditory": "Auditory_01",
    "Basal_Ganglia": "Basal_Ganglia_04",
    "high_Visual": "high_Visual_02",
    "Subcortical": "LH-Pu LH_Hippocampus",
    "Cerebellum": "Cerebellar_Region1",
    "OTHER": "contra Defaulted Snout region_7",
}


@pytest.mark.parametrize(("network", "labels"), KNOWN.items())
def test_labels_of_both_generations_map_to_their_network(network, labels):
    assert {label: network_of(label) for label in labels.split()} == dict.fromkeys(
        labels.split(), network
    )


def test_a_name_without_its_prefix_or_hemisphere_maps_the_same():
    for label in " ".join(KNOWN.values()).split():
        bare = label.removeprefix("7Networks_").removeprefix("17Networks_")
        assert network_of(bare) == network_of(label)


def test_overrides_go_before_every_rule():
    assert network_of("7Networks_LH_Vis_1", {"7Networks_LH_Vis_1": "SN"}) == "SN"
    assert network_of("7Networks_LH_Vis_1", {"Vis": "SN"}) == "Vis"


def test_every_rule_names_its_source_and_no_table_repeats_a_pattern():
    for atlas in (*ATLASES, "synonyms"):
        rules = read_rules(atlas)
        assert all(rule.source for rule in rules)
        patterns = [rule.pattern for rule in rules if rule.pattern]
        assert len(set(patterns)) == len(patterns)


@pytest.mark.parametrize(
    ("label", "network", "hub", "side"),
    [
        # The traps: medial control, temporal default, prefrontal salience, no subgenual parcel.
        ("7Networks_LH_Cont_pCun_1", "ContOther", "", "L"),
        ("7Networks_RH_Default_Temp_2", "DefaultOther", "", "R"),
        ("7Networks_LH_SalVentAttn_PFCl_1", "SN", "DLPFC", "L"),
        ("7Networks_LH_Limbic_OFC_1", "Limbic", "", "L"),
        ("17Networks_RH_SalVentAttnA_Ins_1", "SN", "anterior insula", "R"),
        ("17Networks_LH_ContA_IPS_2", "CEN", "parietal", "L"),
        ("networks.Salience.ACC (0,22,35)", "SN", "dACC", ""),
        ("networks.FrontoParietal.LPFC (L) (-43,33,28)", "CEN", "DLPFC", "L"),
        ("ACC_sub_L", "Limbic", "sgACC", "L"),
        ("Frontal_Mid_2_R", "CEN", "DLPFC", "R"),
        ("SN_pc_L", "Subcortical", "", "L"),
        ("Cingulate Gyrus, anterior division", "SN", "dACC", ""),
        ("Precuneous Cortex", "DMN", "precuneus", ""),
        ("L_p9-46v_ROI", "CEN", "DLPFC", "L"),
        ("R_AVI_ROI", "SN", "anterior insula", "R"),
        ("AINS_v", "SN", "anterior insula", ""),
        ("L_MFgyr_pc", "CEN", "DLPFC", "L"),
        ("aHIP-rh", "Subcortical", "hippocampus", "R"),
        ("LH-NAC", "Subcortical", "striatum", "L"),
        ("sgACC", "Limbic", "sgACC", ""),
    ],
)
def test_a_region_has_its_network_hub_and_hemisphere(label, network, hub, side):
    (row,) = map_regions([label]).rows
    assert (row.network, row.hub, row.hemisphere) == (network, hub, side)


def test_a_whole_atlas_is_read_by_one_table():
    glasser = map_regions([f"{side}_{area}_ROI" for side in "LR" for area in ("25", "46", "4")])
    assert glasser.atlas == "Glasser"
    assert glasser.networks == ("Limbic", "CEN", "SomMot") * 2
    assert {row.evidence for row in glasser.rows} == {"exact"}


def test_the_map_says_on_what_evidence_and_an_override_is_one():
    mapped = map_regions(["LH_Vis_1", "amygdala", "nowhere"], overrides={"nowhere": "SN"})
    assert [row.evidence for row in mapped.rows] == ["pattern", "synonym", "override"]
    assert list(mapped.to_frame().columns) == [
        "region",
        "network",
        "hub",
        "hemisphere",
        "evidence",
    ]
    assert len(mapped.digest) == 64


def test_an_override_of_no_region_and_an_unknown_atlas_are_refused():
    with pytest.raises(DataError, match="which is no region"):
        map_regions(["LH_Vis_1"], overrides={"LH_Vis_2": "SN"})
    with pytest.raises(DataError, match="'schafer'"):
        map_regions(["LH_Vis_1"], atlas="schafer")


def test_a_network_with_too_few_regions_is_refused_by_name():
    regions = [
        f"{side}H_{name}_{k}"
        for side in "LR"
        for name in ("Cont_PFCl", "Default_PFC")
        for k in (1, 2)
    ]
    mapped = map_regions([*regions, "LH_SalVentAttn_Med_1"])
    with pytest.raises(DataError, match=r"networks: SN.*LH_SalVentAttn_Med_1.*1 left and 0 right"):
        require_networks(mapped)
    require_networks(mapped, ("CEN", "DMN"))
