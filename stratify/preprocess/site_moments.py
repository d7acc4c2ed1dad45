"""Sums over the patients of each site, from which sites' means and spreads can be had.

They add up: the sums of a training set are those of all patients less those held out.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_matrix

CACHED = 50_000
"""How many values are summed at a time."""


@dataclass(frozen=True, eq=False)
class SiteMoments:
    """Sums of products over the patients of each site.

    Parameters
    ----------
    gram : array, shape (n_sites, n_design, n_design)
        Of the design's columns with each other; the first column is 1, so that
        ``gram[:, 0, 0]`` counts patients.
    cross : array, shape (n_sites, n_design, n_values)
        Of the design's columns with the values.
    square : array, shape (n_sites, n_values)
        Of the values with themselves.
    """

    gram: np.ndarray
    cross: np.ndarray
    square: np.ndarray

    def __sub__(self, other: SiteMoments) -> SiteMoments:
        return SiteMoments(
            self.gram - other.gram, self.cross - other.cross, self.square - other.square
        )

    def select(self, sites: np.ndarray) -> SiteMoments:
        """Return the sums of some sites, by boolean mask or by position."""
        return SiteMoments(self.gram[sites], self.cross[sites], self.square[sites])

    def rewrite(self, change: np.ndarray) -> SiteMoments:
        """Return the sums for another design, whose columns are sums of this one's.

        Parameters
        ----------
        change : array, shape (n_new_design, n_design)
        """
        return SiteMoments(
            change @ self.gram @ change.T,
            change @ self.cross,
            self.square,
        )


def compute_site_moments(
    design: np.ndarray, values: np.ndarray, membership: csr_matrix
) -> SiteMoments:
    """Sum products over the rows of each site.

    Parameters
    ----------
    design : array, shape (n_rows, n_design)
        The first column is 1.
    values : array, shape (n_rows, n_values)
        Their means should be near 0, or the sums lose digits.
    membership : sparse matrix, shape (n_sites, n_rows)
        How often a row counts for a site; sites of several folds may be stacked.

    Examples
    --------
    >>> both = csr_matrix([[1, 1, 0], [0, 0, 1]])
    >>> moments = compute_site_moments(np.ones((3, 1)), np.array([[1.0], [2.0], [5.0]]), both)
    >>> moments.cross[:, 0, 0].tolist(), moments.square[:, 0].tolist()
    ([3.0, 5.0], [5.0, 25.0])
    """
    n_design = design.shape[1]
    products = np.einsum("ni,nj->nij", design, design).reshape(len(design), -1)
    gram = (membership @ products).reshape(-1, n_design, n_design)
    weighted = [membership] + [membership.multiply(column).tocsr() for column in design.T[1:]]
    cross = np.empty((len(gram), n_design, values.shape[1]))
    square = np.empty((len(gram), values.shape[1]))
    # A few columns at a time stay in the processor's cache for all of the sums.
    width = max(1, CACHED // len(design))
    for start in range(0, values.shape[1], width):
        here = slice(start, start + width)
        part = np.ascontiguousarray(values[:, here])
        for k in range(n_design):
            cross[:, k, here] = weighted[k] @ part
        square[:, here] = membership @ part**2
    return SiteMoments(gram, cross, square)


def make_membership(sites: np.ndarray, n_sites: int) -> csr_matrix:
    """Make the matrix that sums rows by site.

    Parameters
    ----------
    sites : array of int, shape (n_rows,)
    n_sites : int
    """
    rows = np.arange(len(sites))
    return csr_matrix((np.ones(len(sites)), (sites, rows)), shape=(n_sites, len(sites)))


@dataclass(frozen=True, eq=False)
class SiteEffects:
    """What sites add to values, and how they stretch them, as met and in the values' own units.

    Parameters
    ----------
    mean : array, shape (n_values,)
        What a patient with average covariates has at the average (or the reference) site.
    coef : array, shape (n_covariates, n_values)
        What the covariates add, wherever the patient is.
    spread : array, shape (n_values,)
        Standard deviation of what is left, in training or at the reference site; 0 for a column
        that does not vary within sites.
    shift : array, shape (n_sites, n_values)
        A site's mean less ``mean``, in units of ``spread``; in the values' where that is 0.
    residual : array, shape (n_sites, n_values)
        A site's sum of squared deviations from its own line, in units of ``spread`` squared.
    counts : array, shape (n_sites,)
    """

    mean: np.ndarray
    coef: np.ndarray
    spread: np.ndarray
    shift: np.ndarray
    residual: np.ndarray
    counts: np.ndarray


def compute_site_effects(
    moments: SiteMoments, offset: np.ndarray, reference: int | None = None
) -> SiteEffects:
    """Fit each column by least squares on sites and covariates, from sums alone.

    Parameters
    ----------
    moments : SiteMoments
        Of values less ``offset``; every site has a patient.
    offset : array, shape (n_values,)
    reference : int, optional
        The site whose mean and spread are the yardstick; the average of all, where none is given.

    Source
    ------
    Johnson, Li and Rabinovic 2007, Biostatistics 8(1), 118-127, section 3.1, step 1; covariates as
    in Fortin et al. 2018, NeuroImage 167, 104-120.
    """
    counts = moments.gram[:, 0, 0]
    value_means = moments.cross[:, 0] / counts[:, None]
    design_means = moments.gram[:, 0, 1:] / counts[:, None]
    within = moments.gram[:, 1:, 1:] - np.einsum("s,si,sj->sij", counts, design_means, design_means)
    slopes = moments.cross[:, 1:] - design_means[:, :, None] * moments.cross[:, [0]]
    # Sites have a mean each, so the covariates' coefficients come from within sites alone.
    coef = np.linalg.pinv(within.sum(axis=0), rtol=1e-10, hermitian=True) @ slopes.sum(axis=0)
    residual = moments.square - counts[:, None] * value_means**2
    residual += ((within @ coef - 2 * slopes) * coef).sum(axis=1)
    np.maximum(residual, 0, out=residual)
    site_means = value_means - design_means @ coef
    if reference is None:
        mean = counts @ site_means / counts.sum()
        spread = np.sqrt(residual.sum(axis=0) / counts.sum())
    else:
        mean = site_means[reference]
        spread = np.sqrt(residual[reference] / counts[reference])
    # A difference of sums keeps half the digits: less spread than that is none.
    size = np.sqrt(moments.square.sum(axis=0) / counts.sum())
    spread = np.where(spread > 1e-7 * size + 1e-12 * np.abs(offset), spread, 0.0)
    unit = np.where(spread > 0, spread, 1.0)
    return SiteEffects(
        mean=mean + offset,
        coef=coef,
        spread=spread,
        shift=(site_means - mean) / unit,
        residual=residual / unit**2,
        counts=counts,
    )


def has_covariate_of_sites(moments: SiteMoments) -> bool:
    """Tell whether some covariate varies between sites only, so that it cannot be told from them.

    Parameters
    ----------
    moments : SiteMoments
        The design's columns but the first have spread 1 or 0.
    """
    counts, sums = moments.gram[:, 0, 0], moments.gram[:, 0, 1:]
    products = moments.gram[:, 1:, 1:]
    within = (products - np.einsum("si,sj->sij", sums, sums) / counts[:, None, None]).sum(axis=0)
    total = products.sum(axis=0) - np.outer(sums.sum(axis=0), sums.sum(axis=0)) / counts.sum()
    tolerance = 1e-8 * counts.sum()
    ranks = [int((np.linalg.eigvalsh(matrix) > tolerance).sum()) for matrix in (within, total)]
    return ranks[0] < ranks[1]
