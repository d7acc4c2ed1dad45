"""The names of regions, taken apart: what is hemisphere, atlas, place, and what is left."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

Hemisphere = Literal["L", "R", ""]

_PREFIX = re.compile(
    r"(7|17)Networks_(?=[LR]H_)|ctx[-_]|wm[-_](?=[lr]h)|atlas\.(?!.*\()", re.IGNORECASE
)
_PLACE = re.compile(r"\s*\(\s*([-+\d.]+)\s*,\s*([-+\d.]+)\s*,\s*([-+\d.]+)\s*\)$")
_ROI = re.compile(r"_ROI(?=$|[_\- .](?:LH|RH|L|R)$)", re.IGNORECASE)
_SIDE = "LH|RH|left|right|L|R"
_BEFORE = re.compile(rf"({_SIDE})[_\- .]+(?=\S)", re.IGNORECASE)
_AFTER = re.compile(rf"(?:[_\- .]+({_SIDE})|\s*\((L|R|left|right)\))$", re.IGNORECASE)
# Brainnetome's SFG_L_7_1; and the toolbox CONN's atlas.FP r (Frontal Pole Right).
_WITHIN = re.compile(r"([A-Za-z]+)_([LR])(_\d+_\d+)")
_IN_WORDS = re.compile(r"atlas\..*\((.+?)(?:[ ,]+(Left|Right))?\)")
_BREAKS = re.compile(r"[_\-.,\s]+")


@dataclass(frozen=True, slots=True)
class RegionName:
    """A region's name without what tells its side, its atlas or its place.

    Parameters
    ----------
    plain : str
        What is left of the name.
    words : str
        The same in lower case, with spaces for underscores, hyphens, points and commas.
    hemisphere : {"L", "R", ""}
    coordinates : tuple of float, optional
        In mm, where the name gives them.
    """

    plain: str
    words: str
    hemisphere: Hemisphere
    coordinates: tuple[float, float, float] | None = None


@lru_cache(maxsize=8192)
def read_region_name(region: str) -> RegionName:
    """Take a region's name apart.

    Parameters
    ----------
    region : str

    Examples
    --------
    >>> read_region_name("networks.Salience.AInsula (L) (-44,13,1)")
    RegionName(plain='networks.Salience.AInsula', words='networks salience ainsula', \
hemisphere='L', coordinates=(-44.0, 13.0, 1.0))
    >>> read_region_name("7Networks_RH_Cont_PFCl_2").plain, read_region_name("aHIP-lh").hemisphere
    ('Cont_PFCl_2', 'L')
    """
    name, place = region.strip(), None
    match = _PLACE.search(name)
    if match:
        place = _numbers(match)
        name = name[: match.start()].rstrip()
    plain, side = _without_side(_PREFIX.sub("", name, count=1))
    plain = _ROI.sub("", plain)
    return RegionName(plain, _in_words(plain), side, place)


@lru_cache(maxsize=8192)
def read_region_names(region: str) -> tuple[RegionName, ...]:
    """Return the ways to take a name apart: more than one where its end may be a side or a word.

    Examples
    --------
    >>> [(name.plain, name.hemisphere) for name in read_region_names("MOTnet_l")]
    [('MOTnet', 'L'), ('MOTnet_l', '')]
    """
    name = read_region_name(region)
    # Small letters may stand for lateral or rostral.
    if not re.search(r"_[lr]$", region.strip()) or not name.hemisphere:
        return (name,)
    whole = region.strip()
    return (name, RegionName(whole, _in_words(whole), "", name.coordinates))


def _without_side(name: str) -> tuple[str, Hemisphere]:
    match = _IN_WORDS.fullmatch(name)
    if match:
        return match[1], _side(match[2])
    match = _WITHIN.fullmatch(name)
    if match:
        return match[1] + match[3], _side(match[2])
    match = _BEFORE.match(name)
    if match:
        # What is told twice, as in L_V1_ROI-lh, is taken off twice.
        rest = name[match.end() :]
        again = _AFTER.search(rest)
        if again and _side(again[1] or again[2]) == _side(match[1]):
            rest = rest[: again.start()]
        return rest, _side(match[1])
    match = _AFTER.search(name)
    if match and match.start():
        return name[: match.start()], _side(match[1] or match[2])
    return name, ""


def _side(told: str | None) -> Hemisphere:
    return told[0].upper() if told else ""  # type: ignore[return-value]


def _in_words(plain: str) -> str:
    return _BREAKS.sub(" ", plain).strip().lower()


def _numbers(match: re.Match[str]) -> tuple[float, float, float] | None:
    try:
        x, y, z = (float(number) for number in match.groups())
    except ValueError:
        return None
    return x, y, z
