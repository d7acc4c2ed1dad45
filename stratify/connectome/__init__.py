"""Connectivity: files to matrices, networks and edges."""

from stratify.connectome.bands import BANDS
from stratify.connectome.connectivity import compute_connectivity
from stratify.connectome.formats import FORMATS, guess_format
from stratify.connectome.networks import NETWORK_RULES, NetworkRule, network_of
from stratify.connectome.read import read_connectomes
from stratify.connectome.values import CONNECTIVITY_KINDS, QUALITY, ConnectivityKind, Connectomes
from stratify.connectome.write import write_connectomes

__all__ = [
    "BANDS",
    "CONNECTIVITY_KINDS",
    "FORMATS",
    "NETWORK_RULES",
    "QUALITY",
    "ConnectivityKind",
    "Connectomes",
    "NetworkRule",
    "compute_connectivity",
    "guess_format",
    "network_of",
    "read_connectomes",
    "write_connectomes",
]
