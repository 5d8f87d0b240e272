"""Sets smaller than a batch, and folders with pictures that cannot be read."""

import csv
import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
import yaml
from PIL import Image
from typer.testing import Result

from disentangle_cli.checkpoint import load_checkpoint
from disentangle_cli.datasets import open_dataset
from disentangle_cli.modelling.trainable import MODELS
from disentangle_cli.training.feed import Feed
from tests.training.conftest import tiny

Cli = Callable[..., Result]


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    """Three pictures, in two folders."""
    rng = np.random.default_rng(0)
    for name in ("a/1.png", "a/2.png", "b/3.png"):
        path = tmp_path / "photos" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(rng.integers(0, 256, (64, 64), np.uint8)).save(path)
    return tmp_path / "photos"


def train(cli: Cli, model: str, photos: Path, *arguments: str) -> Result:
    out = photos.parent / "out"
    contrast = ["--set", "contrastive.weight.every=1"] if model == "infogan-cr" else []
    said = tiny(model, "--set", "batch_size=5", "--set", "iterations=2", *contrast, *arguments)
    return cli("train", "--model", model, "--preset", "demo", "--dataset", photos, "--out", out, *said)


@pytest.mark.parametrize("model", MODELS.names())
def test_batches_are_as_large_as_the_set(cli: Cli, photos: Path, model: str) -> None:
    """Every model trains on three images, in batches of three, and says so once."""
    done = train(cli, model, photos, "--seeds", "0-1", "--jobs", "1")
    assert done.exit_code == 0, done.stderr
    assert done.stderr.count("photos has 3 images: batches have 3, not 5 (batch_size)") == 1
    for seed in (0, 1):
        stem = f"{model}_photos_seed-{seed}"
        found = load_checkpoint(photos.parent / "out" / f"{stem}.pt")
        assert found.config["training"]["batch_size"] == 3
        noted = yaml.safe_load((photos.parent / "out" / stem / "config.yaml").read_text())
        assert noted["batch_size"] == 3
        with (photos.parent / "out" / stem / "log.csv").open() as file:
            rows = [value for row in csv.DictReader(file) for value in row.values()]
        assert rows
        assert all(np.isfinite(float(value)) for value in rows if value)


def test_such_a_run_is_one_with_its_request(cli: Cli, photos: Path) -> None:
    assert train(cli, "vae", photos).exit_code == 0
    again = train(cli, "vae", photos, "--resume")
    assert (again.exit_code, "is finished already" in again.stderr) == (0, True), again.stderr
    other = train(cli, "vae", photos, "--set", "optim.lr=0.5")
    assert other.exit_code == 2


def test_one_image_is_too_few(cli: Cli, photos: Path) -> None:
    for name in ("a/1.png", "a/2.png"):
        (photos / name).unlink()
    done = train(cli, "vae", photos)
    assert (done.exit_code, "has 1 image; training needs two at least" in done.stderr) == (2, True)


def test_a_batch_of_all_images_has_each_once(photos: Path) -> None:
    feed = Feed(open_dataset(str(photos)), 3, 0, torch.device("cpu"))
    assert all(sorted(feed.rows(k).tolist()) == [0, 1, 2] for k in range(5))


def test_broken_pictures_are_left_out_from_training_to_score(cli: Cli, photos: Path) -> None:
    """The model remembers, so that other commands read the same images."""
    for number in range(4, 8):
        for folder in ("a", "b"):
            Image.new("L", (64, 64), 20 * number).save(photos / folder / f"{number}.png")
    (photos / "b" / "0.png").write_bytes(b"no picture")
    done = train(cli, "vae", photos)
    assert (done.exit_code, "b/0.png: cannot be read" in done.stderr) == (2, True)
    done = train(cli, "vae", photos, "--skip-broken")
    assert done.exit_code == 0, done.stderr
    assert "1 files cannot be read and are left out: b/0.png" in done.stderr
    path, codes = done.stdout.strip(), photos.parent / "codes.npz"
    scored = ["score", path, "--metrics", "mig"]
    for command in (scored, ["generate", path, "--encode", photos, "--out", codes]):
        done = cli(*command, "--format", "json")
        assert done.exit_code == 0, done.stderr
        assert "differs from" not in done.stderr
        json.loads(done.stdout)
    with np.load(codes) as found:
        assert len(found["codes"]) == 11
        assert found["factors"].max() == 1


def test_flags_are_settings(cli: Cli, photos: Path) -> None:
    shown = cli("train", "--model", "vae", "--print-config", "--skip-broken", "--no-class-folders")
    assert yaml.safe_load(shown.stdout)["data"] == {
        "size": None, "channels": None, "class_folders": False, "skip_broken": True,
    }  # fmt: skip
