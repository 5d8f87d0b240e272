import contextlib
import hashlib
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from disentangle_cli import output
from disentangle_cli.data.packed_cache import cache_path, cached, is_cached, read_all
from disentangle_cli.data.packed_file import HEADER
from disentangle_cli.data.pixels import Layout, Pixels, Source
from disentangle_cli.errors import RunError, UsageError

LAYOUT = Layout(3000, (1, 20, 20), packed=False)
SUMS = 8 * 300  # bytes: a block has ten images of 400 bytes


class Maker:
    """Counts how often the images are made."""

    def __init__(self, seed: int = 0) -> None:
        self.rows = np.random.default_rng(seed).integers(0, 256, (LAYOUT.count, LAYOUT.row), np.uint8)
        self.calls = 0

    def __call__(self) -> Source:
        self.calls += 1
        return Source(LAYOUT, iter(np.array_split(self.rows, 7)))

    def get(self, key: str = "k") -> Pixels:
        return cached("thing", key, self, "things")


@pytest.fixture
def heard(empty_cache: Path, capsys: pytest.CaptureFixture[str]) -> Callable[[], str]:
    output.configure(quiet=False)
    yield lambda: capsys.readouterr().err
    output.configure(quiet=True)


def test_made_once(empty_cache: Path) -> None:
    make = Maker()
    assert not is_cached("thing", "k")
    first, second = make.get(), make.get()
    assert make.calls == 1
    assert is_cached("thing", "k")
    assert isinstance(second.rows, np.memmap)
    assert first.digest == second.digest
    assert np.array_equal(second.rows, make.rows)
    assert np.array_equal(second.images(np.array([2999, 0])), make.rows[[2999, 0]].reshape(2, 1, 20, 20))
    assert [path.name for path in cache_path("thing").parent.iterdir() if path.suffix == ".pixels"] == [
        "thing.pixels"
    ]


def is_whole(pixels: Pixels) -> bool:
    return hashlib.sha256(pixels.rows.tobytes()).hexdigest() == pixels.digest


def truncate(path: Path) -> None:
    os.truncate(path, path.stat().st_size - 1)


def fifo(path: Path) -> None:
    path.unlink()
    os.mkfifo(path)


def extend(path: Path) -> None:
    path.write_bytes(path.read_bytes() + b"x")


def damage(offset: int) -> Callable[[Path], None]:
    def change(path: Path) -> None:
        data = bytearray(path.read_bytes())
        data[offset] ^= 1
        path.write_bytes(data)

    return change


def other_version(path: Path) -> None:
    path.write_bytes(path.read_bytes().replace(b"dcr-pixels 2 ", b"dcr-pixels 9 ", 1))


@pytest.mark.parametrize(
    ("harm", "reason"),
    [
        (truncate, "truncated"),
        (extend, "bytes too many"),
        (damage(-1), "checksums in the file are damaged"),
        (damage(-SUMS), "checksums in the file are damaged"),
        (damage(0), "not an image cache"),
        (damage(15), "header is damaged"),
        (damage(100), "header is damaged"),
        (damage(HEADER - 1), "header is damaged"),
        (other_version, "version 9"),
        (lambda path: path.write_bytes(b""), "not an image cache"),
        (lambda path: path.write_bytes(b"dcr-pixels 2 "), "not an image cache"),
        (lambda path: path.write_bytes(b"[]".ljust(HEADER)), "not an image cache"),
        (fifo, "no regular file"),
    ],
)
def test_bad_file_is_made_again(heard: Callable[[], str], harm: Callable[[Path], None], reason: str) -> None:
    make = Maker()
    make.get()
    heard()
    harm(cache_path("thing"))
    assert not is_cached("thing", "k")
    assert np.array_equal(make.get().rows, make.rows)
    assert make.calls == 2
    told = heard()
    assert "warning: " in told
    assert reason in told
    assert "making it again" in told


def test_changed_source_is_read_again(heard: Callable[[], str]) -> None:
    Maker(0).get("old")
    heard()
    changed = Maker(1)
    assert np.array_equal(changed.get("new").rows, changed.rows)
    assert "warning" not in heard()


def test_a_file_of_an_earlier_dcr_is_made_again_without_a_warning(heard: Callable[[], str]) -> None:
    cache_path("thing").parent.mkdir(parents=True)
    cache_path("thing").write_bytes(json.dumps({"format": "dcr-pixels", "version": 1}).encode().ljust(HEADER))
    make = Maker()
    assert np.array_equal(make.get().rows, make.rows)
    told = heard()
    assert "made by an earlier dcr; making it again" in told
    assert "warning" not in told


@pytest.mark.parametrize("place", [0, 1, 4095, 602_000, LAYOUT.nbytes - 1])
def test_a_damaged_block_is_found_when_it_is_read(heard: Callable[[], str], place: int) -> None:
    make = Maker()
    make.get()
    heard()
    damage(HEADER + place)(cache_path("thing"))
    found = make.get()
    row = place // LAYOUT.row
    block = row // (4096 // LAYOUT.row)
    others = np.array([i for i in range(LAYOUT.count) if i // (4096 // LAYOUT.row) != block])
    assert np.array_equal(found.raw(others), make.rows[others])
    assert (make.calls, heard()) == (1, "")  # what a batch does not touch is not looked at
    batch = np.array([5, row, 2000, -1])
    assert np.array_equal(found.raw(batch), make.rows[batch])
    assert make.calls == 2
    told = heard()
    assert "warning: " in told
    assert "the checksum of a block is wrong; making it again" in told
    assert is_whole(found)
    assert is_whole(make.get())
    assert make.calls == 2


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("side", [4, 7, 64, 100])
def test_every_flipped_bit_of_a_small_file_is_found(empty_cache: Path, packed: bool, side: int) -> None:
    layout = Layout(5, (1, side, side), packed)
    rows = np.random.default_rng(0).integers(0, 256, (layout.count, layout.row), np.uint8)
    calls = []

    def make() -> Source:
        calls.append(1)
        return Source(layout, [rows[:2], rows[2:]])

    everything = np.arange(layout.count)
    assert np.array_equal(cached("small", "k", make, "things").raw(everything), rows)
    path = cache_path("small")
    whole = path.read_bytes()
    for bit in range(0, 8 * len(whole), 8 * len(whole) // 40):
        changed = bytearray(whole)
        changed[bit // 8] ^= 1 << bit % 8
        path.write_bytes(changed)
        calls.clear()
        assert np.array_equal(cached("small", "k", make, "things").raw(everything), rows)
        assert (len(calls), path.read_bytes()) == (1, whole), bit


def test_two_readers_of_a_damaged_file(empty_cache: Path) -> None:
    """The first to find it makes the file again; the other takes that one."""
    make = Maker()
    make.get()
    damage(HEADER)(cache_path("thing"))
    one, other = make.get(), make.get()
    for found in (one, other):
        assert np.array_equal(found.raw(np.arange(20)), make.rows[:20])
    assert make.calls == 2


def test_a_source_that_has_changed_meanwhile_is_no_replacement(empty_cache: Path) -> None:
    make = Maker()
    make.get()
    damage(HEADER)(cache_path("thing"))
    found = make.get()
    make.rows = make.rows ^ 1
    with pytest.raises(RunError, match="have changed since they were opened"):
        found.raw(np.array([0]))


def test_a_damaged_file_in_a_folder_that_cannot_be_written(
    heard: Callable[[], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    make = Maker()
    make.get()
    damage(HEADER)(cache_path("thing"))
    found = make.get()

    @contextlib.contextmanager
    def full(path: Path) -> Iterator[Path]:
        raise RunError(f"cannot write {path}: No space left on device")
        yield path

    monkeypatch.setattr("disentangle_cli.data.packed_cache.atomic", full)
    read_all(found)
    assert "No space left on device; holding things in memory" in heard()
    assert np.array_equal(found.images(np.array([1])).reshape(1, -1), make.rows[[1]])
    assert is_whole(found)


def test_failing_source_leaves_nothing(empty_cache: Path) -> None:
    def broken() -> Source:
        def blocks():
            yield np.zeros((10, LAYOUT.row), np.uint8)
            raise UsageError("a.png: cannot be read")

        return Source(LAYOUT, blocks())

    with pytest.raises(UsageError, match=r"a\.png"):
        cached("thing", "k", broken, "things")
    assert [path.suffix for path in cache_path("thing").parent.iterdir()] == [".lock"]


def test_leftovers_of_a_killed_process_are_removed(empty_cache: Path) -> None:
    folder = cache_path("thing").parent
    folder.mkdir(parents=True)
    left, foreign = folder / ".dcr-0123456789ab.pixels", folder / ".thing-0123456789ab.pixels"
    left.touch()
    foreign.touch()
    Maker().get()
    assert not left.exists()
    assert foreign.exists()


def test_unwritable_cache_is_replaced_by_memory(
    heard: Callable[[], str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("DCR_CACHE", str(tmp_path / "file"))
    make = Maker()
    assert np.array_equal(make.get().rows, make.rows)
    assert "holding things in memory" in heard()
    monkeypatch.setattr("disentangle_cli.data.packed_cache.MEMORY_LIMIT", LAYOUT.nbytes - 1)
    with pytest.raises(RunError, match="set DCR_CACHE"):
        make.get()


RACER = """
import sys, time
import numpy as np
from disentangle_cli import output
from disentangle_cli.data.packed_cache import cached
from disentangle_cli.data.pixels import Layout, Source
output.configure(quiet=False)
layout = Layout(100, (1, 8, 8), packed=True)
def build():
    print("made")
    def blocks():
        for i in range(10):
            time.sleep(0.1)
            yield np.full((10, 8), i, np.uint8)
    return Source(layout, blocks())
print(int(cached("raced", "k", build, "things").rows.astype(int).sum()))
"""


def test_two_processes_at_once(empty_cache: Path) -> None:
    racers = [
        subprocess.Popen(
            [sys.executable, "-c", RACER], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        for _ in range(2)
    ]
    results = [racer.communicate(timeout=60) for racer in racers]
    assert [racer.returncode for racer in racers] == [0, 0]
    assert sorted(out.split() for out, _ in results) == [["3600"], ["made", "3600"]]
