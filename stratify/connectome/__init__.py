"""Connectivity: files to matrices, networks and edges."""

from stratify.connectome.bands import BANDS
from stratify.connectome.connectivity import compute_connectivity
from stratify.connectome.formats import FORMATS, guess_format
from stratify.connectome.group_matrix import (
    compute_group_matrix,
    order_networks,
    plot_group_matrix,
)
from stratify.connectome.networks import (
    ATLASES,
    NetworkMap,
    NetworkRule,
    NetworkTable,
    RegionNetwork,
    compute_coverage,
    describe_coverage,
    describe_networks,
    map_regions,
    network_of,
    read_network_map,
    read_rules,
    read_table,
    recognise_atlas,
    require_hubs,
    require_networks,
)
from stratify.connectome.quality import apply_quality_gates, compute_qc_fc, plot_qc_fc
from stratify.connectome.read import read_connectomes
from stratify.connectome.regional import RegionalValues
from stratify.connectome.regional_files import read_regional_values
from stratify.connectome.target_features import TargetFeatures, compute_target_features
from stratify.connectome.targets import Targets, read_targets
from stratify.connectome.values import CONNECTIVITY_KINDS, QUALITY, ConnectivityKind, Connectomes
from stratify.connectome.write import write_connectomes

__all__ = [
    "ATLASES",
    "BANDS",
    "CONNECTIVITY_KINDS",
    "FORMATS",
    "QUALITY",
    "ConnectivityKind",
    "Connectomes",
    "NetworkMap",
    "NetworkRule",
    "NetworkTable",
    "RegionNetwork",
    "RegionalValues",
    "TargetFeatures",
    "Targets",
    "apply_quality_gates",
    "compute_connectivity",
    "compute_coverage",
    "compute_group_matrix",
    "compute_qc_fc",
    "compute_target_features",
    "describe_coverage",
    "describe_networks",
    "guess_format",
    "map_regions",
    "network_of",
    "order_networks",
    "plot_group_matrix",
    "plot_qc_fc",
    "read_connectomes",
    "read_network_map",
    "read_regional_values",
    "read_rules",
    "read_table",
    "read_targets",
    "recognise_atlas",
    "require_hubs",
    "require_networks",
    "write_connectomes",
]
