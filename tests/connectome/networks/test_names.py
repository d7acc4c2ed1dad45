from __future__ import annotations

import pytest

from stratify.connectome.networks.names import read_region_name


@pytest.mark.parametrize(
    ("region", "plain", "side"),
    [
        ("7Networks_LH_Default_PFC_1", "Default_PFC_1", "L"),
        ("17Networks_RH_ContA_IPS_1", "ContA_IPS_1", "R"),
        ("RH-Medio_Dorsal", "Medio_Dorsal", "R"),
        ("HIP-rh", "HIP", "R"),
        ("Frontal_Mid_2_L", "Frontal_Mid_2", "L"),
        ("PreCG.R", "PreCG", "R"),
        ("Left Thalamus", "Thalamus", "L"),
        ("Right_Insular_Cortex", "Insular_Cortex", "R"),
        ("Precuneus (R)", "Precuneus", "R"),
        ("ctx-lh-insula", "insula", "L"),
        ("ctx_rh_G_front_sup", "G_front_sup", "R"),
        ("L_p9-46v_ROI", "p9-46v", "L"),
        ("R_V1_ROI-rh", "V1", "R"),
        ("SFG_L_7_1", "SFG_7_1", "L"),
        ("Intraparietal sulcus RH", "Intraparietal sulcus", "R"),
        ("atlas.FP r (Frontal Pole Right)", "Frontal Pole", "R"),
        ("atlas.AC (Cingulate Gyrus, anterior division)", "Cingulate Gyrus, anterior division", ""),
        ("atlas.Thalamus r", "Thalamus", "R"),
        ("LECN_01", "LECN_01", ""),
        ("Lingual", "Lingual", ""),
        ("Right", "Right", ""),
        ("7Networks_1", "7Networks_1", ""),
    ],
)
def test_side_and_atlas_are_taken_off_a_name(region, plain, side):
    name = read_region_name(region)
    assert (name.plain, name.hemisphere) == (plain, side)


def test_coordinates_in_a_name_are_read_and_taken_off():
    name = read_region_name("networks.DorsalAttention.FEF (L)  (-27,-9,64)")
    assert name.coordinates == (-27.0, -9.0, 64.0)
    assert (name.plain, name.hemisphere) == ("networks.DorsalAttention.FEF", "L")
    assert read_region_name("area (1,2)").coordinates is None
    assert read_region_name("odd (1,2,-)").coordinates is None
