"""What an export says of its model, and the lines of Python that all formats begin with."""

from typing import Any

from disentangle_cli.documents import versions
from disentangle_cli.latents import Block, Latents
from disentangle_cli.modelling.loaded import LoadedModel

KEY = "dcr"
"""Under which the metadata stand in a file, as JSON."""
FORMAT = "dcr-export"
VERSION = 1
LINE_ROWS = 8
"""Images that the printed lines make."""


def about(model: LoadedModel) -> dict[str, Any]:
    """The metadata of an export (JSON types)."""
    channels, height, width = model.image_shape
    return {
        "format": FORMAT,
        "version": VERSION,
        "model": model.name,
        "image": {"channels": channels, "height": height, "width": width},
        "image_range": [0.0, 1.0],
        "latents": model.latents.to_json(),
        "latent_names": list(model.latents.names),
        "codes": model.latents.num_codes,
        "encoder_outputs": ["mean", "logvar"] if model.has_posterior else ["codes"],
        "config": model.config,
        "provenance": model.provenance,
        "content": model.content_hash,
        "versions": versions(),
    }


def sampling(latents: Latents, rows: int = LINE_ROWS) -> list[str]:
    """Lines of numpy that draw ``latents (rows, L)`` from the prior."""
    draws = [_draw(block, rows) for block in latents]
    first = ["rng = np.random.default_rng(0)"]
    if len(draws) == 1:
        return [*first, f"latents = {draws[0]}.astype(np.float32)  # from the prior"]
    inner = [f"    {draw}," for draw in draws]
    return [*first, "parts = [  # from the prior", *inner, "]",
            "latents = np.concatenate(parts, axis=1).astype(np.float32)"]  # fmt: skip


def results(model: LoadedModel) -> tuple[str, str, str]:
    """What the lines assign the encoder's outputs to, and comments with the shapes of images and codes."""
    shape = ", ".join(map(str, model.image_shape))
    names = "codes, logvar" if model.has_posterior else "codes"
    return names, f"  # (n, {shape}), 0 to 1", f"  # (n, {model.latents.num_codes})"


def _draw(block: Block, rows: int) -> str:
    shape = f"({rows}, {block.dim})"
    if block.kind == "uniform":
        return f"rng.uniform({block.low!r}, {block.high!r}, {shape})"
    if block.kind == "normal":
        return f"rng.normal({block.mean!r}, {block.std!r}, {shape})"
    return f"rng.choice({list(block.values)!r}, {shape})"
