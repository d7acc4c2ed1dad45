"""Simulated connectivity: a group's matrix, each patient's own, and what a scan shows of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from stratify.datasets.assumptions import Assumptions, read_assumptions
from stratify.datasets.regions import SGACC, Regions, make_regions

_MARGIN = 0.02
_CHUNK_CELLS = 4_000_000
_DECIMALS = 6


@dataclass(frozen=True, slots=True, eq=False)
class Brain:
    """What a population's connectomes have in common. It depends on ``population_seed`` alone.

    Parameters
    ----------
    regions : Regions
    mean : array, shape (n_regions, n_regions)
        The group's correlation matrix, free of motion, at no site in particular.
    effects : array, shape (n_drivers, n_regions, n_regions)
        The change of the correlations for one standard deviation of each driver.
    motion : array, shape (n_regions, n_regions)
        The covariance that one standard deviation of log motion adds to every region's signal.
    sites : array, shape (n_sites, n_regions, n_regions)
        Each site's mean shift.
    volumes : int
        Independent samples in one scan; more than there are regions, so that a scan's correlation
        matrix is positive definite.
    spread : float
        Degrees of freedom of patients around the group: few degrees, patients far apart.
    """

    regions: Regions
    mean: np.ndarray
    effects: np.ndarray
    motion: np.ndarray
    sites: np.ndarray
    volumes: int
    spread: float


def make_brain(
    rng: np.random.Generator,
    count: int,
    *,
    sites: int,
    site_shift: float,
    site_odds: np.ndarray | None = None,
    assumptions: Assumptions | None = None,
) -> Brain:
    """Draw the population's mean matrix, its drivers' edges and its sites' shifts.

    Parameters
    ----------
    rng : Generator
        Seeded by the population, never by the patients.
    count : int
        Regions.
    sites : int
    site_shift : float
        Standard deviation of a site's mean shift, in standard deviations of an edge.
    site_odds : array, shape (n_sites,), optional
        Where given, shifts are not random but follow the sites' odds of response.
    """
    assumptions = assumptions or read_assumptions()
    regions = make_regions(count)
    volumes = max(120, int(np.ceil(1.5 * count)))
    icc = assumptions.nuisance["edge_icc"]
    spread = volumes * (1 - icc) / icc
    edge_sd = np.sqrt(1 / volumes + 1 / spread)
    return Brain(
        regions=regions,
        mean=_draw_mean(rng, regions, assumptions.connectome),
        effects=assumptions.nuisance["driver_effect"] * edge_sd * _driver_edges(regions),
        motion=assumptions.nuisance["motion_effect"] * _rigid_motion(regions),
        sites=_draw_site_shifts(rng, regions, sites, site_shift * edge_sd, site_odds),
        volumes=volumes,
        spread=spread,
    )


def draw_matrices(
    brain: Brain,
    features: np.ndarray,
    motion: np.ndarray,
    site: np.ndarray,
    *,
    patient_seed: np.random.SeedSequence,
    scan_seed: np.random.SeedSequence,
) -> np.ndarray:
    """Scan patients: draw each one's own covariance, then the correlations one scan shows of it.

    A patient's covariance is Wishart around the group's matrix moved by drivers, motion and site.
    A scan's covariance is Wishart around the patient's, with ``brain.volumes`` degrees of freedom:
    exactly the law of the covariance of that many independent Gaussian volumes, without the cost of
    drawing them. The share of an edge's variance that belongs to the patient (ICC) is then
    ``volumes / (volumes + spread)`` on every edge no driver moves.

    Parameters
    ----------
    brain : Brain
    features : array, shape (n_patients, n_drivers)
        Standardised.
    motion : array, shape (n_patients,)
        Standard deviations of log motion above its lowest value.
    site : array of int, shape (n_patients,)
    patient_seed, scan_seed : SeedSequence
        Another ``scan_seed`` scans the same patients again.

    Returns
    -------
    matrices : array, shape (n_patients, n_regions, n_regions)
        Pearson r: symmetric, positive definite, ones on the diagonal.
    """
    count, size = len(features), len(brain.regions)
    own, scan = _Bartlett(patient_seed, brain.spread), _Bartlett(scan_seed, brain.volumes)
    matrices = np.empty((count, size, size))
    step = max(1, _CHUNK_CELLS // size**2)
    for start in range(0, count, step):
        rows = slice(start, min(start + step, count))
        moved = (
            np.einsum("nd,dij->nij", features[rows], brain.effects)
            + motion[rows, None, None] * brain.motion
            + brain.sites[site[rows]]
        )
        root = _root_of_nearest_positive(brain.mean, moved)
        root = root @ own.draw(len(moved), size) @ scan.draw(len(moved), size)
        matrices[rows] = _correlate(root)
    return matrices


class _Bartlett:
    """Draws lower triangular roots of standard Wishart matrices (Bartlett 1933)."""

    def __init__(self, seed: np.random.SeedSequence, degrees: float) -> None:
        # Two streams, so that the numbers do not depend on how patients are parted into chunks.
        self._diagonal, self._below = (
            np.random.default_rng(
                np.random.SeedSequence(seed.entropy, spawn_key=(*seed.spawn_key, stream))
            )
            for stream in (0, 1)
        )
        self._degrees = degrees

    def draw(self, count: int, size: int) -> np.ndarray:
        first, second = np.tril_indices(size, k=-1)
        roots = np.zeros((count, size, size))
        roots[:, first, second] = self._below.standard_normal((count, len(first)))
        squares = self._diagonal.chisquare(self._degrees - np.arange(size), (count, size))
        roots[:, np.arange(size), np.arange(size)] = np.sqrt(squares)
        return roots / np.sqrt(self._degrees)


def _correlate(root: np.ndarray) -> np.ndarray:
    """Turn roots of covariances into correlations, symmetric to the last digit."""
    length = np.sqrt(np.einsum("nij,nij->ni", root, root))
    unit = root / length[:, :, None]
    correlation = np.round(unit @ unit.transpose(0, 2, 1), _DECIMALS)
    lower = np.tril(correlation, k=-1)
    return lower + lower.transpose(0, 2, 1) + np.eye(root.shape[1])


def _root_of_nearest_positive(mean: np.ndarray, moved: np.ndarray) -> np.ndarray:
    """Return Cholesky roots of ``mean + moved``; the rare too far moved are pulled back to safety.

    With ``mean = K K'``, ``mean + c moved`` is positive definite exactly when ``c`` times the
    smallest eigenvalue of ``K⁻¹ moved K⁻ᵀ`` is above -1.
    """
    try:
        np.linalg.cholesky(mean + moved - _MARGIN * np.eye(len(mean)))
    except np.linalg.LinAlgError:
        far = np.linalg.eigvalsh(mean + moved)[:, 0] <= _MARGIN
        inverse = np.linalg.inv(np.linalg.cholesky(mean))
        lowest = np.linalg.eigvalsh(inverse @ moved[far] @ inverse.T)[:, 0]
        moved = moved.copy()
        moved[far] *= np.minimum(1.0, 0.9 / -lowest)[:, None, None]
    return np.linalg.cholesky(mean + moved)


def _off_diagonal(mask: np.ndarray) -> np.ndarray:
    mask = np.array(mask, dtype=float)
    np.fill_diagonal(mask, 0.0)
    return mask


def _rigid_motion(regions: Regions) -> np.ndarray:
    """Return what a turning head adds: alike at near regions, opposite at the far end of the head.

    A rigid movement shifts the signal of a region in proportion to its place, so the artefact's
    covariance is the inner product of centred places (here of their directions): positive
    semi-definite, it lowers long-distance correlations and raises short ones.
    """
    centred = regions.places - regions.places.mean(axis=0)
    direction = centred / np.linalg.norm(centred, axis=1, keepdims=True)
    return direction @ direction.T


def _distances(regions: Regions) -> np.ndarray:
    return np.linalg.norm(regions.places[:, None] - regions.places[None], axis=-1)


def _driver_edges(regions: Regions) -> np.ndarray:
    """Return which edges each connectivity term moves, as 0 and 1, in the terms' order."""
    sgacc = np.array([regions.names.index(SGACC)])
    core = regions.within("Default_PFCdPFCm", "Default_pCunPCC", "Default_Par")
    executive = regions.within("Cont_PFCl", "Cont_Par")
    pairs = {
        "sgacc_dlpfc": (sgacc, regions.within("Cont_PFCl")),
        "dmn_core": (core, core),
        "sn_acc_insula": (
            regions.within("SalVentAttn_Med"),
            regions.within("SalVentAttn_FrOperIns"),
        ),
        "dmn_cen": (core, executive),
    }
    masks = np.zeros((len(pairs), len(regions), len(regions)))
    for mask, (rows, columns) in zip(masks, pairs.values(), strict=True):
        mask[np.ix_(rows, columns)] = 1.0
        mask[np.ix_(columns, rows)] = 1.0
        np.fill_diagonal(mask, 0.0)
    return masks


def driver_edges(regions: int) -> dict[str, list[tuple[str, str]]]:
    """Return the region pairs that each connectivity driver moves: the planted truth.

    Parameters
    ----------
    regions : int
        The number of regions of the simulated atlas.

    Examples
    --------
    >>> driver_edges(12)["sgacc_dlpfc"]
    [('LH_Cont_PFCl_1', 'sgACC'), ('RH_Cont_PFCl_1', 'sgACC')]
    """
    chosen = make_regions(regions)
    terms = [term.name for term in read_assumptions().terms if term.part == "connectivity"]
    return {
        term: [
            (chosen.names[i], chosen.names[j])
            for i, j in zip(*np.nonzero(np.triu(mask)), strict=True)
        ]
        for term, mask in zip(terms, _driver_edges(chosen), strict=True)
    }


def _draw_mean(rng: np.random.Generator, regions: Regions, values: Mapping[str, Any]) -> np.ndarray:
    """Draw the group's matrix: blocks of networks, near regions closer, and a little roughness.

    Blocks times a positive definite kernel of distance are positive definite (Schur), and so are
    random factors; only the homotopic pairs and sgACC's edges are set by hand, within the margin.
    """
    edges = values["edges"]
    between = values["between"]
    blocks = np.array(
        [
            [
                values["within"][a]
                if a == b
                else between.get(f"{a} {b}", between.get(f"{b} {a}", between["other"]))
                for b in regions.networks
            ]
            for a in regions.networks
        ]
    )
    near = np.exp(-((_distances(regions) / edges["near_millimetres"]) ** 2))
    mean = blocks * (edges["far_factor"] + (edges["near_factor"] - edges["far_factor"]) * near)
    mean += edges["homotopic"] * _homotopic(regions)
    lateral = regions.within("Cont_PFCl")
    mean[-1, lateral] = mean[lateral, -1] = edges["sgacc_dlpfc"]
    np.fill_diagonal(mean, 1.0)
    factors = rng.standard_normal((len(regions), edges["rough_factors"]))
    factors /= np.linalg.norm(factors, axis=1, keepdims=True)
    return (1 - edges["rough_share"]) * mean + edges["rough_share"] * factors @ factors.T


def _homotopic(regions: Regions) -> np.ndarray:
    names = regions.names
    mirrored = {"LH": "RH", "RH": "LH"}
    pairs = np.zeros((len(names), len(names)))
    for k, name in enumerate(names):
        twin = mirrored.get(name[:2], "") + name[2:]
        if twin in names:
            pairs[k, names.index(twin)] = 1.0
    return pairs


def _draw_site_shifts(
    rng: np.random.Generator,
    regions: Regions,
    sites: int,
    size: float,
    site_odds: np.ndarray | None,
) -> np.ndarray:
    """Shift each pair of networks at each site; the shifts of all sites sum to 0."""
    networks = sorted(set(regions.networks))
    place = np.array([networks.index(network) for network in regions.networks])
    first, second = np.triu_indices(len(networks))
    draws = rng.standard_normal((sites, len(first)))
    if site_odds is not None:
        # One direction of shift, as far along it as the site's odds.
        draws = np.sign(draws[:1]) * (site_odds / np.abs(site_odds).max())[:, None]
    elif sites > 1:
        draws -= draws.mean(axis=0)
        draws /= np.sqrt(1 - 1 / sites)
    else:
        draws[:] = 0.0
    blocks = np.zeros((sites, len(networks), len(networks)))
    blocks[:, first, second] = blocks[:, second, first] = size * draws
    return np.stack([_off_diagonal(block[np.ix_(place, place)]) for block in blocks])
