"""Before training: how many patients a model needs, and what those at hand support."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from math import ceil, floor, isfinite
from typing import TYPE_CHECKING

import pandas as pd

from stratify.errors import DataError, Fault, count_of
from stratify.metrics.drawing import DARK, INK, make_figure
from stratify.metrics.riley import (
    compute_auc_half_width,
    compute_expected_slope,
    compute_largest_r2,
    compute_parameters_of_error,
    compute_patients_a_parameter,
    compute_patients_of_base_rate,
    compute_patients_of_error,
    compute_r2_from_auc,
    compute_slope_of_gap,
)

if TYPE_CHECKING:
    from matplotlib.figure import Figure

CRITERIA = {
    "shrinkage": "coefficients shrink by no more than the shrinkage asked for",
    "optimism": "apparent and true R² differ by no more than 0.05 of the largest R²",
    "base rate": "the share of responders is known to within 0.05",
    "error": "likelihoods are off by no more than 0.05 on average",
}
"""Riley's four criteria for a binary outcome, and what each asks."""

MOST_PARAMETERS_OF_ERROR = 30
STRONG_AUC = 0.8


@dataclass(frozen=True, slots=True)
class SampleSize:
    """How many patients a model with so many parameters needs.

    Parameters
    ----------
    auc : float
        The AUC it is expected to reach in new patients, from the literature: not from these data.
    prevalence : float
        Share of responders.
    parameters : int
        Every coefficient that is considered, the ones later dropped included; a category with k
        levels has k - 1, and each edge of a connectome one.
    shrinkage : float
        Calibration slope to be expected in new patients, were the model not penalised.
    r2, r2_max : float
        Cox-Snell R² that goes with the AUC, and the largest with this share of responders.
    by_criterion : dict of str to int
        Patients by the names of `CRITERIA`. "error" is absent above 30 parameters, for which its
        formula was not made.
    auc_half_width : float
        Of the 95 % interval of the AUC in as many *new* patients.
    """

    auc: float
    prevalence: float
    parameters: int
    shrinkage: float
    r2: float
    r2_max: float
    by_criterion: dict[str, int]
    auc_half_width: float

    @property
    def patients(self) -> int:
        """The largest of the four."""
        return max(self.by_criterion.values())

    @property
    def criterion(self) -> str:
        """The one that asks most."""
        return max(self.by_criterion, key=lambda name: self.by_criterion[name])

    @property
    def responders(self) -> int:
        """Responders among the patients."""
        return ceil(round(self.patients * self.prevalence, 9))

    @property
    def responders_per_parameter(self) -> float:
        """Events per parameter."""
        return self.patients * self.prevalence / self.parameters

    def to_dict(self) -> dict[str, object]:
        """Return plain values, for JSON."""
        derived = ("patients", "responders", "responders_per_parameter", "criterion")
        return asdict(self) | {name: getattr(self, name) for name in derived}

    def __str__(self) -> str:
        lines = [
            f"{count_of(self.parameters, 'parameter')}, an AUC of {self.auc:.2f} and "
            f"{100 * self.prevalence:.0f} % responders need {count_of(self.patients, 'patient')} "
            f"({self.responders:,} responders, {self.responders_per_parameter:.1f} a parameter)."
        ]
        lines += [
            f"  {self.by_criterion[name]:>7,}  so that {what}"
            for name, what in CRITERIA.items()
            if name in self.by_criterion
        ]
        if "error" not in self.by_criterion:
            lines.append(
                f"  The fourth has no formula above {MOST_PARAMETERS_OF_ERROR} parameters."
            )
        lines.append(_width(self.auc_half_width))
        return "\n".join(lines + _cautions(self.auc))


@dataclass(frozen=True, slots=True)
class Support:
    """What the patients at hand support.

    Parameters
    ----------
    patients : int
    auc, prevalence, shrinkage : float
        As for `SampleSize`.
    parameters : int
        The most that satisfy all four of Riley's criteria; 0 where not even one does.
    criterion : str
        Which one limits them.
    considered : int
        Parameters that are to be considered; 0 where none were given.
    expected_slope : float
        Calibration slope to be expected with those, unpenalised; NaN where none were given.
    auc_half_width : float
        Of the 95 % interval of the AUC in as many *new* patients; that of a cross-validated AUC is
        wider.
    """

    patients: int
    auc: float
    prevalence: float
    shrinkage: float
    parameters: int
    criterion: str
    considered: int
    expected_slope: float
    auc_half_width: float

    def to_dict(self) -> dict[str, object]:
        """Return plain values, for JSON."""
        return asdict(self)

    def __str__(self) -> str:
        what = (
            f"support {count_of(self.parameters, 'parameter')}"
            if self.parameters
            else "do not support a single parameter"
        )
        lines = [
            f"{count_of(self.patients, 'patient')} with {100 * self.prevalence:.0f} % responders "
            f"{what}, if the AUC is {self.auc:.2f} (limited by: {CRITERIA[self.criterion]}).",
            _width(self.auc_half_width),
        ]
        if self.considered:
            lines.append(self._say_slope())
        return "\n".join(lines + _cautions(self.auc))

    def _say_slope(self) -> str:
        said = f"  With {count_of(self.considered, 'parameter')} and no penalty, "
        if not isfinite(self.expected_slope):
            return said + "nothing can be fitted: penalise, or ask fewer questions."
        said += f"expect a calibration slope of {self.expected_slope:.2f}"
        enough = self.expected_slope >= self.shrinkage
        return said + ("." if enough else ": penalise, or ask fewer questions.")


def _width(half_width: float) -> str:
    return f"  In as many new patients the AUC would be known to within {half_width:.2f}."


def _cautions(auc: float) -> list[str]:
    cautions = ["  For trees and other flexible models this is a lower bound."]
    if auc > STRONG_AUC:
        cautions.append(
            f"  Above an AUC of {STRONG_AUC} the first criterion asks too little: half as many "
            "again at 0.85, twice as many at 0.9."
        )
    return cautions


def compute_sample_size(
    *, auc: float, prevalence: float, parameters: int, shrinkage: float = 0.9
) -> SampleSize:
    """Compute how many patients a model with a binary outcome needs.

    Parameters
    ----------
    auc, prevalence, parameters, shrinkage
        As for `SampleSize`.

    Raises
    ------
    DataError
        If the AUC is not above 0.5 and below 1, the prevalence or the shrinkage not between 0 and
        1, or there is no parameter.

    Source
    ------
    Riley et al. 2019, Statistics in Medicine 38, 1276-1296, and 2020, BMJ 368, m441 (criteria);
    van Smeden et al. 2019, Statistical Methods in Medical Research 28, 2455-2474 (error); Riley,
    Van Calster and Collins 2021, Statistics in Medicine 40, 859-864 (R² from the AUC); BMC Medical
    Research Methodology 2024, doi 10.1186/s12874-024-02268-5 (strong models).

    Examples
    --------
    >>> print(compute_sample_size(auc=0.7, prevalence=0.5, parameters=10))
    10 parameters, an AUC of 0.70 and 50 % responders need 694 patients (347 responders, ...
        694  so that coefficients shrink by no more than the shrinkage asked for
        245  so that apparent and true R² differ by no more than 0.05 of the largest R²
        385  so that the share of responders is known to within 0.05
        588  so that likelihoods are off by no more than 0.05 on average
      In as many new patients the AUC would be known to within 0.04.
      For trees and other flexible models this is a lower bound.
    """
    _require(auc, prevalence, shrinkage)
    _require_count("parameters", parameters)
    r2, r2_max = compute_r2_from_auc(auc, prevalence), compute_largest_r2(prevalence)
    by_criterion = {
        "shrinkage": ceil(parameters * compute_patients_a_parameter(r2, shrinkage)),
        "optimism": ceil(
            parameters * compute_patients_a_parameter(r2, compute_slope_of_gap(r2, r2_max))
        ),
        "base rate": compute_patients_of_base_rate(prevalence),
    }
    if parameters <= MOST_PARAMETERS_OF_ERROR:
        by_criterion["error"] = ceil(compute_patients_of_error(parameters, prevalence))
    needed = max(by_criterion.values())
    return SampleSize(
        auc=auc,
        prevalence=prevalence,
        parameters=parameters,
        shrinkage=shrinkage,
        r2=r2,
        r2_max=r2_max,
        by_criterion=by_criterion,
        auc_half_width=compute_auc_half_width(auc=auc, prevalence=prevalence, patients=needed),
    )


def compute_support(
    *,
    patients: int,
    auc: float,
    prevalence: float,
    considered: int = 0,
    shrinkage: float = 0.9,
) -> Support:
    """Compute what the patients at hand support: `compute_sample_size` the other way round.

    Parameters
    ----------
    patients : int
    auc, prevalence, shrinkage
        As for `SampleSize`.
    considered : int
        Parameters that are to be considered; says how far they would be from calibrated.

    Raises
    ------
    DataError
        As for `compute_sample_size`, or if there is no patient.

    Examples
    --------
    >>> print(compute_support(patients=200, auc=0.65, prevalence=0.5, considered=20))
    200 patients with 50 % responders do not support a single parameter, if the AUC is 0.65 ...
      In as many new patients the AUC would be known to within 0.08.
      With 20 parameters and no penalty, expect a calibration slope of 0.43: penalise, or ask ...
      For trees and other flexible models this is a lower bound.
    """
    _require(auc, prevalence, shrinkage)
    _require_count("patients", patients)
    r2, r2_max = compute_r2_from_auc(auc, prevalence), compute_largest_r2(prevalence)
    most = {
        "shrinkage": floor(patients / compute_patients_a_parameter(r2, shrinkage)),
        "optimism": floor(
            patients / compute_patients_a_parameter(r2, compute_slope_of_gap(r2, r2_max))
        ),
    }
    if patients < compute_patients_of_base_rate(prevalence):
        most["base rate"] = 0
    of_error = compute_parameters_of_error(patients, prevalence)
    if of_error < MOST_PARAMETERS_OF_ERROR:
        most["error"] = of_error
    criterion = min(most, key=lambda name: most[name])
    return Support(
        patients=patients,
        auc=auc,
        prevalence=prevalence,
        shrinkage=shrinkage,
        parameters=most[criterion],
        criterion=criterion,
        considered=considered,
        expected_slope=compute_expected_slope(patients, considered, r2)
        if considered
        else float("nan"),
        auc_half_width=compute_auc_half_width(auc=auc, prevalence=prevalence, patients=patients),
    )


def compute_sample_sizes(
    *,
    aucs: Sequence[float],
    parameters: Sequence[int],
    prevalence: float,
    shrinkage: float = 0.9,
) -> pd.DataFrame:
    """Compute the patients needed for each AUC and number of parameters.

    Returns
    -------
    table : DataFrame
        ``auc``, ``parameters``, ``patients``, ``criterion``, ``responders_per_parameter``.

    Examples
    --------
    >>> compute_sample_sizes(aucs=[0.6, 0.7], parameters=[5], prevalence=0.5)["patients"].tolist()
    [1423, 385]
    """
    sizes = [
        compute_sample_size(auc=auc, prevalence=prevalence, parameters=p, shrinkage=shrinkage)
        for auc in aucs
        for p in parameters
    ]
    names = ("auc", "parameters", "patients", "criterion", "responders_per_parameter")
    return pd.DataFrame([{name: getattr(size, name) for name in names} for size in sizes])


def plot_sample_sizes(
    table: pd.DataFrame, *, patients: int | None = None, title: str = ""
) -> Figure:
    """Draw the patients needed over the number of parameters, a line for each AUC.

    Parameters
    ----------
    table : DataFrame
        From `compute_sample_sizes`.
    patients : int, optional
        Those at hand, drawn as a line.
    title : str

    Returns
    -------
    figure : Figure
    """
    figure, (axes,) = make_figure(5.8, 4.4, title=title)
    markers = "osD^vPX"
    for k, (auc, rows) in enumerate(table.groupby("auc")):
        axes.plot(rows["parameters"], rows["patients"], color=DARK, linewidth=1.5, markersize=5,
                  marker=markers[k % len(markers)], label=f"AUC {auc:.2f}",
                  markerfacecolor="white" if k % 2 else DARK)  # fmt: skip
    if patients is not None:
        axes.axhline(
            patients, color=INK, linewidth=1, linestyle="--", label=f"at hand: {patients:,}"
        )
    axes.set(xlabel="parameters considered", ylabel="patients needed", yscale="log")
    axes.yaxis.set_major_formatter(lambda value, _: f"{value:,.0f}")
    axes.legend(frameon=False, fontsize=8)
    return figure


def _require(auc: float, prevalence: float, shrinkage: float) -> None:
    wanted = {
        "auc": (auc, 0.5, "above 0.5 and below 1", "Take it from published validations."),
        "prevalence": (prevalence, 0.0, "above 0 and below 1", "Give the share of responders."),
        "shrinkage": (shrinkage, 0.0, "above 0 and below 1", "0.9 is usual."),
    }
    faults = [
        Fault(where=name, met=f"{value:g}", wanted=bounds, way_out=way_out)
        for name, (value, low, bounds, way_out) in wanted.items()
        if not low < value < 1
    ]
    if faults:
        raise DataError(faults)


def _require_count(name: str, count: int) -> None:
    if count < 1:
        raise DataError(
            Fault(where=name, met=str(count), wanted="at least 1", way_out=f"Count the {name}.")
        )
