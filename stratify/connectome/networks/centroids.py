"""Known places in the brain: published regions, to tell the networks of their neighbours."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np

from stratify.connectome.networks.names import RegionName
from stratify.connectome.networks.tables import find_rule

NEAR_MM = 10.0
"""How near a known place must be to speak for a region."""

# The words of Dosenbach's regions, and of which network's hub they speak.
_DOSENBACH_HUBS = {
    "ACC": ("SN", "dACC"),
    "dACC": ("SN", "dACC"),
    "ant insula": ("SN", "anterior insula"),
    "mPFC": ("DMN", "mPFC"),
    "vmPFC": ("DMN", "mPFC"),
    "post cingulate": ("DMN", "PCC"),
    "precuneus": ("DMN", "precuneus"),
    "angular gyrus": ("DMN", "angular gyrus"),
    "dlPFC": ("CEN", "DLPFC"),
    "IPL": ("CEN", "parietal"),
    "IPS": ("CEN", "parietal"),
}


@dataclass(frozen=True, slots=True)
class NearestPlace:
    """The known place nearest to a region.

    Parameters
    ----------
    network, hub : str
        Of that place. A hub only where the two sets of places agree on the network.
    distance_mm : float
    name : str
        What that place is called.
    table : str
        The set it belongs to.
    """

    network: str
    hub: str
    distance_mm: float
    name: str
    table: str = "Seitzman 2020"


def place_regions(coordinates: np.ndarray) -> tuple[NearestPlace, ...]:
    """Find the known place nearest to each region, with its network and, if any is near, hub.

    Parameters
    ----------
    coordinates : array, shape (n_regions, 3)
        In MNI millimetres.

    Source
    ------
    Networks: the 300 regions of Seitzman et al. 2020, NeuroImage 206. Hubs: the names of the 160
    regions of Dosenbach et al. 2010, Science 329. Both as nilearn ships them.
    """
    places, networks = _known_networks()
    hub_places, hubs = _known_hubs()
    found = []
    for point in np.asarray(coordinates, dtype=float):
        distances = np.linalg.norm(places - point, axis=1)
        nearest = int(distances.argmin())
        hub_distances = np.linalg.norm(hub_places - point, axis=1)
        other = int(hub_distances.argmin())
        hub_network, hub = hubs[other]
        agree = hub_distances[other] <= NEAR_MM and hub_network == networks[nearest]
        x, y, z = places[nearest]
        found.append(
            NearestPlace(
                networks[nearest],
                hub if agree else "",
                float(distances[nearest]),
                f"a {networks[nearest]} region at ({x:g}, {y:g}, {z:g})",
            )
        )
    return tuple(found)


@cache
def _known_networks() -> tuple[np.ndarray, tuple[str, ...]]:
    from nilearn.datasets import fetch_coords_seitzman_2018

    held = fetch_coords_seitzman_2018(ordered_regions=False)
    networks = [str(network) for network in held["networks"]]
    kept = np.array([network != "unassigned" for network in networks])
    names = tuple(_community(network) for network, keep in zip(networks, kept, strict=True) if keep)
    return _as_array(held["rois"])[kept], names


@cache
def _known_hubs() -> tuple[np.ndarray, tuple[tuple[str, str], ...]]:
    from nilearn.datasets import fetch_coords_dosenbach_2010

    held = fetch_coords_dosenbach_2010(ordered_regions=False)
    # The names have their number after them.
    names = [str(label).rsplit(" ", 1)[0] for label in held["labels"]]
    hubs = [_DOSENBACH_HUBS.get(name, ("", "")) for name in names]
    kept = np.array([bool(hub) for _, hub in hubs])
    return _as_array(held["rois"])[kept], tuple(hub for hub in hubs if hub[1])


def _community(name: str) -> str:
    words = name if " " in name else _apart(name)
    found = find_rule("power_gordon", RegionName(words, words.replace("-", " ").lower(), ""))
    assert found is not None, name
    return found[1]


def _apart(name: str) -> str:
    """Part ``DefaultMode`` into words."""
    return "".join(f" {letter}" if letter.isupper() else letter for letter in name).strip()


def _as_array(rois: object) -> np.ndarray:
    import pandas as pd

    return pd.DataFrame(rois)[["x", "y", "z"]].to_numpy(dtype=float)  # type: ignore[call-overload]
