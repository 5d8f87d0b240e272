"""Reading a safetensors file that an export wrote; nothing in it can run."""

import json
from pathlib import Path
from typing import Any

from disentangle_cli.checkpoint import Checkpoint, Weights
from disentangle_cli.errors import UsageError
from disentangle_cli.exporting.about import FORMAT, KEY, VERSION
from disentangle_cli.extras import need
from disentangle_cli.latents import Latents
from disentangle_cli.plain import is_bounded
from disentangle_cli.reading import explained, reading

MAX_BYTES = 2**32
PARTS = ("generator", "encoder")


def read_safe_file(path: Path) -> tuple[Checkpoint, dict[str, Any]]:
    """The checkpoint that a file holds, and its metadata.

    Raises:
        UsageError: it is missing, damaged, none of ``dcr export``, or safetensors is not installed.
    """
    need("safetensors", "safetensors", what=str(path), name="safetensors")
    from safetensors import safe_open

    problem = "not a safetensors file of dcr export, or a damaged one"
    with reading(path, problem, MAX_BYTES):
        pass  # it is a file, and not too large
    with explained(path, problem):
        with safe_open(path, "pt") as file:
            said = json.loads((file.metadata() or {}).get(KEY, "null"))
            named = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 - it is no dict
        if not isinstance(said, dict) or said.get("format") != FORMAT or not is_bounded(said):
            raise UsageError(f"{path}: has no metadata of dcr export, so it is none of its files")
        if said.get("version") != VERSION:
            raise UsageError(
                f"{path}: an export of version {said.get('version')!r}, this dcr reads {VERSION}"
            )
        weights: dict[str, Weights] = {part: {} for part in PARTS}
        for name, tensor in named.items():
            part, _, inner = name.partition(".")
            weights[part][inner] = tensor
        image = said["image"]
        checkpoint = Checkpoint(
            model=str(said["model"]),
            config=dict(said["config"]),
            image_shape=(int(image["channels"]), int(image["height"]), int(image["width"])),
            latents=Latents.from_json(said["latents"]),
            generator=weights["generator"],
            encoder=weights["encoder"],
            provenance=dict(said["provenance"]),
        )
        if checkpoint.content_hash() != said["content"]:
            raise UsageError(f"{path}: {problem} (its weights are not those that were written)")
    return checkpoint, said
