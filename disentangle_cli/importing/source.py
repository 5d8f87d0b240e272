"""What a source gives, and the table of sources."""

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from disentangle_cli.checkpoint import Checkpoint
from disentangle_cli.errors import UsageError
from disentangle_cli.registry import Registry


@dataclass
class Imported:
    """A model from elsewhere.

    Attributes:
        checkpoint: the model; its provenance is filled in later.
        origin: the folder or files it came from, for messages.
        files: every file whose content went into it.
        dataset: name of the data set as the source tells it, or None.
        details: what else the source says (JSON types), kept in the provenance.
        has_prior: False for a plain autoencoder, whose latents are a placeholder until a prior is fitted.
        notes: what a user should know about how it was taken, one line each.
    """

    checkpoint: Checkpoint
    origin: str
    files: list[Path]
    dataset: str | None = None
    details: dict[str, Any] = field(default_factory=dict)
    has_prior: bool = True
    notes: list[str] = field(default_factory=list)


def network_config(architecture: dict[str, Any], *, logits: bool, posterior: bool) -> dict[str, Any]:
    """The config of a checkpoint: its architecture (name and options), and what its networks give."""
    return {
        "architecture": architecture,
        "generator_output": "logits" if logits else "images",
        "encoder_output": "mean-logvar" if posterior else "codes",
    }


SOURCES: Registry[Callable[..., Imported]] = Registry("disentangle_cli.sources", "source")


@contextlib.contextmanager
def naming(origin: object) -> Iterator[None]:
    """Put the name of what an error is about in front of it, unless it is there."""
    try:
        yield
    except UsageError as error:
        if str(error).startswith(str(origin)):
            raise
        raise UsageError(f"{origin}: {error}") from None
