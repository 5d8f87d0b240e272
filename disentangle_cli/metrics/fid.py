"""Frechet inception distance."""

import numpy as np

from disentangle_cli.arraytypes import Floats
from disentangle_cli.measurement.metric import Result, Undefined, metric


@metric(bounds=(0.0, float("inf")), higher_is_better=False, cost="generating, Inception: minutes")
def fid(real_features: Floats, generated_features: Floats) -> Result:
    """How far generated images are from real ones, in features of an Inception network.

    |m - n|^2 + tr(S + T - 2 (S T)^(1/2)) for means m, n and covariances S, T of ``real_features`` (r, D) and
    ``generated_features`` (g, D). From 0. Heusel et al. 2017, section 2. Features come from torch-fidelity
    (an extra, whose weights are fetched once by that package). Null without them.

    Known biases: falls with the number of images, so compare equal numbers; Inception knows photographs,
    not sprites.
    """
    real, made = real_features.astype(np.float64), generated_features.astype(np.float64)
    if min(len(real), len(made)) < 2:
        raise Undefined("a covariance needs at least two images")
    s, t = (np.atleast_2d(np.cov(x, rowvar=False)) for x in (real, made))
    values, vectors = np.linalg.eigh(s)
    root = (vectors * np.sqrt(np.clip(values, 0.0, None))) @ vectors.T
    # the eigenvalues of root t root are those of s t
    shared = np.sqrt(np.clip(np.linalg.eigvalsh(root @ t @ root), 0.0, None)).sum()
    apart = np.square(real.mean(axis=0) - made.mean(axis=0)).sum()
    return {"score": max(float(apart + np.trace(s) + np.trace(t) - 2 * shared), 0.0)}
