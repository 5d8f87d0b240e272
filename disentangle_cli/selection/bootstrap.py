"""Resampling a pool: other models, and other groups of images, might have been drawn.

Source: Efron and Tibshirani, An Introduction to the Bootstrap (1993), chapters 6 and 8. One replicate
draws the n models with replacement and the groups of every generator anew, for all encoders the same;
a model is never compared with a copy of itself. Shapes: R replicates, n models.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from disentangle_cli.arraytypes import Doubles, Ints
from disentangle_cli.output import progress
from disentangle_cli.selection import draws
from disentangle_cli.selection.pool import Pool
from disentangle_cli.selection.votes import NO_VOTE, CrossVotes, Votes


def draw_models(identities: Sequence[str], taking_part: Ints, replicates: int, seed: int) -> Ints:
    """(R, m) indices of models, drawn with replacement from the m in ``taking_part``, two at least.

    They depend on which models there are, not on their order.
    """
    chosen = sorted(taking_part.tolist(), key=lambda i: identities[i])
    rng = draws.numpy_stream(seed, "bootstrap", *(identities[i] for i in chosen))
    drawn = rng.integers(len(chosen), size=(replicates, len(chosen)))
    while (alike := (drawn == drawn[:, :1]).all(axis=1)).any():
        drawn[alike] = rng.integers(len(chosen), size=(int(alike.sum()), len(chosen)))
    return np.array(chosen, dtype=np.int64)[drawn]


@dataclass(frozen=True)
class GroupChange:
    """What drawing other groups of one generator does to the accuracies of the encoders on it.

    Attributes:
        generator: index of the model.
        encoders: (E,) indices of the models that read its images.
        change: (R, E) replicate minus the mean of the replicates.
    """

    generator: int
    encoders: Ints
    change: Doubles


def group_changes(
    votes: CrossVotes, pool: Pool, replicates: int, held_out: bool, seed: int
) -> Iterable[GroupChange]:
    """Resampled groups of every generator that takes part, one generator at a time.

    Deviations from the replicates' own mean are what counts: resampled groups hold copies of each other,
    which a classifier that is scored on its own votes would pass off as skill.
    """
    part = sorted({j for _, j in votes})
    for j in progress(part, desc="intervals", unit="models"):
        rng = draws.numpy_stream(seed, "bootstrap", pool.members[j].identity)
        accuracy = resampled_accuracy([votes[i, j] for i in part], replicates, held_out, rng)
        yield GroupChange(j, np.array(part, dtype=np.int64), accuracy - accuracy.mean(axis=0))


def resampled_accuracy(
    encoders: Sequence[Votes], replicates: int, held_out: bool, rng: np.random.Generator
) -> Doubles:
    """(R, E) accuracies of E encoders on resampled groups of one generator.

    Groups are drawn within their label; with ``held_out`` within the half they belong to, too, and each
    half is scored by the classifier of the other, else all groups are scored on their own votes.
    """
    count = encoders[0].num_labels
    repeats = len(encoders[0].labels) // count
    ends = np.cumsum([len(votes.alive) for votes in encoders])
    starts = ends - [len(votes.alive) for votes in encoders]
    won = np.zeros((count, repeats, ends[-1]), dtype=np.float32)  # labels take turns, see draws.groups
    for start, votes in zip(starts, encoders, strict=True):
        cast = np.flatnonzero(votes.votes != NO_VOTE)
        won[cast % count, cast // count, start + votes.votes[cast]] = 1
    if held_out:
        even, odd = (_tables(won[:, half::2], replicates, rng) for half in (0, 1))
        hits = _scored(even, learnt=odd) + _scored(odd, learnt=even)
    else:
        hits = _tables(won, replicates, rng).max(axis=0)
    return np.add.reduceat(hits, starts, axis=1).astype(np.float64) / (count * repeats)


def _tables(won: NDArray[np.float32], replicates: int, rng: np.random.Generator) -> NDArray[np.float32]:
    """(labels, R, codes) how often each code won among groups drawn with replacement within the label."""
    count, groups, _ = won.shape
    drawn = rng.integers(groups, size=(count, replicates, groups))
    rows = np.arange(count * replicates).reshape(count, replicates, 1)
    times = np.bincount((rows * groups + drawn).reshape(-1), minlength=drawn.size)
    weights = times.reshape(drawn.shape).astype(np.float32)
    tables: NDArray[np.float32] = weights @ won
    return tables


def _scored(tables: NDArray[np.float32], learnt: NDArray[np.float32]) -> NDArray[np.float32]:
    """(R, codes) right votes of each code when it stands for the label it won most often in ``learnt``."""
    right = np.take_along_axis(tables, learnt.argmax(axis=0)[None], axis=0)[0]
    return np.where(learnt.max(axis=0) > 0, right, 0)


def mean_replicates(
    similarity: Doubles, drawn: Ints, changes: Iterable[GroupChange] = (), scale: Doubles | None = None
) -> Doubles:
    """(R, n) mean similarity of each model to the drawn ones, copies of itself left out.

    ``scale`` (n, n) is what one unit of raw accuracy of encoder i on generator j adds to its corrected
    score, 1 if not given; similarity is the mean of both directions.
    """
    scale = np.ones_like(similarity) if scale is None else scale
    known = ~np.isnan(similarity)
    np.fill_diagonal(known, False)
    times = np.stack([np.bincount(row, minlength=len(similarity)) for row in drawn]).astype(np.float64)
    total = times @ np.where(known, similarity, 0).T
    for change in changes:
        j, encoders = change.generator, change.encoders
        factor = np.where(known[encoders, j], scale[encoders, j], 0) / 2
        added = change.change * factor
        total[:, encoders] += times[:, [j]] * added
        total[:, j] += (times[:, encoders] * added).sum(axis=1)
    voices = times @ known.T.astype(np.float64)
    with np.errstate(invalid="ignore"):  # 0 / 0: none of the drawn ones knows the model
        return total / voices


def median_replicates(similarity: Doubles, drawn: Ints) -> Doubles:
    """(R, n) median similarity of each model to the drawn ones, copies of itself left out."""
    scores = np.full((len(drawn), len(similarity)), np.nan)
    for i, row in enumerate(similarity):
        if not np.isnan(np.delete(row, i)).all():
            voices = np.where(drawn == i, np.nan, row[drawn])
            scores[:, i] = np.nanmedian(voices, axis=1)
    return scores
