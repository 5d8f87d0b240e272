"""UDR against the rule written out plainly, the reference's values, and pools of unlike models."""

import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from scipy.stats import spearmanr
from sklearn.linear_model import Lasso

from disentangle_cli.api.rank import select
from disentangle_cli.errors import UsageError
from disentangle_cli.latents import Block
from disentangle_cli.models import load_model
from disentangle_cli.selection import udr
from disentangle_cli.selection.pool import load_pool
from disentangle_cli.selection.selection import Task
from disentangle_cli.selection.settings import Settings
from disentangle_cli.selection.shared_images import generated
from disentangle_cli.selection.udr import (
    VARIANCE,
    informative_codes,
    prior_variance,
    relative_strength,
    relative_strengths,
)

METHODS = ("udr-lasso", "udr-spearman")
Save = Callable[..., str]


def test_relative_strength_of_the_reference(test_data: Path) -> None:
    cases = json.loads((test_data / "metric_cases" / "expected.json").read_text())["cases"]["matrix_units"]
    wanted = {k.split(":")[0]: v for k, v in cases["metrics"].items() if ":udr." in k}
    assert len(wanted) == 6
    with np.load(test_data / "metric_cases" / "matrix_units.npz") as matrices:
        for name, case in wanted.items():
            assert relative_strength(matrices[name]) == pytest.approx(case["value"], abs=1e-9), name


def test_relative_strength_by_hand() -> None:
    # columns: 0.8^2/1.0, 0.6^2/0.6; rows: 0.8^2/0.8, 0.6^2/0.8
    matrix = np.array([[0.8, 0.0], [0.2, 0.6]])
    assert relative_strength(matrix) == pytest.approx((np.mean([0.64, 0.6]) + np.mean([0.8, 0.45])) / 2)
    assert relative_strength(np.zeros((3, 2))) == 0
    assert relative_strength(np.zeros((0, 2))) == 0
    # a code that nobody on the other side knows costs, on its side only
    assert relative_strength(np.array([[1.0, 0.0, 0.0], [0.0, 1.0, 0.0]])) == pytest.approx((2 / 3 + 1) / 2)


def plain_udr(paths: list[str], images: torch.Tensor, method: str) -> tuple[np.ndarray, list[float]]:
    """The reference's rule for models with posteriors over N(0, 1), loop by loop."""
    zeroed, active = [], []
    for path in paths:
        mean, logvar = (x.double().numpy() for x in load_model(path).posterior(images))
        divergence = (0.5 * (mean**2 + np.exp(logvar) - logvar - 1)).mean(axis=0)
        std = mean.std(axis=0)
        std[std == 0] = 1
        zeroed.append((mean - mean.mean(axis=0)) / std * (divergence > 0.01))
        active.append(divergence > 0.01)
    n = len(paths)
    pairs = np.zeros((n, n))
    for i in range(n):
        for j in range(n):
            if method == "udr-lasso":
                relations = np.abs(Lasso(alpha=0.1).fit(zeroed[i], zeroed[j]).coef_.T)
            else:
                columns = [
                    [abs(spearmanr(x, y).statistic) if x.any() and y.any() else 0.0 for y in zeroed[j].T]
                    for x in zeroed[i].T
                ]
                relations = np.array(columns)
            relations = relations[active[i]][:, active[j]]
            strength = 0.0
            for table in (relations, relations.T):
                parts = [max(column) ** 2 / sum(column) if sum(column) else 0.0 for column in table.T]
                strength += np.mean(parts) / 2
            pairs[i, j] = strength
    return pairs, [float(np.median([pairs[j, i] for j in range(n) if j != i])) for i in range(n)]


@pytest.mark.parametrize("method", METHODS)
def test_equals_the_plain_loop_on_gaussian_models(save: Save, method: str) -> None:
    # equal numbers of codes, some of them dead, some turned into each other
    # the KL rule drops a dead code at the prior and keeps one that sits at 0.7, where it only costs
    options = [(0.0, 0, 0), (0.4, 0, 0), (0.7, 1, 0.7), (-0.5, 2, 0)]
    pool = [
        save(f"{i}.pt", kind="normal", codes=4, noise=0, angle=a, read=0.5 * a, dead=d, constant=c)
        for i, (a, d, c) in enumerate(options)
    ]
    images = generated(Task(load_pool(pool), 3, Settings(images=201))).images
    assert len(images) == 201
    result = select(pool, method, 3, images=201, images_from="generated")
    pairs, scores = plain_udr(pool, images, method)
    np.testing.assert_allclose(result.matrix, pairs, atol=1e-6)
    assert sorted(ranked.codes for ranked in result.ranking) == [2, 4, 4, 4]
    told = {ranked.model: ranked.score for ranked in result.ranking}
    np.testing.assert_allclose([told[name] for name in pool], scores, atol=1e-6)
    assert np.ptp(scores) > 0.01
    assert result.complete
    assert result.details["images"] == {"source": "generated", "fingerprint": None, "count": 201}


@pytest.mark.parametrize("method", METHODS)
def test_gans_and_models_of_other_sizes_enter(save: Save, method: str) -> None:
    pool = [
        save("gan.pt", codes=5, noise=1),
        save("vae.pt", codes=8, dead=3, constant=0, kind="normal", noise=0),
        save("other.pt", codes=5, noise=2, angle=0.2),
        save("mixed.pt", codes=5, noise=3, angle=0.8),
        save("two.pt", codes=5, dead=3, noise=1),
    ]
    result = select(pool, method, images=500, images_from="generated")
    order = [ranked.model for ranked in result.ranking]
    assert order[-1] == pool[4]  # collapse does not pay
    assert order[-2] == pool[3]
    assert {r.model: r.codes for r in result.ranking}[pool[4]] == 2
    assert {r.model: r.family for r in result.ranking}[pool[1]] == "vae"
    again = select(pool[::-1], method, images=500, images_from="generated")
    assert {r.model: r.score for r in again.ranking} == pytest.approx(
        {r.model: r.score for r in result.ranking}, abs=1e-9
    )


@pytest.mark.parametrize("method", METHODS)
def test_padding_keeps_the_rank(save: Save, method: str) -> None:
    good = [save(f"good{i}.pt", codes=5, noise=i + 1, angle=0.1 * i) for i in range(3)]
    padded = save("padded.pt", codes=10, dead=5, noise=2)
    scores = {r.model: r.score for r in select([*good, padded], method, images_from="generated").ranking}
    assert scores[padded] == pytest.approx(scores[good[0]], abs=0.03)


@pytest.mark.parametrize("method", METHODS)
def test_no_informative_code_scores_zero(save: Save, method: str) -> None:
    pool = [save("a.pt"), save("b.pt", angle=0.1), save("c.pt", noise=1), save("none.pt", dead=3)]
    result = select(pool, method, images=300, images_from="generated")
    last = result.ranking[-1]
    assert (last.model, last.score, last.codes) == (pool[3], 0.0, 0)
    assert result.ranking[0].score > 0.8
    dead = [save(f"none{noise}.pt", dead=3, noise=noise) for noise in (3, 4)]
    with pytest.raises(UsageError, match="no model has an informative code"):
        select(dead, method, images=50, images_from="generated")


def test_both_rules_draw_the_same_line() -> None:
    # the ideal encoder of a Gaussian code at the KL threshold has exactly the threshold's variance
    posterior = 1 - VARIANCE
    rng = np.random.default_rng(0)
    mean = rng.normal(size=(200_000, 1))
    mean *= math.sqrt(VARIANCE) / mean.std()
    logvar = np.full_like(mean, math.log(posterior))
    prior = Block("c", "normal", 1, True)
    assert udr.mean_divergence(mean - mean.mean(), logvar, [prior])[0] == pytest.approx(0.01, abs=1e-4)


def test_divergence_and_variance_follow_the_prior() -> None:
    prior = Block("c", "normal", 1, True, mean=2.0, std=3.0)
    at_prior = udr.mean_divergence(np.full((4, 1), 2.0), np.full((4, 1), 2 * math.log(3)), [prior])
    np.testing.assert_allclose(at_prior, 0, atol=1e-12)
    assert np.isnan(udr.mean_divergence(np.zeros((4, 1)), np.zeros((4, 1)), [Block("u", "uniform", 1, True)]))
    assert prior_variance(prior) == 9
    assert prior_variance(Block("u", "uniform", 1, True, low=-1, high=2)) == 0.75
    assert prior_variance(Block("g", "grid", 1, True, values=(-1.0, 1.0))) == 1


def test_codes_that_hardly_vary_are_not_informative(save: Save, counting: Callable[..., Any]) -> None:
    model = counting(codes=3)
    factors = torch.tensor([1.0, 1.2 * math.sqrt(VARIANCE), 0.8 * math.sqrt(VARIANCE)])
    plain = model.model.encode
    model.encode = lambda images: plain(images) * factors
    pool = load_pool([model, save("other.pt", noise=1)])
    images = model.generate(model.sample_latents(4000, torch.Generator().manual_seed(0)))
    found = informative_codes(pool.members[0], model.encode(images).double().numpy(), None)
    assert found.informative.tolist() == [True, True, False]
    np.testing.assert_allclose(found.codes.std(axis=0), 1)


def test_codes_are_computed_once_per_model(counting: Callable[..., Any]) -> None:
    models = [counting(angle=angle) for angle in (0.0, 0.1, 0.2)]
    first = select(models, "udr-spearman", images=99, images_from="generated")
    assert [model.encoded for model in models] == [99] * 3
    assert all(model.made < 50 for model in models)  # a third of the images each, and the probe of the family
    # another method, and another run, find them on disk
    select(models, "udr-lasso", images=99, images_from="generated")
    again = select(models, "udr-spearman", images=99, images_from="generated")
    assert [model.encoded for model in models] == [99] * 3
    np.testing.assert_array_equal(again.matrix, first.matrix)
    select(models, "udr-lasso", images=98, images_from="generated")
    assert [model.encoded for model in models] == [99 + 98] * 3


def test_blocks_equal_single_matrices() -> None:
    relations = np.random.default_rng(0).random((3, 9))
    relations[:, 4] = 0
    found = relative_strengths(relations, [2, 0, 5, 2])
    blocks = np.split(relations, [2, 2, 7], axis=1)
    assert found == pytest.approx([relative_strength(block) for block in blocks])
    assert found[1] == 0
    np.testing.assert_array_equal(relative_strengths(np.zeros((0, 3)), [1, 2]), 0)
