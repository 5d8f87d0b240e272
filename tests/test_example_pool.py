"""The models that ship with the project: small, whole, and worth showing."""

from pathlib import Path

import numpy as np
import pytest
import torch

import disentangle_cli as dcr
from disentangle_cli.data.teapots import COLOURS
from disentangle_cli.models import load_model

EXAMPLES = Path(__file__).parent.parent / "examples"
POOL = sorted((EXAMPLES / "pool").glob("*.pt"))
TEAPOTS = EXAMPLES / "teapots.pt"
MOST = 1_200_000
"""Bytes of a file."""


def test_there_are_some() -> None:
    assert len(POOL) >= 3
    assert sum(path.stat().st_size for path in POOL) < 10_000_000


@pytest.mark.parametrize("path", [*POOL, TEAPOTS], ids=lambda path: path.stem)
def test_it_is_small_and_reads_its_own_images(path: Path) -> None:
    assert path.stat().st_size < MOST
    model = load_model(path)
    assert model.checkpoint.verified
    latents = model.sample_latents(200, torch.Generator().manual_seed(0))
    codes = model.encode(model.generate(latents))
    error = (codes - latents[:, : codes.shape[1]]).square().mean(0)
    assert float(error.max()) < 0.15  # a uniform code has a variance of 0.33


@pytest.mark.parametrize("path", POOL, ids=lambda path: path.stem)
def test_its_codes_are_factors(path: Path) -> None:
    few = ["data.groups=200", "data.group_size=50", "data.reference=5000"]
    found = dcr.score(path, "dsprites", metrics="factor_vae", settings=few)["metrics"]["factor_vae"]
    assert found["score"] > 0.7


def test_colours_and_elevation_of_teapots_have_a_code_each() -> None:
    latents = COLOURS.draw(np.random.RandomState(0), 300)
    images = torch.from_numpy(COLOURS.render(latents)).float() / 255
    codes = load_model(TEAPOTS).encode(images).numpy()
    # codes x (azimuth, elevation, red, green, blue)
    related = np.abs(np.corrcoef(codes.T, latents.T)[:5, 5:])
    assert (related[:, 1:].max(0) > 0.9).all()
    assert len(set(related[:, 1:].argmax(0))) == 4
