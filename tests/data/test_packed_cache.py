import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from disentangle_cli import output
from disentangle_cli.data.packed_cache import HEADER, cache_path, cached, is_cached, verified
from disentangle_cli.data.pixels import Layout, Pixels, Source
from disentangle_cli.errors import RunError, UsageError

LAYOUT = Layout(3000, (1, 20, 20), packed=False)


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


def truncate(path: Path) -> None:
    os.truncate(path, path.stat().st_size - 1)


def extend(path: Path) -> None:
    path.write_bytes(path.read_bytes() + b"x")


def damage(offset: int) -> Callable[[Path], None]:
    def change(path: Path) -> None:
        data = bytearray(path.read_bytes())
        data[offset] ^= 1
        path.write_bytes(data)

    return change


def other_version(path: Path) -> None:
    data = path.read_bytes()
    header = json.loads(data[:HEADER]) | {"version": 99}
    path.write_bytes(json.dumps(header).encode().ljust(HEADER) + data[HEADER:])


def incomplete(path: Path) -> None:
    data = path.read_bytes()
    header = json.loads(data[:HEADER])
    del header["shape"]
    path.write_bytes(json.dumps(header).encode().ljust(HEADER) + data[HEADER:])


@pytest.mark.parametrize(
    ("harm", "reason"),
    [
        (truncate, "truncated"),
        (extend, "bytes too many"),
        (damage(HEADER), "checksum"),
        (damage(-1), "checksum"),
        (damage(HEADER + 602_000), "checksum"),
        (damage(0), "no readable header"),
        (other_version, "version 99"),
        (incomplete, "incomplete"),
        (lambda path: path.write_bytes(b""), "no readable header"),
        (lambda path: path.write_bytes(b"[]".ljust(HEADER)), "not an image cache"),
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


def test_damage_between_the_samples_is_found_by_verified(empty_cache: Path) -> None:
    layout = Layout(4096, (1, 32, 32), packed=False)  # 4 MiB, of which 1 MiB is sampled
    rows = np.zeros((layout.count, layout.row), np.uint8)
    make = lambda: Source(layout, [rows])  # noqa: E731
    assert verified(cached("large", "k", make, "things"))
    damage(HEADER + 40_000)(cache_path("large"))
    assert not verified(cached("large", "k", make, "things"))


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
