"""The cache folder is listed and cleared, and nothing in it that is not dcr's."""

import json
import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from typer.testing import Result

from disentangle_cli.data.packed_cache import cache_path
from disentangle_cli.datasets.toy import Toy
from disentangle_cli.files import locked
from disentangle_cli.scoring.classifier import classifier_for
from disentangle_cli.selection.cache import ArrayCache
from disentangle_cli.temporaries import temporary
from disentangle_cli.upkeep.caches import KINDS, clear, foreign, kept

Cli = Callable[..., Result]


@pytest.fixture
def cache(empty_cache: Path, cli: Cli, tmp_path: Path) -> Path:
    """A cache that holds something of every kind, made by what makes it."""
    packed = cache_path("photos.of-me")
    packed.parent.mkdir(parents=True)
    packed.write_bytes(b"dcr-pixels 2".ljust(5000))
    packed.with_suffix(".lock").touch()
    evaluations = ArrayCache()
    for number in range(3):
        evaluations.save(evaluations.path(number=number), scores=np.ones(3))
    classifier_for(Toy(), images=64)
    (empty_cache / "datasets" / ".dcr-0123456789ab.pixels").write_bytes(bytes(100))
    (empty_cache / ".dcr-ba9876543210").mkdir()
    (empty_cache / ".dcr-ba9876543210" / "half").write_bytes(bytes(10))
    return empty_cache


def contents(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if not path.is_dir()}


def test_everything_that_dcr_keeps_is_of_a_kind(cache: Path, cli: Cli) -> None:
    found = kept()
    assert foreign() == []
    assert {one.kind.name for one in found} == {kind.name for kind in KINDS}
    document = json.loads(cli("cache", "list", "--format", "json").stdout)
    assert document["schema"] == "dcr.cache-list/1"
    assert document["folder"] == str(cache)
    assert document["bytes"] == sum(one["bytes"] for one in document["files"]) > 5000
    table = cli("cache", "list")
    rows = [line.split() for line in table.stdout.splitlines()]
    assert [row[0] for row in rows[1:]] == ["images", "evaluations", "classifiers", "leftovers"]
    assert rows[1][1:3] == ["photos.of-me.pixels", "1"]
    assert rows[2][1:3] == ["-", "3"]
    assert f"{cache} holds" in table.stderr


def test_clear_takes_what_is_named_or_all(cache: Path, cli: Cli) -> None:
    everything = contents(cache)
    dry = cli("cache", "clear", "--dry-run", "--format", "json")
    assert contents(cache) == everything
    assert "would free" in dry.stderr
    assert cli("cache", "clear", "evaluations").exit_code == 0
    assert contents(cache) == {name for name in everything if not name.endswith(".npz")}
    assert "; did you mean photos.of-me.pixels?" in cli("cache", "clear", "photos-of-me.pixel").stderr
    assert cli("cache", "clear", "photos.of-me.pixels").exit_code == 0
    assert "datasets/photos.of-me.pixels" not in contents(cache)
    done = json.loads(cli("cache", "clear", "--format", "json").stdout)
    assert done["freed"] == sum(one["bytes"] for one in done["removed"])
    assert {Path(name).suffix for name in contents(cache)} == {".lock"}
    assert "freed nothing" in cli("cache", "clear").stderr
    assert not (cache / ".dcr-ba9876543210").exists()


def test_what_is_not_ours_stays(cache: Path, cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "mine.pixels").write_bytes(b"dcr-pixels of mine")
    strangers = [
        cache / "thesis.pt", cache / "datasets" / "holiday.pixels", cache / "datasets" / "a.npz",
        cache / "centrality" / "ab" / "notes.npz", cache / "classifier-best.pt", cache / "classifier-0.pt",
        cache / "old" / f"classifier-{'0' * 16}.pt",
    ]  # fmt: skip
    for path in strangers:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"precious")
    (cache / "datasets" / "link.pixels").symlink_to(tmp_path / "mine.pixels")
    (cache / "elsewhere").symlink_to(tmp_path)
    assert foreign() == sorted(strangers)
    listed = cli("cache", "list")
    assert f"{len(strangers)} files there are not dcr's" in listed.stderr
    assert cli("cache", "clear").exit_code == 0
    assert all(path.read_bytes() == b"precious" for path in strangers)
    assert (cache / "datasets" / "link.pixels").is_symlink()
    assert (tmp_path / "mine.pixels").exists()


def test_what_somebody_is_making_stays(cache: Path, cli: Cli) -> None:
    images = cache / "datasets" / "photos.of-me.pixels"
    with locked(images.with_suffix(".lock"), ""), temporary(cache / "datasets", ".pixels") as (half, _):
        result = cli("cache", "clear")
        assert result.exit_code == 0
        assert images.exists()
        assert half.exists()
        assert f"{images} stays: another process is making it" in result.stderr
        assert f"{half} stays: another process is writing it" in result.stderr
    removed, stayed = clear(kept())
    assert [one.path for one in removed] == [images]
    assert stayed == []


def test_a_folder_that_is_not_there_or_cannot_be_written(
    empty_cache: Path, cli: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    listed = cli("cache", "list")
    assert listed.exit_code == 0
    assert f"{empty_cache} holds nothing of dcr's" in listed.stderr
    assert not empty_cache.exists()
    evaluations = ArrayCache()
    evaluations.save(path := evaluations.path(number=1), scores=np.ones(1))

    def refuse(*_: object) -> None:
        raise PermissionError(13, os.strerror(13))

    monkeypatch.setattr(Path, "unlink", refuse)
    result = cli("cache", "clear")
    assert result.exit_code == 0
    assert f"{path} stays: Permission denied" in result.stderr
