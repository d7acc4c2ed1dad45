"""Scans of several sites with planted effects, and ComBat written again from the paper."""

from __future__ import annotations

import numpy as np
import pandas as pd

EDGES = [f"edge{k}" for k in range(12)]


def make_scans(counts: dict[str, int], *, seed: int = 0, columns: int = 12) -> pd.DataFrame:
    """Make scans whose sites add to and stretch them; age and sex have effects that are true."""
    rng = np.random.default_rng(seed)
    parts = []
    for site, count in counts.items():
        age, sex = rng.normal(45, 12, count).round(), rng.choice(["F", "M"], count)
        true = np.outer(age / 12, rng_of(1, columns)) + np.outer(sex == "F", rng_of(2, columns))
        of_site = np.random.default_rng(sum(map(ord, site)) + seed)
        added = of_site.normal(1, 1, columns) * (1 + of_site.random())
        stretch = np.sqrt(1 / of_site.gamma(8, 1 / 8, columns))
        noise = rng.normal(size=(count, columns))
        part = pd.DataFrame(true + added + stretch * noise, columns=EDGES[:columns])
        part.insert(0, "age", age)
        parts.append(part.assign(sex=sex, site=site))
    scans = pd.concat(parts, ignore_index=True)
    scans = scans.sample(frac=1, random_state=seed)
    scans.index = [f"P{k}" for k in range(len(scans))]
    return scans.astype({"sex": "category", "site": "category"})


def rng_of(seed: int, columns: int) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=columns)


def combat_as_published(values, site, design, *, reference=None, tolerance=1e-4):
    """Harmonise one column and one site at a time, each step as the paper words it.

    ``design`` holds the covariates, not the sites.
    """
    labels, n = sorted(set(site)), len(values)
    dummies = np.array([[float(s == label) for label in labels] for s in site])
    both = np.column_stack([dummies, design]) if design.size else dummies
    standard, center, spread = [], [], []
    for column in values.T:
        fit = np.linalg.lstsq(both, column, rcond=None)[0]
        residual = column - both @ fit
        sites_part, covariates_part = (
            fit[: len(labels)],
            both[:, len(labels) :] @ fit[len(labels) :],
        )
        if reference is None:
            alpha = sum(sites_part[k] * dummies[:, k].sum() for k in range(len(labels))) / n
            sigma = np.sqrt((residual**2).mean())
        else:
            alpha = sites_part[labels.index(reference)]
            sigma = np.sqrt((residual[np.array(site) == reference] ** 2).mean())
        center.append(alpha + covariates_part)
        spread.append(sigma)
        standard.append((column - center[-1]) / sigma)
    standard, center, spread = np.array(standard).T, np.array(center).T, np.array(spread)
    harmonised = standard.copy()
    for label in labels:
        rows = np.array(site) == label
        if label == reference:
            continue
        z = standard[rows]
        gamma, delta = z.mean(axis=0), z.var(axis=0, ddof=1)
        delta[delta < 1e-12] = 1.0  # as neuroCombat has it
        m, s2 = delta.mean(), delta.var(ddof=1)
        a, b = (m**2 + 2 * s2) / s2, (m**3 + m * s2) / s2
        g, d = gamma, delta
        while True:
            g_new = (len(z) * gamma.var(ddof=1) * gamma + d * gamma.mean()) / (
                len(z) * gamma.var(ddof=1) + d
            )
            d_new = (b + ((z - g_new) ** 2).sum(axis=0) / 2) / (len(z) / 2 + a - 1)
            change = max((np.abs(g_new - g) / g).max(), (np.abs(d_new - d) / d).max())
            g, d = g_new, d_new
            if change <= tolerance:
                break
        harmonised[rows] = (z - g) / np.sqrt(d)
    return harmonised * spread + center
