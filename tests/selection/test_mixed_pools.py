"""Pools of several families and origins, activity against known divergences, and what collapse buys."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

from disentangle_cli.architectures import ARCHITECTURES
from disentangle_cli.checkpoint import Checkpoint, save_checkpoint
from disentangle_cli.errors import UsageError
from disentangle_cli.latents import Block, Latents
from disentangle_cli.models import LoadedModel, load_model
from disentangle_cli.selection import METHODS, select
from disentangle_cli.selection.activity import activity
from disentangle_cli.selection.pool import load_pool
from disentangle_cli.selection.ranking import agreement, balanced_scores, central_scores, kendall, median
from disentangle_cli.selection.selection import Task
from disentangle_cli.selection.udr import mean_divergence

Save = Callable[..., str]


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


def test_families_have_one_voice_each() -> None:
    similarity = np.array(
        [[9, 0.9, 0.1, 0.2], [0.9, 9, 0.3, 0.5], [0.1, 0.3, 9, np.nan], [0.2, 0.5, np.nan, 9]]
    )
    families = ["vae", "vae", "gan", "gan"]
    expected = [(0.9 + 0.15) / 2, (0.9 + 0.4) / 2, 0.2, 0.35]
    np.testing.assert_allclose(balanced_scores(similarity, families), expected)
    np.testing.assert_allclose(balanced_scores(similarity, ["vae"] * 4), central_scores(similarity))
    np.testing.assert_allclose(central_scores(similarity, median)[:2], [0.2, 0.5])


def test_the_majority_family_is_told(save: Save, small: dict[str, int]) -> None:
    # five turned autoencoders agree with each other; the GANs and one autoencoder are straight
    turned = [
        save(f"v{i}.pt", kind="normal", codes=3 + i, dead=i, constant=0, noise=0, angle=0.75)
        for i in range(5)
    ]
    gans = [save(f"g{noise}.pt", noise=noise) for noise in (1, 2)]
    straight = save("straight.pt", kind="normal", codes=3, noise=0)
    pool = [*turned, *gans, straight]
    result = select(pool, inactive="auto", activity_pairs=200, permutations=20, **small)
    assert result.selected in turned
    assert result.balanced not in turned
    entry = result.to_json()
    assert entry["family_balanced"] == {"selected": result.balanced, "agrees": False}
    balanced = {r["model"]: r["family_balanced"] for r in entry["ranking"]}
    plain = {r["model"]: r["score"] for r in entry["ranking"]}
    assert all(balanced[name] > plain[name] for name in gans)


@pytest.mark.parametrize("method", METHODS.names())
def test_a_minority_of_collapsed_models_comes_last(save: Save, small: dict[str, int], method: str) -> None:
    good = [
        save(f"good{i}.pt", kind="normal", codes=5 + 5 * (i == 1), dead=5 * (i == 1), constant=0, noise=0,
             angle=0.1 * i)
        for i in range(4)
    ]  # fmt: skip
    collapsed = [
        save(f"two{i}.pt", kind="normal", codes=5 + i, dead=3 + i, constant=0, noise=0, angle=0.02 * i)
        for i in range(3)
    ]
    settings = {"inactive": "auto", "activity_pairs": 200, "permutations": 20, "images": 300}
    result = select([*collapsed, *good], method, **settings, **small)
    assert {r.model: r.codes for r in result.ranking} == dict.fromkeys(good, 5) | dict.fromkeys(collapsed, 2)
    assert {ranked.model for ranked in result.ranking[-3:]} == set(collapsed)


def test_autoencoders_without_a_posterior_are_told_by_their_latents(save: Save) -> None:
    pool = load_pool([save("ae.pt", noise=0), save("gan.pt"), save("vae.pt", kind="normal", noise=0)])
    assert [member.family for member in pool.members] == ["vae", "gan", "vae"]


def test_a_gan_without_noise_is_known_by_its_networks() -> None:
    nets = ARCHITECTURES.get("infogan-64")()
    latents = Latents([Block("codes", "uniform", 5, True)])
    config = {
        "architecture": {"name": "infogan-64"}, "generator_output": "images", "encoder_output": "codes",
    }  # fmt: skip
    made = [
        LoadedModel(
            Checkpoint(
                "ib-gan", config, (1, 64, 64), latents,
                initialised(nets.generator(5, 1, 64), seed), initialised(nets.encoder(5, 1, 64), seed), {},
            )
        )
        for seed in range(2)
    ]  # fmt: skip
    assert [member.family for member in load_pool(made).members] == ["gan", "gan"]


def initialised(net: torch.nn.Module, seed: int) -> dict[str, torch.Tensor]:
    rng = torch.Generator().manual_seed(seed)
    return {
        name: torch.rand(value.shape, generator=rng) if value.is_floating_point() else value
        for name, value in net.state_dict().items()
    }


def test_models_of_other_data_sets_are_refused(save: Save) -> None:
    sprites = {"dataset": "dsprites", "dataset_fingerprint": "1"}
    pool = [save("a.pt", provenance=sprites), save("b.pt", angle=0.1, provenance=sprites)]
    pots = save("c.pt", noise=1, provenance={"dataset": "teapots", "dataset_fingerprint": "2"})
    with pytest.raises(UsageError) as error:
        load_pool([*pool, pots])
    for part in (pool[0], "dsprites", pots, "teapots", "--force"):
        assert part in str(error.value)
    assert len(load_pool([*pool, pots], force=True)) == 3
    # a fingerprint decides: one data set under two names, and two under one name
    renamed = save("d.pt", noise=3, provenance={"dataset": "copy", "dataset_fingerprint": "1"})
    assert len(load_pool([*pool, renamed])) == 3
    other = save("e.pt", noise=4, provenance={"dataset": "dsprites", "dataset_fingerprint": "9"})
    with pytest.raises(UsageError, match="same name, other content"):
        load_pool([*pool, other])
    # unknown data sets, wholly or in part, are taken
    named = save("f.pt", noise=5, provenance={"dataset": "dsprites"})
    odd = save("g.pt", noise=6, provenance={"dataset": {"name": "dsprites"}})
    assert len(load_pool([*pool, named, odd, save("h.pt", noise=7)])) == 5


def test_a_spare_file_is_named_only_if_it_stands_alone(save: Save, tmp_path: Path) -> None:
    best, kept, other = save("best.pt"), save("model.pt"), save("other.pt", angle=0.2)
    pool = load_pool([best, kept, other], spare=Path(best))
    assert pool.names == (kept, other)
    assert [(d.model, d.same_as) for d in pool.duplicates] == [(best, kept)]
    assert load_pool([best, other], spare=Path(best)).names == (best, other)


def test_kendall_tau(save: Save, small: dict[str, int]) -> None:
    assert kendall([0.9, 0.5, None], [3.0, 2.0, 1.0]) == 1
    assert kendall([0.9, 0.5, 0.1], [1.0, 2.0, 3.0]) == -1
    assert kendall([1.0, 1.0, 1.0], [1.0, 2.0, 3.0]) is None
    pool = [save(f"{a}.pt", angle=a) for a in (0.0, 0.1, 0.5, 0.9)]
    by_votes = select(pool, **small)
    by_codes = select(pool, "udr-lasso", images=100)
    table = agreement([by_votes, by_codes])
    assert table is not None
    assert table["methods"] == ["model-centrality", "udr-lasso"]
    taus = np.array(table["kendall_tau"])
    np.testing.assert_array_equal(taus, taus.T)
    np.testing.assert_allclose(np.diag(taus), 1)
    assert agreement([by_votes]) is None
