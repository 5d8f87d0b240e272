"""Training that begins with the weights of a trained model (fine-tuning) instead of drawn ones."""

from pathlib import Path
from typing import Any

from disentangle_cli.checkpoint import Checkpoint, load_checkpoint
from disentangle_cli.errors import UsageError
from disentangle_cli.modelling.trainable import Trainable


def initial_content(path: Path) -> str:
    """The content hash of the checkpoint that a run begins with, which is part of what the run is.

    Raises:
        UsageError: the file cannot be read.
    """
    return load_checkpoint(path).content_hash()


def start_from(path: Path, model: Trainable[Any]) -> None:
    """Let ``model``, before its first iteration, take over the weights of a checkpoint.

    Optimisers, and networks that a checkpoint does not hold, stay as they are.

    Raises:
        UsageError: the file cannot be read, or its networks, latents or images are not the model's.
    """
    checkpoint = load_checkpoint(path)
    found, wanted = _kind(checkpoint), _kind_of(model)
    for what, value in wanted.items():
        if found[what] != value:
            raise UsageError(f"--init-from {path}: its {what} is {found[what]}, but this run's is {value}")
    try:
        model.load_weights(checkpoint.generator, checkpoint.encoder)
    except UsageError as error:
        raise UsageError(f"--init-from {path}: {error}") from None


def _kind(checkpoint: Checkpoint) -> dict[str, str]:
    config = checkpoint.config
    outputs = f"{config.get('generator_output')} and {config.get('encoder_output')}"
    name = config.get("architecture", {}).get("name")
    return _words(name, checkpoint.image_shape, checkpoint.latents.to_json(), outputs)


def _kind_of(model: Trainable[Any]) -> dict[str, str]:
    outputs = " and ".join(model.outputs())
    return _words(model.config.architecture, model.image_shape, model.latents.to_json(), outputs)


def _words(name: Any, shape: tuple[int, int, int], latents: Any, outputs: str) -> dict[str, str]:
    return {
        "image shape": "x".join(map(str, shape)),
        "architecture": str(name)[:60],
        "latent specification": str(latents)[:300],
        "kind of outputs": outputs,
    }
