"""Connectivity: files to matrices, networks and edges."""

from stratify.connectome.values import CONNECTIVITY_KINDS, ConnectivityKind, Connectomes

__all__ = ["CONNECTIVITY_KINDS", "ConnectivityKind", "Connectomes"]
