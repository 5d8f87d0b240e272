"""InfoGAN with a spectrally normalised discriminator ("InfoGAN (modified)" of Lin et al. 2020).

Losses, with D(x) the probability of being real, c the codes and q = Q(G(c, z)):

    L_info = mean over the batch of sum_i [(c_i - q_i)^2 / 2 + log(2 pi) / 2]
    L_G    = -log D(G) + w L_info
    L_DQ   = -log D(x) - log(1 - D(G)) + w L_info

L_info is the negative log-likelihood of a Gaussian with mean q and standard deviation 1, an upper bound of
-I(c; G(c, z)) up to the entropy of c (Chen et al. 2016, section 5).
"""

import math
from collections.abc import Iterator
from contextlib import contextmanager
from copy import deepcopy
from dataclasses import dataclass
from functools import partial
from typing import Annotated, Any, ClassVar, Literal, TypeVar

import numpy as np
import torch
from numpy.typing import NDArray
from pydantic import AfterValidator, Field
from torch import Tensor, nn

from disentangle_cli.bounds import STEPS
from disentangle_cli.config import Milestone, Staircase, TrainConfig
from disentangle_cli.errors import UsageError
from disentangle_cli.fields import Unit
from disentangle_cli.modelling.adam import adam, adam_epsilon_hat, decay_rates
from disentangle_cli.modelling.engine import Engine
from disentangle_cli.modelling.trainable import MODELS, Trainable, upcast
from disentangle_cli.modelling.warm_config import WarmStartConfig
from disentangle_cli.modelling.warm_start import WarmSchedule, WarmStart
from disentangle_cli.modelling.window import Images
from disentangle_cli.networks.adopting import adopt
from disentangle_cli.networks.architecture import GanArchitecture
from disentangle_cli.networks.gan import LoneDiscriminator
from disentangle_cli.networks.layers import fold_spectral_norm, initialise
from disentangle_cli.progress import Phase
from disentangle_cli.settings import Strict

LOG_GUARD = 1e-8
BN_DECAY = 0.9
TENSORFLOW_NORM_EPS = 1.001e-5
"""What its fused batch norm adds to the variance where 1e-5 is asked for."""
FURTHER_STEP = 0.6
"""What a further step of G adds to the time of an iteration of D, Q and one step of G."""


class OptimConfig(Strict):
    """Adam for every player."""

    generator: float = Field(default=1e-3, gt=0)
    """Learning rate of G."""
    discriminator: float = Field(default=2e-3, gt=0)
    """Learning rate of D, and of Q where it is on D's trunk: they share one optimiser."""
    encoder: float = Field(default=5e-4, gt=0)
    """Learning rate of Q where it is a network of its own."""
    contrastive: float = Field(default=2e-3, gt=0)
    """Learning rate of H, where there is one."""
    beta1: float = Field(default=0.5, ge=0, lt=1)
    """Decay of the running mean of gradients."""
    beta2: float = Field(default=0.999, ge=0, lt=1)
    """Decay of the running mean of their squares."""
    decay_from: float = Field(default=1.0, ge=0, le=1)
    """Fraction of the run after which all learning rates fall linearly to zero (1: never)."""
    average: float = Field(default=0.0, ge=0, lt=1)
    """Decay per iteration of the running average of weights that the checkpoint holds (0: last weights)."""


def _at_least_one(codes: Staircase) -> Staircase:
    if min(codes.at(0), codes.start + codes.step * codes.times) < 1:
        raise ValueError("at least one code must be regularised")
    return codes


class InfoConfig(Strict):
    """The information term."""

    weight: float = Field(default=0.05, ge=0)
    """w in the losses, for both players."""
    codes: Annotated[Annotated[Staircase, AfterValidator(_at_least_one)] | None, Unit("codes")] = None
    """How many codes, from the first on, are regularised at an iteration (None: all, always)."""


class InfoGanConfig(TrainConfig):
    """Configuration of an InfoGAN run."""

    optim: OptimConfig = OptimConfig()
    """Adam."""
    info: InfoConfig = InfoConfig()
    """Information term."""
    warm_start: WarmStartConfig | None = None
    """What comes before the game of G and D, within the iterations of the run; with infogan-apart only."""
    generator_steps: Annotated[int, STEPS, Unit("steps")] = Field(default=2, ge=1)
    """Steps of G per iteration, all on the same latents."""
    conventions: Literal["pytorch", "tensorflow"] = "pytorch"
    """Whose epsilon in batch norm and in Adam, and whose slope of the leaky ReLU at 0 (docs/paper.md)."""


C = TypeVar("C", bound=InfoGanConfig)


@dataclass(frozen=True)
class GanSchedule:
    """What the schedules of an InfoGAN give for an iteration."""

    active: int
    """How many codes, from the first on, are regularised."""
    resting: bool
    """Whether G takes no steps."""


@dataclass(frozen=True)
class Fake:
    """Images (B, C, H, W) of one pass of G; models that need more of a pass derive a class of their own."""

    images: Tensor


@MODELS.register("infogan")
class InfoGan(Trainable[C]):
    """G, D and Q in training."""

    Config: ClassVar[type[TrainConfig]] = InfoGanConfig
    architectures = ("infogan-64", "infogan")
    gpu_preset = "paper"
    stackable = True
    watched: ClassVar[dict[str, str]] = {
        "warm/total": "autoencoder", "d/total": "D", "g/total": "G", "d/info": "info"
    }  # fmt: skip

    @classmethod
    def phases(cls, config: C) -> list[Phase]:
        """Those of the warm start, where there is one, then the game; measured on a CPU."""
        game = 1.0 + FURTHER_STEP * (config.generator_steps - 1)
        return [Phase(0, game)] if config.warm_start is None else config.warm_start.phases(game)

    @classmethod
    def milestones(cls, config: C) -> list[Milestone]:
        """Those of the warm start, and where further codes are regularised."""
        warm = [] if config.warm_start is None else config.warm_start.milestones
        codes = [] if config.info.codes is None else config.info.codes.changes(config.iterations)
        return sorted([*warm, *(Milestone(iteration, "a further code") for iteration in codes)])

    @classmethod
    def stands_alone(cls, config: C) -> str | None:
        """Where there is a warm start, which looks at the data of each seed."""
        if config.warm_start is None:
            return None
        return "a run with a warm start is trained alone; leave --stack out, or take --preset from-scratch"

    def __init__(self, config: Any, *args: Any) -> None:
        super().__init__(config, *args)
        if not isinstance(self.architecture, GanArchitecture):
            raise UsageError(f"architecture {config.architecture!r} cannot be trained as a GAN")
        channels, size, _ = self.image_shape
        self.networks_of: GanArchitecture = self.architecture
        self.num_codes = self.count_codes()
        self.code_columns = torch.tensor(self.latents.code_columns, device=self.device)
        self.generator = self.architecture.generator(self.latents.dim, channels, size)
        self.discriminator = self.networks_of.discriminator(self.num_codes, channels, size)
        self.players |= {"generator": self.generator, "discriminator": self.discriminator}
        self.apart = isinstance(self.discriminator, LoneDiscriminator)
        if self.apart:
            self.players["encoder"] = self.architecture.encoder(self.num_codes, channels, size)
        self.add_players()
        for name, net in self.players.items():
            if name == "encoder":
                self.architecture.initialise(net, self.rng)
            else:
                initialise(net, self.rng, slope_at_zero=self.as_tensorflow)
            net.to(self.device).to(memory_format=torch.channels_last).train()  # type: ignore[call-overload]
        self.optimisers |= {name: self.new_optimiser(name) for name in self.players}
        averaged = self.exported if config.optim.average else ()
        self.averages |= {name: deepcopy(self.players[name]).requires_grad_(False) for name in averaged}
        self.warm = None if config.warm_start is None else WarmStart(config.warm_start, self)

    def architecture_options(self) -> dict[str, Any]:
        """The epsilon of batch norm, where it is TensorFlow's."""
        return {"norm_eps": TENSORFLOW_NORM_EPS} if self.as_tensorflow else {}

    @property
    def exported(self) -> tuple[str, str]:
        """The players that are in the checkpoint: G, and the one that has Q."""
        return "generator", "encoder" if self.apart else "discriminator"

    @property
    def as_tensorflow(self) -> bool:
        """Whether the conventions are TensorFlow's."""
        return self.config.conventions == "tensorflow"

    # Hooks for models that add to InfoGAN. ``schedule`` is what :meth:`prepare` returned.

    def count_codes(self) -> int:
        """K, how many numbers Q gives."""
        return self.latents.num_codes

    def codes_of(self, latents: Tensor) -> Tensor:
        """What Q has to recover from the images of ``latents`` (..., L): (..., K)."""
        return latents[..., self.code_columns]

    def add_players(self) -> None:
        """Add further networks to ``players`` before they are initialised."""

    def draw(self, n: int, engine: Engine) -> Tensor:
        """Latents (n, L) from the prior."""
        return engine.random(lambda rng: (self.latents.sample(n, rng),))[0]

    def fake(self, latents: Tensor, counted: int, engine: Engine) -> Fake:
        """A pass of G; ``counted``: see :meth:`generate`."""
        return Fake(engine.evaluate(partial(self.generate, counted=counted), latents))

    def begin(self, schedule: Any, engine: Engine) -> tuple[Any, dict[str, Tensor]]:
        """Whatever happens before the D/Q step: what later steps need of it, and scalars to log."""
        return None, {}

    def generator_term(
        self, fake: Any, begun: Any, again: bool, engine: Engine
    ) -> tuple[Tensor | float, dict[str, Tensor]]:
        """A further term of G's loss, and scalars to log.

        ``fake`` is what :meth:`fake` returned for this step, ``begun`` what :meth:`begin` did; ``again`` in
        the second and later G steps of an iteration.
        """
        return 0.0, {}

    def schedule(self, iteration: int) -> Any:
        """What an iteration of the game has: how many codes are regularised, and whether G rests."""
        codes, warm = self.config.info.codes, self.config.warm_start
        active = self.num_codes if codes is None else min(self.num_codes, int(codes.at(iteration)))
        return GanSchedule(active, warm is not None and iteration < warm.length + warm.fit)

    # The iteration.

    def survey(self, iteration: int, images: Images) -> None:
        """Where the first phase of the warm start is over."""
        if self.warm:
            self.warm.survey(iteration, images)

    def choose(self, rows: NDArray[np.int64], iteration: int) -> NDArray[np.int64]:
        """As the warm start wants them."""
        return self.warm.choose(rows, iteration) if self.warm and self.is_warming(iteration) else rows

    def is_warming(self, iteration: int) -> bool:
        """Whether an iteration is one of an autoencoder, before the game."""
        return self.warm is not None and iteration < self.warm.config.length

    def prepare(self, iteration: int) -> Any:
        """Learning rates, and the schedule."""
        decay_rates(self.optimisers, self.config.optim.decay_from, iteration / self.config.iterations)
        if self.warm and self.is_warming(iteration):
            return self.warm.prepare(iteration)
        return self.schedule(iteration)

    def iterate(self, images: Tensor, schedule: Any, engine: Engine) -> dict[str, Tensor]:
        """D/Q step, then the G steps, on one set of inputs; spectral-norm vectors are stored at the end."""
        if self.warm and isinstance(schedule, WarmSchedule):
            return self.warm.iterate(images, schedule, engine)
        latents = self.draw(images.shape[-4], engine)
        codes = self.codes_of(latents)
        begun, scalars = self.begin(schedule, engine)
        # One pass of G serves the D/Q step and the first G step: its weights are the same in both.
        with torch.set_grad_enabled(not schedule.resting):
            fake = self.fake(latents, 2, engine)
        discriminate = partial(self.discriminator_loss, active=schedule.active)
        scalars |= engine.evaluate(discriminate, images, fake.images.detach(), codes)
        engine.update("discriminator", scalars["d/total"])
        if self.apart:
            engine.update("encoder", self.config.info.weight * scalars["d/info"])
        with engine.frozen(*(name for name in self.players if name != "generator")):
            for i in range(0 if schedule.resting else self.config.generator_steps):
                if i > 0:
                    fake = self.fake(latents, 1, engine)
                fool = partial(self.generator_loss, active=schedule.active)
                adversarial, info = engine.evaluate(fool, fake.images, codes)
                term, details = self.generator_term(fake, begun, i > 0, engine)
                total = adversarial + self.config.info.weight * info + term
                engine.update("generator", total)
                scalars |= {"g/adversarial": adversarial, "g/info": info, "g/total": total} | details
        engine.commit()
        return scalars

    # The losses: functions of one seed's networks and tensors, evaluated by the engine.

    def discriminator_loss(self, real: Tensor, fake: Tensor, codes: Tensor, active: int) -> dict[str, Tensor]:
        """L_DQ as ``d/total``, with its parts. D has no batch norm: both halves go through it together."""
        with self.autocast():
            features = self.discriminator.trunk(torch.cat([real, fake]))
            on_real, on_fake = upcast(self.discriminator.realness(features)).sigmoid().chunk(2)
            estimates = upcast(self.read(fake, features[len(real) :]))
        loss_real = -(on_real + LOG_GUARD).log().mean()
        loss_fake = -(1 - on_fake + LOG_GUARD).log().mean()
        info, details = self.info_loss(estimates, codes, active)
        loss = loss_real + loss_fake
        if not self.apart:
            loss = loss + self.config.info.weight * info
        return {
            "d/real": loss_real, "d/fake": loss_fake, "d/info": info, "d/total": loss,
            "d/mean_real": on_real.mean(), "d/mean_fake": on_fake.mean(),
        } | details  # fmt: skip

    def generator_loss(self, fake: Tensor, codes: Tensor, active: int) -> tuple[Tensor, Tensor]:
        """The two terms of L_G on images from G."""
        with self.autocast():
            features = self.discriminator.trunk(fake)
            on_fake = upcast(self.discriminator.realness(features)).sigmoid()
            estimates = upcast(self.read(fake, features))
        info, _ = self.info_loss(estimates, codes, active)
        return -(on_fake + LOG_GUARD).log().mean(), info

    def read(self, images: Tensor, features: Tensor) -> Tensor:
        """What Q says of images (B, C, H, W), of which D's trunk made ``features``: (B, K)."""
        read, seen = (self.players["encoder"], images) if self.apart else (self.discriminator.codes, features)
        codes: Tensor = read(seen)  # type: ignore[operator]
        return codes

    def info_loss(self, estimates: Tensor, codes: Tensor, active: int) -> tuple[Tensor, dict[str, Tensor]]:
        """L_info of (B, K) estimates and true codes over the first ``active`` codes, and its parts."""
        squared = (codes - estimates).square().mean(0)
        likelihood = -squared / 2 - math.log(2 * math.pi) / 2
        names = [f"c{i + 1}" for i in range(self.num_codes)]
        details = {f"q/squared_error_{name}": squared[i] for i, name in enumerate(names)}
        details |= {f"q/log_likelihood_{name}": likelihood[i] for i, name in enumerate(names)}
        return -likelihood[:active].sum(), details

    def generate(self, latents: Tensor, counted: int = 1) -> Tensor:
        """A training pass of G (batch statistics): (n, L) -> (n, C, H, W).

        ``counted`` is how many passes of the original order of computation this one stands for: the moving
        statistics of batch norm move as if it had been run that often.
        """
        with self.autocast(), _momentum(self.generator, 1 - BN_DECAY**counted):
            images: Tensor = self.generator(latents)
        return images

    # Parts of the iteration.

    def renew(self, player: str) -> None:
        """Draw a player's weights anew, with a fresh optimiser; vectors and moving statistics stay."""
        initialise(self.players[player], self.rng, keep_u=True, slope_at_zero=self.as_tensorflow)
        self.optimisers[player] = self.new_optimiser(player)

    def new_optimiser(self, player: str) -> torch.optim.Optimizer:
        """A fresh Adam for a player."""
        optim = self.config.optim
        kind = adam_epsilon_hat if self.as_tensorflow else adam
        return kind(self.players[player].parameters(), getattr(optim, player), (optim.beta1, optim.beta2))

    def conclude(self, iteration: int) -> None:
        """Move the averaged weights and statistics towards the current ones, faster while there are few."""
        decay = min(self.config.optim.average, (1 + iteration) / (10 + iteration))
        for name, average in self.averages.items():
            current, moving = self.players[name].state_dict(), average.state_dict()
            means = [
                key for key, value in moving.items() if value.is_floating_point() and not key.endswith(".u")
            ]
            others = [key for key in moving if key not in means]
            torch._foreach_lerp_([moving[k] for k in means], [current[k] for k in means], 1 - decay)
            if others:
                torch._foreach_copy_([moving[k] for k in others], [current[k] for k in others])

    # State and checkpoint.

    def state(self) -> dict[str, Any]:
        """With what the warm start has to keep."""
        return super().state() | ({"warm_start": self.warm.state()} if self.warm else {})

    def restore(self, state: dict[str, Any]) -> None:
        """Take over what :meth:`state` returned."""
        super().restore(state)
        if self.warm:
            self.warm.restore(state["warm_start"])

    def weights(self) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
        """G as it is, and trunk and Q head with spectral norm divided out; averaged where asked."""
        nets = self.players | self.averages
        generator, encoder = (fold_spectral_norm(nets[name]) for name in self.exported)
        return generator, {key: value for key, value in encoder.items() if not key.startswith("real.")}

    def load_weights(self, generator: dict[str, Tensor], encoder: dict[str, Tensor]) -> None:
        """G and Q, and what D shares with Q; the rest of D, and H, are drawn."""
        if self.warm:
            raise UsageError("this run has a warm start of its own: --set warm_start=null leaves it out")
        adopt(self.generator, generator)
        adopt(self.players[self.exported[1]], encoder, fresh=("real",))
        self.averages_follow()

    def outputs(self) -> tuple[str, str]:
        """G gives images; Q gives codes."""
        return "images", "codes"


@contextmanager
def _momentum(net: nn.Module, momentum: float) -> Iterator[None]:
    layers = [m for m in net.modules() if isinstance(m, nn.BatchNorm1d | nn.BatchNorm2d)]
    for layer in layers:
        layer.momentum = momentum
    yield
    for layer in layers:
        layer.momentum = 1 - BN_DECAY
