"""Which network and hub a region belongs to: tables that can be read, and maps made from them."""

from stratify.connectome.networks.coverage import (
    compute_coverage,
    describe_coverage,
    require_hubs,
    require_networks,
)
from stratify.connectome.networks.describe import describe_networks
from stratify.connectome.networks.mapping import map_regions, network_of
from stratify.connectome.networks.tables import (
    ATLASES,
    CORE,
    OTHER,
    NetworkRule,
    NetworkTable,
    read_rules,
    read_table,
    recognise_atlas,
)
from stratify.connectome.networks.values import (
    Evidence,
    NetworkMap,
    RegionNetwork,
    read_network_map,
)

__all__ = [
    "ATLASES",
    "CORE",
    "OTHER",
    "Evidence",
    "NetworkMap",
    "NetworkRule",
    "NetworkTable",
    "RegionNetwork",
    "compute_coverage",
    "describe_coverage",
    "describe_networks",
    "map_regions",
    "network_of",
    "read_network_map",
    "read_rules",
    "read_table",
    "recognise_atlas",
    "require_hubs",
    "require_networks",
]
