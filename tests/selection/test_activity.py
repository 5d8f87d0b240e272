from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch

from disentangle_cli.checkpoint import Checkpoint, save_checkpoint
from disentangle_cli.latents import Block, Latents
from disentangle_cli.models import load_model
from disentangle_cli.selection.activity import activity
from disentangle_cli.selection.pool import load_pool
from disentangle_cli.selection.selection import Task
from disentangle_cli.selection.settings import Settings
from disentangle_cli.selection.udr import mean_divergence

Save = Callable[..., str]


def test_activity_of_a_linear_generator(save: Save) -> None:
    # orthonormal patterns of equal weight: each of 3 codes and 2 noise dimensions makes a fifth of the change
    pool = load_pool([save("a.pt"), save("b.pt", codes=4, dead=1)])
    task = Task(pool, settings=Settings())
    first, second = (activity(member, task) for member in pool.members)
    np.testing.assert_allclose(first, 0.2, atol=0.02)
    np.testing.assert_allclose(second, [0.2, 0.2, 0.2, 0], atol=0.02)
    assert second[3] == 0


def ideal_vae(divergences: list[float], pixel_noise: float = 0.05, side: int = 8) -> Checkpoint:
    """A linear-Gaussian VAE at its optimum: x = W z + b + noise, orthogonal columns, exact posterior.

    Probabilistic PCA (Tipping and Bishop 1999): a column of length w has the posterior variance
    s^2 = noise^2 / (w^2 + noise^2), which costs -ln(s^2) / 2 nats on average.
    """
    pixels, codes = side * side, len(divergences)
    basis, _ = torch.linalg.qr(torch.randn(pixels, pixels, generator=torch.Generator().manual_seed(1)))
    squares = pixel_noise**2 * (torch.exp(2 * torch.tensor(divergences)) - 1)
    mix = basis[:, :codes] * squares.sqrt()
    variance = pixel_noise**2 / (squares + pixel_noise**2)
    reader = (mix / pixel_noise**2 * variance).T
    half = torch.full((pixels,), 0.5)
    encoder = {
        "1.weight": torch.cat([reader, torch.zeros_like(reader)]),
        "1.bias": torch.cat([-reader @ half, variance.log()]),
    }
    config = {
        "architecture": {"name": "mlp", "hidden": []},
        "generator_output": "images",
        "encoder_output": "mean-logvar",
    }
    latents = Latents([Block("codes", "normal", codes, code=True)])
    generator = {"0.weight": mix, "0.bias": half}
    return Checkpoint("vae", config, (1, side, side), latents, generator, encoder)


def test_activity_threshold_on_vaes_of_known_divergence(tmp_path: Path, save: Save) -> None:
    nats = [2.5, 2.0, 1.5, 1.0, 0.5, 0.1, 0.01, 0.0]
    path = str(save_checkpoint(tmp_path / "ideal.pt", ideal_vae(nats)))
    model = load_model(path)
    # the posterior is exact: on images of the model (noise included) it spends what was asked for
    rng = torch.Generator().manual_seed(0)
    images = model.generate(model.sample_latents(20_000, rng))
    images += 0.05 * torch.randn(images.shape, generator=rng)
    mean, logvar = (x.double().numpy() for x in model.posterior(images))
    spent = mean_divergence(mean, logvar, [model.latents[0]] * len(nats))
    np.testing.assert_allclose(spent, nats, atol=0.02)

    pool = load_pool([path, save("other.pt")])
    measured = activity(pool.members[0], Task(pool))
    weights = np.exp(2 * np.array(nats)) - 1
    np.testing.assert_allclose(measured, weights / weights.sum(), atol=0.02)
    # nothing that costs a tenth of a nat or less passes for active, everything from one nat on does
    active = measured >= Task(pool).settings.activity_threshold
    assert active.tolist() == [True] * 4 + [False] * 4
