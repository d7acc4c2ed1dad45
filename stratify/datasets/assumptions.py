"""What the simulated patients are made of: coefficients, base rates and nuisances, with sources."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any, Literal

import numpy as np

Arm = Literal["tms", "ketamine", "tms+ketamine"]
ARMS: tuple[Arm, ...] = ("tms", "ketamine", "tms+ketamine")
Part = Literal["clinical", "connectivity"]
REFRACTORINESS = "refractoriness"


@dataclass(frozen=True, slots=True, kw_only=True)
class Term:
    """One driver of response.

    Parameters
    ----------
    name : str
    part : {"clinical", "connectivity"}
    share : float, optional
        The proportion of patients with a yes; None for a standard normal term.
    loads : mapping of str to float
        What the term shares with terms named before it, and with the latent refractoriness; in
        units of the standardised term.
    coefficients : tuple of float
        Log odds of response, per standard deviation or for yes against no, in the order of `ARMS`.
    source : str
        The paper a coefficient leans on, and how far it was read.
    """

    name: str
    part: Part
    share: float | None
    loads: Mapping[str, float]
    coefficients: tuple[float, ...]
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Assumptions:
    """Everything the simulation assumes, as read from ``coefficients.toml``.

    Parameters
    ----------
    terms : tuple of Term
    base_rates, intercepts : mapping of arm to float
        The response rate aimed at, and the published intercept of the linear predictor.
    arm_sources : mapping of arm to str
    nuisance : mapping of str to float
    nuisance_sources : mapping of str to str
    missing : mapping of str to float
        The share of patients whose value is missing, by column.
    connectome : mapping
        The group's mean correlations within and between networks.
    shrinkage, combination : str
        How the coefficients were made smaller, and how those of the combination were chosen.
    """

    terms: tuple[Term, ...]
    base_rates: Mapping[str, float]
    intercepts: Mapping[str, float]
    arm_sources: Mapping[str, str]
    nuisance: Mapping[str, float]
    nuisance_sources: Mapping[str, str]
    missing: Mapping[str, float]
    connectome: Mapping[str, Any]
    shrinkage: str
    combination: str

    @property
    def names(self) -> tuple[str, ...]:
        """The terms' names, in order."""
        return tuple(term.name for term in self.terms)

    def of(self, part: Part) -> np.ndarray:
        """Return which terms belong to a part, as a boolean mask."""
        return np.array([term.part == part for term in self.terms])


@cache
def read_assumptions() -> Assumptions:
    """Read the assumptions that come with the package.

    Examples
    --------
    >>> assumptions = read_assumptions()
    >>> assumptions.terms[0].name, assumptions.terms[0].coefficients
    ('severity', (-0.33, -0.15, -0.25))
    """
    text = files("stratify.datasets").joinpath("coefficients.toml").read_text("utf-8")
    values = tomllib.loads(text)
    arms = values["arms"]
    return Assumptions(
        terms=tuple(_term(entry) for entry in values["terms"]),
        base_rates={arm: arms[arm]["base_rate"] for arm in ARMS},
        intercepts={arm: arms[arm]["intercept"] for arm in ARMS},
        arm_sources={arm: arms[arm]["source"] for arm in ARMS},
        nuisance={name: entry["value"] for name, entry in values["nuisance"].items()},
        nuisance_sources={name: entry["source"] for name, entry in values["nuisance"].items()},
        missing=values["missing"],
        connectome=values["connectome"],
        shrinkage=values["shrinkage"],
        combination=values["combination"],
    )


def _term(entry: Mapping[str, Any]) -> Term:
    return Term(
        name=entry["name"],
        part=entry["part"],
        share=entry.get("share"),
        loads=entry["loads"],
        coefficients=(entry["tms"], entry["ketamine"], entry["combination"]),
        source=entry["source"],
    )
