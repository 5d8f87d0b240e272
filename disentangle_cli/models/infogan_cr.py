"""InfoGAN-CR: InfoGAN with the contrastive regulariser (Lin et al., ICML 2020).

Pairs of images share the noise and one code; a third network H has to name the shared code. G minimises
the same cross-entropy as H (they cooperate), so it learns to make each code visible on its own:

    L_H = cross-entropy(H(G(a), G(b)), index of the shared code),   L_G = L_G of InfoGAN + w L_H

Two schedules make it progressive: the weight w (0 until the codes are informative), and the gap, the least
distance of the codes that differ (large and easy at first). At each change H starts anew.
"""

from dataclasses import dataclass
from functools import partial
from typing import Annotated, ClassVar

import torch
import torch.nn.functional as F
from pydantic import AfterValidator, Field
from torch import Tensor

from disentangle_cli.config import Milestone, Staircase, TrainConfig
from disentangle_cli.latents import Latents
from disentangle_cli.modelling.engine import Engine
from disentangle_cli.modelling.trainable import MODELS, upcast
from disentangle_cli.models.infogan import Fake, GanSchedule, InfoGan, InfoGanConfig
from disentangle_cli.networks.gan import Norm
from disentangle_cli.progress import Phase
from disentangle_cli.settings import Strict

OFF = 1e-8
REGULARISED, FURTHER_STEP = 1.3, 2.0
"""What the regulariser adds to the time of an iteration of InfoGAN, and what each further step of G does."""
SILENT = 0.9
"""What H adds while it is trained at weight 0."""


def _within_prior(gap: Staircase) -> Staircase:
    if not all(0 <= gap.start + gap.step * n <= 2 for n in (0, gap.times)):
        raise ValueError("the gap must stay between 0 and 2")
    return gap


Gap = Annotated[Staircase, AfterValidator(_within_prior)]


class ContrastiveConfig(Strict):
    """The contrastive regulariser."""

    weight: Staircase = Staircase(start=0.0, step=2.0, every=288_000, times=1)
    """w over the iterations."""
    gap: Gap = Staircase()
    """Least distance between the two values of a code that is not shared, 0 to 2 on a prior of width 2."""
    renew: bool = True
    """Draw H anew whenever weight or gap change, as in the paper; otherwise H follows the gap."""
    norm: Norm = "spectral"
    """Normalisation inside H."""
    always: bool = False
    """Train H also while its weight is 0, as the official code does (the switch draws it anew anyway)."""


class InfoGanCrConfig(InfoGanConfig):
    """Configuration of an InfoGAN-CR run."""

    contrastive: ContrastiveConfig = Field(default_factory=ContrastiveConfig)
    """Contrastive regulariser."""


@dataclass(frozen=True)
class ContrastiveSchedule(GanSchedule):
    """With the weight and the gap of the contrastive regulariser."""

    weight: float
    gap: float


@dataclass(frozen=True)
class Pairs:
    """The pairs of an iteration: latents (B, L) and images of both members, and the shared codes (B,)."""

    weight: float
    latents: list[Tensor]
    images: list[Tensor]
    label: Tensor


@MODELS.register("infogan-cr")
class InfoGanCr(InfoGan[InfoGanCrConfig]):
    """G, D, Q and H in training."""

    Config: ClassVar[type[TrainConfig]] = InfoGanCrConfig
    watched: ClassVar[dict[str, str]] = {**InfoGan.watched, "h/accuracy": "H accuracy"}

    @classmethod
    def phases(cls, config: InfoGanCrConfig) -> list[Phase]:
        """Those of InfoGAN, and the regulariser from where its weight is not 0; measured on a CPU."""
        weight, warm = config.contrastive.weight, config.warm_start
        begins = (
            0 if weight.start > OFF else weight.every if weight.at(weight.every) > OFF else config.iterations
        )
        plain = super().phases(config)
        found = []
        for start in sorted({*(phase.start for phase in plain), begins}):
            cost = [phase.cost for phase in plain if phase.start <= start][-1]
            if warm is None or start >= warm.length:
                silent = SILENT if config.contrastive.always else 0.0
                further = FURTHER_STEP * (config.generator_steps - 1)
                cost += REGULARISED + further if start >= begins else silent
            found.append(Phase(start, cost))
        return found

    @classmethod
    def milestones(cls, config: InfoGanCrConfig) -> list[Milestone]:
        """Also where the weight of the regulariser changes, first from nothing, and the gap."""
        weight, gap = config.contrastive.weight, config.contrastive.gap
        moved = [
            Milestone(
                at, "regulariser on" if weight.at(at - 1) <= OFF else "weight of the regulariser changes"
            )
            for at in weight.changes(config.iterations)
        ]
        moved += [Milestone(at, "gap changes") for at in gap.changes(config.iterations)]
        return sorted([*super().milestones(config), *moved])

    def add_players(self) -> None:
        """Add H."""
        channels, size, _ = self.image_shape
        norm = self.config.contrastive.norm
        self.players["contrastive"] = self.networks_of.contrastive(self.num_codes, channels, size, norm)

    def keeps_state_before(self, iteration: int) -> bool:
        """The state before the first change of the weight is the paper's "InfoGAN (modified)"."""
        weight = self.config.contrastive.weight
        return weight.changes_at(iteration) and iteration == weight.every

    def schedule(self, iteration: int) -> ContrastiveSchedule:
        """Both schedules too; where they change, H is drawn anew."""
        settings = self.config.contrastive
        for changing in (settings.gap, settings.weight):
            if settings.renew and changing.changes_at(iteration):
                self.renew("contrastive")
        weight, gap = settings.weight.at(iteration), settings.gap.at(iteration)
        game: GanSchedule = super().schedule(iteration)
        return ContrastiveSchedule(game.active, game.resting, weight, gap)

    def begin(self, schedule: ContrastiveSchedule, engine: Engine) -> tuple[Pairs | None, dict[str, Tensor]]:
        """The pairs of this iteration, and one Adam step of H."""
        scalars = {"h/weight": torch.tensor(schedule.weight), "h/gap": torch.tensor(schedule.gap)}
        if schedule.weight <= OFF and not self.config.contrastive.always:
            return None, scalars
        draw = partial(draw_pair, self.latents, self.config.batch_size, schedule.gap, schedule.active)
        *latents, label = engine.random(draw)
        silent = schedule.weight <= OFF
        generate = self.generate_silently if silent else partial(self.generate, counted=2)
        images = [engine.evaluate(generate, member) for member in latents]
        detached = [member.detach() for member in images]
        loss, accuracy = engine.evaluate(self.contrastive_loss, *detached, label)
        engine.update("contrastive", loss)
        pairs = Pairs(schedule.weight, latents, images, label)
        return pairs, scalars | {"h/loss": loss, "h/accuracy": accuracy}

    def generate_silently(self, latents: Tensor) -> Tensor:
        """A pass of G in inference mode and without gradient, as the official code has it at weight 0."""
        self.generator.eval()
        try:
            with torch.no_grad(), self.autocast():
                images: Tensor = self.generator(latents)
        finally:
            self.generator.train()
        return images

    def contrastive_loss(self, first: Tensor, second: Tensor, label: Tensor) -> tuple[Tensor, Tensor]:
        """L_H, and the share of pairs (both (B, C, H, W)) whose shared code H names."""
        with self.autocast():
            logits = upcast(self.players["contrastive"](torch.cat([first, second], 1)))
        return F.cross_entropy(logits, label), (logits.argmax(1) == label).float().mean()

    def generator_term(
        self, fake: Fake, begun: Pairs | None, again: bool, engine: Engine
    ) -> tuple[Tensor | float, dict[str, Tensor]]:
        """W times the cross-entropy of the frozen H on this iteration's pairs, made anew by later steps."""
        if begun is None or begun.weight <= OFF:
            return 0.0, {}
        images = begun.images
        if again:
            images = [
                engine.evaluate(partial(self.generate, counted=1), latents) for latents in begun.latents
            ]
        loss, _ = engine.evaluate(self.contrastive_loss, *images, begun.label)
        return begun.weight * loss, {"g/contrastive": loss}


def draw_pair(
    latents: Latents, n: int, gap: float, codes: int, rng: torch.Generator
) -> tuple[Tensor, Tensor, Tensor]:
    """Latents (n, L) twice, and labels (n,) int64: the index of the code that both share.

    Noise is the same in both. One code, uniform among the first ``codes``, is the same in both; the
    others differ by at least ``gap``, a distance on a prior of width 2 (for other priors, on the uniform
    numbers that are mapped to the prior): two numbers from the middle are moved apart by half the gap each.
    """
    low = gap / 4  # on [0, 1): half of the gap, halved
    u = torch.rand(2, n, latents.dim, generator=rng)
    shared = u[0].clone()
    spread = low + (1 - 2 * low) * u
    smaller_first = spread[0] <= spread[1]
    direction = torch.where(smaller_first, -low, low)
    pair = torch.stack([spread[0] + direction, spread[1] - direction])
    label = torch.randint(codes, (n,), generator=rng)
    columns = torch.tensor(latents.code_columns)
    differs = torch.zeros(n, latents.dim, dtype=torch.bool)
    differs[:, columns] = True
    differs[torch.arange(n), columns[label]] = False
    first, second = (latents.from_uniform(torch.where(differs, member, shared)) for member in pair)
    return first, second, label
