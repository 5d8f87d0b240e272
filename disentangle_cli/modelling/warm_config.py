"""Settings of the warm start of a GAN (:mod:`disentangle_cli.modelling.warm_start`)."""

from typing import Annotated

from pydantic import Field, model_validator

from disentangle_cli.config import Fall, Length, Milestone
from disentangle_cli.errors import UsageError
from disentangle_cli.fields import Unit
from disentangle_cli.progress import Phase
from disentangle_cli.settings import Strict

SETTLE, FILL, FIT, APART = 0.8, 0.85, 0.95, 0.6
"""What an iteration of each part takes, beside one of InfoGAN; and what Q apart from D adds to one."""


class SettleConfig(Strict):
    """The first phase: codes settle while the price of information falls."""

    iterations: Length = Field(default=3500, ge=0)
    """How long."""
    free: Length = Field(default=0, ge=0)
    """Iterations at the beginning as a plain VAE, with weight 1: networks learn what there is to see."""
    colour: float = Field(default=0.0, ge=0)
    """In these, weight of the squared error of colours: of what sets the channels of a pixel apart."""
    beta: Fall = Fall(start=150.0, end=5.0)
    """Weight of the KL term, to a loss that is summed over pixels."""

    @model_validator(mode="after")
    def _in_order(self) -> "SettleConfig":
        if self.free > self.iterations:
            raise UsageError("warm_start.settle: free must be at most iterations")
        return self

    def price(self, iteration: int) -> float:
        """The weight of the KL term in an iteration."""
        if iteration < self.free:
            return 1.0
        return self.beta.at((iteration - self.free) / max(1, self.iterations - self.free))


class FillConfig(Strict):
    """The second phase: the other codes learn what is left."""

    iterations: Length = Field(default=4000, ge=0)
    """How long."""
    beta: Fall = Fall(start=0.3, end=1.0)
    """Weight of the KL term of codes that are not settled."""
    settled: Annotated[float, Unit("nats")] = Field(default=0.7, ge=0)
    """KL from which on a code counts as settled."""
    noise: float = Field(default=0.3, ge=0, le=1)
    """Share of its posterior standard deviation with which a settled code reaches G."""
    window: float = Field(default=0.25, gt=0, le=2)
    """Half width of the first window, in ranks of a code from -1 to 1."""
    hold: float = Field(default=0.17, ge=0, le=1)
    """Part of the phase with the first window."""
    whole: float = Field(default=0.67, ge=0, le=1)
    """Part of the phase after which the window is everything."""

    @model_validator(mode="after")
    def _in_order(self) -> "FillConfig":
        if self.hold > self.whole:
            raise UsageError("warm_start.fill: hold must be at most whole")
        return self


class WarmStartConfig(Strict):
    """What comes before the game of G and D."""

    rate: float = Field(default=1e-3, gt=0)
    """Learning rate of G and Q, as decoder and encoder."""
    spare: bool = False
    """Whether the noise inputs of G are codes too until the game; those with most effect are its codes."""
    settle: SettleConfig = SettleConfig()
    """First phase."""
    fill: FillConfig = FillConfig()
    """Second phase."""
    fit: Length = Field(default=150, ge=0)
    """Iterations in which D and Q are then fitted to a G that rests."""

    @model_validator(mode="after")
    def _one_way(self) -> "WarmStartConfig":
        if self.spare and self.fill.iterations:
            raise UsageError(
                "warm_start: with spare codes no second phase follows; set warm_start.fill.iterations=0"
            )
        return self

    @property
    def length(self) -> int:
        """Iterations as an autoencoder."""
        return self.settle.iterations + self.fill.iterations

    @property
    def starts(self) -> tuple[int, int, int, int]:
        """The first iterations of settling, of filling, of fitting, and of the game that follows."""
        return 0, self.settle.iterations, self.length, self.length + self.fit

    def phases(self, game: float) -> list[Phase]:
        """What iterations cost, where those of InfoGAN have the cost ``game``; measured on a CPU.

        What lasts no iteration is left out.
        """
        found = dict(zip(self.starts, (SETTLE, FILL, FIT, game + APART), strict=True))
        return [Phase(start, cost) for start, cost in found.items()]

    @property
    def milestones(self) -> list[Milestone]:
        """Where its parts begin, and the game; what lasts no iteration is left out."""
        parts = "warm start: codes settle", "warm start: the other codes learn", "D and Q are fitted"
        found = dict(zip(self.starts, (*parts, "game of G and D"), strict=True))
        return [Milestone(start, name) for start, name in found.items()]
