"""The warm start of a GAN: an autoencoder gives each code one property before the game begins.

G and Q are trained as decoder and encoder. Q gives a Gaussian posterior of numbers z with prior N(0, 1), and
G sees 2 Phi(z) - 1: uniform codes, as an InfoGAN draws them. There are two phases.

*Settle*: a beta-VAE (Higgins et al. 2017) whose beta falls by equal factors. While it is high only what
changes most pixels is worth a code, and the noise of the posterior keeps different properties in different
codes. Codes for which nothing is worth its price stay at the prior.

*Fill*: codes whose posterior is far from the prior are settled. From now on a copy of the encoder says what
they are, and they reach G with little of their noise, so that nothing is left of their properties for which
another code would pay. The other codes start anew and learn the rest at a low price; not all over the data at
once, where each region would find its own meaning for them, but first in a window, among images that are
alike in all settled codes, which grows until it is everything.

Instead of a second phase the first may have codes to spare (:mod:`disentangle_cli.modelling.spare_codes`).
"""

from collections.abc import Iterator
from contextlib import contextmanager
from copy import deepcopy
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from disentangle_cli.errors import UsageError
from disentangle_cli.modelling.adam import adam, set_rate
from disentangle_cli.modelling.autoencoder import reconstruction_loss
from disentangle_cli.modelling.engine import Engine
from disentangle_cli.modelling.spare_codes import effects, posterior, put_first
from disentangle_cli.modelling.trainable import Trainable, upcast
from disentangle_cli.modelling.warm_config import WarmStartConfig
from disentangle_cli.modelling.window import Images, Window, each_chunk, looked_at, open_window
from disentangle_cli.networks.autoencoder import Head, he
from disentangle_cli.networks.gan import GaussianEncoder, ends_in_sigmoid, logits_of
from disentangle_cli.networks.gaussian import kl_divergence, split, uniform

OPTIMISER, HELD, SPARE = "autoencoder", "held", "spare"
"""Names of its optimiser, of the copy of the encoder and of the layer for spare codes, in the model."""
FRESH_LOGVAR = -1.5
"""Of the posterior of a code that starts anew."""
RATE_RISES = 50
"""Iterations in which the learning rate rises at the beginning of a phase."""
PROBED = 1024
"""Images by which the scale of a new code is set."""
LOSS_EVERY = 8
"""Of the chunks that are looked at, those whose loss is taken."""


@dataclass(frozen=True)
class WarmSchedule:
    """What holds in an iteration of the warm start."""

    filling: bool
    beta: float
    half_width: float
    """Of the window, in ranks; 2 where it is everything."""
    colour: float = 0.0
    """Weight of the squared error of colours."""


class Held(nn.Module):
    """The encoder as it was when codes settled, and which did: ``settled`` (K,)."""

    settled: Tensor

    def __init__(self, encoder: GaussianEncoder, num_codes: int) -> None:
        super().__init__()
        self.encoder = deepcopy(encoder).requires_grad_(False)
        self.register_buffer("settled", torch.zeros(num_codes, dtype=torch.bool))


class WarmStart:
    """Trains the generator and the encoder of a GAN as an autoencoder.

    The optimiser and the held encoder belong to the model, and so to its state.
    """

    def __init__(self, config: WarmStartConfig, model: Trainable[Any]) -> None:
        """Take the players ``generator`` and ``encoder`` of ``model``.

        Raises:
            UsageError: they, or its latents, cannot be used so.
        """
        self.config = config
        self.model = model
        self.num_codes = model.latents.num_codes
        self.generator, encoder = model.players["generator"], model.players.get("encoder")
        if not isinstance(encoder, GaussianEncoder) or not ends_in_sigmoid(self.generator):
            raise UsageError(
                f"warm_start: architecture {model.config.architecture} has no encoder of its own to start "
                "with; take infogan-apart"
            )
        if not all(block.kind == "uniform" and (block.low, block.high) == (-1, 1) for block in model.latents):
            raise UsageError("warm_start: codes and noise must be uniform on [-1, 1]")
        self.encoder = encoder
        self.held = model.kept[HELD] = Held(encoder, self.num_codes).to(model.device)
        self.spare: nn.Module | None = None
        if config.spare:
            self.spare = model.kept[SPARE] = self._spare_codes()
        self.window: Window | None = None
        model.optimisers[OPTIMISER] = self._optimiser()

    def _optimiser(self) -> torch.optim.Optimizer:
        nets = [self.encoder, self.generator, *([] if self.spare is None else [self.spare])]
        return adam([p for net in nets for p in net.parameters()], self.config.rate, (0.9, 0.999))

    def _spare_codes(self) -> nn.Module:
        if not (count := self.model.latents.dim - self.num_codes):
            raise UsageError("warm_start.spare: G has no noise inputs; raise latents.noise.dim")
        layer = Head(self.encoder.posterior[-1].get_parameter("weight").shape[1], 2 * count)
        he(layer, self.model.rng)
        return layer.to(self.model.device)

    # Before an iteration.

    def prepare(self, iteration: int) -> WarmSchedule:
        """The learning rate, and what holds in an iteration."""
        begun = self.config.settle.iterations
        since = iteration - begun if iteration >= begun else iteration
        set_rate(self.model.optimisers[OPTIMISER], self.config.rate * min(1.0, (since + 1) / RATE_RISES))
        return self.schedule(iteration)

    def schedule(self, iteration: int) -> WarmSchedule:
        """What holds in an iteration."""
        settle, fill = self.config.settle, self.config.fill
        if iteration < settle.iterations:
            colour = settle.colour if iteration < settle.free else 0.0
            return WarmSchedule(False, settle.price(iteration), 2.0, colour)
        progress = (iteration - settle.iterations) / fill.iterations
        grown = (progress - fill.hold) / max(fill.whole - fill.hold, 1e-9)
        half_width = min(2.0, fill.window + (2.0 - fill.window) * max(0.0, grown))
        return WarmSchedule(True, fill.beta.at(progress), half_width)

    def choose(self, rows: NDArray[np.int64], iteration: int) -> NDArray[np.int64]:
        """The rows (B,) of a batch: while there is a window, its second half comes from there."""
        half_width = self.schedule(iteration).half_width
        if self.window is None or half_width >= 2:
            return rows
        first = len(rows) - len(rows) // 2
        return np.concatenate([rows[:first], self.window.draw(len(rows) - first, half_width, self.model.rng)])

    def survey(self, iteration: int, images: Images) -> None:
        """Where the first phase is over, choose the codes if there are spare ones, or begin the second."""
        if iteration != self.config.settle.iterations:
            return
        if self.spare is not None:
            self.choose_codes(self.spare)
        if self.config.fill.iterations:
            self.fill(images)

    def choose_codes(self, spare: nn.Module) -> None:
        """Let the latents with most effect on the images be the codes; they keep their order."""
        with _inference(self.generator):
            found = effects(self.generator, self.model.latents.dim, self.model.device, self.model.rng)
        chosen = sorted(found.argsort(descending=True, stable=True)[: self.num_codes].tolist())
        put_first(chosen, self.encoder, spare, self.generator)
        self.model.averages_follow()

    @torch.no_grad()
    def fill(self, images: Images) -> None:
        """Begin the second phase: settle codes, open the window, let the other codes start anew."""
        rows = looked_at(images, self.model.rng)
        outputs, losses = [], []
        with _inference(self.generator):
            for i, chunk in enumerate(each_chunk(images, rows)):
                mean, logvar = self._posterior(self.encoder, chunk)
                outputs.append(torch.cat([mean, logvar], 1).cpu())
                if i % LOSS_EVERY == 0:
                    losses.append(self._left(self.encoder.codes(torch.cat([mean, logvar], 1)), chunk).cpu())
        mean, logvar = torch.cat(outputs).chunk(2, dim=1)
        settled = kl_divergence(mean, logvar) >= self.config.fill.settled
        self.held.encoder.load_state_dict(self.encoder.state_dict())
        self.held.settled.copy_(settled)
        self.window = None
        if settled.any() and not settled.all():
            self.window = open_window(rows, mean[:, settled], torch.cat(losses), LOSS_EVERY)
        self._start_anew(each_chunk(images, rows[:: max(1, len(rows) // PROBED)]), ~settled)
        self.model.optimisers[OPTIMISER] = self._optimiser()

    def _left(self, codes: Tensor, images: Tensor) -> Tensor:
        """The reconstruction loss of each image, (n,), at random noise."""
        noise = torch.rand(len(codes), self.model.latents.dim - self.num_codes, generator=self.model.rng)
        latents = torch.cat([codes, (noise * 2 - 1).to(codes.device)], 1)
        with self.model.autocast():
            logits = upcast(logits_of(self.generator, latents))
        loss = nn.functional.binary_cross_entropy_with_logits(logits, images, reduction="none")
        return loss.sum((1, 2, 3))

    def _start_anew(self, chunks: Iterator[Tensor], codes: Tensor) -> None:
        """Draw the weights by which the encoder gives ``codes`` (K,) and by which G takes them.

        Their means get mean 0 and standard deviation 1 over the images of ``chunks``, (n, C, H, W) each.
        """
        last = self.encoder.posterior.get_submodule(str(len(self.encoder.posterior) - 1))
        weight, bias = last.get_parameter("weight"), last.get_parameter("bias")
        columns = self.generator.get_parameter("dense.0.weight")
        features = torch.cat([self.encoder.hidden(chunk) for chunk in chunks])
        centre = features.mean(0)
        settled = [k for k in range(self.num_codes) if not codes[k]]
        spread = columns[:, settled].std() if settled else columns.std()
        for k in codes.nonzero()[:, 0].tolist():
            direction = torch.randn(len(centre), generator=self.model.rng).to(centre.device)
            scale = (features @ direction).std().clamp(min=1e-6)
            weight[k] = direction / scale
            bias[k] = -(centre @ direction) / scale
            weight[self.num_codes + k] = 0.0
            bias[self.num_codes + k] = FRESH_LOGVAR
            columns[:, k] = torch.randn(len(columns), generator=self.model.rng).to(columns.device) * spread

    # The iteration.

    def iterate(self, images: Tensor, schedule: WarmSchedule, engine: Engine) -> dict[str, Tensor]:
        """One step of encoder and decoder on images (B, C, H, W)."""
        scalars = self.losses(images, schedule, *engine.random(lambda rng: self._draw(len(images), rng)))
        engine.update(OPTIMISER, scalars["warm/total"])
        return scalars

    def _draw(self, n: int, rng: torch.Generator) -> tuple[Tensor, Tensor]:
        """Normal numbers for the posterior (n, K), uniform ones on [-1, 1] for the noise inputs of G.

        With spare codes there are numbers for all L, and no noise.
        """
        codes = self.num_codes if self.spare is None else self.model.latents.dim
        inputs = self.model.latents.dim - codes
        return torch.randn(n, codes, generator=rng), torch.rand(n, inputs, generator=rng) * 2 - 1

    def losses(
        self, images: Tensor, schedule: WarmSchedule, normal: Tensor, noise: Tensor
    ) -> dict[str, Tensor]:
        """The loss as ``warm/total``, with its parts."""
        mean, logvar = self._posterior(self.encoder, images, self.spare)
        z = mean + (logvar / 2).exp() * normal
        kl = kl_divergence(mean, logvar)
        if not schedule.filling:
            codes, price, hold = uniform(z), kl.sum(), torch.zeros((), device=z.device)
        else:
            settled = self.held.settled
            with torch.no_grad():
                was, log_spread = self._posterior(self.held.encoder, images)
                told = was + self.config.fill.noise * (log_spread / 2).exp() * normal
            codes = uniform(torch.where(settled, told, z))
            if self.window is not None and schedule.half_width < 2:
                # Outside of the window G follows what the codes say there, but they are not taught to say it.
                outside = len(codes) - len(codes) // 2
                codes = torch.cat([codes[:outside].detach(), codes[outside:]])
            price = torch.where(settled, 0.0, kl).sum()
            apart = (mean - was).square() / log_spread.exp() + (logvar - log_spread).square()
            hold = torch.where(settled, apart.mean(0), 0.0).sum()
        with self.model.autocast():
            logits = upcast(logits_of(self.generator, torch.cat([codes, noise], 1)))
        reconstruction = reconstruction_loss(logits, images)
        colour = schedule.colour * colour_error(logits.sigmoid(), images) if schedule.colour else 0.0
        names = self.model.latents.names
        return {
            "warm/total": reconstruction + schedule.beta * price + hold + colour,
            "warm/reconstruction": reconstruction, "warm/hold": hold,
            "warm/beta": torch.tensor(schedule.beta), "warm/half_width": torch.tensor(schedule.half_width),
        } | {f"warm/kl_{names[k]}": kl[k] for k in range(len(kl))}  # fmt: skip

    def _posterior(
        self, encoder: GaussianEncoder, images: Tensor, spare: nn.Module | None = None
    ) -> tuple[Tensor, Tensor]:
        with self.model.autocast():
            if spare is not None:
                return posterior(encoder, spare, images)
            return split(upcast(encoder.gaussian(images)))

    # State.

    def state(self) -> dict[str, Any]:
        """What the model's networks and optimisers do not hold."""
        window = self.window
        return {} if window is None else {"rows": window.rows, "distances": window.distances}

    def restore(self, state: dict[str, Any]) -> None:
        """Take over what :meth:`state` returned."""
        self.window = Window(**state) if state else None


def colour_error(made: Tensor, images: Tensor) -> Tensor:
    """Squared error of what sets the channels of a pixel apart: summed over pixels, averaged over images.

    Both (B, C, H, W); 0 for grey images. Outlines are the same in all channels, so at first a decoder learns
    to move them together, and what would move them apart is too weak to be learnt for a long time.
    """
    apart = made - images
    return (apart - apart.mean(1, keepdim=True)).square().sum() / len(images)


@contextmanager
def _inference(net: nn.Module) -> Iterator[None]:
    """Batch norm by its moving statistics."""
    net.eval()
    try:
        yield
    finally:
        net.train()
