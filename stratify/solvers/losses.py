"""Losses of one score and one label, with what Newton's method needs to know of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from scipy.special import expit


class Loss(Protocol):
    """A convex loss of the margin ``sign * score``, whose slope is continuous."""

    def value(self, margins: np.ndarray) -> np.ndarray:
        """Return the loss of each margin, of any shape."""

    def slope(self, margins: np.ndarray) -> np.ndarray:
        """Return its first derivative."""

    def curvature(self, margins: np.ndarray) -> np.ndarray:
        """Return its second derivative."""


@dataclass(frozen=True, slots=True)
class Squared:
    """Half the squared distance of the score from its label, -1 or 1: the ridge classifier's."""

    def value(self, margins: np.ndarray) -> np.ndarray:
        """Return the loss of each margin."""
        return (1 - margins) ** 2 / 2

    def slope(self, margins: np.ndarray) -> np.ndarray:
        """Return its first derivative."""
        return margins - 1

    def curvature(self, margins: np.ndarray) -> np.ndarray:
        """Return its second derivative."""
        return np.ones_like(margins)


@dataclass(frozen=True, slots=True)
class SquaredHinge:
    """Half the squared shortfall of a margin below 1: the smooth support vector machine's."""

    def value(self, margins: np.ndarray) -> np.ndarray:
        """Return the loss of each margin."""
        return np.maximum(1 - margins, 0.0) ** 2 / 2

    def slope(self, margins: np.ndarray) -> np.ndarray:
        """Return its first derivative."""
        return np.minimum(margins - 1, 0.0)

    def curvature(self, margins: np.ndarray) -> np.ndarray:
        """Return its second derivative, taken as 0 at the kink."""
        return (margins < 1).astype(float)


@dataclass(frozen=True, slots=True)
class Logistic:
    """The negative log-likelihood of a label whose log-odds are the score."""

    def value(self, margins: np.ndarray) -> np.ndarray:
        """Return the loss of each margin."""
        return np.logaddexp(0.0, -margins)

    def slope(self, margins: np.ndarray) -> np.ndarray:
        """Return its first derivative."""
        return -expit(-margins)

    def curvature(self, margins: np.ndarray) -> np.ndarray:
        """Return its second derivative."""
        return expit(margins) * expit(-margins)


SQUARED, SQUARED_HINGE, LOGISTIC = Squared(), SquaredHinge(), Logistic()
