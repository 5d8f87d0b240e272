"""What is kept on disk is not evaluated again, and damage to it costs time only."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from disentangle_cli.api.rank import select
from disentangle_cli.selection.cache import ArrayCache

ANGLES = (0.0, 0.1, 0.2, 0.3)


@pytest.fixture
def per_pair(small: dict[str, int]) -> int:
    return 3 * small["groups_per_code"] * small["group_size"] + small["scale_images"]


def total(models: list[Any]) -> int:
    return sum(model.encoded for model in models)


def test_a_grown_pool_pays_for_what_is_new(
    counting: Callable[..., Any], small: dict[str, int], per_pair: int
) -> None:
    models = [counting(angle=angle) for angle in ANGLES[:3]]
    select(models, **small)
    assert total(models) == 9 * per_pair
    made = [model.made for model in models]
    assert max(made) < 1.1 * per_pair + 2000  # each generator made its images once, for all encoders

    for model in models:
        model.encoded = 0
    models.append(counting(angle=ANGLES[3]))
    select(models, **small)
    assert total(models) == (2 * 3 + 1) * per_pair

    for model in models:
        model.encoded = 0
    select(models[::-1], **small)
    assert total(models) == 0


def test_other_settings_or_seeds_are_evaluated(
    counting: Callable[..., Any], small: dict[str, int], per_pair: int
) -> None:
    models = [counting(angle=angle) for angle in ANGLES[:2]]
    select(models, **small)
    for options in ({"seed": 1}, {"groups_per_code": 5}, {"encode": "mean"}):
        before = total(models)
        select(models, **{**small, **options})
        assert total(models) > before, options


def test_no_cache_keeps_nothing(
    counting: Callable[..., Any], small: dict[str, int], per_pair: int, cache_folder: Path
) -> None:
    models = [counting(angle=angle) for angle in ANGLES[:2]]
    for _ in range(2):
        select(models, cache=False, **small)
    assert total(models) == 2 * 4 * per_pair
    assert not cache_folder.exists()


def test_damaged_files_are_made_again(
    counting: Callable[..., Any],
    small: dict[str, int],
    per_pair: int,
    cache_folder: Path,
    capsys: pytest.CaptureFixture[str],
    speaking: None,
) -> None:
    models = [counting(angle=angle) for angle in ANGLES[:2]]
    first = select(models, **small)
    files = sorted(cache_folder.rglob("*.npz"))
    assert len(files) == 4
    whole = files[3].read_bytes()
    files[0].write_bytes(b"")
    files[1].write_bytes(whole)  # sound, but of another pair
    np.savez(files[2], votes=np.array([object()], dtype=object))
    for model in models:
        model.encoded = 0
    capsys.readouterr()
    again = select(models, **small)
    assert total(models) == 3 * per_pair
    np.testing.assert_array_equal(first.matrix, again.matrix)
    told = capsys.readouterr().err
    assert told.count("the checksum is wrong; evaluating it again") == 3
    assert all(f"warning: {path}: " in told for path in files[:3])


def test_every_flipped_bit_is_found(
    cache_folder: Path, capsys: pytest.CaptureFixture[str], speaking: None
) -> None:
    cache = ArrayCache()
    path = cache.path(encoder="a")
    cache.save(path, votes=np.array([1, -1, 0]), alive=np.array([True, False]))
    whole = path.read_bytes()
    assert np.load(path)["votes"].tolist() == [1, -1, 0]  # it stays a file that numpy reads
    for bit in range(0, 8 * len(whole), 41):
        changed = bytearray(whole)
        changed[bit // 8] ^= 1 << bit % 8
        path.write_bytes(changed)
        assert cache.load(path, "votes", "alive") is None
        assert f"warning: {path}: the checksum is wrong; evaluating it again" in capsys.readouterr().err


def test_a_pipe_in_place_of_a_file(cache_folder: Path) -> None:
    cache = ArrayCache()
    path = cache.path(encoder="a")
    path.parent.mkdir(parents=True)
    os.mkfifo(path)
    assert cache.load(path, "votes") is None
    cache.save(path, votes=np.arange(3))
    (votes,) = cache.load(path, "votes") or [None]
    np.testing.assert_array_equal(votes, np.arange(3))


def test_what_a_killed_command_left_is_removed_by_any_other(cache_folder: Path) -> None:
    left = cache_folder / "centrality" / "a0" / ".dcr-0123456789ab.npz"
    left.parent.mkdir(parents=True)
    left.touch()
    ArrayCache()
    assert not left.exists()


def test_arrays_survive_the_file(cache_folder: Path) -> None:
    cache = ArrayCache()
    path = cache.path(encoder="a", generator="b")
    assert path.is_relative_to(cache_folder)
    assert cache.path(encoder="b", generator="a") != path
    assert cache.load(path, "votes") is None
    votes, alive = np.array([1, -1, 0]), np.array([True, False])
    cache.save(path, votes=votes, alive=alive)
    assert cache.load(path, "labels") is None
    read = cache.load(path, "alive", "votes")
    assert read is not None
    np.testing.assert_array_equal(read[0], alive)
    np.testing.assert_array_equal(read[1], votes)


def test_a_cache_that_cannot_be_written_costs_nothing_now(
    counting: Callable[..., Any], small: dict[str, int], cache_folder: Path
) -> None:
    cache_folder.write_text("a file where the folder should be")
    models = [counting(angle=angle) for angle in ANGLES[:2]]
    assert select(models, **small).complete
