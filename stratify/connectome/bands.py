"""Bands of frequencies of an EEG, by name or by their ends."""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np

from stratify.errors import DataError, Fault, did_you_mean

BANDS: dict[str, tuple[float, float]] = {
    "delta": (1.0, 4.0),
    "theta": (4.0, 8.0),
    "alpha": (8.0, 13.0),
    "beta": (13.0, 30.0),
    "gamma": (30.0, 45.0),
}
"""The classical bands in Hz; a study that means others says their ends."""

_ENDS = re.compile(
    r"(?P<low>\d+(\.\d+)?)\s*(-|to|–)\s*(?P<high>\d+(\.\d+)?)\s*(hz)?", re.IGNORECASE
)


@dataclass(frozen=True)
class Band:
    """A band of frequencies, in Hz."""

    name: str
    low: float
    high: float

    def __str__(self) -> str:
        ends = f"{self.low:g}-{self.high:g} Hz"
        return f"{self.name} ({ends})" if self.name else ends


def make_band(text: str) -> Band:
    """Make a band of its name, or of its two ends.

    Examples
    --------
    >>> print(make_band("alpha"), "and", make_band("8-12 Hz"))
    alpha (8-13 Hz) and 8-12 Hz
    """
    plain = text.strip().lower()
    if plain in BANDS:
        return Band(plain, *BANDS[plain])
    ends = _ENDS.fullmatch(plain)
    if ends and float(ends["low"]) < float(ends["high"]):
        return Band("", float(ends["low"]), float(ends["high"]))
    raise DataError(
        Fault(
            where="band",
            met=f"{text!r}{did_you_mean(text, BANDS)}",
            wanted=f"one of {', '.join(BANDS)}, or two frequencies as in 8-12 Hz",
            way_out="Correct the band.",
        )
    )


def choose_frequencies(
    frequencies: np.ndarray, edges: np.ndarray | None, asked: str | None
) -> tuple[np.ndarray, str]:
    """Return the positions of the frequencies of a band, and the band in words.

    Parameters
    ----------
    frequencies : array, shape (n_frequencies,)
        In Hz: of each bin, or the middle of each band that was averaged already.
    edges : array, shape (n_frequencies, 2), optional
        The ends of each band, where values are averages over bands.
    asked : str, optional
        May be left out where there is one frequency or band.

    Raises
    ------
    DataError
        If none is asked for among several, or none lies in the band.
    """
    there = [f"{low:g}-{high:g} Hz" for low, high in (edges if edges is not None else ())] or [
        f"{frequency:g} Hz" for frequency in frequencies
    ]
    shown = (
        ", ".join(there) if len(there) <= 8 else f"{there[0]} to {there[-1]}, {len(there)} of them"
    )
    if asked is None:
        if len(frequencies) == 1:
            return np.array([0]), there[0]
        raise DataError(
            Fault(
                where="band",
                met=f"the frequencies {shown}",
                wanted="one band",
                way_out="Say which band to read, by name or as 8-12 Hz.",
            )
        )
    band = make_band(asked)
    if edges is not None:
        inside = (edges[:, 0] >= band.low - 0.5) & (edges[:, 1] <= band.high + 0.5)
    else:
        inside = (frequencies >= band.low) & (frequencies <= band.high)
    if not inside.any():
        raise DataError(
            Fault(
                where="band",
                met=f"no frequency within {band}; there are {shown}",
                wanted="frequencies of the band asked for",
                way_out="Correct the band, or compute its connectivity.",
            )
        )
    return np.flatnonzero(inside), str(band)
