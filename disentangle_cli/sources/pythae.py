"""Model folders of pythae: ``model.pt`` (a state dict) and ``model_config.json``.

Networks are told by the names and shapes of their weights. Where pythae wrote ``encoder.pkl`` or
``decoder.pkl``, which are code, only the name of the class in it is read, and the folder is taken if that is
one of pythae's own benchmark networks.
"""

from pathlib import Path
from typing import Any

import torch

from disentangle_cli.architectures.pythae import KINDS, Pythae
from disentangle_cli.checkpoint import Checkpoint, Weights
from disentangle_cli.errors import UsageError
from disentangle_cli.importing.pickled_name import class_name
from disentangle_cli.importing.renaming import by_order, layers, meta_networks
from disentangle_cli.importing.source import SOURCES, Imported, naming, network_config
from disentangle_cli.importing.weights import read_weights
from disentangle_cli.latents import Block, Latents
from disentangle_cli.plain import read_json

GAUSSIAN = {
    "VAEConfig": "vae", "BetaVAEConfig": "beta-vae", "DisentangledBetaVAEConfig": "disentangled-beta-vae",
    "BetaTCVAEConfig": "beta-tcvae", "FactorVAEConfig": "factor-vae", "InfoVAE_MMD_Config": "info-vae",
    "IWAEConfig": "iwae", "MIWAEConfig": "miwae", "CIWAEConfig": "ciwae", "PIWAEConfig": "piwae",
    "MSSSIM_VAEConfig": "msssim-vae", "Adversarial_AE_Config": "adversarial-ae", "VAEGANConfig": "vae-gan",
    "WAE_MMD_Config": "wae-mmd",
}  # fmt: skip
"""Models whose codes have a standard normal prior, and what dcr calls them."""
PRIORLESS = {"AEConfig": "ae", "RAE_GP_Config": "rae-gp", "RAE_L2_Config": "rae-l2"}

ADVICE = "export both networks to ONNX and use dcr import onnx"


@SOURCES.register("pythae")
def read_pythae(folder: Path) -> Imported:
    """The model of a folder that pythae's ``save`` wrote (``final_model`` of a run).

    Raises:
        UsageError: a file is missing, damaged or hostile, the networks are code of its author, or its latents
            are not Gaussian.
    """
    config_path, weights_path = folder / "model_config.json", folder / "model.pt"
    if not config_path.is_file():
        raise UsageError(f"{folder}: {_what_is_missing(folder)}")
    described = read_json(config_path)
    with naming(config_path):
        model, shape, codes = _described(described)
    weights = read_weights(weights_path, "state dict", "model_state_dict")
    with naming(folder):
        kinds = {part: _kind(part, weights, shape[1]) for part in ("encoder", "decoder")}
        for part, kind in kinds.items():
            _check_code(folder, part, kind, described)
        posterior = "encoder.log_var.weight" in weights
        generator, encoder = _networks(weights, kinds, codes, shape, posterior)
    if posterior and described.get("deterministic_posterior") is True:
        posterior = False  # its log-variances were never trained
        # its last layer, the head, holds weight and bias of the means and then of the log-variances
        encoder |= {key: encoder[key].chunk(2)[0].contiguous() for key in list(encoder)[-2:]}
    config = network_config({"name": "pythae", **kinds}, logits=True, posterior=posterior)
    latents = Latents([Block("codes", "normal", codes, True)])
    return Imported(
        Checkpoint(model, config, shape, latents, generator, encoder),
        origin=str(folder),
        files=[weights_path, config_path],
        details=described,
        has_prior=described["name"] not in PRIORLESS,
    )


def _described(config: dict[str, Any]) -> tuple[str, tuple[int, int, int], int]:
    """Name of the model, image shape and number of codes of a model_config.json."""
    kind, shape, codes = (config.get(key) for key in ("name", "input_dim", "latent_dim"))
    known = GAUSSIAN | PRIORLESS
    if not isinstance(kind, str) or kind not in known:
        raise UsageError(
            f"models of kind {kind!r} are not taken: their codes are not independent Gaussians, or dcr does "
            "not know them"
        )
    if not isinstance(shape, list) or not all(type(side) is int and side > 0 for side in shape):
        raise UsageError("input_dim must be [channels, height, width]")
    if len(shape) != 3 or shape[1] != shape[2] or shape[0] not in (1, 3) or shape[1] > 1024:
        raise UsageError(
            f"input_dim {shape}: dcr has square images [channels, side, side] with 1 or 3 channels"
        )
    if type(codes) is not int:
        raise UsageError("latent_dim must be an integer")
    return known[kind], (shape[0], shape[1], shape[2]), codes


def _kind(part: str, weights: Weights, side: int) -> str:
    """Which of the known networks ``part`` can be, by its first layer and depth."""
    depth = len({key.split(".")[2] for key in weights if key.startswith(f"{part}.layers.")})
    first = weights.get(f"{part}.layers.0.0.weight")
    if first is not None and first.ndim == 2 and depth == (1 if part == "encoder" else 2):
        return "mlp"
    for kind, fixed in KINDS.items():
        if fixed == side:
            return kind
    raise UsageError(f"the {part} is none of pythae's own networks for such images; {ADVICE}")


def _networks(
    weights: Weights, kinds: dict[str, str], codes: int, shape: tuple[int, int, int], posterior: bool
) -> tuple[Weights, Weights]:
    architecture = Pythae(**kinds)
    merged, heads = dict(weights), ["embedding"] + (["log_var"] if posterior else [])
    for part in ("weight", "bias"):
        found = [weights.get(f"encoder.{head}.{part}") for head in heads]
        present = [tensor for tensor in found if tensor is not None and tensor.ndim > 0]
        if len(present) != len(heads) or len({tensor.shape for tensor in present}) > 1:
            raise UsageError(f"the encoder has no fitting {' and '.join(heads)} layer; {ADVICE}")
        merged[f"encoder.head.{part}"] = torch.cat(present)
        for head in heads:
            del merged[f"encoder.{head}.{part}"]
    generator, encoder = meta_networks(architecture, codes, codes * len(heads), shape)
    result = []
    for net, part in ((generator, "decoder"), (encoder, "encoder")):
        names = _names(part, kinds[part], [own for _, own in layers(net)])
        try:
            found_weights = by_order(net, merged, names)
        except UsageError as error:
            raise UsageError(f"the {part} is none of pythae's own networks ({error}); {ADVICE}") from None
        used = {f"{name}.{own}" for name, (_, parts) in zip(names, layers(net), strict=True) for own in parts}
        if extra := sorted(k for k in merged if k.startswith(f"{part}.") and k not in used):
            raise UsageError(f"the {part} is none of pythae's own networks ({extra[0]} is new); {ADVICE}")
        result.append(found_weights)
    return result[0], result[1]


def _names(part: str, kind: str, layer_parts: list[list[str]]) -> list[str]:
    """What pythae calls the layers that have weights, in order; batch norm stands at 1 within a block."""
    names, block = [], -1
    for parts in layer_parts:
        norm = "running_mean" in parts
        block += not norm
        names.append(f"{part}.layers.{block}.{int(norm)}")
    if part == "encoder":
        names[-1] = "encoder.head"
    elif kind in ("mnist", "cifar"):
        names[0] = "decoder.layers.0"  # a bare layer in these two
    return names


def _check_code(folder: Path, part: str, kind: str, config: dict[str, Any]) -> None:
    """Refuse a folder whose pickled network is not pythae's own class (which is never unpickled)."""
    pickled = folder / f"{part}.pkl"
    if config.get(f"uses_default_{part}") is not False or not pickled.is_file():
        return
    name, near = class_name(pickled)
    allowed = {f"{part.title()}_{family}_MLP" for family in ("VAE", "AE")}
    module = "pythae.models.nn.default_architectures"
    if kind != "mlp":
        allowed = {f"{part.title()}_Conv_{family}_{kind.upper()}" for family in ("VAE", "AE")}
        module = f"pythae.models.nn.benchmarks.{kind}.convnets"
    if name not in allowed or module not in near:
        what = f"class {name}" if name and name.isidentifier() and len(name) < 60 else "code"
        raise UsageError(
            f"the {part} is {what} of {pickled.name}, which dcr never runs, and none of pythae's own MLP and "
            f"convolutional networks; {ADVICE}"
        )


def _what_is_missing(folder: Path) -> str:
    if not folder.is_dir():
        return "not a folder (dcr import pythae takes those that pythae writes)"
    if any(folder.glob("checkpoint_epoch_*")):
        return "has no final_model: its training did not finish; name one of its checkpoint folders instead"
    return "has no model_config.json, so it is no model folder of pythae"
