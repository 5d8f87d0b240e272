"""Votes that stop early are those of all images."""

from collections.abc import Callable
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from disentangle_cli.arraytypes import Bools, Doubles, Ints
from disentangle_cli.executors import Control
from disentangle_cli.selection import Settings
from disentangle_cli.selection.evaluation import Job, evaluate
from disentangle_cli.selection.pool import load_pool
from disentangle_cli.selection.settling import ERROR, looks, settled
from disentangle_cli.selection.votes import Votes, cast_votes

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


def counted(save: Callable[..., str], full: bool, **options: object) -> tuple[list[Votes], float, int]:
    """The votes of two encoders on the first one's images; images told and encoded."""
    pool = load_pool([save(f"{i}.pt", angle=0.1 * i, **options) for i in range(2)])
    settings = Settings(groups_per_code=20, full_groups=full, encode="sample").resolved(["gan"])
    told = encoded = 0.0
    generator, encoders = pool.members[0], tuple(pool.members)
    for member in encoders:
        inner = member.model._encode

        def encode(images, inner=inner):  # type: ignore[no-untyped-def]
            nonlocal encoded
            encoded += len(images)
            return inner(images)

        member.model._encode = encode

    def advance(n: float) -> None:
        nonlocal told
        told += n

    job = Job(generator, encoders, generator.latents.code_columns, 0, settings)
    votes = evaluate(job, Control(advance=advance))
    assert told == job.images
    return votes, told, int(encoded)


@pytest.mark.parametrize("kind", ["uniform", "normal"])
def test_fewer_images_give_the_same_votes(save: Callable[..., str], kind: str) -> None:
    whole, told, many = counted(save, full=True, kind=kind)
    early, told_early, few = counted(save, full=False, kind=kind)
    assert told == told_early
    for a, b in zip(whole, early, strict=True):
        np.testing.assert_array_equal(a.votes, b.votes)
    assert few < (0.5 if kind == "uniform" else 0.9) * many  # samples of a posterior blur its codes


def test_noise_of_a_posterior_does_not_depend_on_the_looks(
    save: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    # all looks without a decision give the codes, and so the spreads, of full groups
    def undecided(codes: Doubles, size: int, *_: Doubles) -> Bools:
        return np.full(len(codes), codes.shape[1] == size)

    monkeypatch.setattr("disentangle_cli.selection.evaluation.settled", undecided)
    found = []
    for full in (True, False):
        votes, _, _ = counted(save, full=full, kind="normal")
        found.append([(one.votes.tolist(), one.scale_images) for one in votes])
    assert found[0] == found[1]
