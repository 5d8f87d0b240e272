"""No method ranks what it cannot tell apart without a word, one of your own neither."""

from collections.abc import Callable

import numpy as np
import pytest

import disentangle_cli as dcr
from disentangle_cli.errors import UsageError
from disentangle_cli.output import kept_warnings
from disentangle_cli.selection import METHODS, Selection
from disentangle_cli.selection.conclude import Standing, conclude
from disentangle_cli.selection.selection import Task
from tests.conftest import WriteModel


@pytest.fixture
def own(monkeypatch: pytest.MonkeyPatch) -> Callable[[list[float], list[int]], None]:
    """Make a method of one's own that gives these scores and numbers of codes."""

    def make(scores: list[float], codes: list[int]) -> None:
        def method(task: Task) -> Selection:
            standing = Standing(np.array(scores), None)
            return conclude(task, "own", np.zeros((len(codes), len(codes))), codes, standing)

        monkeypatch.setitem(METHODS._entries, "own", method)

    return make


@pytest.fixture
def pool(write_model: WriteModel) -> list[str]:
    return [str(write_model(f"{seed}.pt", seed=seed)) for seed in range(3)]


def test_a_method_of_ones_own(own: Callable[[list[float], list[int]], None], pool: list[str]) -> None:
    nan = float("nan")
    for scores, codes, lack in [
        ([nan] * 3, [3] * 3, "a score"),
        ([0.5, 0.4, 0.3], [0] * 3, "a code that counts"),
    ]:
        own(scores, codes)
        with pytest.raises(
            UsageError, match=f"own: no model has {lack}; is every model of the pool collapsed"
        ):
            dcr.rank(pool, "own")
    own([0.5] * 3, [3] * 3)
    with kept_warnings() as warnings:
        dcr.rank(pool, "own")
    assert "own cannot tell the models apart: all score 0.5" in warnings[0]
    own([0.5, nan, 0.4], [3, 0, 3])
    with kept_warnings() as warnings:
        assert dcr.rank(pool, "own").selections[0].selected == pool[0]
    assert warnings == []
