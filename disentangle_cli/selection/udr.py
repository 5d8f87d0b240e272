"""Unsupervised disentanglement ranking: two good models of the same images share their codes one to one.

Source: Duan, Matthey, Saraiva, Watters, Burgess, Lerchner, Higgins, Unsupervised Model Selection for
Variational Disentangled Representation Learning (ICLR 2020), in the form of disentanglement_lib: for every
pair i, j of models a matrix relates the informative codes of i (rows) to those of j (columns); the closer it
is to a permutation, the higher the pair's score. Models of different kinds and sizes can enter: the matrix
may be rectangular, and where there is no posterior the variance of a code says whether it is informative.
Shapes: N shared images, K codes of a model, a and b informative codes of two models.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch

from disentangle_cli.arraytypes import Bools, Doubles
from disentangle_cli.errors import UsageError
from disentangle_cli.latents import Block
from disentangle_cli.measurement.matrix import standardised
from disentangle_cli.models import Model
from disentangle_cli.output import progress, warn
from disentangle_cli.selection.cache import ArrayCache
from disentangle_cli.selection.conclude import compared, conclude
from disentangle_cli.selection.pool import Member
from disentangle_cli.selection.ranking import median
from disentangle_cli.selection.selection import Selection, Task
from disentangle_cli.selection.shared_images import SharedImages, shared_images
from disentangle_cli.selection.votes import DEAD

Prepare = Callable[[Doubles], Doubles]
Relate = Callable[[Doubles, Doubles], Doubles]

KL = 0.01
"""A code with a posterior is informative when its mean KL divergence from the prior is above this (nats)."""
VARIANCE = 1 - math.exp(-2 * KL)
"""Without a posterior it must vary by more than this part of its prior variance: about 0.02.

An ideal encoder of a Gaussian code whose posterior has the variance s^2 spends KL = -ln(s^2) / 2 on it, and
its means have the variance 1 - s^2. So both rules draw the same line.
"""


@dataclass(frozen=True)
class Encoded:
    """What one model says about the shared images.

    Attributes:
        codes: (N, a) its informative codes, standardised: mean 0, population standard deviation 1 (0 for
            a code that never moves, which has something to say to the KL rule if it sits far from the prior).
        informative: (K,) which codes those are.
    """

    codes: Doubles
    informative: Bools


def codes_of(member: Member, shared: SharedImages, task: Task) -> Encoded:
    """Posterior means, or the means that Q gives, of the shared images.

    From disk where the model has met these images before: all methods share that.
    """
    cache = ArrayCache(task.cache)
    path = cache.path(codes=member.identity, images=shared.digest, device=task.pool.device)
    found = cache.load(path, "means", "logvars")
    if found is None or len(found[0]) != len(shared.images):
        found = _means(member.model, shared.images)
        cache.save(path, means=found[0], logvars=found[1])
    return informative_codes(member, found[0], found[1] if found[1].size else None)


def _means(model: Model, images: torch.Tensor) -> list[Doubles]:
    """(N, K) means, and log-variances; an empty array where there are none."""
    posterior = model.posterior(images)
    found = (model.encode(images), torch.empty(0)) if posterior is None else posterior
    return [tensor.double().cpu().numpy() for tensor in found]


def informative_codes(member: Member, codes: Doubles, logvars: Doubles | None) -> Encoded:
    """From the means (N, K) of all codes, and the log-variances of a posterior, to the codes that count."""
    blocks = [member.latents.columns[column] for column in member.latents.code_columns]
    finite = np.isfinite(codes).all(axis=0)
    with np.errstate(invalid="ignore", over="ignore"):
        variance = codes.var(axis=0)
        constant = variance <= (DEAD * codes.mean(axis=0)) ** 2
        informative = variance > VARIANCE * np.array([prior_variance(block) for block in blocks])
        if logvars is not None:
            divergence = mean_divergence(codes, logvars, blocks)
            informative = np.where(np.isnan(divergence), informative, divergence > KL)
    informative &= finite
    chosen = np.where(constant, 0.0, codes)[:, informative]
    return Encoded(standardised(chosen), informative)


def mean_divergence(mean: Doubles, logvar: Doubles, blocks: list[Block]) -> Doubles:
    """(K,) KL(N(mean, e^logvar) || prior) in nats, averaged over the images; NaN where no prior is normal."""
    centre = np.array([block.mean if block.kind == "normal" else np.nan for block in blocks])
    scale = np.array([block.std for block in blocks])
    standard = (mean - centre) / scale
    logratio = logvar - 2 * np.log(scale)
    divergence: Doubles = (0.5 * (standard**2 + np.exp(logratio) - logratio - 1)).mean(axis=0)
    return divergence


def prior_variance(block: Block) -> float:
    """The variance of each dimension of a block."""
    if block.kind == "normal":
        return block.std**2
    if block.kind == "uniform":
        return (block.high - block.low) ** 2 / 12
    return float(np.var(block.values))


def relative_strength(relations: Doubles) -> float:
    """How close a non-negative (a, b) matrix is to one entry in each row and column: from 0 to 1.

    The mean over columns of max^2 / sum, averaged with the same over rows; 0 / 0 counts as 0.
    """
    return float(relative_strengths(relations, [relations.shape[1]])[0])


def relative_strengths(relations: Doubles, widths: Sequence[int]) -> Doubles:
    """:func:`relative_strength` of the blocks of columns, so many columns each; 0 for a block without any."""
    strengths = np.zeros(len(widths))
    there = np.flatnonzero(widths)
    if not len(relations) or not len(there):
        return strengths
    counts = np.array(widths)[there]
    starts = np.cumsum(counts) - counts
    columns = np.add.reduceat(_share(relations.max(axis=0), relations.sum(axis=0)), starts) / counts
    best, total = (ufunc.reduceat(relations, starts, axis=1) for ufunc in (np.maximum, np.add))
    strengths[there] = (columns + _share(best, total).mean(axis=0)) / 2
    return strengths


def _share(best: Doubles, total: Doubles) -> Doubles:
    return np.divide(best**2, total, out=np.zeros_like(total), where=total > 0)


def udr(task: Task, method: str, prepare: Prepare, relate: Relate) -> Selection:
    """Rank a pool by UDR.

    ``matrix[i, j]`` tells how well the codes of i explain those of j; the score of a model is the median of
    what the others say about it, that is of its column without the diagonal. A model without an
    informative code scores 0.

    Args:
        task: the pool and the settings ``images``, ``images_from`` and ``replicates``.
        method: its registered name.
        prepare: standardised codes (N, a) -> (N, a), once for every model.
        relate: prepared codes (N, a) and (N, b) -> non-negative relations (a, b).

    Raises:
        UsageError: the shared images cannot be had, or no model has an informative code.
    """
    shared = shared_images(task)
    members = task.pool.members
    models = [codes_of(m, shared, task) for m in progress(members, desc="encoding", unit="model")]
    if not any(model.informative.any() for model in models):
        raise UsageError("no model has an informative code on the shared images; is every model collapsed?")
    for member, model in zip(members, models, strict=True):
        if not model.informative.any():
            warn(f"{member.name} has no informative code on the shared images; it scores 0")
    codes = [prepare(model.codes) for model in models]
    widths = [found.shape[1] for found in codes]
    everybody = np.concatenate(codes, axis=1)
    matrix = np.zeros((len(members), len(members)))
    for i, own in enumerate(progress(codes, desc=method, unit="model")):
        if own.shape[1]:
            matrix[i] = relative_strengths(relate(own, everybody), widths)
    return conclude(
        task,
        method,
        matrix=matrix,
        codes=[int(model.informative.sum()) for model in models],
        standing=compared(task, matrix.T.copy(), median),
        axes="codes of the row explaining those of the column",
        details={
            "images": shared.about,
            "informative": {m.name: e.informative.tolist() for m, e in zip(members, models, strict=True)},
        },
    )
