from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from stratify.connectome import (
    ATLASES,
    map_regions,
    network_of,
    read_rules,
    require_hubs,
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
    assert [row.table for row in mapped.rows] == ["Schaefer 2018", "Anatomical words", ""]
    assert len(mapped.digest) == 64


def test_an_override_of_no_region_and_an_unknown_atlas_are_refused():
    with pytest.raises(DataError, match="which is no region"):
        map_regions(["LH_Vis_1"], overrides={"LH_Vis_2": "SN"})
    with pytest.raises(DataError, match="'schafer'"):
        map_regions(["LH_Vis_1"], atlas="schafer")


# Names as their atlases spell them; those of one line are of one atlas.
@pytest.mark.parametrize(
    ("atlas", "names", "network", "hub"),
    [
        ("", "17Networks_LH_SalVentAttnA_ParMed_1 LH_SalVentAttn_ParOper_2", "SN", ""),
        ("", "17Networks_LH_SalVentAttnA_FrMed_2 RH_SalVentAttnB_PFCmp_1", "SN", "dACC"),
        ("", "17Networks_RH_SalVentAttnB_PFCl_1 LH_SalVentAttn_PFCl_1", "SN", "DLPFC"),
        ("", "LH_Cont_PFCv_1 LH_Cont_OFC_1 17Networks_LH_ContC_Cingp_2", "ContOther", ""),
        ("", "17Networks_LH_DefaultC_Rsp_1 17Networks_LH_DefaultC_IPL_1", "DefaultOther", ""),
        ("", "7Networks_LH_Default_Par_2 17Networks_RH_DefaultA_IPL_1", "DMN", "angular gyrus"),
        ("", "LH_SomMot_3 17Networks_RH_SomMotA_12", "SomMot", "S1"),
        ("", "17Networks_RH_SomMotB_S2_1 17Networks_LH_SomMotB_Aud_2", "SomMot", ""),
        ("", "LECN_01 RECN_02", "CEN", "DLPFC"),
        ("", "Precuneus_02 ventral_DMN_06", "DMN", "precuneus"),
        ("", "anterior_Salience_01 anterior_Salience_04", "SN", "DLPFC"),
        ("4S456Parcels", "LH-Pu RH-NAC LH-GPe", "Subcortical", "striatum"),
        ("4S456Parcels", "LH-Medio_Dorsal RH-Anterior LH-Pulvinar", "Subcortical", "thalamus"),
        ("4S456Parcels", "LH-EXA RH_Amygdala", "Subcortical", "amygdala"),
        ("4S456Parcels", "LH-SNr RH-SNc_PBP_VTA", "Subcortical", ""),
        ("AAL3v1", "ACC_sub_L ACC_sub_R", "Limbic", "sgACC"),
        ("AAL3v1", "SN_pc_L SN_pr_R", "Subcortical", ""),
        ("aal", "Cingulum_Ant_L ACG.R", "SN", "dACC"),
        ("Harvard-Oxford", "Left_Insular_Cortex Right_Insular_Cortex", "SN", "anterior insula"),
        ("HCP-MMP1", "L_25_ROI R_s32_ROI-rh", "Limbic", "sgACC"),
        ("glasser", "L_p9-46v_ROI R_46_ROI p9_46v", "CEN", "DLPFC"),
        ("Brainnetome 246", "CG_L_7_7 A32sg_R", "Limbic", "sgACC"),
        ("Brainnetome 246", "INS_L_6_3 dIa_left vIa_R", "SN", "anterior insula"),
        ("Brainnetome 246", "A9/46d_L MFG_R_7_3 IFJ_left", "CEN", "DLPFC"),
        ("", "PUT-DP-lh NAc-shell-rh aGP-lh CAU-rh", "Subcortical", "striatum"),
        ("", "HIP-head-m1-rh pHIP-lh HIP-lh", "Subcortical", "hippocampus"),
        ("MIST 122", "L_IPlob", "DMN", "angular gyrus"),
        ("MIST 122", "R_IPlob SPlob", "CEN", "parietal"),
        ("Gordon 333", "L_CinguloOperc_4 R_Salience_2", "SN", ""),
        ("Gordon 333", "L_VentralAttn_4 R_VentralAttn_2", "VentAttn", ""),
        ("Gordon 333", "L_CinguloParietal_1", "ContOther", ""),
        ("Yeo 2011", "VentralAttention 7Networks_4", "SN", ""),
        ("", "ctx-lh-caudalanteriorcingulate rh-rostralanteriorcingulate", "SN", "dACC"),
        ("", "lh_rostralmiddlefrontal ctx_rh_G_front_middle", "CEN", "DLPFC"),
    ],
)
def test_names_of_an_atlas_map_to_network_and_hub(atlas, names, network, hub):
    mapped = map_regions(names.split(), atlas=atlas or None)
    assert {row.region: (row.network, row.hub) for row in mapped.rows} == dict.fromkeys(
        names.split(), (network, hub)
    )


def test_names_with_spaces_and_commas_map_by_their_words():
    names = [
        "Cingulate Gyrus, anterior division",
        "Insula antero-superior",
        "Precuneus superior",
        "Middle frontal gyrus anterior",
        "Middle frontal gyrus",
    ]
    mapped = map_regions(names, atlas="DiFuMo")
    assert mapped.networks == ("SN", "SN", "ContOther", "SN", "CEN")
    assert mapped.hubs == ("dACC", "anterior insula", "", "DLPFC", "DLPFC")


def test_the_side_that_the_atlas_knows_is_told_where_the_name_tells_none():
    mapped = map_regions(["LECN_01", "LECN_05", "RECN_03", "dorsal_DMN_04", "LH_Vis_1"])
    assert mapped.hemispheres == ("L", "R", "R", "", "L")


def test_small_letters_at_the_end_may_be_no_side():
    mapped = map_regions(["PVISnet_l", "MOTnet_l", "amygdala_l", "R_FP_l"], atlas="mist")
    assert mapped.networks == ("Vis", "SomMot", "Subcortical", "ContOther")
    assert mapped.hemispheres == ("", "", "L", "R")


def test_regions_that_are_only_numbered_are_of_no_atlas():
    # 1, 2, 4, 25 and 46 are areas of Glasser's too.
    for names in (list("1234"), ["25", "46"], [f"ROI_{k}" for k in range(1, 9)]):
        mapped = map_regions(names)
        assert (mapped.atlas, set(mapped.networks)) == ("", {"OTHER"})
    assert map_regions(["25", "46"], atlas="glasser").networks == ("Limbic", "CEN")


def test_an_atlas_that_knows_few_of_the_names_is_not_taken_for_theirs():
    strange = [f"mine {k}" for k in range(5)]
    assert map_regions([*strange, "Frontal_Mid_L", "Insula_L"]).atlas == ""
    assert map_regions([*strange[:2], "Frontal_Mid_L", "Insula_L"]).atlas == "AAL"


def test_two_atlases_in_one_file_are_both_known():
    mapped = map_regions(["LH_Vis_1", "RH_Cont_PFCl_1", "LH_Default_PFC_1", "aHIP-lh", "LH-Pu"])
    assert mapped.networks == ("Vis", "CEN", "DMN", "Subcortical", "Subcortical")
    assert [row.table for row in mapped.rows][3:] == ["Subcortex", "Subcortex"]


def test_the_real_names_of_the_tulsa_regions_all_map():
    data = os.environ.get("STRATIFY_DATA")
    path = Path(data or ".") / "tulsa_mdd_rsfc" / "edges_fisher_z.parquet"
    if not path.is_file():
        pytest.skip("the Tulsa edges are not here")
    columns = [name for name in pq.read_schema(path).names if "." in name]
    regions = sorted({region for column in columns for region in column.split(".")})
    mapped = map_regions(regions)
    assert (len(mapped), mapped.atlas) == (78, "Stanford functional atlas")
    assert "OTHER" not in mapped.networks
    require_networks(mapped)
    assert {"dACC", "anterior insula", "mPFC", "PCC", "precuneus", "DLPFC"} <= set(mapped.hubs)
    with pytest.raises(DataError, match="dorsal_DMN_01 holds medial prefrontal"):
        require_hubs(mapped, ["sgACC"])


def test_a_map_given_back_as_overrides_changes_only_what_was_edited():
    regions = ["LH_SalVentAttn_Med_1", "LH_Cont_pCun_1", "LH_Vis_1"]
    before = map_regions(regions)
    rows = list(before.rows)
    rows[1] = replace(rows[1], network="DMN", hub="precuneus")
    after = map_regions(regions, overrides=replace(before, rows=tuple(rows)))
    assert after.networks == ("SN", "DMN", "Vis")
    assert after.hubs == ("dACC", "precuneus", "")
    assert [row.evidence for row in after.rows] == ["pattern", "override", "pattern"]
    assert after.digest == before.digest
    assert after.rows_digest != before.rows_digest


def test_mapping_leaves_its_inputs_as_they_are():
    regions, overrides, places = ["a", "b"], {"a": "SN"}, np.zeros((2, 3))
    map_regions(regions, overrides=overrides, coordinates=places)
    assert (regions, overrides) == (["a", "b"], {"a": "SN"})
    np.testing.assert_array_equal(places, np.zeros((2, 3)))


def test_each_region_maps_alone_as_among_the_others_of_its_atlas():
    regions = [name for labels in KNOWN.values() for name in labels.split() if "_" in name]
    together = map_regions(regions, atlas="schaefer").rows
    assert [map_regions([region], atlas="schaefer").rows[0] for region in regions] == list(together)


def test_every_pattern_is_reached_by_some_name():
    # A line that an earlier one hides would be dead; the listed names must all be different.
    for atlas in ATLASES:
        listed = [name.casefold() for rule in read_rules(atlas) for name in rule.names]
        assert len(set(listed)) == len(listed), atlas
