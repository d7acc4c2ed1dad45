"""Simulated cohorts with their truth: the fixture of the tests, the tutorial and the demo."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
import pandas as pd

from stratify.cohort import Cohort
from stratify.connectome import Connectomes
from stratify.datasets.assumptions import ARMS, Arm, Assumptions, read_assumptions
from stratify.datasets.drivers import (
    Drivers,
    Law,
    compute_expected_auc,
    compute_linear_predictor,
    compute_oracle_auc,
    draw_drivers,
    inverse_logit,
)
from stratify.datasets.patients import (
    Course,
    draw_baseline,
    draw_course,
    lose_values,
    make_columns,
)
from stratify.datasets.regions import FEWEST_REGIONS, MOST_REGIONS
from stratify.datasets.scans import Brain, draw_matrices, make_brain
from stratify.errors import Fault, SettingsError

Features = Literal["clinical", "connectivity", "both"]
ATLAS = "Schaefer 2018, 7 networks (simulated)"
SHARES: Mapping[Arm, float] = {"tms": 0.25, "ketamine": 0.25, "tms+ketamine": 0.5}

# The order is part of the random streams: new ones go to the end.
_STREAMS = ("drivers", "arms", "baseline", "response", "course", "missing", "patient", "scan")


@dataclass(frozen=True, slots=True, kw_only=True)
class Preset:
    """One kind of simulated world.

    Parameters
    ----------
    name, words : str
        Its name, and what is special about it, in words.
    clinical_scale, connectivity_scale : float
        What the tabled coefficients of each part are multiplied by.
    site_effects : bool
        Whether response is more frequent at some sites than at others.
    dominant_site : bool
        Whether one site has most of the responders, and scans that show which site it is.
    site_shift : bool
        Whether connectivity differs between sites.
    motion_follows_severity : bool
    course : Course
        How scores fall.
    leaky : bool
        Whether the written study asks for a column that was measured during treatment.
    """

    name: str
    words: str
    clinical_scale: float = 1.0
    connectivity_scale: float = 1.0
    site_effects: bool = True
    dominant_site: bool = False
    site_shift: bool = True
    motion_follows_severity: bool = True
    course: Course = field(default_factory=Course)
    leaky: bool = False


PRESETS: dict[str, Preset] = {
    preset.name: preset
    for preset in (
        Preset(
            name="null",
            words="nothing that is measured has any bearing on response",
            clinical_scale=0.0,
            connectivity_scale=0.0,
            site_effects=False,
        ),
        Preset(name="realistic", words="published effects, shrunk"),
        Preset(
            name="optimistic",
            words="published effects, hardly shrunk",
            clinical_scale=1.6,
            connectivity_scale=1.6,
        ),
        # Sites and motion would smuggle clinical information into the matrices, so they are cut.
        Preset(
            name="fc_null",
            words="connectivity has no bearing on response",
            connectivity_scale=0.0,
            site_shift=False,
            motion_follows_severity=False,
        ),
        Preset(
            name="site_confounded",
            words="one site has most of the responders, and its scans look different",
            dominant_site=True,
        ),
        Preset(
            name="leaky",
            words="the study asks for a score taken during treatment",
            leaky=True,
        ),
        Preset(
            name="bimodal",
            words="responders and others fall apart into two clear groups",
            course=Course(responder=(0.57, 0.05), other=(0.12, 0.10)),
        ),
    )
}


@dataclass(frozen=True, eq=False)
class Simulation:
    """Simulated patients, and what is true of them. Make one with `make_cohort`.

    Parameters
    ----------
    cohort : Cohort
        What a clinic would hold; ``cohort.simulated`` is True.
    connectomes : Connectomes
        One matrix of Pearson r a patient.
    truth : DataFrame, indexed by patient
        ``p_<arm>`` and ``lp_<arm>``: the true probability of depression response under each arm,
        and its log odds (site included). ``clinical_part``, ``connectivity_part``,
        ``site_effect``: the parts of the log odds under the arm received. ``response``: the outcome
        drawn, also of patients whose week 6 is missing. Then ``refractoriness`` and each driver's
        true value, standardised or 0 and 1, free of measurement noise and never missing.
    drivers : DataFrame
        One row a coefficient: term, part, arm, coefficient (log odds per standard deviation or for
        yes against no, as used by this preset), per, shrunk, source.
    preset : Preset
    description : str
        The cohort in one sentence, for study files and reports.
    law : Law
        The scales and site effects that turn drivers into probabilities.
    """

    cohort: Cohort
    connectomes: Connectomes
    truth: pd.DataFrame
    drivers: pd.DataFrame
    preset: Preset
    description: str
    law: Law

    def __len__(self) -> int:
        return len(self.cohort)

    def oracle_auc(
        self,
        treatment: Arm = "tms+ketamine",
        features: Features = "both",
        *,
        site_known: bool = False,
    ) -> float:
        """Return the AUC of knowing the true drivers, in the population these patients come from.

        Models usually stay well below it: they see rounded, missing and noisy readings of the
        drivers (connectivity at the reliability of one scan), and have to learn the coefficients.
        The site is no feature and is not known here; but where scans differ between sites, a model
        of connectivity can find the site out, and with it the site's rate of response: only
        ``site_known=True`` is then a bound that no model can pass on fresh patients.

        Parameters
        ----------
        treatment : {"tms", "ketamine", "tms+ketamine"}
        features : {"clinical", "connectivity", "both"}
        site_known : bool

        Examples
        --------
        >>> from stratify.datasets import make_cohort
        >>> simulation = make_cohort("null", patients=20, regions=12)
        >>> simulation.oracle_auc("tms", "clinical")
        0.5
        """
        _require(treatment in ARMS, "treatment", treatment, f"one of {', '.join(ARMS)}")
        aucs = compute_oracle_auc(self.law, ARMS.index(treatment), site_known=site_known)
        _require(features in aucs, "features", features, f"one of {', '.join(aucs)}")
        return aucs[features]

    def sample_oracle_auc(self, treatment: Arm = "tms+ketamine") -> float:
        """Return the AUC of the true probabilities against the responses drawn in this cohort.

        It knows the sites too, and scatters around the population's value as any AUC of this many
        patients does. NaN where an arm has only responders or only others.
        """
        received = (self.cohort.frame["treatment"] == treatment).to_numpy()
        response = self.truth["response"].to_numpy()[received]
        if len(set(response)) < 2:
            return float("nan")
        return compute_expected_auc(
            self.truth[f"p_{treatment}"].to_numpy()[received], response.astype(float)
        )

    def __repr__(self) -> str:
        return f"Simulation({self.preset.name}: {self.cohort!r}, {self.connectomes!r})"

    def _repr_html_(self) -> str:
        return f"<p>{self.description}</p>" + self.truth.head().to_html()


def make_cohort(
    preset: str = "realistic",
    *,
    patients: int = 600,
    seed: int = 0,
    regions: int = 48,
    sites: int = 3,
    population_seed: int = 0,
    shares: Mapping[Arm, float] = SHARES,
    missing: bool = True,
    session: int = 0,
) -> Simulation:
    """Make patients under TMS, ketamine and both, with connectivity, and tell the truth about them.

    Every coefficient, base rate and nuisance is a row of ``coefficients.toml`` with its source: the
    literature's figures, shrunk. Patients are simulated and labelled so; nobody is described.

    Parameters
    ----------
    preset : str
        A key of `PRESETS`: ``null``, ``realistic``, ``optimistic``, ``fc_null``,
        ``site_confounded``, ``leaky`` or ``bimodal``.
    patients : int
        At least 10, over all arms.
    seed : int
        Equal arguments give equal patients, to the last bit.
    regions : int
        12 to 200; 100 regions make 4,950 edges.
    sites : int
        At least 1; with one site nothing differs between sites.
    population_seed : int
        What patients have in common: the mean connectome, the sites. Another ``seed`` under the
        same ``population_seed`` draws fresh patients of the same population.
    shares : mapping of arm to float
        The proportion of patients under each of ``tms``, ``ketamine`` and ``tms+ketamine``.
    missing : bool
        Whether values go missing and non-responders drop out more often; without it the same
        patients are seen in full.
    session : int
        Which scan is seen: another session scans the same patients again.

    Returns
    -------
    simulation : Simulation

    Raises
    ------
    SettingsError
        If an argument is outside its range.

    Examples
    --------
    >>> simulation = make_cohort(patients=60, regions=12)
    >>> simulation.cohort
    Cohort(simulated realistic cohort: 60 simulated patients, 24 baseline features)
    >>> simulation.truth["p_tms+ketamine"].between(0, 1).all()
    np.True_
    """
    chosen = _find_preset(preset)
    _check_sizes(chosen, patients, regions, sites, session, shares)
    assumptions = read_assumptions()
    law, brain = _make_population(chosen, population_seed, regions, sites, assumptions)

    random = {name: np.random.default_rng(_stream(seed, name)) for name in _STREAMS}
    drivers = draw_drivers(random["drivers"], patients, assumptions)
    arm = random["arms"].permutation(_count_out(shares, patients))
    site = random["arms"].integers(sites, size=patients)
    truth = _tell_truth(drivers, arm, site, law, assumptions)
    response = (random["response"].random(patients) < truth["p"]).astype(float)

    table = draw_baseline(random["baseline"], drivers, arm, assumptions)
    motion = _draw_motion(random["baseline"], drivers, chosen, assumptions)
    table["mean_fd"] = np.clip(np.round(0.14 * np.exp(0.4 * motion), 3), 0, 5)
    names = tuple(f"site {chr(ord('A') + k)}" if k < 26 else f"site {k + 1}" for k in range(sites))
    table.insert(0, "site", np.array(names)[site])
    table.insert(1, "treatment", np.array(ARMS)[arm])
    table.insert(2, "condition", "depression")
    course = draw_course(
        random["course"],
        table,
        response,
        chosen.course,
        assumptions.nuisance["secondary_correlation"],
    )
    table = pd.concat([table, course], axis=1)
    if missing:
        table = lose_values(random["missing"], table, response, assumptions)

    index = pd.Index([f"S{k + 1:0{max(4, len(str(patients)))}d}" for k in range(patients)])
    index.name = "patient"
    columns = make_columns(names)
    for column in columns:
        if column.kind == "category":
            table[column.name] = pd.Categorical(table[column.name], categories=column.levels)
    table = table[[column.name for column in columns]].set_index(index)
    return Simulation(
        cohort=Cohort(table, columns, f"simulated {chosen.name} cohort", simulated=True),
        connectomes=Connectomes(
            draw_matrices(
                brain,
                drivers.values[:, assumptions.of("connectivity")],
                np.maximum(motion + 2, 0.0),
                site,
                patient_seed=_stream(seed, "patient"),
                scan_seed=_stream(seed, "scan", session),
            ),
            tuple(index),
            brain.regions.names,
            brain.regions.networks,
            "pearson r",
            ATLAS,
            f"simulated {chosen.name} connectivity",
            simulated=True,
            coordinates=brain.regions.places,
        ),
        truth=_truth_frame(truth, drivers, response, index, assumptions),
        drivers=_driver_frame(law, assumptions),
        preset=chosen,
        description=f"Simulated patients: {patients} under {_list(shares)}, preset "
        f"{chosen.name} ({chosen.words}), seed {seed}. No real person is described.",
        law=law,
    )


def _stream(seed: int, name: str, *more: int) -> np.random.SeedSequence:
    return np.random.SeedSequence(seed, spawn_key=(_STREAMS.index(name), *more))


def _make_population(
    preset: Preset, population_seed: int, regions: int, sites: int, assumptions: Assumptions
) -> tuple[Law, Brain]:
    """Draw what all patients have in common, from the population's seed alone."""
    nuisance = assumptions.nuisance
    effects = np.zeros(sites)
    if preset.dominant_site:
        odds = nuisance["dominant_site_odds"]
        effects[:] = -odds / (sites - 1)
        effects[0] = odds
    elif preset.site_effects and sites > 1:
        rng = np.random.default_rng(np.random.SeedSequence(population_seed, spawn_key=(100,)))
        effects = rng.standard_normal(sites)
        effects -= effects.mean()
        effects *= nuisance["site_intercept_sd"] / effects.std()
    law = Law(
        clinical_scale=preset.clinical_scale,
        connectivity_scale=preset.connectivity_scale,
        site_effects=tuple(map(float, effects)),
    )
    shift = nuisance["dominant_site_shift" if preset.dominant_site else "site_shift"]
    brain = make_brain(
        np.random.default_rng(np.random.SeedSequence(population_seed, spawn_key=(101,))),
        regions,
        sites=sites,
        site_shift=shift if preset.site_shift else 0.0,
        site_odds=effects if preset.dominant_site else None,
        assumptions=assumptions,
    )
    return law, brain


def _count_out(shares: Mapping[Arm, float], patients: int) -> np.ndarray:
    """Return one arm for each patient, as close to the shares as whole patients allow."""
    weights = np.array([float(shares.get(arm, 0.0)) for arm in ARMS])
    ends = np.round(np.cumsum(weights) / weights.sum() * patients).astype(int)
    return np.repeat(np.arange(len(ARMS)), np.diff(ends, prepend=0))


def _draw_motion(
    rng: np.random.Generator, drivers: Drivers, preset: Preset, assumptions: Assumptions
) -> np.ndarray:
    """Draw log head motion, standardised: the more severe move a little more."""
    severity = drivers.values[:, assumptions.names.index("severity")]
    link = assumptions.nuisance["motion_severity"] if preset.motion_follows_severity else 0.0
    return link * severity + np.sqrt(1 - link**2) * rng.standard_normal(len(severity))


def _tell_truth(
    drivers: Drivers, arm: np.ndarray, site: np.ndarray, law: Law, assumptions: Assumptions
) -> dict[str, np.ndarray]:
    intercept, clinical, connectivity = compute_linear_predictor(drivers, law, assumptions)
    site_effect = np.array(law.site_effects)[site]
    log_odds = intercept + clinical + connectivity + site_effect[:, None]
    rows = np.arange(len(arm))
    return {
        "log_odds": log_odds,
        "p": inverse_logit(log_odds[rows, arm]),
        "clinical_part": clinical[rows, arm],
        "connectivity_part": connectivity[rows, arm],
        "site_effect": site_effect,
    }


def _truth_frame(
    truth: dict[str, np.ndarray],
    drivers: Drivers,
    response: np.ndarray,
    index: pd.Index,
    assumptions: Assumptions,
) -> pd.DataFrame:
    log_odds = truth["log_odds"]
    return pd.DataFrame(
        {
            **{f"p_{arm}": inverse_logit(log_odds[:, k]) for k, arm in enumerate(ARMS)},
            **{f"lp_{arm}": log_odds[:, k] for k, arm in enumerate(ARMS)},
            **{part: truth[part] for part in ("clinical_part", "connectivity_part", "site_effect")},
            "response": response,
            "refractoriness": drivers.refractoriness,
            **dict(zip(assumptions.names, drivers.values.T, strict=True)),
        },
        index=index,
    )


def _driver_frame(law: Law, assumptions: Assumptions) -> pd.DataFrame:
    """Return every coefficient this preset uses, one a row, with its source."""
    coefficients = law.coefficients(assumptions)
    intercepts = [
        {
            "term": "intercept",
            "part": "intercept",
            "arm": arm,
            "coefficient": assumptions.intercepts[arm],
            "per": f"patient; aims at a response rate of {assumptions.base_rates[arm]:.0%}",
            "shrunk": "no",
            "source": assumptions.arm_sources[arm],
        }
        for arm in ARMS
    ]
    effects = [
        {
            "term": term.name,
            "part": term.part,
            "arm": arm,
            "coefficient": float(coefficients[k, a]),
            "per": "standard deviation" if term.share is None else "yes against no",
            "shrunk": assumptions.shrinkage,
            "source": f"{term.source}; {assumptions.combination}"
            if arm == "tms+ketamine"
            else term.source,
        }
        for k, term in enumerate(assumptions.terms)
        for a, arm in enumerate(ARMS)
    ]
    return pd.DataFrame(intercepts + effects)


def _list(shares: Mapping[Arm, float]) -> str:
    return ", ".join(arm for arm in ARMS if shares.get(arm, 0) > 0)


def _find_preset(name: str) -> Preset:
    if name in PRESETS:
        return PRESETS[name]
    near = difflib.get_close_matches(str(name), PRESETS, n=1)
    raise SettingsError(
        Fault(
            where="preset",
            met=repr(name),
            wanted=f"one of {', '.join(PRESETS)}",
            way_out=f"Did you mean {near[0]!r}?" if near else "Choose one of them.",
        )
    )


def _check_sizes(
    preset: Preset,
    patients: int,
    regions: int,
    sites: int,
    session: int,
    shares: Mapping[Arm, float],
) -> None:
    _require(patients >= 10, "patients", patients, "at least 10")
    _require(
        FEWEST_REGIONS <= regions <= MOST_REGIONS,
        "regions",
        regions,
        f"{FEWEST_REGIONS} to {MOST_REGIONS}",
    )
    _require(sites >= 1, "sites", sites, "at least 1")
    _require(session >= 0, "session", session, "0 or more")
    _require(
        not preset.dominant_site or sites >= 2,
        "sites",
        sites,
        f"preset {preset.name} needs at least 2",
    )
    good = set(shares) <= set(ARMS) and min(shares.values(), default=-1) >= 0
    _require(
        good and sum(shares.values()) > 0,
        "shares",
        dict(shares),
        f"shares of {', '.join(ARMS)}, none negative and not all 0",
    )


def _require(met: bool, where: str, value: object, wanted: str) -> None:
    if not met:
        raise SettingsError(
            Fault(where=where, met=repr(value), wanted=wanted, way_out=f"Correct {where}.")
        )
