"""Linear and kernel models, elastic nets, trees and permutations beside scikit-learn.

Run: python benchmarks/models.py [--rows ROW ...] [--keep] [--quick]

The standard case is 300 patients x 4,990 columns, 5 x 5 nested folds (30 training sets). skglm is a
second peer of the elastic net where models-requirements.txt is installed.
"""

from __future__ import annotations

import os
import warnings
from importlib.util import find_spec
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import numpy as np
from measure import Row, compare, run_rows
from sklearn.linear_model import LogisticRegression, RidgeClassifier
from sklearn.svm import SVC, LinearSVC

from stratify.folds import make_folds
from stratify.metrics import compute_auc, compute_aucs
from stratify.model.elastic_net import fit_path
from stratify.model.encoded import EncodedRows
from stratify.model.families import XGBoost
from stratify.preprocess import TableEncoder
from stratify.solvers import (
    LOGISTIC,
    SQUARED,
    SQUARED_HINGE,
    compute_rbf,
    compute_standardised_grams,
    reduce_gram,
    reduce_rows,
    score_ridge,
    solve,
    solve_hinge,
)

warnings.simplefilter("ignore")

COSTS = np.logspace(-3, 3, 7)
GAMMAS = np.logspace(-2, 2, 5)
GRID = [(strength, l1) for l1 in (0.5, 0.75, 0.95) for strength in (0.5, 0.25, 0.12)]


def make_patients(n: int, p: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Correlated columns, as edges are, a few of which tell the outcome a little."""
    rng = np.random.default_rng(seed)
    X = 0.5 * rng.normal(size=(n, 20)) @ rng.normal(size=(20, p)) + rng.normal(size=(n, p))
    score = X[:, :10].sum(axis=1)
    y = score - np.median(score) + 2 * score.std() * rng.normal(size=n) > 0
    return X, y.astype(int)


def make_splits(y: np.ndarray) -> list[tuple[np.ndarray, np.ndarray]]:
    splits = []
    for fold in make_folds(y, folds=5):
        splits.append((fold.train, fold.test))
        inner = make_folds(y[fold.train], folds=5)
        splits += [(fold.train[part.train], fold.train[part.test]) for part in inner]
    return splits


def standardise(X: np.ndarray, train: np.ndarray, test: np.ndarray):
    center, scale = X[train].mean(axis=0), X[train].std(axis=0)
    return (X[train] - center) / scale, (X[test] - center) / scale


def turn(Z: np.ndarray, new: np.ndarray):
    """Write rows in an orthonormal basis of their own span, with as many columns as rows.

    Lengths, angles and distances stay, and with them what any of the models says; only the way to
    it is shorter.
    """
    triangle = np.linalg.qr(np.vstack([Z, new]).T, mode="r")
    return triangle[:, : len(Z)].T, triangle[:, len(Z) :].T


def score_plainly(X, y, splits, tight=False):
    """Fit every grid point of four models by scikit-learn; scores, (n_models, n_test) a split."""
    p, found = X.shape[1], []
    tol = {"tol": 1e-8} if tight else {}
    for train, test in splits:
        Z, new = standardise(X, train, test)
        if tight:
            # At such tolerances some of the models take very long on all the columns.
            Z, new = turn(Z, new)
        models = [SVC(C=c / p, kernel="linear", **tol) for c in COSTS]
        models += [SVC(C=10 * c, gamma=g / p, **tol) for g in GAMMAS for c in COSTS]
        models += [RidgeClassifier(alpha=p / c) for c in COSTS]
        logistic = {"tol": 1e-9, "solver": "newton-cg"} if tight else {}
        models += [LogisticRegression(C=c / p, max_iter=10_000, **logistic) for c in COSTS]
        found.append(np.array([m.fit(Z, y[train]).decision_function(new) for m in models]))
    return found


def score_from_grams(X, y, splits):
    p, found = X.shape[1], []
    for (train, _), gram in zip(splits, compute_standardised_grams(X, splits), strict=True):
        signs = (2.0 * y[train] - 1)[:, None]
        scores = [solve_hinge(gram.inner, signs, COSTS / p).score(gram.cross)]
        for gamma in GAMMAS:
            kernel = compute_rbf(gram, gamma / p)
            machines = solve_hinge(kernel.inner, signs, 10 * COSTS)
            scores.append(machines.score(kernel.cross))
        reduced = reduce_gram(gram.inner, gram.cross)
        for loss in (SQUARED, LOGISTIC):
            scores.append(solve(reduced, signs, p / COSTS, loss).score(reduced.held_out))
        found.append(np.hstack(scores).T)
    return found


def compare_kernels(n: int, p: int, splits_used: slice, job: str, goal: str) -> Row:
    X, y = make_patients(n, p)
    splits = make_splits(y)[splits_used]
    some = splits[:2]

    def agree(theirs, ours):
        tight = score_plainly(X, y, some, tight=True)
        worst = max(
            np.abs(compute_aucs(y[test], a.T) - compute_aucs(y[test], b.T)).max()
            for (_, test), a, b in zip(some, tight, ours, strict=False)
        )
        assert worst <= 1e-6, worst
        shown = max(
            np.abs(compute_aucs(y[test], a.T) - compute_aucs(y[test], b.T)).max()
            for (_, test), a, b in zip(splits, theirs, ours, strict=True)
        )
        return (
            f"AUCs of {len(tight[0])} models equal to 1e-6 with scikit-learn's tolerances "
            f"tightened; within {shown:.1g} with its defaults"
        )

    return compare(
        job,
        peer="scikit-learn",
        theirs=lambda: score_plainly(X, y, splits),
        ours=lambda: score_from_grams(X, y, splits),
        agree=agree,
        goal=goal,
        times=2,
    )


def compute_objective(X, y, coef, intercept, penalty, l1):
    f = X @ coef + intercept
    size = l1 * np.abs(coef).sum() + (1 - l1) / 2 * coef @ coef
    return np.mean(np.logaddexp(0, f) - y * f) + penalty * size


def compare_elastic_net(peer: str, goal: str, quick: bool) -> Row:
    n, p = (64, 300) if quick else (192, 4990)
    X, y = make_patients(n, p)
    Z, _ = standardise(X, np.arange(n), np.arange(1))
    labels = y.astype(float)
    penalties = fit_path(Z, labels, GRID)[2]

    def fit_saga():
        fitted = []
        for (_, l1), penalty in zip(GRID, penalties, strict=True):
            model = LogisticRegression(
                C=1 / (n * penalty), l1_ratio=l1, solver="saga", max_iter=2000
            ).fit(Z, labels)
            fitted.append((model.coef_[0], model.intercept_[0]))
        return fitted

    def fit_skglm():
        from skglm import GeneralizedLinearEstimator
        from skglm.datafits import Logistic
        from skglm.penalties import L1_plus_L2
        from skglm.solvers import ProxNewton

        fitted = []
        for (_, l1), penalty in zip(GRID, penalties, strict=True):
            model = GeneralizedLinearEstimator(
                Logistic(), L1_plus_L2(penalty, l1), ProxNewton(fit_intercept=True, tol=1e-6)
            ).fit(np.asfortranarray(Z), 2 * labels - 1)
            fitted.append((np.ravel(model.coef_), float(np.ravel(model.intercept_)[0])))
        return fitted

    def fit_ours():
        coef, intercept, _ = fit_path(Z, labels, GRID, tol=1e-7)
        return list(zip(coef, intercept, strict=True))

    def agree(theirs, ours):
        gaps = [
            compute_objective(Z, labels, *a, penalty, l1)
            - compute_objective(Z, labels, *b, penalty, l1)
            for a, b, penalty, (_, l1) in zip(theirs, ours, penalties, GRID, strict=True)
        ]
        assert min(gaps) > -1e-12, gaps
        return f"objective never above the peer's; lower by up to {max(gaps):.1g}"

    return compare(
        f"elastic-net logistic, {n} x {p:,}, 9 grid points, times 30 training sets",
        peer=peer,
        theirs=fit_saga if peer.endswith("saga") else fit_skglm,
        ours=fit_ours,
        agree=agree,
        goal=goal,
        times=2,
        theirs_scale=30,
        ours_scale=30,
    )


def compare_xgboost(quick: bool) -> Row:
    from xgboost import XGBClassifier

    n, p = (64, 300) if quick else (192, 4990)
    X, y = make_patients(n + 48, p)
    Z, new = standardise(X, np.arange(n), np.arange(n, n + 48))
    labels, held_out = y[:n], y[n:]
    family = XGBoost(depths=(1, 2), stages=(25, 50))

    def fit_plainly():
        return np.column_stack(
            [
                XGBClassifier(
                    n_estimators=stage, max_depth=depth, learning_rate=0.05, n_jobs=1, subsample=0.8
                )
                .fit(Z, labels)
                .predict(new, output_margin=True)
                for depth in family.depths
                for stage in family.stages
            ]
        )

    def agree(theirs, ours):
        aucs = [[compute_auc(held_out, s) for s in scores.T] for scores in (theirs, ours)]
        return (
            "not the same trees: ours see the 200 columns that pass a screen in the fold, in 64 "
            f"bins; AUC {np.mean(aucs[1]):.2f}, plain {np.mean(aucs[0]):.2f}"
        )

    return compare(
        f"XGBoost on edges, {n} x {p:,}, 4 grid points, one training set",
        peer="XGBClassifier on all columns, each point refitted",
        theirs=fit_plainly,
        ours=lambda: family.score_path(EncodedRows(Z, new, TableEncoder()), labels),
        agree=agree,
        goal="5×",
        times=2,
    )


def compare_permutations(kind: str, goal: str, theirs_of: int, quick: bool) -> Row:
    """Fit every permutation in each of five folds, at one penalty."""
    permutations = 100 if quick else 1000
    X, y = make_patients(*((80, 300) if quick else (300, 4990)))
    folds = make_folds(y, folds=5)
    splits = [(fold.train, fold.test) for fold in folds]
    rng = np.random.default_rng(0)
    labels = np.column_stack([rng.permutation(y) for _ in range(permutations)])
    cost, p = 1.0, X.shape[1]

    def make_peer():
        if kind == "ridge":
            return RidgeClassifier(alpha=p / cost)
        if kind == "linear SVM, hinge":
            return SVC(C=cost / p, kernel="linear")
        return LinearSVC(C=cost / (2 * p), intercept_scaling=30.0, max_iter=100_000)

    def permute_plainly(count=theirs_of, tight=False):
        found = []
        for train, test in splits:
            Z, new = standardise(X, train, test)
            for k in range(count):
                peer = make_peer()
                if tight:
                    peer.set_params(tol=1e-8)
                found.append(peer.fit(Z, labels[train, k]).decision_function(new))
        return found

    def permute_at_once():
        found, all_signs = [], 2.0 * labels - 1
        for (train, _), gram in zip(splits, compute_standardised_grams(X, splits), strict=True):
            signs = all_signs[train]
            if kind == "ridge":
                found.append(score_ridge(gram, signs, [p / cost])[:, 0])
                continue
            if kind == "linear SVM, hinge":
                costs = np.full(permutations, cost / p)
                found.append(
                    solve_hinge(gram.inner, signs, costs, tolerance=1e-6).score(gram.cross)
                )
                continue
            reduced = reduce_gram(gram.inner, gram.cross)
            penalties = np.full(permutations, p / cost)
            found.append(solve(reduced, signs, penalties, SQUARED_HINGE).score(reduced.held_out))
        return found

    def agree(theirs, ours):
        few = 4
        if kind == "linear SVM, squared hinge":
            return compare_objectives(few)
        tight = permute_plainly(few, tight=kind != "ridge")
        scores = [score[:, k] for score in ours for k in range(few)]
        worst = max(np.abs(a - b).max() for a, b in zip(tight, scores, strict=True))
        assert worst < (1e-9 if kind == "ridge" else 1e-5), worst
        return f"scores of {few} permutations equal to {worst:.0e} with tight tolerances"

    def compare_objectives(few):
        # LinearSVC penalises its intercept a little, so it is the objective that is compared.
        train, test = splits[0]
        Z, new = standardise(X, train, test)
        reduced = reduce_rows(Z, new)
        signs, penalty = 2.0 * labels[train][:, :few] - 1, p / cost
        ours = solve(reduced, signs, np.full(few, penalty), SQUARED_HINGE)
        gaps = []
        for k in range(few):
            peer = make_peer().set_params(tol=1e-6).fit(Z, labels[train, k])
            values = [
                np.sum(np.maximum(1 - signs[:, k] * f, 0) ** 2) / 2 + penalty / 2 * size
                for f, size in (
                    (peer.decision_function(Z), np.sum(peer.coef_**2)),
                    (ours.score(reduced.train)[:, k], np.sum(ours.weights[:, k] ** 2)),
                )
            ]
            gaps.append(1 - values[1] / values[0])
        assert min(gaps) > -1e-12, gaps
        return f"objective never above the peer's; lower by {max(gaps):.0e} of it at most"

    return compare(
        f"permutation test, {permutations:,} x 5 folds: {kind}",
        peer=f"scikit-learn's {type(make_peer()).__name__}, {theirs_of} permutations scaled up",
        theirs=permute_plainly,
        ours=permute_at_once,
        agree=agree,
        goal=goal,
        times=2,
        theirs_scale=permutations / theirs_of,
    )


def compare_standard(quick: bool) -> Row:
    n, p = (80, 300) if quick else (300, 4990)
    job = f"linear SVM, RBF SVM, ridge, L2 logistic, all grids, {n} x {p:,}, 5 x 5"
    return compare_kernels(n, p, slice(0, 3) if quick else slice(None), job, "40×")


def compare_wide(quick: bool) -> Row:
    n, p = (100, 900) if quick else (1000, 19_940)
    return compare_kernels(n, p, slice(1, 2), f"the same at {n:,} x {p:,}, one inner fold", "100×")


def compare_skglm(quick: bool) -> Row | None:
    if find_spec("skglm") is None:
        return None
    return compare_elastic_net("skglm's ProxNewton, compiled", "–", quick)


ROWS = {
    "kernels": compare_standard,
    "wide": compare_wide,
    "elastic-net": lambda quick: compare_elastic_net("scikit-learn's saga", "400×", quick),
    "skglm": compare_skglm,
    "xgboost": compare_xgboost,
    "ridge-permuted": lambda quick: compare_permutations("ridge", "1,000×", 20, quick),
    "svm-permuted": lambda quick: compare_permutations(
        "linear SVM, squared hinge", "60×", 5, quick
    ),
    "hinge-permuted": lambda quick: compare_permutations("linear SVM, hinge", "60×", 5, quick),
}

if __name__ == "__main__":
    run_rows(__doc__, ROWS, Path(__file__).with_suffix(".txt"))
