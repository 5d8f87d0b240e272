import math
from typing import Any

import numpy as np
import pytest

from disentangle_cli.selection.judge import chance_accuracy, corrected, held_out_accuracy
from disentangle_cli.selection.votes import Votes


def votes(cast: Any, labels: Any, codes: int) -> Votes:
    return Votes(np.array(cast), np.array(labels), np.ones(codes, dtype=bool))


def test_held_out_accuracy_by_hand() -> None:
    # two labels, four repeats; in the last one code 1 won for both labels
    cast = [0, 1, 0, 1, 0, 1, 1, 1]
    labels = [0, 1] * 4
    # odd half scored by the even one: 3 of 4; even half by the odd one: 4 of 4
    assert held_out_accuracy(votes(cast, labels, 2)) == 7 / 8
    # a code that never won in the other half is wrong, and so is a group without a vote
    assert held_out_accuracy(votes([0, 1, 2, 1], [0, 1, 0, 1], 3)) == 0.5
    assert held_out_accuracy(votes([0, -1, 0, -1], [0, 1, 0, 1], 2)) == 0.5


def test_random_votes_are_worth_nothing_whatever_the_number_of_codes() -> None:
    rng = np.random.default_rng(0)
    for codes in (2, 5, 10):
        labels = np.tile(np.arange(codes), 200)
        pair = votes(rng.integers(0, codes, len(labels)), labels, codes)
        chance = chance_accuracy(pair, 100, np.random.default_rng(1))
        assert chance == pytest.approx(1 / codes, abs=0.02)
        assert corrected(held_out_accuracy(pair), chance) == pytest.approx(0, abs=0.06)
        perfect = votes(labels, labels, codes)
        assert held_out_accuracy(perfect) == 1
        assert corrected(1.0, chance_accuracy(perfect, 100, np.random.default_rng(1))) == 1
    assert math.isnan(corrected(1.0, 1.0))
