"""The simulated brain: which regions, in which networks, and roughly where."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from itertools import cycle, islice

import numpy as np

SGACC = "sgACC"
FEWEST_REGIONS, MOST_REGIONS = 12, 200

# Areas of the Schaefer 7-network parcellation: our word for the network, and a rough centre in
# MNI millimetres on the left. Areas whose network is disputed (medial parietal parts of Cont, the
# temporal part of Default) are left out rather than assigned.
_AREAS: dict[str, tuple[str, tuple[float, float, float]]] = {
    "Vis": ("Vis", (-20, -80, 0)),
    "SomMot": ("SomMot", (-42, -22, 50)),
    "DorsAttn_Post": ("DorsAttn", (-32, -58, 52)),
    "DorsAttn_PrCv": ("DorsAttn", (-50, 4, 32)),
    "DorsAttn_FEF": ("DorsAttn", (-26, -4, 56)),
    "SalVentAttn_ParOper": ("SN", (-58, -34, 28)),
    "SalVentAttn_FrOperIns": ("SN", (-38, 12, 0)),
    "SalVentAttn_Med": ("SN", (-6, 14, 40)),
    "Limbic_OFC": ("Limbic", (-16, 32, -18)),
    "Limbic_TempPole": ("Limbic", (-36, 6, -34)),
    "Cont_Par": ("CEN", (-42, -54, 46)),
    "Cont_PFCl": ("CEN", (-42, 38, 22)),
    "Default_Par": ("DMN", (-46, -66, 36)),
    "Default_PFCdPFCm": ("DMN", (-8, 50, 16)),
    "Default_pCunPCC": ("DMN", (-6, -54, 28)),
}
_SGACC_PLACE = (6.0, 16.0, -10.0)

# The first eleven hold two or more regions of each of SN, DMN and CEN and every driver's edges;
# further regions follow the round, which is about the mix of the 100-parcel atlas.
_FIRST = (
    ("LH", "Cont_PFCl"),
    ("RH", "Cont_PFCl"),
    ("LH", "Cont_Par"),
    ("LH", "SalVentAttn_Med"),
    ("LH", "SalVentAttn_FrOperIns"),
    ("RH", "SalVentAttn_FrOperIns"),
    ("LH", "Default_PFCdPFCm"),
    ("RH", "Default_PFCdPFCm"),
    ("LH", "Default_pCunPCC"),
    ("RH", "Default_Par"),
    ("LH", "SomMot"),
)
_ROUND = (
    "Vis",
    "SomMot",
    "Default_pCunPCC",
    "Cont_Par",
    "DorsAttn_Post",
    "SalVentAttn_Med",
    "Default_PFCdPFCm",
    "Limbic_OFC",
    "SalVentAttn_ParOper",
    "Vis",
    "SomMot",
    "Cont_PFCl",
    "Default_Par",
    "DorsAttn_Post",
    "SalVentAttn_FrOperIns",
    "DorsAttn_PrCv",
    "Default_PFCdPFCm",
    "Vis",
    "SomMot",
    "Limbic_TempPole",
    "DorsAttn_FEF",
)


@dataclass(frozen=True, slots=True, eq=False)
class Regions:
    """The regions of a simulated atlas, left before right, sgACC last.

    Parameters
    ----------
    names : tuple of str
        As in the Schaefer 2018 atlas, and ``"sgACC"``, an external region: that atlas has none.
    networks : tuple of str
    areas : tuple of str
        Hemisphere and area, without the running number.
    places : array, shape (n_regions, 3)
        Rough centres, MNI millimetres.
    """

    names: tuple[str, ...]
    networks: tuple[str, ...]
    areas: tuple[str, ...]
    places: np.ndarray

    def __len__(self) -> int:
        return len(self.names)

    def within(self, *areas: str) -> np.ndarray:
        """Return the positions of the regions of some areas, both hemispheres."""
        return np.array([k for k, area in enumerate(self.areas) if area[3:] in areas], dtype=int)


def make_regions(count: int) -> Regions:
    """Choose regions that keep every driver's edges, for any size between 12 and 200.

    Examples
    --------
    >>> regions = make_regions(12)
    >>> regions.names[0], regions.networks[0], regions.names[-1], regions.networks[-1]
    ('LH_SomMot_1', 'SomMot', 'sgACC', 'Limbic')
    """
    sides = [(side, area) for area in _ROUND for side in ("LH", "RH")]
    drawn = [*_FIRST, *islice(cycle(sides), max(0, count - 1 - len(_FIRST)))][: count - 1]
    numbers = Counter(drawn)
    order = list(_AREAS)
    kinds = sorted(numbers, key=lambda kind: (kind[0], order.index(kind[1])))
    areas = [f"{side}_{area}" for side, area in kinds for _ in range(numbers[side, area])]
    names = [f"{side}_{area}_{n + 1}" for side, area in kinds for n in range(numbers[side, area])]
    spread = np.random.default_rng(7).normal(0, 9, (MOST_REGIONS, 3))
    places = [
        np.array(_AREAS[area[3:]][1]) * ((1, 1, 1) if area.startswith("LH") else (-1, 1, 1))
        for area in areas
    ]
    return Regions(
        names=(*names, SGACC),
        networks=(*(_AREAS[area[3:]][0] for area in areas), "Limbic"),
        areas=(*areas, SGACC),
        places=np.vstack([np.array(places) + spread[: len(places)], _SGACC_PLACE]),
    )
