"""Which network a region belongs to, by its name."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

OTHER = "OTHER"
"""The network of a region whose name no rule knows."""


@dataclass(frozen=True, slots=True)
class NetworkRule:
    r"""One line of the table that maps region names to networks.

    Parameters
    ----------
    pattern : str
        A regular expression that must match the whole name, hemisphere and atlas prefix taken off,
        upper and lower case alike.
    network : str
        May refer to a group of the pattern, as in ``r"\1"``.
    source : str
        Whose naming it is, and why the line stands where it stands.
    """

    pattern: str
    network: str
    source: str


_SCHAEFER = "Schaefer et al. 2018, Cerebral Cortex 28(9); labels with 7 or 17 networks"
_STANFORD = "Shirer et al. 2012, Cerebral Cortex 22(1)"

NETWORK_RULES: tuple[NetworkRule, ...] = (
    # The field's own words for the three networks, with or without more behind them.
    NetworkRule(r"(SN|DMN|CEN)([_\- ].*)?", r"\1", "the names this project uses"),
    # Yeo's salience and ventral attention are one network. Its lateral prefrontal parcel is often
    # the very site that is stimulated, and is salience all the same, never central executive.
    NetworkRule(r"SalVentAttn[AB]?(_.*)?", "SN", _SCHAEFER),
    # Temporal parcels are outside the core of the default mode (medial prefrontal, posterior
    # cingulate and precuneus, inferior parietal), and some belong elsewhere with 17 networks.
    NetworkRule(r"Default[ABC]?_(Ant)?Temp(_.*)?", "DefaultOther", _SCHAEFER),
    NetworkRule(r"DefaultB_PFCd(_.*)?", "DMN", _SCHAEFER),
    NetworkRule(r"Default[BC](_.*)?", "DefaultOther", _SCHAEFER),
    NetworkRule(r"Default_PHC(_.*)?", "DefaultOther", _SCHAEFER),
    NetworkRule(r"DefaultA?(_.*)?", "DMN", _SCHAEFER),
    # The control network's medial parietal and cingulate parcels are not central executive.
    NetworkRule(r"Cont[ABC]?_(pCun|Cing|PCC).*", "ContOther", _SCHAEFER),
    NetworkRule(r"ContC(_.*)?", "ContOther", _SCHAEFER),
    NetworkRule(r"Cont[AB](_.*)?", "CEN", _SCHAEFER),
    NetworkRule(r"Cont(_(PFCl|PFCmp|Par)?(_?\d+)?)?", "CEN", _SCHAEFER),
    NetworkRule(r"Cont_.*", "ContOther", _SCHAEFER),
    NetworkRule(r"Vis(Cent|Peri)?(_.*)?", "Vis", _SCHAEFER),
    NetworkRule(r"SomMot[AB]?(_.*)?", "SomMot", _SCHAEFER),
    NetworkRule(r"DorsAttn[AB]?(_.*)?", "DorsAttn", _SCHAEFER),
    NetworkRule(r"Limbic[AB]?(_.*)?", "Limbic", _SCHAEFER),
    NetworkRule(r"TempPar(_.*)?", "TempPar", _SCHAEFER),
    NetworkRule(r"(dorsal_DMN|ventral_DMN|Precuneus)(_.*)?", "DMN", _STANFORD),
    NetworkRule(r"(anterior|post|posterior)_Salience(_.*)?", "SN", _STANFORD),
    NetworkRule(r"[LR]ECN(_.*)?", "CEN", _STANFORD),
    NetworkRule(
        r"(Auditory|Basal_Ganglia|Language|Sensorimotor|Visuospatial|prim_Visual|high_Visual)"
        r"(_.*)?",
        r"\1",
        _STANFORD,
    ),
)
"""In order: the first line that matches a name decides."""

_PREFIX = re.compile(r"^(7|17)Networks_", re.IGNORECASE)
_HEMISPHERE = re.compile(r"^[LR]H[_-]", re.IGNORECASE)


def network_of(region: str, overrides: Mapping[str, str] | None = None) -> str:
    """Return the network of a region, by its name.

    Parameters
    ----------
    region : str
        Such as ``"7Networks_LH_SalVentAttn_Med_1"``, ``"RH_Default_pCunPCC_1"`` or ``"LECN_02"``.
    overrides : mapping of str to str, optional
        Networks of regions by their full name; they go before every rule.

    Returns
    -------
    network : str
        ``"SN"`` (salience), ``"DMN"`` (default mode, its core), ``"CEN"`` (central executive), the
        name of another network, or ``"OTHER"`` where no rule knows the name.

    Source
    ------
    `NETWORK_RULES` names each line's.

    Examples
    --------
    >>> network_of("7Networks_LH_SalVentAttn_FrOperIns_1"), network_of("LH_Cont_pCun_1")
    ('SN', 'ContOther')
    >>> network_of("subgenual", {"subgenual": "Limbic"})
    'Limbic'
    """
    if overrides and region in overrides:
        return overrides[region]
    name = _HEMISPHERE.sub("", _PREFIX.sub("", region.strip()))
    for rule in NETWORK_RULES:
        match = re.fullmatch(rule.pattern, name, re.IGNORECASE)
        if match:
            return _as_written(match.expand(rule.network))
    return OTHER


def _as_written(network: str) -> str:
    """Undo the case of a name that was matched in another case: ``sn`` is ``SN``."""
    return network.upper() if network.upper() in ("SN", "DMN", "CEN") else network
