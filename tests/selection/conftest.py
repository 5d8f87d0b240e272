import math
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from disentangle_cli.checkpoint import Checkpoint, save_checkpoint
from disentangle_cli.latents import Block, Latents
from disentangle_cli.selection import Settings

SIDE = 8


def linear_checkpoint(
    angle: float = 0.0,
    read: float | None = None,
    codes: int = 3,
    noise: int = 2,
    kind: str = "uniform",
    side: int = SIDE,
    dead: int = 0,
    constant: float = 0.7,
) -> Checkpoint:
    """A model that is exactly linear: pixels carry the latents, and the encoder reads the codes back.

    All models share the patterns, so a model of angle 0 reads every generator of angle 0 perfectly;
    ``angle`` (radians) turns the first two codes into each other, which disentangles worse; the encoder
    turns them back, or by ``read``. ``dead`` codes at the end give ``constant``. With
    ``kind="normal"`` it is an autoencoder with a posterior.
    """
    live, pixels = codes - dead, side * side
    patterns, _ = torch.linalg.qr(torch.randn(pixels, pixels, generator=torch.Generator().manual_seed(7)))
    turn, turn_back = (_turn(a, live) for a in (angle, angle if read is None else read))
    mix = torch.zeros(pixels, codes + noise)
    mix[:, :live] = patterns[:, :live] @ turn
    mix[:, codes:] = patterns[:, 20 : 20 + noise]
    generator = {"0.weight": 0.2 * mix, "0.bias": torch.full((pixels,), 0.5)}
    reader = torch.zeros(codes, pixels)
    reader[:live] = 5 * (patterns[:, :live] @ turn_back).T
    bias = -reader @ torch.full((pixels,), 0.5)
    bias[live:] = constant
    if kind == "normal":  # the posterior's log-variance is 0 everywhere
        reader = torch.cat([reader, torch.zeros_like(reader)])
        bias = torch.cat([bias, torch.zeros(codes)])
    blocks = [Block("codes", kind, codes, code=True)]
    if noise:
        blocks.append(Block("noise", kind, noise, code=False))
    config = {
        "architecture": {"name": "mlp", "hidden": []},
        "generator_output": "images",
        "encoder_output": "mean-logvar" if kind == "normal" else "codes",
    }
    weights = {"1.weight": reader, "1.bias": bias}
    return Checkpoint("linear", config, (1, side, side), Latents(blocks), generator, weights)


def _turn(angle: float, size: int) -> Tensor:
    turn = torch.eye(max(size, 2))
    turn[:2, :2] = torch.tensor([[math.cos(angle), -math.sin(angle)], [math.sin(angle), math.cos(angle)]])
    return turn[:size, :size]


@pytest.fixture(autouse=True)
def cache_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("DCR_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture
def save(tmp_path: Path) -> Callable[..., str]:
    def save(name: str, provenance: dict[str, object] | None = None, **options: float | int | str) -> str:
        checkpoint = replace(linear_checkpoint(**options), provenance=provenance or {})
        return str(save_checkpoint(tmp_path / name, checkpoint))

    return save


@pytest.fixture
def linear() -> Callable[..., Checkpoint]:
    return linear_checkpoint


@pytest.fixture
def small() -> dict[str, Any]:
    return {"groups_per_code": 12, "group_size": 6, "scale_images": 1500, "precision": "fp32"}


@pytest.fixture
def small_settings(small: dict[str, Any]) -> Settings:
    return Settings(**small, inactive="keep", encode="mean")


class CountingModel:
    """A model that counts the images it makes and encodes."""

    def __init__(self, model: object) -> None:
        self.model = model
        self.image_shape = model.image_shape
        self.latents = model.latents
        self.content_hash = model.content_hash
        self.made = self.encoded = 0

    def sample_latents(self, n: int, rng: torch.Generator | None = None) -> Tensor:
        return self.model.sample_latents(n, rng)

    def generate(self, latents: Tensor) -> Tensor:
        self.made += len(latents)
        return self.model.generate(latents)

    def encode(self, images: Tensor) -> Tensor:
        self.encoded += len(images)
        return self.model.encode(images)

    def posterior(self, images: Tensor) -> tuple[Tensor, Tensor] | None:
        return self.model.posterior(images)


@pytest.fixture
def counting() -> Callable[..., CountingModel]:
    from disentangle_cli.models import LoadedModel

    return lambda **options: CountingModel(LoadedModel(linear_checkpoint(**options)))
