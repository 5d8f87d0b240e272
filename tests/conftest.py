"""Fixtures that tests of several parts share."""

import os
import shutil
import signal

os.environ.setdefault("OMP_NUM_THREADS", "1")  # before torch: test processes share few cores

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:  # begun in the background of a script
    signal.signal(signal.SIGINT, signal.default_int_handler)  # or commands under test would ignore it, too
if signal.getsignal(signal.SIGHUP) is signal.SIG_IGN:  # begun by nohup
    signal.signal(signal.SIGHUP, signal.SIG_DFL)

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import pytest
import torch
from typer.testing import CliRunner, Result

from disentangle_cli import output
from disentangle_cli.architectures.mlp import Mlp
from disentangle_cli.checkpoint import Checkpoint, save_checkpoint
from disentangle_cli.latents import Block, Latents
from tests.browser import chromium

if TYPE_CHECKING:
    from playwright.sync_api import Browser

GAN_LATENTS = (Block("codes", "uniform", 3, True), Block("noise", "normal", 2, False))
VAE_LATENTS = (Block("codes", "normal", 4, True),)


class WriteModel(Protocol):
    """Write a small random model: by default a GAN with three uniform codes and two noise dimensions."""

    def __call__(
        self,
        name: str = "model.pt",
        *,
        seed: int = 0,
        side: int = 8,
        channels: int = 1,
        blocks: tuple[Block, ...] = GAN_LATENTS,
        posterior: bool = False,
        provenance: dict[str, object] | None = None,
    ) -> Path: ...


@pytest.fixture
def write_model(tmp_path: Path) -> WriteModel:
    """Write checkpoints of small random networks into the test's folder; give their paths."""

    def write(
        name: str = "model.pt",
        *,
        seed: int = 0,
        side: int = 8,
        channels: int = 1,
        blocks: tuple[Block, ...] = GAN_LATENTS,
        posterior: bool = False,
        provenance: dict[str, object] | None = None,
    ) -> Path:
        latents = Latents(blocks)
        rng = torch.Generator().manual_seed(seed)
        architecture = Mlp([16])
        parts = []
        outputs = latents.num_codes * (2 if posterior else 1)
        for net in (
            architecture.generator(latents.dim, channels, side),
            architecture.encoder(outputs, channels, side),
        ):
            # wide weights, so that images differ visibly between latents
            state = {k: torch.randn(v.shape, generator=rng) for k, v in net.state_dict().items()}
            parts.append(state)
        checkpoint = Checkpoint(
            model="vae" if posterior else "infogan",
            config={
                "architecture": {"name": "mlp", "hidden": [16]},
                "generator_output": "logits",
                "encoder_output": "mean-logvar" if posterior else "codes",
            },
            image_shape=(channels, side, side),
            latents=latents,
            generator=parts[0],
            encoder=parts[1],
            provenance=provenance or {"source": "imported", "dataset": "toy", "seed": seed},
        )
        return save_checkpoint(tmp_path / name, checkpoint)

    return write


@pytest.fixture
def speaking() -> Iterator[None]:
    """Messages are printed, as a command has it."""
    output.configure(quiet=False, verbose=False, debug=False)
    yield
    output.configure(quiet=True, verbose=False, debug=False)


@pytest.fixture
def cli() -> Callable[..., Result]:
    """Run ``dcr`` in this process: ``cli("info", path)`` -> exit_code, stdout, stderr."""
    from disentangle_cli.commands import app

    def run(*arguments: object, stdin: str | None = None) -> Result:
        # a wide terminal, so that help is not wrapped where a test looks for it
        return CliRunner().invoke(app, [str(a) for a in arguments], input=stdin, env={"COLUMNS": "200"})

    return run


@pytest.fixture(scope="session")
def test_data() -> Path:
    """The folder of real frames and reference values that ``DCR_TEST_DATA`` names; skips without it."""
    folder = os.environ.get("DCR_TEST_DATA")
    if not folder or not Path(folder).is_dir():
        pytest.skip("DCR_TEST_DATA names no folder")
    return Path(folder)


@pytest.fixture(scope="session")
def dsprites_cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A cache folder that holds the rendered dSprites; made once, removed at the end (360 MiB)."""
    from disentangle_cli.datasets.dsprites import DSprites

    folder = tmp_path_factory.mktemp("cache")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DCR_CACHE", str(folder))
        assert len(DSprites().pixels.rows) == 737_280
    yield folder
    shutil.rmtree(folder)


@pytest.fixture
def with_dsprites(dsprites_cache: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """``DCR_CACHE`` set to a folder that holds the rendered dSprites."""
    monkeypatch.setenv("DCR_CACHE", str(dsprites_cache))
    return dsprites_cache


@pytest.fixture
def empty_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """``DCR_CACHE`` set to an empty folder, not yet made."""
    folder = tmp_path / "empty-cache"
    monkeypatch.setenv("DCR_CACHE", str(folder))
    return folder


@pytest.fixture(scope="module")
def browser() -> "Iterator[Browser]":
    """The system's Chromium, headless; the test is skipped where it is absent."""
    with chromium() as started:
        yield started
