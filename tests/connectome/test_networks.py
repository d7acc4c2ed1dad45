from __future__ import annotations

import pytest

from stratify.connectome import NETWORK_RULES, network_of

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
    "OTHER": "LH-Pu Cerebellar_Region1 LH_Hippocampus contra Defaulted Snout region_7",
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


def test_every_rule_is_needed_and_names_its_source(monkeypatch):
    labels = " ".join(KNOWN.values()).split()
    whole = [network_of(label) for label in labels]
    for k, rule in enumerate(NETWORK_RULES):
        assert rule.source
        without = NETWORK_RULES[:k] + NETWORK_RULES[k + 1 :]
        monkeypatch.setattr("stratify.connectome.networks.NETWORK_RULES", without)
        assert [network_of(label) for label in labels] != whole, rule
