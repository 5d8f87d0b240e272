"""How many images the scale of codes asks for.

A vote compares the spread of each code within a group with its spread over the prior. That scale is known up
to a standard error; where two codes are nearly tied, it decides who gets the vote. So the error is carried
through to what counts, the accuracy of the votes.
"""

import numpy as np
from numpy.typing import NDArray

from disentangle_cli.selection.votes import Spread, Votes, cast_votes

SCALE_IMAGES = 73_728
"""The official number, and the most that are used."""
_VOTES = 1.5
_DRAWS = 16


def scale_matters(group_std: NDArray[np.float64], spread: Spread, labels: NDArray[np.int64]) -> bool:
    """Whether the error of the scale still moves the accuracy by more than the votes of 1.5 groups.

    That is the root mean square change of the accuracy over scales drawn from their errors: 0.003 at the
    official counts. The score of a model averages 2 (n - 1) such pairs, whose errors are independent.

    Args:
        group_std: (M, K) standard deviation of each code within each group.
        spread: of the codes over the prior so far.
        labels: (M,) which code was held fixed.
    """
    std, error = spread.std, spread.error
    alive = std > 0
    accuracy = Votes(cast_votes(group_std, std), labels, alive).accuracy
    changes = []
    for draw in np.random.default_rng(0).standard_normal((_DRAWS, len(std))):
        moved = cast_votes(group_std, std * np.exp(error * draw))
        changes.append(Votes(moved, labels, alive).accuracy - accuracy)
    return float(np.mean(np.square(changes))) > (_VOTES / len(labels)) ** 2


def time_to_look(blocks: int) -> bool:
    """Whether to ask again after so many blocks of images: 1, 2, 3, 4, 6, 8, 12, 16, 24, ..."""
    rest = blocks // 3 if blocks % 3 == 0 else blocks
    return rest & (rest - 1) == 0
