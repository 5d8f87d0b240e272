"""Settings of a selection: counts, rules and their official values."""

import os
from collections.abc import Collection
from typing import Annotated, Any, ClassVar, Literal

import torch
from pydantic import Field, field_validator

from disentangle_cli.bounds import GROUPS, IMAGES, REPLICATES
from disentangle_cli.devices import use_bf16
from disentangle_cli.fields import Unit
from disentangle_cli.settings import Checked

EXACT_UP_TO = 20
"""Models up to which every pair is evaluated unless a budget is given."""

FULL_GROUPS, LEAST_PAIRS = 100, 200
"""Groups per code from which on ``activity_pairs`` are drawn, and how many are with fewer, at least."""


class Settings(Checked):
    """Settings of all selection methods; the defaults of the counts are the official ones.

    Raises:
        UsageError: no setting has that name, or a value does not fit.
    """

    kind: ClassVar[str] = "selection setting"

    groups_per_code: Annotated[int, GROUPS, Unit("groups")] = Field(default=100, ge=1)
    """Groups of images per code of the generator; group ``i`` holds code ``i mod K`` fixed."""
    group_size: Annotated[int, GROUPS, Unit("images")] = Field(default=100, ge=2)
    """Images per group."""
    full_groups: bool = False
    """Whether an encoder sees all images of a group; else a group is over for it once its vote is settled:
    the probability that all images would vote otherwise is at most 0.001."""
    scale_images: Annotated[int | None, IMAGES, Unit("images")] = Field(default=None, ge=2)
    """Prior samples of each generator that give the global standard deviation of codes; null: as many as it
    takes for their part in the error of a pair's score to fall below the votes of 1.5 groups, at most the
    official number."""
    activity_pairs: Annotated[int, IMAGES, Unit("pairs")] = Field(default=2000, ge=2)
    """Pairs of prior samples that measure how much each code does (``auto``), from 100 groups per code on;
    fewer groups take fewer pairs in proportion, but 200 at least."""
    activity_threshold: float = Field(default=0.01, gt=0, lt=1)
    """A code is active from this activity on (``auto``)."""
    permutations: Annotated[int, REPLICATES, Unit("permutations")] = Field(default=100, ge=1)
    """Of the labels, which give the accuracy of chance (``auto``)."""
    images: Annotated[int, IMAGES, Unit("images")] = Field(default=1000, ge=2)
    """Shared images that methods compare codes on (UDR)."""
    images_from: str | None = None
    """Where they come from: the name or path of a data set, or ``generated`` for images that the models of
    the pool make, evenly; null: the data set that the models name, if it can be opened, else generated."""
    replicates: Annotated[int, REPLICATES, Unit("replicates")] = Field(default=200, ge=2)
    """Of the bootstrap that tells how sure the pick is."""
    inactive: Literal["auto", "keep"] | None = None
    """What happens to codes that do nothing: ``keep`` is the official rule (every code counts), ``auto``
    leaves them out and corrects for chance; null: ``auto`` for a pool that mixes GANs and autoencoders or
    models of different numbers of codes, else ``keep``."""
    encode: Literal["mean", "sample"] | None = None
    """Which code an autoencoder gives for an image, mean or sample of the posterior (GANs always give Q's
    mean); null: ``sample`` under the official rule, else ``mean``."""
    precision: Literal["auto", "fp32", "bf16"] = "auto"
    """In which encoders run; ``auto``: bf16 where the hardware is faster with it."""
    budget: Annotated[int | float, Field(gt=0, le=1)] | Literal["auto", "exact"] | None = Field(
        default=None, json_schema_extra={"range": "auto, exact or a part of all evaluations up to 1"}
    )
    """Part of the n^2 evaluations that ModelCentrality may spend to find the best, ``auto`` for as many as it
    takes, within limits, or ``exact`` for all; null: exact up to 20 models, else ``auto``."""
    confidence: float = Field(default=0.95, gt=0, lt=1)
    """The search under a budget ends when the pick is this sure."""
    tolerance: float = Field(default=0.005, gt=0, lt=1)
    """Difference of scores that does not matter to that search."""

    @property
    def pairs_of_activity(self) -> int:
        """How many pairs of samples measure the activity of codes."""
        asked, groups = self.activity_pairs, self.groups_per_code
        return max(min(asked, LEAST_PAIRS), min(asked, -(-asked * groups // FULL_GROUPS)))

    @field_validator("images_from", mode="before")
    @classmethod
    def _path(cls, value: Any) -> Any:
        return os.fspath(value) if isinstance(value, os.PathLike) else value

    def with_options(self, **options: Any) -> "Settings":
        """A copy with some values replaced; an option that is None keeps its value.

        Raises:
            UsageError: no setting has that name, or the value does not fit.
        """
        kept = self.model_dump()
        new = {name: value for name, value in options.items() if value is not None or name not in kept}
        return Settings(**kept | new)

    def resolved(
        self, families: Collection[str], codes: Collection[int] = (), device: str = "cpu"
    ) -> "Settings":
        """With everything left open decided, for models of these families and numbers of codes."""
        alike = len(set(families)) < 2 and len(set(codes)) < 2
        inactive = self.inactive or ("keep" if alike else "auto")
        encode = self.encode or ("sample" if inactive == "keep" else "mean")
        bf16 = use_bf16(self.precision, torch.device(device))
        budget = self.budget or ("exact" if len(families) <= EXACT_UP_TO else "auto")
        precision = "bf16" if bf16 else "fp32"
        return self.with_options(inactive=inactive, encode=encode, precision=precision, budget=budget)
