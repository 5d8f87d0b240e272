"""UDR Lasso: the codes of one model predict each code of the other by a sparse linear regression.

All that a regression sees of N rows are the Gram matrix of the predictors and their products with targets, so
many targets are solved together. Cyclic coordinate descent runs in the order and with the stopping rule of
scikit-learn's Lasso (Friedman, Hastie, Tibshirani, Regularization Paths for Generalized Linear Models via
Coordinate Descent, 2010; duality gap), each target standing still from when it has converged.
Shapes: N rows, a predictors, T targets.
"""

import numpy as np

from disentangle_cli.arraytypes import Doubles
from disentangle_cli.selection.selection import METHODS, Selection, Task
from disentangle_cli.selection.udr import udr

ALPHA = 0.1
"""Weight of the L1 penalty, as in disentanglement_lib."""
TOLERANCE, SWEEPS = 1e-4, 1000
"""scikit-learn's defaults."""


@METHODS.register("udr-lasso")
def udr_lasso(task: Task) -> Selection:
    """Rank a pool by UDR with Lasso coefficients; see :func:`disentangle_cli.selection.udr.udr`."""
    return udr(task, "udr-lasso", lambda codes: codes, coefficients)


def coefficients(predictors: Doubles, targets: Doubles) -> Doubles:
    """(N, a) and (N, b) standardised codes -> (a, b) absolute coefficients of a Lasso for each target."""
    return np.abs(lasso(predictors, targets, ALPHA))


def lasso(predictors: Doubles, targets: Doubles, alpha: float) -> Doubles:
    """Weights (a, T) that minimise |y - X w|^2 / (2 N) + alpha |w|_1 for every target y.

    Args:
        predictors: (N, a), columns of mean 0; one of zeros gets no weight.
        targets: (N, T), columns of mean 0.
        alpha: weight of the penalty.
    """
    gram = predictors.T @ predictors
    products = predictors.T @ targets
    power = np.einsum("nt,nt->t", targets, targets)
    penalty = alpha * len(predictors)
    weights = np.zeros_like(products)
    start = _gap(weights, products, products, power, penalty)
    open_ = np.flatnonzero(start > TOLERANCE * power)
    w, b = weights[:, open_], products[:, open_]
    residual = b.copy()
    for _ in range(SWEEPS):
        if not len(open_):
            break
        change = _sweep(gram, w, residual, penalty)
        still = np.flatnonzero(change <= TOLERANCE * np.abs(w).max(axis=0))
        gap = _gap(w[:, still], b[:, still], residual[:, still], power[open_[still]], penalty)
        done = still[gap <= TOLERANCE * power[open_[still]]]
        weights[:, open_[done]] = w[:, done]
        left = np.delete(np.arange(len(open_)), done)
        open_, w, b, residual = open_[left], w[:, left], b[:, left], residual[:, left]
    weights[:, open_] = w
    return weights


def _sweep(gram: Doubles, weights: Doubles, residual: Doubles, penalty: float) -> Doubles:
    """Set each weight to its optimum in turn, in place; returns the largest change per target.

    ``residual`` (a, T) holds the products of the predictors with what is not explained.
    """
    largest = np.zeros(weights.shape[1])
    for j, norm in enumerate(np.diag(gram)):
        if norm == 0:
            continue
        pull = residual[j] + norm * weights[j]
        moved = np.sign(pull) * np.maximum(np.abs(pull) - penalty, 0) / norm
        change = moved - weights[j]
        residual -= gram[:, j, None] * change
        weights[j] = moved
        np.maximum(largest, np.abs(change), out=largest)
    return largest


def _gap(weights: Doubles, products: Doubles, residual: Doubles, power: Doubles, penalty: float) -> Doubles:
    """(T,) duality gap: how far the objective is above its minimum, at most."""
    explained = (weights * products).sum(axis=0)
    left = power - explained - (weights * residual).sum(axis=0)
    steepest = np.abs(residual).max(axis=0)
    scale = penalty / np.maximum(steepest, penalty)
    primal = 0.5 * left + penalty * np.abs(weights).sum(axis=0)
    dual = scale * (power - explained) - 0.5 * scale**2 * left
    gap: Doubles = primal - dual
    return gap
