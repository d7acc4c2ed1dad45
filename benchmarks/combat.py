"""Harmonisation and confound removal beside their peers: equal numbers, speed, and hard cases.

Run: python benchmarks/combat.py [table.csv]

A table of real scans has a column ``site``, and ``age`` and ``sex`` in numbers; its other columns
of numbers are harmonised. The peers of combat-requirements.txt that are not installed are left out
and named. Ratios in one run are what counts, since seconds move with the machine.
"""

from __future__ import annotations

import contextlib
import io
import sys
import warnings
from collections.abc import Callable
from importlib import import_module
from importlib.util import find_spec

import numpy as np
import pandas as pd
from measure import Row, compare, describe_machine, measure_peak, render

from stratify.errors import DataError
from stratify.folds import make_folds
from stratify.preprocess import ComBat, ConfoundRemover, fit_combat_folds

FOLD_SETS = 30


def make_scans(n: int, columns: int, sites: int = 6, seed: int = 0) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    site = rng.integers(0, sites, n)
    # neuroCombat keeps covariates in single precision; these numbers are exact in it.
    age, sex = rng.integers(18, 80, n).astype(float), rng.integers(0, 2, n).astype(float)
    values = rng.normal(size=(n, columns))
    values *= np.sqrt(1 / rng.gamma(8, 1 / 8, (sites, columns)))[site]
    values += 0.5 * rng.normal(size=(sites, columns))[site]
    values += np.outer(age / 60, rng.normal(size=columns)) + 0.3 * np.outer(sex, np.ones(columns))
    scans = pd.DataFrame(values, columns=[f"edge{k}" for k in range(columns)])
    return scans.assign(age=age, sex=sex, site=np.array([f"site {k}" for k in range(sites)])[site])


def read_scans(path: str) -> pd.DataFrame:
    table = pd.read_csv(path)
    numbers = table.select_dtypes("number").drop(columns=["sitenum"], errors="ignore")
    whole = numbers.loc[:, numbers.notna().all() & (numbers.std() > 0)].copy()
    whole = whole.assign(age=table["age"].astype("float32").astype(float))
    return whole.copy().assign(site=table["site"].astype(str))


@contextlib.contextmanager
def quiet():
    with contextlib.redirect_stdout(io.StringIO()), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def edges_of(scans: pd.DataFrame) -> list[str]:
    return [name for name in scans if name not in ("age", "sex", "site")]


def by_neuroharmonize(train: pd.DataFrame, new: pd.DataFrame, reference=None):
    from neuroHarmonize import harmonizationApply, harmonizationLearn

    edges = edges_of(train)

    def covariates(table):
        return table[["site", "age", "sex"]].rename(columns={"site": "SITE"}).reset_index(drop=True)

    model, done = harmonizationLearn(
        train[edges].to_numpy(), covariates(train), ref_batch=reference
    )
    return done, harmonizationApply(new[edges].to_numpy(), covariates(new), model)


def by_neurocombat(train: pd.DataFrame, new: pd.DataFrame):
    from neuroCombat import neuroCombat

    covariates = train[["site", "age", "sex"]].reset_index(drop=True)
    done = neuroCombat(
        train[edges_of(train)].to_numpy().T,
        covariates,
        "site",
        categorical_cols=["sex"],
        continuous_cols=["age"],
    )["data"].T
    return done, None


def by_combatlearn(train: pd.DataFrame, new: pd.DataFrame):
    from combatlearn import ComBat as Peer

    both = pd.concat([train, new])
    both = both[~both.index.duplicated()]
    step = Peer(
        batch=both["site"],
        discrete_covariates=both[["sex"]],
        continuous_covariates=both[["age"]],
        method="fortin",
    ).fit(train[edges_of(train)])
    return (
        step.transform(train[edges_of(train)]).to_numpy(),
        step.transform(new[edges_of(new)]).to_numpy(),
    )


def by_ours(train: pd.DataFrame, new: pd.DataFrame, reference=None):
    combat = ComBat("site", ["age", "sex"], reference=reference).fit(train)
    edges = edges_of(train)
    return combat.transform(train)[edges].to_numpy(), combat.transform(new)[edges].to_numpy()


PEERS: dict[str, tuple[str, Callable]] = {
    "neuroHarmonize": ("neuroHarmonize", by_neuroharmonize),
    "neuroCombat": ("neuroCombat", by_neurocombat),
    "combatlearn": ("combatlearn", by_combatlearn),
}


def find_installed() -> dict[str, Callable]:
    found = {}
    for name, (module, run) in PEERS.items():
        try:
            with quiet():
                import_module(module)
            found[name] = run
        except ImportError as missing:
            print(f"{name} is left out: {missing}")
    return found


def compare_numbers(scans: pd.DataFrame, peers: dict[str, Callable], what: str) -> None:
    known = len(scans) * 4 // 5
    edges = edges_of(scans)
    # Peers divide by the spread of a column that does not vary among the training scans.
    scans = scans.drop(columns=[name for name in edges if np.ptp(scans[name][:known]) == 0])
    train, new = scans.iloc[:known], scans.iloc[known:]
    unit = train[edges_of(train)].std().to_numpy()
    ours, ours_new = by_ours(train, new)
    print(f"\nLargest difference in standard deviations of a column; {what}, {scans.shape}")
    for name, run in peers.items():
        with quiet():
            theirs, theirs_new = run(train, new)
        told = f"training {np.abs((ours - theirs) / unit).max():.1e}"
        if theirs_new is not None:
            told += f", held out {np.abs((ours_new - theirs_new) / unit).max():.1e}"
        print(f"  {name:16}{told}")
    compare_with_reference(train, new, unit, peers)


def compare_with_reference(train, new, unit, peers) -> None:
    if "neuroHarmonize" not in peers:
        return
    reference = str(train["site"].iloc[0])
    ours, ours_new = by_ours(train, new, reference)
    try:
        with quiet():
            theirs, theirs_new = by_neuroharmonize(train, new, reference)
    except TypeError as error:
        print(
            f"  with a reference, neuroHarmonize cannot be run on numpy {np.__version__}: {error}"
        )
        return
    told = np.abs((ours - theirs) / unit).max(), np.abs((ours_new - theirs_new) / unit).max()
    print(f"  with a reference, neuroHarmonize: training {told[0]:.1e}, held out {told[1]:.1e}")


def harmonise(name: str, scans: pd.DataFrame, sets) -> None:
    """Fit on the training rows of each fold set, and harmonise everybody."""
    if name == "ours":
        for one in fit_combat_folds(ComBat("site", ["age", "sex"]), scans, [f.train for f in sets]):
            one.transform(scans)
        return
    import_module(PEERS[name][0])
    with quiet():
        for fold in sets:
            PEERS[name][1](scans.iloc[fold.train], scans.iloc[fold.test])


def compare_speed(n: int, columns: int, peers: dict[str, Callable]) -> list[Row]:
    """Fit on the training rows of each fold set, and harmonise everybody; peers on two of them."""
    scans = make_scans(n, columns)
    edges = edges_of(scans)
    sets = make_folds(np.arange(n) % 2, folds=10, repeats=FOLD_SETS // 10)
    training = [fold.train for fold in sets]
    combat = ComBat("site", ["age", "sex"])
    few = sets[:2]

    def fit():
        return fit_combat_folds(combat, scans, training)

    def fit_and_harmonise():
        # All are made; those the peer makes too are kept, to be held beside it.
        kept = []
        for one in fit():
            done = one.transform(scans)
            kept += [done] if len(kept) < len(few) else []
        return kept

    def harmonise_by(run):
        with quiet():
            return [run(scans.iloc[fold.train], scans.iloc[fold.test]) for fold in few]

    def agree(theirs, ours) -> str:
        gaps = []
        for fold, (train, new), one in zip(few, theirs, ours, strict=False):
            done = (one if isinstance(one, pd.DataFrame) else one.transform(scans))[edges]
            gaps += [np.abs(done.to_numpy()[fold.train] - train).max()]
            gaps += [np.abs(done.to_numpy()[fold.test] - new).max()]
        gap = max(gaps)
        if gap < 1e-6:
            return f"held-out rows and training rows equal to {gap:.0e}"
        return f"its numbers are others, by up to {gap:.1g}"

    rows = []
    for name, run in peers.items():
        if name == "neuroCombat":  # which cannot be applied to patients held out
            continue
        for what, ours, goal in (
            ("fits", fit, "27×"),
            ("fits and all rows", fit_and_harmonise, "–"),
        ):
            rows.append(
                compare(
                    f"ComBat, {what}, {FOLD_SETS} fold sets, {n:,} x {columns:,}",
                    peer=f"{name}, {len(few)} sets scaled up",
                    theirs=lambda run=run: harmonise_by(run),
                    ours=ours,
                    agree=agree,
                    goal=goal,
                    times=5 if n * columns < 1e7 else 3,
                    theirs_scale=len(sets) / len(few),
                )
            )
    print(f"\nMB of memory beyond the data, at most, for two fold sets, {n:,} x {columns:,}")
    for name in ("ours", *(name for name in peers if name != "neuroCombat")):
        peak = measure_peak(harmonise, name, scans, few, warm=(name, scans.iloc[:90], sets[:0]))
        print(f"  {name:16}{peak:6.0f}", flush=True)
    return rows


def compare_confound_removal(n: int = 200, columns: int = 6_670) -> list[Row]:
    scans = make_scans(n, columns).drop(columns="site")
    edges, values = edges_of(scans), scans[edges_of(scans)].to_numpy()
    age, sex = scans["age"].to_numpy(), scans["sex"].to_numpy()

    def ours():
        return ConfoundRemover(["age", "sex"]).fit_transform(scans)

    def photonai():
        from sklearn.experimental import enable_halving_search_cv  # noqa: F401, I001
        from photonai.modelwrapper.confounder_removal import ConfounderRemoval

        step = ConfounderRemoval(confounder_names=["age", "sex"]).fit(values, age=age, sex=sex)
        return step.transform(values, age=age, sex=sex)[0]

    def julearn():
        from julearn.transformers import ConfoundRemover as Peer

        typed = scans.rename(columns={e: f"{e}__:type:__continuous" for e in edges})
        typed = typed.rename(columns={c: f"{c}__:type:__confound" for c in ("age", "sex")})
        return Peer().fit(typed).transform(typed).to_numpy()

    def agree(theirs, ours) -> str:
        # Peers leave out each column's mean.
        gap = np.abs(theirs - (ours.to_numpy() - values.mean(axis=0))).max()
        assert gap < 1e-9, gap
        return f"residuals equal to {gap:.0e}"

    def quietly(run):
        with quiet():
            return run()

    rows = []
    for name, run, goal in (("photonai", photonai, "40×"), ("julearn", julearn, "–")):
        if find_spec(name) is None:
            print(f"{name} is not installed; it is left out")
            continue
        rows.append(
            compare(
                f"confound removal, {n} x {columns:,}, fit and transform",
                peer=name,
                theirs=lambda run=run: quietly(run),
                ours=ours,
                agree=agree,
                goal=goal,
                times=7,
            )
        )
    return rows


def compare_hard_cases(peers: dict[str, Callable]) -> None:
    scans = make_scans(200, 40)
    new = scans.iloc[150:]
    train = scans.iloc[:150]
    lone = train[(train["site"] != "site 5") | (np.cumsum(train["site"] == "site 5") == 1)]
    dead = train.copy()
    dead.loc[dead["site"] == "site 2", "edge7"] = 0.25
    gap = train.copy()
    gap.iloc[3, 5] = np.nan
    cases = {
        "a value is missing": (gap, new),
        "a column of zeros": (train.assign(edge3=0.0), new.assign(edge3=0.0)),
        "a column is constant at a site": (dead, new),
        "a site with one patient": (lone, new),
        "a site held out is unseen": (train[train["site"] != "site 4"], new),
        "one site only": (train[train["site"] == "site 1"], new[new["site"] == "site 1"]),
    }
    print("\nHard cases")
    for case, (known, other) in cases.items():
        print(f"  {case}")
        for name, run in {"ours": by_ours, **peers}.items():
            print(f"    {name:16}{describe_outcome(run, known, other)}")

    print("  each new patient alone, and all together")
    for name, run in {"ours": by_ours, **peers}.items():
        print(f"    {name:16}{describe_alone(run, train, new)}")


def describe_alone(run: Callable, train: pd.DataFrame, new: pd.DataFrame) -> str:
    with quiet():
        together = run(train, new)[1]
        if together is None:
            return "cannot be applied to new patients"
        try:
            alone = np.vstack([run(train, new.iloc[k : k + 1])[1] for k in range(len(new))])
        except Exception as error:
            return f"cannot be applied to one: {type(error).__name__}: {error}"
    return f"differ by at most {np.abs(alone - together).max():.1e}"


def describe_outcome(run: Callable, known: pd.DataFrame, other: pd.DataFrame) -> str:
    try:
        with quiet():
            done, new = run(known, other)
    except DataError as error:
        return f"refused: {str(error).splitlines()[0][:90]}"
    except Exception as error:
        return f"{type(error).__name__}: {str(error).splitlines()[0][:80]}"
    told = []
    for part, values in (("training", done), ("held out", new)):
        if values is not None and not np.isfinite(np.asarray(values, dtype=float)).all():
            told.append(f"{np.mean(~np.isfinite(values)):.0%} of {part} is not a number")
    return "; ".join(told) or "numbers"


def measure_adaptation(scans: pd.DataFrame, what: str, draws: int = 20) -> None:
    """How far a site learned from a few scans is from the site learned from all of its scans."""
    print(f"\nAdapting to a new site from few scans; {what}")
    print("  scans   site's mean is off by (share of what it was before), median over sites")
    if scans["site"].value_counts().max() < 60:
        print("  no site has 60 scans, to learn its mean from all and from few")
        return
    rng = np.random.default_rng(0)
    edges = edges_of(scans)
    for few in (2, 3, 5, 8, 10, 15, 20, 30, 50):
        off = []
        for site in scans["site"].unique():
            there = scans[scans["site"] == site]
            if len(there) < 60:
                continue
            combat = ComBat("site", ["age", "sex"]).fit(scans[scans["site"] != site])
            unit, kept = combat.spread_, combat._compute_kept(there)
            before = np.abs((there[edges] - kept).mean().to_numpy() / unit).mean()
            for _ in range(draws // 4 if len(edges) > 1000 else draws):
                drawn = rng.permutation(len(there))
                adapted = combat.adapt(there.iloc[drawn[:few]], fewest=2)
                rest = adapted.transform(there.iloc[drawn[few:]])[edges]
                left = (rest - kept[drawn[few:]]).mean().to_numpy() / unit
                off.append(np.abs(left).mean() / before)
        print(
            f"  {few:5d}   {np.median(off):.2f}   (worst tenth above {np.quantile(off, 0.9):.2f})"
        )


def main() -> None:
    peers = find_installed()
    compare_numbers(make_scans(436, 148), peers, "simulated")
    if len(sys.argv) > 1:
        compare_numbers(read_scans(sys.argv[1]), peers, "real")
    compare_hard_cases(peers)
    measure_adaptation(make_scans(546, 148), "simulated")
    if len(sys.argv) > 1:
        measure_adaptation(read_scans(sys.argv[1]), "real")
    rows = compare_confound_removal()
    for n, columns in ((436, 148), (300, 4_950), (1_000, 19_900)):
        rows += compare_speed(n, columns, peers)
    print(f"\n{describe_machine()}\n\n{render(rows)}")


if __name__ == "__main__":
    main()
