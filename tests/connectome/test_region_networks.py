import pytest

from stratify.connectome.raw import Regions
from stratify.connectome.region_networks import networks_of_regions

SCHAEFER = ("LH_Default_PCC_1", "LH_SalVentAttn_Med_1", "RH_Cont_PFCl_1", "RH_Limbic_OFC_1")


def find_networks(names, given=None):
    return networks_of_regions(given, Regions(tuple(names)), "edges.csv")


@pytest.mark.parametrize(
    ("misspelt", "meant"),
    [
        ("RH_Defalt_PCC_1", "RH_Default_PCC_1"),
        ("RH_Defaullt_PCC_1", "RH_Default_PCC_1"),
        ("RH_Dafault_PCC_1", "RH_Default_PCC_1"),
        ("RH_SalVetnAttn_Med_1", "RH_SalVentAttn_Med_1"),
        ("LH_Limbc_OFC_1", "LH_Limbic_OFC_1"),
    ],
)
def test_a_label_that_is_misspelt_is_refused_and_named(misspelt, meant):
    mapped, faults = find_networks((*SCHAEFER, misspelt))
    assert mapped is None
    (fault,) = faults
    assert f"'{misspelt}', which no table knows; '{meant}' is one" in str(fault)


def test_a_strange_label_whose_network_is_told_is_no_fault():
    mapped, faults = find_networks((*SCHAEFER, "RH_Defalt_PCC_1"), {"RH_Defalt_PCC_1": "DMN"})
    assert not faults
    assert mapped.networks[-1] == "DMN"


@pytest.mark.parametrize("other", ["tumour", "seed_1", "RH_PFCx_1", "LH_Deft_1"])
def test_a_label_of_another_name_altogether_is_of_no_network_and_no_fault(other):
    mapped, faults = find_networks((*SCHAEFER, other))
    assert not faults
    assert mapped.networks[-1] == "OTHER"


def test_two_regions_that_are_called_alike_are_two_regions():
    names = ("SOMATOMOTOR_NETWORK_ventromedial", "SOMATOMOTOR_NETWORK_anteromedial")
    assert not find_networks(names)[1]
