"""Connectome-based predictive models of a thousand permuted labels, beside cccpm.

Run: OMP_NUM_THREADS=1 python benchmarks/cpm.py [--whole]

Both are given the same edges, labels and folds, select by the same p-value, and predict held-out
patients from positive edges, negative edges and both. Before timing it checks that they select the
same edges and predict the same probabilities. Seconds are the processor's, on one thread, so that
other work on the machine counts little; ratios in one run are what counts. ``--whole`` also times
cccpm's whole analysis, with its scores, edge stability and report. Without the peer of
cpm-requirements.txt, only ours is timed.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import logging
import platform
import tempfile
import time
import warnings
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from measure import measure_peak
from scipy.special import expit
from sklearn.model_selection import KFold

from stratify.model import ConnectomePredictiveModel, fit_cpm_permutations

NETWORKS = ("positive", "negative", "both")
THRESHOLD = 0.01
UNPENALISED = 1e6
"""So little penalty that what is left of it is below single precision, which the peer uses."""

Folds = Sequence[tuple[np.ndarray, np.ndarray]]


def make_study(n: int, n_edges: int, n_labels: int, n_folds: int, seed: int = 0):
    """Make noise with ten planted edges; the first label vector is the real one."""
    rng = np.random.default_rng(seed)
    X = rng.normal(0.3, 0.3, size=(n, n_edges))
    y = (X[:, :5].sum(axis=1) - X[:, 5:10].sum(axis=1) + rng.normal(size=n) > 0).astype(int)
    Y = np.column_stack([y, *(rng.permutation(y) for _ in range(n_labels - 1))])
    folds = list(KFold(n_folds, shuffle=True, random_state=seed).split(X))
    return X, Y, folds


def by_ours(X: np.ndarray, Y: np.ndarray, folds: Folds, networks=NETWORKS, C=UNPENALISED):
    return fit_cpm_permutations(X, Y, folds, threshold=THRESHOLD, networks=networks, C=C)


def by_loop(X: np.ndarray, Y: np.ndarray, folds: Folds) -> None:
    for labels in Y.T:
        for train, test in folds:
            model = ConnectomePredictiveModel(threshold=THRESHOLD, C=UNPENALISED)
            model.fit(X[train], labels[train]).decision_function(X[test])


def by_cccpm(X: np.ndarray, Y: np.ndarray, folds: Folds) -> tuple[np.ndarray, np.ndarray]:
    """Return probabilities (n, 3, n_labels), and how many edges were selected (2, folds, ...)."""
    import torch
    from cccpm.constants import TaskType
    from cccpm.edge_selection import PThreshold, UnivariateEdgeSelection
    from cccpm.models.linear_model import LinearCPM

    selection = UnivariateEdgeSelection(
        selection_statistic="pearson",
        edge_selection=[PThreshold(threshold=[THRESHOLD], correction=[None])],
    )
    edges_of = torch.as_tensor(X, dtype=torch.float32)
    labels = torch.as_tensor(Y, dtype=torch.float32)
    p = np.full((len(X), len(NETWORKS), Y.shape[1]), np.nan)
    counts = np.zeros((2, len(folds), Y.shape[1]), dtype=int)
    for k, (train, test) in enumerate(folds):
        nothing = torch.zeros(len(train), 0)
        found = selection.statistic.fit_transform(
            X=edges_of[train], y=labels[train], covariates=nothing, device="cpu"
        )
        selection.r_edges, selection.t_edges, selection.df = found
        selection.set_params(**selection.param_grid[0])
        edges = selection.return_selected_edges()[:, :, 0, :]
        counts[:, k] = edges.sum(dim=0).numpy()
        model = LinearCPM(edges=edges, task_type=TaskType.classification)
        model.fit(edges_of[train], labels[train], nothing)
        held_out = model.predict(edges_of[test], torch.zeros(len(test), 0), return_proba=True)
        p[test] = held_out[:, 0].numpy()
    return p, counts


def run_whole_cccpm(X: np.ndarray, Y: np.ndarray, folds: Folds) -> None:
    from cccpm import CPMAnalysis
    from cccpm.edge_selection import PThreshold, UnivariateEdgeSelection

    with tempfile.TemporaryDirectory() as folder:
        CPMAnalysis(
            folder,
            task_type="classification",
            cv=KFold(len(folds), shuffle=True, random_state=0),
            edge_selection=UnivariateEdgeSelection(
                selection_statistic="pearson",
                edge_selection=[PThreshold(threshold=[THRESHOLD], correction=[None])],
            ),
            n_permutations=Y.shape[1] - 1,
        ).run(X, Y[:, 0])


@contextlib.contextmanager
def quiet():
    logging.disable(logging.CRITICAL)
    with (
        contextlib.redirect_stdout(io.StringIO()),
        contextlib.redirect_stderr(io.StringIO()),
        warnings.catch_warnings(),
    ):
        warnings.simplefilter("ignore")
        yield


def compare_answers(X: np.ndarray, Y: np.ndarray, folds: Folds) -> None:
    ours = by_ours(X, Y, folds)
    theirs, counts = by_cccpm(X, Y, folds)
    # Single precision decides otherwise about an edge within 1e-7 of the threshold.
    differs = np.abs(np.stack([ours.n_positive, ours.n_negative]) - counts)
    total = int(counts.sum())
    print(f"edges selected: {total:,}; counted otherwise by cccpm: {int(differs.sum())}")
    assert differs.sum() <= 1e-4 * total
    same = (differs.sum(axis=0) == 0).all(axis=0)
    for which, network in enumerate(NETWORKS):
        gap = np.abs(expit(ours.log_odds[network]) - theirs[:, which])[:, same]
        print(
            f"probabilities, {network:9} largest difference {np.nanmax(gap):.1e}, "
            f"median {np.nanmedian(gap):.1e}"
        )
        assert np.nanmax(gap) < 2e-3
        assert np.nanmedian(gap) < 1e-5


def take_times(run: Callable[..., Any], *given: Any, times: int = 5) -> np.ndarray:
    spent = []
    for _ in range(times):
        start = time.process_time()
        run(*given)
        spent.append(time.process_time() - start)
    return np.array(spent)


def tell(name: str, spent: np.ndarray, base: float | None = None) -> float:
    middle = float(np.median(spent))
    ratio = "" if base is None else f"   {middle / base:6.1f} times as long"
    print(f"  {name:44}{middle:8.2f} s ({spent.min():.2f} to {spent.max():.2f}){ratio}")
    return middle


def compare_speed(has_peer: bool, whole: bool) -> None:
    X, Y, folds = make_study(300, 4950, 1001, 10)
    print("\n300 patients, 4,950 edges, 10 folds, 1,001 label vectors, p < 0.01")
    by_ours(X, Y[:, :10], folds)
    base = tell("ours, three networks", take_times(by_ours, X, Y, folds))
    tell("ours, both networks in one model", take_times(by_ours, X, Y, folds, ("both",)), base)
    if has_peer:
        by_cccpm(X, Y[:, :10], folds)
        tell("cccpm, three networks", take_times(by_cccpm, X, Y, folds), base)
    print("  memory beyond the data, at most:")
    for name, run in {"ours": by_ours, **({"cccpm": by_cccpm} if has_peer else {})}.items():
        peak = measure_peak(run, X, Y, folds, warm=(X, Y[:, :10], folds))
        print(f"    {name:42}{peak:8.0f} MB")
    loop = take_times(by_loop, X, Y[:, :10], folds, times=3) * Y.shape[1] / 10
    tell("ours, label after label (from 10 of them)", loop, base)
    if has_peer and whole:
        with quiet():
            spent = take_times(run_whole_cccpm, X, Y, folds, times=1)
        tell("cccpm, whole analysis with its report", spent, base)


def show_growth() -> None:
    print("\nours, three networks, as the work grows")
    usual = {"n": 300, "n_edges": 4950, "n_labels": 501, "n_folds": 5}
    tell(str(usual), take_times(by_ours, *make_study(**usual), times=3))
    for name, value in (("n", 600), ("n_edges", 9900), ("n_labels", 1001), ("n_folds", 10)):
        study = make_study(**{**usual, name: value})
        tell(f"  {name} = {value}", take_times(by_ours, *study, times=3))


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--whole", action="store_true")
    asked = parser.parse_args()
    try:
        import torch
        from cccpm import __version__

        torch.set_num_threads(1)
        print(f"cccpm {__version__}, torch {torch.__version__}", end=", ")
        has_peer = True
    except ImportError as missing:
        print(f"cccpm is left out: {missing}")
        has_peer = False
    print(f"numpy {np.__version__}, Python {platform.python_version()}, {platform.machine()}\n")
    if has_peer:
        compare_answers(*make_study(300, 4950, 201, 10))
    compare_speed(has_peer, asked.whole)
    show_growth()


if __name__ == "__main__":
    main()
