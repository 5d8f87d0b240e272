"""The data set a model was trained on, as far as its checkpoint says."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Origin:
    """What a model's provenance says about its data set; None where it says nothing."""

    name: str | None = None
    path: str | None = None
    fingerprint: str | None = None
    skip_broken: bool = False
    """Whether pictures that cannot be read were left out."""

    @classmethod
    def of(cls, provenance: Any) -> "Origin":
        """From the ``provenance`` of a checkpoint; anything that is no text counts as not said.

        Others may describe the data set by an object: then its ``name`` counts.
        """
        known: Mapping[str, Any] = provenance if isinstance(provenance, Mapping) else {}
        dataset = known.get("dataset")
        name = dataset.get("name") if isinstance(dataset, Mapping) else dataset
        values = (name, known.get("dataset_path"), known.get("dataset_fingerprint"))
        texts = [value if isinstance(value, str) and value else None for value in values]
        return cls(texts[0], texts[1], texts[2], known.get("skip_broken") is True)

    @property
    def known(self) -> bool:
        """Whether the model says anything that tells data sets apart."""
        return self.name is not None or self.fingerprint is not None

    @property
    def spec(self) -> str | None:
        """What opens the data set: the path of a file or folder, else the name."""
        return self.path or self.name

    @property
    def label(self) -> str:
        """What messages call the data set."""
        return self.name or f"data of fingerprint {str(self.fingerprint)[:12]}"

    def differs(self, other: "Origin") -> bool:
        """Whether two models were certainly trained on different data sets.

        Fingerprints decide where both have one, else names.
        """
        if self.fingerprint and other.fingerprint:
            return self.fingerprint != other.fingerprint
        return bool(self.name and other.name and self.name != other.name)


def conflict(
    origins: Sequence[tuple[str, Origin]],
) -> tuple[tuple[str, Origin], tuple[str, Origin]] | None:
    """The first two models, as (name, origin), that were trained on different data sets."""
    for number, second in enumerate(origins):
        for first in origins[:number]:
            if first[1].differs(second[1]):
                return first, second
    return None
