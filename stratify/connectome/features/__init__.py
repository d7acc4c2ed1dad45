"""Edges to features: transformers that learn in the training fold and treat each row by itself."""

from stratify.connectome.features.edges import Edges
from stratify.connectome.features.graph_measures import MEASURES, GraphMeasures
from stratify.connectome.features.network_blocks import NetworkBlocks
from stratify.connectome.features.partial_correlation import PartialCorrelation
from stratify.connectome.features.seeds import SEED_PAIRS, Seeds
from stratify.connectome.features.structure import regions_and_networks
from stratify.connectome.features.tangent import TangentVectors
from stratify.connectome.features.transformer import EdgeTransformer

__all__ = [
    "MEASURES",
    "SEED_PAIRS",
    "EdgeTransformer",
    "Edges",
    "GraphMeasures",
    "NetworkBlocks",
    "PartialCorrelation",
    "Seeds",
    "TangentVectors",
    "regions_and_networks",
]
