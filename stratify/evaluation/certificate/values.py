"""What was looked at, and whether it held."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was looked at.

    Parameters
    ----------
    name : str
        What must hold, as a sentence.
    passed : bool
    detail : str
        What was counted.
    """

    name: str
    passed: bool
    detail: str


@dataclass(frozen=True, slots=True)
class Certificate:
    """Whether an evaluation can be free of leakage, check by check.

    Parameters
    ----------
    checks : tuple of Check
    digest : str
        SHA-256 of every outer and inner index array, in order.
    """

    checks: tuple[Check, ...]
    digest: str

    @property
    def passed(self) -> bool:
        """Whether every check passed."""
        return all(check.passed for check in self.checks)

    def add(self, checks: Sequence[Check]) -> Certificate:
        """Return the certificate with further checks at its end."""
        return Certificate((*self.checks, *checks), self.digest)

    def to_dict(self) -> dict[str, object]:
        """Return plain values, for JSON."""
        return {
            "passed": self.passed,
            "digest": self.digest,
            "checks": [asdict(check) for check in self.checks],
        }

    def __str__(self) -> str:
        lines = [
            f"{'passed' if check.passed else 'FAILED'}  {check.name} ({check.detail})"
            for check in self.checks
        ]
        return "\n".join(lines)
