"""A data set small enough to train on in a test, and a way to run ``dcr train`` as users do."""

import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

from disentangle_cli.checkpoint import load_checkpoint
from disentangle_cli.training import Run, train_together
from disentangle_cli.training.pool import raise_failures

Command = Callable[..., list[str]]

TINY = ["iterations=12", "batch_size=4", "log.every=2", "log.state_seconds=0.001", "log.images_every=0"]
SWITCH = {"infogan-cr": ["contrastive.weight.every=8"]}


def tiny(model: str, *arguments: str) -> list[str]:
    """``arguments``, and before them what makes a run tiny where they do not say otherwise."""
    said = {text.partition("=")[0] for text in arguments}
    short = [text for text in [*TINY, *SWITCH.get(model, [])] if text.partition("=")[0] not in said]
    return ["--precision", "fp32", *(word for text in short for word in ("--set", text)), *arguments]


@pytest.fixture(scope="session")
def squares(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """64 images of a square at 8 x 8 places, with labels."""
    places = np.stack(np.meshgrid(np.arange(8), np.arange(8), indexing="ij"), -1).reshape(-1, 2)
    images = np.zeros((64, 64, 64), np.uint8)
    for image, (x, y) in zip(images, places, strict=True):
        image[4 + 6 * y : 14 + 6 * y, 4 + 6 * x : 14 + 6 * x] = 1
    path = tmp_path_factory.mktemp("data") / "squares.npz"
    np.savez(path, imgs=images, factors=places)
    return path


@pytest.fixture(scope="session")
def dots(tmp_path_factory: pytest.TempPathFactory) -> str:
    """36 images of 8 x 8 pixels with a block of 3 x 3 at 36 places."""
    images = np.zeros((36, 8, 8), np.uint8)
    for i, image in enumerate(images):
        image[i // 6 : i // 6 + 3, i % 6 : i % 6 + 3] = 1
    path = tmp_path_factory.mktemp("data") / "dots.npz"
    np.savez(path, imgs=images)
    return str(path)


@pytest.fixture
def command(squares: Path, tmp_path: Path) -> Command:
    """The argument list of a tiny training run in a process of its own."""

    def build(*arguments: str, model: str = "infogan-cr") -> list[str]:
        head = [sys.executable, "-m", "disentangle_cli", "train", "--model", model, "--preset", "demo"]
        placed = [*head, "--dataset", str(squares), "--out", str(tmp_path / "out")]
        return [*placed, *tiny(model, *arguments)]

    return build


def train(request: Run) -> Path:
    """The checkpoint of one run, alone and in this process."""
    raise_failures(train_together([request], []))
    return request.checkpoint


def run(command: list[str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, capture_output=True, text=True, timeout=120, env=os.environ, check=False)


def same_weights(a: Path, b: Path) -> bool:
    first, second = load_checkpoint(a), load_checkpoint(b)
    return all(
        torch.equal(value, getattr(second, part)[key])
        for part in ("generator", "encoder")
        for key, value in getattr(first, part).items()
    )


def wait_for(path: Path, process: subprocess.Popen[str]) -> None:
    deadline = time.monotonic() + 60
    while not path.exists() and process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.01)
