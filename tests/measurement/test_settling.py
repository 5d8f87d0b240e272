"""Votes that stop early are those of all images."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from disentangle_cli.arraytypes import Doubles, Ints
from disentangle_cli.measurement.settling import ERROR, looks, settled
from disentangle_cli.selection.votes import cast_votes

SIZE = 100


def sequential(codes: Doubles, scale: Doubles, error: Doubles) -> tuple[Ints, Ints]:
    """Votes (M,) and numbers of images (M,) by the looks."""
    votes, images = np.full(len(codes), -2), np.zeros(len(codes), np.int64)
    for stop in looks(codes.shape[1]):
        waiting = np.flatnonzero(votes == -2)
        over = waiting[settled(codes[waiting, :stop], codes.shape[1], scale, error)]
        votes[over], images[over] = cast_votes(codes[over, :stop].std(axis=1), scale), stop
    return votes, images


def test_looks() -> None:
    assert looks(100) == [16, 24, 36, 54, 100]
    assert looks(24) == [16, 24]
    assert looks(20) == [20]


@given(st.integers(2, 10_000))
def test_looks_grow_and_end_with_all(size: int) -> None:
    found = looks(size)
    assert found[-1] == size
    assert all(a * 1.4 < b for a, b in pairwise(found))


@pytest.mark.parametrize("kind", ["normal", "uniform", "heavy", "two values", "alike"])
@pytest.mark.parametrize("least", [0.05, 0.4, 0.8, 0.98])
def test_settled_votes_are_those_of_all_images(kind: str, least: float) -> None:
    rng, groups = np.random.default_rng(3), 3000
    drawn = {
        "normal": lambda: rng.standard_normal((groups, SIZE, 4)),
        "uniform": lambda: rng.uniform(-1, 1, (groups, SIZE, 4)),
        "heavy": lambda: rng.laplace(size=(groups, SIZE, 4)),
        "two values": lambda: rng.integers(2, size=(groups, SIZE, 4)) + 0.1 * rng.random((groups, SIZE, 4)),
        # codes that go together: their difference is what counts
        "alike": lambda: rng.standard_normal((groups, SIZE, 1)) + 0.3 * rng.random((groups, SIZE, 4)),
    }[kind]()  # fmt: skip
    codes = drawn * np.array([1, least, 1, 1])
    scale = np.ones(4)
    votes, images = sequential(codes, scale, np.full(4, 0.01))
    wrong = (votes != cast_votes(codes.std(axis=1), scale)).mean()
    assert wrong <= 2 * ERROR
    if least == 0.05:  # clear votes stop early, near ties see nearly all images
        assert images.mean() < 20
    if least == 0.98:
        assert images.mean() > 60


def test_scale_that_is_hardly_known_settles_nothing() -> None:
    codes = np.random.default_rng(0).standard_normal((50, 16, 2)) * [1, 0.1]
    assert settled(codes, SIZE, np.ones(2), np.zeros(2)).all()
    assert not settled(codes, SIZE, np.ones(2), np.ones(2)).any()


def test_dead_codes_and_codes_that_are_not_finite() -> None:
    codes = np.random.default_rng(0).standard_normal((5, 16, 3)) * [1, 0.1, 0]
    none = np.zeros(3)
    assert settled(codes, SIZE, np.array([1.0, 1.0, 0.0]), none).all()
    assert settled(codes, SIZE, none, none).all()  # nobody votes, whatever comes
    assert settled(codes, SIZE, np.array([0.0, 1.0, 0.0]), none).all()  # nobody else can
    assert not settled(codes, SIZE, np.ones(3), none).any()  # the third may yet move
    codes[2, 3, 0] = np.nan
    assert settled(codes, SIZE, np.array([1.0, 1.0, 0.0]), none).tolist() == [True, True, False, True, True]
