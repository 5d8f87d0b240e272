"""The warm start: an autoencoder before the game of G and D."""

import math
from collections.abc import Callable
from copy import deepcopy
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import Tensor

from disentangle_cli.errors import UsageError
from disentangle_cli.modelling.lone_engine import LoneEngine
from disentangle_cli.modelling.spare_codes import posterior
from disentangle_cli.modelling.trainable import MODELS
from disentangle_cli.modelling.warm_start import WarmSchedule, colour_error
from disentangle_cli.models.infogan import InfoGan
from disentangle_cli.networks.gan import logits_of
from disentangle_cli.networks.gaussian import split, uniform
from disentangle_cli.training import configure
from tests.modelling.test_stack_engine import copied, tensors

SHORT = {
    "warm_start.settle.iterations": 2, "warm_start.fill.iterations": 4, "warm_start.fit": 1, "batch_size": 4
}  # fmt: skip
GAME = 7
"""The first iteration in which G plays."""


class Squares:
    """Black pictures with a white square, of the size that their row says, at a place that it says."""

    def __init__(self, count: int = 200) -> None:
        self.count = count

    def __len__(self) -> int:
        return self.count

    def images(self, rows: NDArray[np.int64]) -> Tensor:
        found = torch.zeros(len(rows), 1, 64, 64)
        for i, row in enumerate(rows.tolist()):
            x, size = 4 + row % 40, 4 + row // 40
            found[i, :, 20 : 20 + size, x : x + size] = 1
        return found


def make(settings: dict[str, Any] | None = None, seed: int = 0) -> InfoGan:
    config = configure("infogan-cr", "fast", settings=SHORT | (settings or {}))
    return MODELS.get("infogan-cr")(config, (1, 64, 64), seed, torch.device("cpu"), False)


def train(model: InfoGan, first: int, end: int, images: Squares) -> list[dict[str, float]]:
    """As the loop does."""
    engine, found = LoneEngine(model), []
    for iteration in range(first, end):
        model.survey(iteration, images)
        rows = model.choose(np.arange(4) + 10 * iteration, iteration)
        scalars = engine.step(images.images(rows)[None], iteration)
        found.append({name: float(value) for name, value in scalars.items()})
    return found


def weights(model: InfoGan, player: str) -> dict[str, Tensor]:
    return {key: value.clone() for key, value in model.players[player].state_dict().items()}


def same(a: dict[str, Tensor], b: dict[str, Tensor]) -> bool:
    return all(torch.equal(value, b[key]) for key, value in a.items())


def settle_some(model: InfoGan, *codes: int) -> None:
    """Let the posterior of ``codes`` be far from the prior, that of others the prior."""
    last = model.players["encoder"].posterior[-1]
    with torch.no_grad():
        last.weight.zero_()
        last.bias.zero_()
        for code in codes:
            last.weight[code].normal_(0, 1, generator=model.rng)
            last.bias[5 + code] = -5.0


def test_who_moves_when() -> None:
    model, images = make(), Squares()
    drawn = {name: weights(model, name) for name in model.players}
    train(model, 0, 6, images)
    assert same(weights(model, "discriminator"), drawn["discriminator"])
    assert not same(weights(model, "generator"), drawn["generator"])
    assert not same(weights(model, "encoder"), drawn["encoder"])
    before = {name: weights(model, name) for name in model.players}
    train(model, 6, GAME, images)  # D, Q and H are fitted to a G that rests
    learnt = [key for key, value in before["generator"].items() if "running" not in key and "num" not in key]
    assert all(torch.equal(weights(model, "generator")[key], before["generator"][key]) for key in learnt)
    for player in ("discriminator", "encoder", "contrastive"):
        assert not same(weights(model, player), before[player])
    train(model, GAME, GAME + 1, images)
    assert not all(torch.equal(weights(model, "generator")[key], before["generator"][key]) for key in learnt)


def test_settled_codes_are_those_with_information() -> None:
    model = make()
    settle_some(model, 1, 3)
    model.survey(2, Squares())
    assert model.warm is not None
    assert model.warm.held.settled.tolist() == [False, True, False, True, False]
    assert model.warm.window is not None


@pytest.mark.parametrize("codes", [(), (0, 1, 2, 3, 4)])
def test_where_nothing_or_everything_is_settled_there_is_no_window(codes: tuple[int, ...]) -> None:
    model, images = make(), Squares()
    settle_some(model, *codes)
    model.survey(2, images)
    assert model.warm is not None
    assert model.warm.window is None
    scalars = train(model, 3, 6, images)
    assert all(math.isfinite(value) for row in scalars for value in row.values())


def test_codes_that_start_anew_say_something_and_settled_ones_what_they_said() -> None:
    model, images = make(), Squares()
    settle_some(model, 1, 3)
    batch = images.images(np.arange(200))
    encoder = model.players["encoder"]
    before, _ = split(encoder.gaussian(batch))
    model.survey(2, images)
    after, _ = split(encoder.gaussian(batch))
    torch.testing.assert_close(after[:, [1, 3]], before[:, [1, 3]])
    torch.testing.assert_close(after.std(0)[[0, 2, 4]], torch.ones(3), atol=0.2, rtol=0)


def _gradients(model: InfoGan, schedule: WarmSchedule, images: Tensor) -> Tensor:
    """Of the loss by what the encoder gives of each image: (B, 2K)."""
    assert model.warm is not None
    kept: list[Tensor] = []
    encoder = model.players["encoder"]
    original: Callable[[Tensor], Tensor] = encoder.gaussian

    def gaussian(batch: Tensor) -> Tensor:
        kept.append(original(batch))
        kept[-1].retain_grad()
        return kept[-1]

    encoder.gaussian = gaussian
    draws = model.warm._draw(len(images), model.rng)
    model.warm.losses(images, schedule, *draws)["warm/reconstruction"].backward()
    encoder.gaussian = original
    found = kept[0].grad
    assert found is not None
    return found


def test_only_images_of_the_window_teach_codes_and_only_open_ones() -> None:
    model, images = make(), Squares()
    settle_some(model, 1, 3)
    model.survey(2, images)
    batch = images.images(np.arange(0, 160, 20))
    found = _gradients(model, WarmSchedule(True, 0.3, 0.25), batch)
    assert not found[:4].any()
    assert found[4:, [0, 2, 4]].all()
    assert not found[:, [1, 3]].any()
    everywhere = _gradients(model, WarmSchedule(True, 0.3, 2.0), batch)
    assert everywhere[:, [0, 2, 4]].all()


def test_the_second_half_of_a_batch_comes_from_a_window_that_grows() -> None:
    model, images = make({"warm_start.fill.iterations": 100, "batch_size": 400}), Squares(20_000)
    settle_some(model, 1)
    model.survey(2, images)
    assert model.warm is not None
    window = model.warm.window
    assert window is not None
    spread = []
    for iteration in (2, 12, 40, 60):
        rows = model.choose(np.zeros(400, np.int64), iteration)
        assert not rows[:200].any()
        place = dict(zip(window.rows.tolist(), window.distances.tolist(), strict=True))
        spread.append(max(place[row] for row in rows[200:].tolist()))
    assert spread[0] == pytest.approx(0.25, abs=0.02)
    assert spread[0] - 0.02 < spread[1] < spread[2] < spread[3]
    rows = np.arange(400)
    assert model.choose(rows, 2 + 67) is rows


def test_it_goes_on_bit_for_bit_from_within_each_phase() -> None:
    images, end = Squares(), GAME + 2
    whole = make()
    settle_some(whole, 1, 3)
    states = []
    for iteration in range(end):
        states.append(copied(whole.state()))
        train(whole, iteration, iteration + 1, images)
    mine = tensors(whole.state())
    for first in (1, 2, 4, 6, GAME):
        again = make(seed=1)
        again.restore(states[first])
        train(again, first, end, images)
        its = tensors(again.state())
        assert mine.keys() == its.keys()
        assert all(torch.equal(value, its[key]) for key, value in mine.items())


def test_what_g_gives_before_its_sigmoid() -> None:
    model = make()
    latents = model.latents.sample(3, model.rng)
    torch.testing.assert_close(logits_of(model.generator, latents).sigmoid(), model.generator(latents))


def test_settling_may_begin_as_a_plain_vae() -> None:
    model = make({"warm_start.settle.iterations": 6, "warm_start.settle.free": 3})
    assert model.warm is not None
    prices = [model.warm.schedule(iteration).beta for iteration in range(6)]
    settle = model.warm.config.settle
    assert prices[:4] == [1, 1, 1, settle.beta.start]
    assert prices[3] > prices[4] > prices[5] > settle.beta.end


def test_colours_are_what_sets_channels_apart() -> None:
    images = torch.rand(4, 3, 8, 8, generator=torch.Generator().manual_seed(0))
    torch.testing.assert_close(colour_error(images + torch.rand(4, 1, 8, 8), images), torch.tensor(0.0))
    reddish = images.clone()
    reddish[:, 0] += 0.3  # 0.2 above the mean of the channels, the others 0.1 below it
    torch.testing.assert_close(colour_error(reddish, images), torch.tensor(64 * 0.06))
    assert colour_error(images[:, :1] ** 2, images[:, :1]) == 0


def test_colours_count_for_more_while_settling_is_free() -> None:
    settings = {"warm_start.settle.iterations": 6, "warm_start.settle.free": 3, "warm_start.settle.colour": 7}
    model = make(settings)
    assert model.warm is not None
    assert [model.warm.schedule(iteration).colour for iteration in range(8)] == [7] * 3 + [0] * 5
    config = configure("infogan-cr", "fast", settings=SHORT)
    painted = MODELS.get("infogan-cr")(config, (3, 64, 64), 0, torch.device("cpu"), False)
    assert isinstance(painted, InfoGan)
    assert painted.warm is not None
    images, normal = torch.rand(4, 3, 64, 64, generator=painted.rng), torch.zeros(4, 5)
    totals = [
        painted.warm.losses(images, WarmSchedule(False, 1.0, 2.0, weight), normal, torch.zeros(4, 5))[
            "warm/total"
        ]
        for weight in (0.0, 7.0)
    ]
    with torch.no_grad():
        codes = uniform(split(painted.players["encoder"].gaussian(images))[0])
        made = painted.generator(torch.cat([codes, torch.zeros(4, 5)], 1))
    torch.testing.assert_close(totals[1] - totals[0], 7 * colour_error(made, images), rtol=1e-3, atol=0.05)


SPARE = {"warm_start.spare": True, "warm_start.fill.iterations": 0}


def test_the_codes_are_the_latents_with_most_effect() -> None:
    model, images = make(SPARE), Squares()
    assert model.warm is not None
    assert model.warm.spare is not None
    train(model, 0, 2, images)  # as an autoencoder of ten codes
    columns = model.generator.get_parameter("dense.0.weight")
    with torch.no_grad():
        columns *= 0.01
        columns[:, [1, 4, 6, 7, 9]] *= 1000  # what matters from now on, in the place of others
    generator = deepcopy(model.generator).eval()
    latents = torch.rand(8, 10, generator=torch.Generator().manual_seed(3)) * 2 - 1
    shown = images.images(np.arange(8))
    with torch.no_grad():
        mean, logvar = posterior(model.players["encoder"], model.warm.spare, shown)
    model.survey(2, images)
    order = [1, 4, 6, 7, 9, 0, 2, 3, 5, 8]
    moved = model.generator.eval()
    torch.testing.assert_close(moved(latents[:, order]), generator(latents))
    with torch.no_grad():
        found = split(model.players["encoder"].gaussian(shown))
        everything = posterior(model.players["encoder"], model.warm.spare, shown)
    torch.testing.assert_close(found, (mean[:, order[:5]], logvar[:, order[:5]]))
    torch.testing.assert_close(everything, (mean[:, order], logvar[:, order]))
    assert same(model.averages["generator"].state_dict(), weights(model, "generator"))


def test_with_spare_codes_every_latent_learns_and_the_run_goes_on_bit_for_bit() -> None:
    model, images = make(SPARE), Squares()
    found = train(model, 0, 1, images)
    assert {f"warm/kl_{name}" for name in ("c1", "c5", "z1", "z5")} <= found[0].keys()
    spare = {key: value.clone() for key, value in model.warm.spare.state_dict().items()}  # type: ignore[union-attr]
    state = deepcopy(model.state())
    rest = train(model, 1, 5, images)
    assert not same(model.warm.spare.state_dict(), spare)  # type: ignore[union-attr]
    other = make(SPARE, seed=1)
    other.restore(state)
    assert train(other, 1, 5, images) == rest
    assert same(weights(other, "generator"), weights(model, "generator"))


def test_lengths_follow_that_of_the_run() -> None:
    config = configure("infogan-cr", "fast", iterations=950)
    warm, whole = config.warm_start, configure("infogan-cr", "fast")
    factor = 950 / whole.iterations
    assert warm.settle.iterations == round(whole.warm_start.settle.iterations * factor)
    assert warm.fill.iterations == round(whole.warm_start.fill.iterations * factor)
    assert warm.fit == round(whole.warm_start.fit * factor)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"architecture": "infogan-64"}, "warm_start: architecture infogan-64 has no encoder of its own"),
        ({"latents.noise.kind": "normal"}, "warm_start: codes and noise must be uniform"),
        ({"latents.codes.low": 0}, "warm_start: codes and noise must be uniform"),
        ({"warm_start.fill.hold": 0.9}, "warm_start.fill: hold must be at most whole"),
        ({"warm_start.settle.free": 3}, "warm_start.settle: free must be at most iterations"),
        ({"warm_start.spare": True}, "warm_start: with spare codes no second phase follows"),
        (SPARE | {"latents.noise.dim": 0}, "noise"),
    ],
)
def test_what_cannot_be(settings: dict[str, Any], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        make(settings)
