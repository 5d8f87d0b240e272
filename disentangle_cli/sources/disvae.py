"""Folders of YannDubs/disentangling-vae: ``model.pt`` (a state dict) and ``specs.json``."""

from pathlib import Path
from typing import Any

import torch

from disentangle_cli.architectures.burgess import Burgess
from disentangle_cli.checkpoint import Checkpoint, Weights
from disentangle_cli.errors import UsageError
from disentangle_cli.importing.renaming import by_order, meta_networks
from disentangle_cli.importing.source import SOURCES, Imported, naming, network_config
from disentangle_cli.importing.weights import read_weights
from disentangle_cli.latents import Block, Latents
from disentangle_cli.plain import read_json

MODELS = {
    "VAE": "vae", "betaH": "beta-vae", "betaB": "annealed-vae", "factor": "factor-vae",
    "btcvae": "beta-tcvae",
}  # fmt: skip
"""What dcr calls the losses."""


@SOURCES.register("disvae")
def read_disvae(folder: Path) -> Imported:
    """The model of one experiment folder.

    Raises:
        UsageError: a file is missing, damaged or hostile, or it is no Burgess network for 32x32 or 64x64.
    """
    specs_path, weights_path = folder / "specs.json", folder / "model.pt"
    if not folder.is_dir():
        raise UsageError(
            f"{folder}: not a folder (dcr import disvae takes those that disentangling-vae writes)"
        )
    specs = read_json(specs_path)
    with naming(specs_path):
        shape, codes = _image_shape(specs), specs.get("latent_dim")
        if type(codes) is not int:
            raise UsageError("latent_dim must be an integer")
        latents = Latents([Block("codes", "normal", codes, True)])
        if specs.get("model_type", "Burgess") != "Burgess":
            raise UsageError(f"model_type {specs['model_type']!r} is not known, only 'Burgess' is")
    weights = read_weights(weights_path, "state dict", "model_state_dict", "state_dict")
    with naming(f"{weights_path}: does not fit its specs.json"):
        generator, encoder = _networks(weights, latents.dim, shape)
    config = network_config({"name": "burgess"}, logits=True, posterior=True)
    loss, dataset = specs.get("loss"), specs.get("dataset")
    model = MODELS.get(loss, "vae") if isinstance(loss, str) else "vae"
    return Imported(
        Checkpoint(model, config, shape, latents, generator, encoder),
        origin=str(folder),
        files=[weights_path, specs_path],
        dataset=dataset if isinstance(dataset, str) else None,
        details=specs,
    )


def _networks(weights: Weights, codes: int, shape: tuple[int, int, int]) -> tuple[Weights, Weights]:
    deep = shape[1] == 64
    down = ["conv1", "conv2", "conv3", *(["conv_64"] if deep else []), "lin1", "lin2", "mu_logvar_gen"]
    up = ["lin1", "lin2", "lin3", *(["convT_64"] if deep else []), "convT1", "convT2", "convT3"]
    generator, encoder = meta_networks(Burgess(), codes, 2 * codes, shape)
    generator_weights = by_order(generator, weights, [f"decoder.{name}" for name in up])
    encoder_weights = by_order(encoder, weights, [f"encoder.{name}" for name in down])
    for key in list(encoder_weights)[-2:]:  # the head: (mean, logvar) of each code in turn
        head = encoder_weights[key]
        encoder_weights[key] = torch.cat([head[0::2], head[1::2]])
    return generator_weights, encoder_weights


def _image_shape(specs: dict[str, Any]) -> tuple[int, int, int]:
    found = specs.get("img_size")
    if not isinstance(found, list) or len(found) != 3 or not all(type(side) is int for side in found):
        raise UsageError("img_size must be [channels, height, width]")
    channels, height, width = found
    if channels not in (1, 3) or height != width or height not in Burgess.sizes:
        raise UsageError(f"img_size {found}: images must be 32x32 or 64x64 with 1 or 3 channels")
    return channels, height, width
