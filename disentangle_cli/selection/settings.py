"""What a selection can be told: counts, rules and their official values."""

from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass, fields, replace
from typing import Any

import torch

from disentangle_cli.devices import PRECISIONS, use_bf16
from disentangle_cli.errors import UsageError

INACTIVE = ("auto", "keep")
EXACT_UP_TO = 20
"""Models up to which every pair is evaluated unless a budget is given."""
ENCODE = ("mean", "sample")

_LEAST = {
    "groups_per_code": 1, "group_size": 2, "scale_images": 2, "activity_pairs": 2, "permutations": 1,
    "images": 2, "replicates": 2,
}  # fmt: skip


@dataclass(frozen=True)
class Settings:
    """Settings of all selection methods; the defaults of the counts are the official ones.

    Attributes:
        groups_per_code: groups of images per code of the generator; group ``i`` holds code ``i mod K`` fixed.
        group_size: images per group.
        scale_images: prior samples of each generator that give the global standard deviation of codes; None:
            as many as it takes for their part in the error of a pair's score to fall below the votes of 1.5
            groups, at most the official number.
        activity_pairs: pairs of prior samples that measure how much each code does (``auto``).
        activity_threshold: a code is active from this activity on, see ``_activity.py`` (``auto``).
        permutations: of the labels, which give the accuracy of chance (``auto``).
        images: shared images that UDR compares codes on.
        images_from: where they come from: the name or path of a data set, or ``generated`` for images that
            the models of the pool make, evenly; None: the data set that the models name, if it can be
            opened, else generated.
        replicates: of the bootstrap that tells how sure the pick is.
        inactive: what happens to codes that do nothing: ``keep`` is the official rule (every code counts),
            ``auto`` leaves them out and corrects for chance; None: ``auto`` for a pool that mixes GANs and
            autoencoders, else ``keep``.
        encode: which code an autoencoder gives for an image, ``mean`` or ``sample`` of the posterior (GANs
            always give Q's mean); None: ``sample`` under the official rule, else ``mean``.
        precision: in which encoders run: ``fp32``, ``bf16``, or ``auto``: bf16 where the hardware has it.
        budget: part of the n^2 evaluations that ModelCentrality may spend to find the best, ``auto`` for as
            many as it takes, within limits, or ``exact`` for all; None: exact up to 20 models, else ``auto``.
        confidence: the search under a budget ends when the pick is this sure.
        tolerance: difference of scores that does not matter to that search.
    """

    groups_per_code: int = 100
    group_size: int = 100
    scale_images: int | None = None
    activity_pairs: int = 2000
    activity_threshold: float = 0.01
    permutations: int = 100
    images: int = 1000
    images_from: str | None = None
    replicates: int = 200
    inactive: str | None = None
    encode: str | None = None
    precision: str = "auto"
    budget: float | str | None = None
    confidence: float = 0.95
    tolerance: float = 0.005

    def __post_init__(self) -> None:
        for name, least in _LEAST.items():
            value = getattr(self, name)
            if name == "scale_images" and value is None:
                continue
            if isinstance(value, bool) or not isinstance(value, int) or value < least:
                raise UsageError(f"{name} must be a whole number of at least {least}, not {value!r}")
        for name in ("activity_threshold", "confidence", "tolerance"):
            value = getattr(self, name)
            if not isinstance(value, int | float) or not 0 < value < 1:
                raise UsageError(f"{name} must be a number between 0 and 1, not {value!r}")
        part = self.budget
        if part not in ("auto", "exact", None) and not (isinstance(part, int | float) and 0 < part <= 1):
            raise UsageError(f"budget must be auto, exact or a part of all evaluations up to 1, not {part!r}")
        for name, choices in (("inactive", INACTIVE), ("encode", ENCODE), ("precision", PRECISIONS)):
            if getattr(self, name) not in (*choices, None):
                raise UsageError(f"{name} must be one of {', '.join(choices)}, not {getattr(self, name)!r}")

    def with_options(self, **options: Any) -> "Settings":
        """A copy with some values replaced; an option that is None keeps its value.

        Raises:
            UsageError: no setting has that name, or the value does not fit.
        """
        known = [field.name for field in fields(self)]
        for name in options:
            if name not in known:
                raise UsageError(f"no selection setting is called {name!r}; there are: {', '.join(known)}")
        return replace(self, **{name: value for name, value in options.items() if value is not None})

    def resolved(self, families: Collection[str], device: str = "cpu") -> "Settings":
        """With everything that was left open decided for a pool of these families on this device."""
        inactive = self.inactive or ("auto" if len(set(families)) > 1 else "keep")
        encode = self.encode or ("sample" if inactive == "keep" else "mean")
        bf16 = use_bf16(self.precision, torch.device(device))
        budget = self.budget or ("exact" if len(families) <= EXACT_UP_TO else "auto")
        precision = "bf16" if bf16 else "fp32"
        return replace(self, inactive=inactive, encode=encode, precision=precision, budget=budget)

    def with_texts(self, texts: Mapping[str, str]) -> "Settings":
        """Like :meth:`with_options`, from texts: what reads as a number is one."""
        return self.with_options(**{name: _number(text) for name, text in texts.items()})

    def to_json(self) -> dict[str, Any]:
        """The settings as JSON types."""
        return asdict(self)


def _number(text: str) -> int | float | str:
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    return text
