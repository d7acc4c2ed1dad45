"""Which outcomes remain possible for one patient, in words."""

from __future__ import annotations

from stratify.report.values import Possible, of_100, write_count


def say_possible(possible: Possible, *, people: str, person: str, met: str, missed: str) -> str:
    """Say which outcomes remain, and of how many held-out patients as much was true.

    Parameters
    ----------
    possible : Possible
    people, person : str
        As ``"patients"`` and ``"patient"``.
    met, missed : str
        Those with the outcome and those without: ``"who met the outcome"``.

    Examples
    --------
    >>> print(say_possible(Possible("both", 0.31, 0.55, 0.9), people="patients", person="patient",
    ...                    met="who met it", missed="who did not"))
    Both remain possible for this patient: of 100 held-out patients who did not, 31 were given a
    likelihood as high as this one, and of 100 who met it, 55 one as low.
    """
    high = write_count(of_100(possible.as_high), possible.as_high)
    low = write_count(of_100(possible.as_low), possible.as_low)
    if possible.remain == "both":
        return (
            f"Both remain possible for this {person}: of 100 held-out {people} {missed}, {high} "
            f"were given a likelihood as high as this one, and of 100 {met}, {low} one as low."
        )
    if possible.remain == "responder":
        return (
            f"So high a likelihood is unusual for {people} {missed}: of 100 of them who were held "
            f"out, {high} were given one as high."
        )
    if possible.remain == "non-responder":
        return (
            f"So low a likelihood is unusual for {people} {met}: of 100 of them who were held "
            f"out, {low} were given one as low."
        )
    return (
        f"Such a likelihood is unusual for both: of 100 held-out {people} {missed}, {high} were "
        f"given one as high, and of 100 {met}, {low} one as low."
    )
