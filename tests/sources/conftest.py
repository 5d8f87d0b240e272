"""Folders and files as other projects write them, made small, with networks written out anew here."""

import itertools
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn


class DisvaeEncoder(nn.Module):
    def __init__(self, channels: int, size: int, codes: int) -> None:
        super().__init__()
        self.codes, self.size = codes, size
        self.conv1 = nn.Conv2d(channels, 32, 4, 2, 1)
        self.conv2 = nn.Conv2d(32, 32, 4, 2, 1)
        self.conv3 = nn.Conv2d(32, 32, 4, 2, 1)
        if size == 64:
            self.conv_64 = nn.Conv2d(32, 32, 4, 2, 1)
        self.lin1 = nn.Linear(512, 256)
        self.lin2 = nn.Linear(256, 256)
        self.mu_logvar_gen = nn.Linear(256, 2 * codes)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        convs = [self.conv1, self.conv2, self.conv3, *([self.conv_64] if self.size == 64 else [])]
        for conv in convs:
            x = conv(x).relu()
        pairs = self.mu_logvar_gen(self.lin2(self.lin1(x.flatten(1)).relu()).relu()).view(-1, self.codes, 2)
        return pairs[..., 0], pairs[..., 1]


class DisvaeDecoder(nn.Module):
    def __init__(self, channels: int, size: int, codes: int) -> None:
        super().__init__()
        self.size = size
        self.lin1 = nn.Linear(codes, 256)
        self.lin2 = nn.Linear(256, 256)
        self.lin3 = nn.Linear(256, 512)
        if size == 64:
            self.convT_64 = nn.ConvTranspose2d(32, 32, 4, 2, 1)
        self.convT1 = nn.ConvTranspose2d(32, 32, 4, 2, 1)
        self.convT2 = nn.ConvTranspose2d(32, 32, 4, 2, 1)
        self.convT3 = nn.ConvTranspose2d(32, channels, 4, 2, 1)

    def forward(self, z: Tensor) -> Tensor:
        x = self.lin3(self.lin2(self.lin1(z).relu()).relu()).relu().view(-1, 32, 4, 4)
        if self.size == 64:
            x = self.convT_64(x).relu()
        return torch.sigmoid(self.convT3(self.convT2(self.convT1(x).relu()).relu()))


class Pair(nn.Module):
    def __init__(self, encoder: nn.Module, decoder: nn.Module) -> None:
        super().__init__()
        self.encoder, self.decoder = encoder.eval(), decoder.eval()


@pytest.fixture
def disvae_folder(tmp_path: Path) -> Callable[..., tuple[Path, Pair]]:
    """Write a folder of disentangling-vae; gives it and the networks."""

    def write(
        name: str = "btcvae_x",
        size: int = 32,
        channels: int = 1,
        codes: int = 3,
        legacy: bool = True,
        **specs: Any,
    ) -> tuple[Path, Pair]:
        torch.manual_seed(0)
        nets = Pair(DisvaeEncoder(channels, size, codes), DisvaeDecoder(channels, size, codes))
        folder = tmp_path / name
        folder.mkdir()
        described = {
            "img_size": [channels, size, size], "latent_dim": codes, "model_type": "Burgess",
            "loss": "btcvae", "dataset": "toy", "seed": 7, "lr": 5e-4,
        }  # fmt: skip
        (folder / "specs.json").write_text(json.dumps(described | specs))
        torch.save(nets.state_dict(), folder / "model.pt", _use_new_zipfile_serialization=not legacy)
        return folder, nets

    return write


class Mlp(nn.Module):
    """pythae's stock networks, with the names of its weights."""

    def __init__(self, widths: list[int], heads: tuple[str, ...] = ()) -> None:
        super().__init__()
        self.layers = nn.ModuleList(nn.Sequential(nn.Linear(a, b)) for a, b in itertools.pairwise(widths))
        self.heads = heads
        for head in heads:
            setattr(self, head, nn.Linear(widths[-1], 4))

    def forward(self, x: Tensor) -> Any:
        x = x.flatten(1)
        if self.heads:
            x = self.layers[0](x).relu()
            return tuple(getattr(self, head)(x) for head in self.heads)
        return torch.sigmoid(self.layers[1](self.layers[0](x).relu()))


@pytest.fixture
def pythae_folder(tmp_path: Path) -> Callable[..., tuple[Path, Pair]]:
    """Write a run folder of pythae with stock networks for 8x8 images; gives it and the networks."""

    def write(
        name: str = "VAE_training_x", kind: str = "VAEConfig", final: bool = True, **described: Any
    ) -> tuple[Path, Pair]:
        torch.manual_seed(0)
        deterministic = kind in ("AEConfig", "WAE_MMD_Config")
        heads = ("embedding",) if deterministic else ("embedding", "log_var")
        nets = Pair(Mlp([64, 512], heads), Mlp([4, 512, 64]))
        folder = tmp_path / name
        inner = folder / "final_model" if final else folder
        inner.mkdir(parents=True)
        config = {
            "name": kind, "input_dim": [1, 8, 8], "latent_dim": 4,
            "uses_default_encoder": True, "uses_default_decoder": True,
        }  # fmt: skip
        (inner / "model_config.json").write_text(json.dumps(config | described))
        torch.save({"model_state_dict": nets.state_dict()}, inner / "model.pt")
        return folder, nets

    return write
