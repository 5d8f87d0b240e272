"""Weights of one of dcr's own architectures under other names: a state dict and a map of the names.

The map is a YAML file:

    model: beta-vae                  # what tables call it; the architecture's name if absent
    options: {hidden: [256]}         # of the architecture, if it has any
    image: 1x64x64
    latents: normal:10
    generator_output: logits         # or images
    encoder_output: mean-logvar      # or codes
    generator:                       # dcr's name: name in the file
      "*": "decoder.net.*"           # a star stands for the same text on both sides
    encoder:
      "*": "encoder.net.*"
      "9.weight": [encoder.mu.weight, encoder.logvar.weight]   # joined along the first axis
"""

import re
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from disentangle_cli.architectures import ARCHITECTURES, make_architecture
from disentangle_cli.checkpoint import Checkpoint, Weights
from disentangle_cli.errors import UsageError
from disentangle_cli.importing.renaming import fitting, meta_networks
from disentangle_cli.importing.source import SOURCES, Imported, naming, network_config
from disentangle_cli.importing.specs import parse_image, parse_latents
from disentangle_cli.importing.weights import read_weights
from disentangle_cli.latents import Latents
from disentangle_cli.nearest import did_you_mean
from disentangle_cli.networks.architecture import in_words
from disentangle_cli.plain import read_yaml

PARTS = ("generator", "encoder")
REQUIRED = {"image", "latents", "generator_output", "encoder_output", *PARTS}
OPTIONAL = {"model", "options", "dataset"}


@SOURCES.register("state-dict")
def read_state_dict(file: Path, arch: str, map_file: Path) -> Imported:
    """The weights of ``file`` as architecture ``arch``, renamed as ``map_file`` says.

    Raises:
        UsageError: a file is missing, damaged or hostile, the map is malformed, or a weight is missing, left
            without a name, or of another shape than the architecture has.
    """
    ARCHITECTURES.get(arch)  # a wrong name is told before any file is read
    described = read_yaml(map_file)
    with naming(map_file):
        _check_keys(described)
        image_shape, prior = parse_image(described["image"]), described["latents"]
        latents = parse_latents(prior) if isinstance(prior, str) else Latents.from_json(prior)
        options = described.get("options") or {}
        posterior = _choice(described, "encoder_output", ("codes", "mean-logvar")) == "mean-logvar"
        logits = _choice(described, "generator_output", ("images", "logits")) == "logits"
        outputs = latents.num_codes * (2 if posterior else 1)
        nets = _networks(arch, options, latents.dim, outputs, image_shape)
        rules = [_rules(described[part], part) for part in PARTS]
    weights = read_weights(file, "state dict", "state_dict", "model_state_dict", "model")
    with naming(f"{file} with {map_file}"):
        generator, encoder = (
            _renamed(net, weights, rule, part) for net, rule, part in zip(nets, rules, PARTS, strict=True)
        )
    config = network_config({"name": arch, **options}, logits=logits, posterior=posterior)
    model, dataset = described.get("model", arch), described.get("dataset")
    return Imported(
        Checkpoint(str(model), config, image_shape, latents, generator, encoder),
        origin=str(file),
        files=[file, map_file],
        dataset=dataset if isinstance(dataset, str) else None,
    )


def _renamed(net: nn.Module, weights: Weights, rules: dict[str, list[str]], part: str) -> Weights:
    found: Weights = {}
    weights_of_net = net.state_dict()
    for name, wanted in weights_of_net.items():
        sources = _sources(name, rules)
        if sources is None:
            raise UsageError(f"{part}: {name} {tuple(wanted.shape)} has no entry in the map")
        try:
            found[name] = _joined(weights, sources, tuple(wanted.shape))
        except UsageError as error:
            raise UsageError(f"{part}: for {name}, {error}") from None
    exact = {name for name in rules if "*" not in name}
    if unknown := sorted(exact - found.keys()):
        meant = did_you_mean(unknown[0], weights_of_net)
        raise UsageError(f"{part}: the architecture has no weight called {unknown[0]}{meant}")
    return found


def _sources(name: str, rules: dict[str, list[str]]) -> list[str] | None:
    """What stands for ``name``: an exact entry, else the longest pattern that fits."""
    if name in rules:
        return rules[name]
    fits = []
    for pattern, sources in rules.items():
        before, star, after = pattern.partition("*")
        if star and (found := re.fullmatch(f"{re.escape(before)}(.*){re.escape(after)}", name)):
            fits.append((len(pattern), [source.replace("*", found[1], 1) for source in sources]))
    return max(fits)[1] if fits else None


def _joined(weights: Weights, sources: list[str], shape: tuple[int, ...]) -> Tensor:
    if len(sources) == 1:
        return fitting(weights, sources[0], shape)
    if missing := [source for source in sources if source not in weights]:
        raise UsageError(f"weight {missing[0]} is missing")
    parts = [weights[source] for source in sources]
    shapes = [tuple(part.shape) for part in parts]
    if (
        any(len(s) != len(shape) or s[1:] != shape[1:] for s in shapes)
        or sum(s[0] for s in shapes) != shape[0]
    ):
        raise UsageError(f"weights of {' and '.join(map(str, shapes))} do not join to {shape}")
    return torch.cat(parts)


def _networks(
    arch: str,
    options: Any,
    latent_dim: int,
    outputs: int,
    image_shape: tuple[int, int, int],
) -> tuple[nn.Module, nn.Module]:
    if not isinstance(options, dict):
        raise UsageError("options must be a mapping")
    architecture = make_architecture(arch, options)
    if not architecture.makes(*image_shape[1:]):
        raise UsageError(f"architecture {arch} makes images of {in_words(architecture.sizes)}")
    return meta_networks(architecture, latent_dim, outputs, image_shape)


def _check_keys(described: dict[str, Any]) -> None:
    if missing := sorted(REQUIRED - described.keys()):
        raise UsageError(f"{missing[0]} is missing")
    if unknown := sorted(str(key) for key in described.keys() - REQUIRED - OPTIONAL):
        raise UsageError(f"unknown key {unknown[0]!r}{did_you_mean(unknown[0], REQUIRED | OPTIONAL)}")


def _choice(described: dict[str, Any], key: str, choices: tuple[str, ...]) -> str:
    value = described[key]
    if value not in choices:
        raise UsageError(f"{key} must be {' or '.join(choices)}, not {value!r}")
    return str(value)


def _rules(value: Any, part: str) -> dict[str, list[str]]:
    """Name in dcr -> names in the file; stars at most once a side."""
    if not isinstance(value, dict) or not value:
        raise UsageError(f"{part} must map dcr's names to those of the file")
    rules = {}
    for name, sources in value.items():
        listed = sources if isinstance(sources, list) else [sources]
        if not listed or not all(isinstance(source, str) for source in listed):
            raise UsageError(f"{part}: {name}: expected a name or a list of names")
        if any(text.count("*") > 1 for text in (str(name), *listed)):
            raise UsageError(f"{part}: {name}: one star at most")
        rules[str(name)] = listed
    return rules
