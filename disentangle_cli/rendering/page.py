"""A traversal as one HTML page with sliders, in which the generator runs if it can."""

from typing import Any

import numpy as np
import torch

from disentangle_cli.generation import decode
from disentangle_cli.images import Pixels, to_picture
from disentangle_cli.latents import Block
from disentangle_cli.modelling.recorder import UntraceableError
from disentangle_cli.output import log
from disentangle_cli.rendering.drawing import png_url
from disentangle_cli.rendering.live import Live, make_live
from disentangle_cli.rendering.pages import render
from disentangle_cli.traversal import CENTRE, PAIR, Traversal

GALLERY = 12
"""Pictures to begin with, where the page can draw on from any."""
FAR = 3.0
"""Standard deviations that the slider of a normal latent reaches."""


def draw_page(traversal: Traversal, upscale: int = 1, title: str = "") -> str:
    """The page's text.

    The generator is part of the page, operations and weights, and all sliders combine. Where that cannot be,
    the page says why and holds the images that were drawn: one latent moves at a time.
    """
    model, anchors = traversal.source, traversal.anchors
    # draws of another seed, since those of this one may share codes with the anchors
    rng = torch.Generator().manual_seed(traversal.seed + 1)
    more = model.latents.sample(GALLERY - len(anchors.latents), rng)
    live, reason = None, ""
    try:
        live = make_live(model, torch.cat([anchors.latents, more]))
    except UntraceableError as error:
        reason = str(error)
        log(f"the sliders of the page do not combine: {reason}")
    bases = torch.cat([anchors.latents, more]) if live else anchors.latents
    bases = model.latents.nearest(bases)
    names = _names(traversal, len(bases))
    columns = [model.latents.column(row.name) for row in traversal.rows]
    data = {
        "shape": model.image_shape,
        "latents": [_latent(*pair) for pair in zip(model.latents.names, model.latents.columns, strict=True)],
        "shown": columns,
        "bases": [
            {"name": name, "latents": latent} for name, latent in zip(names, bases.tolist(), strict=True)
        ],
        "sheet": _sheet(decode(model, bases, desc="drawing the gallery")[None]),
        "program": live.program.to_json(live.width) if live else None,
        "rows": None
        if live
        else [
            {"place": column, "values": row.values, "sprite": _sheet(row.images)}
            for column, row in zip(columns, traversal.rows, strict=True)
        ],
    }
    return render(
        "traverse.html.j2",
        title=title or "Traversal",
        scripts=["engine.js", "traverse.js"] if live else ["traverse.js"],
        allow="blob:" if live else "",  # the worker in which the generator runs
        data=data,
        live=live is not None,
        reason=reason,
        anchor=traversal.anchor,
        side=model.image_shape[2] * upscale,
        photo=None if anchors.photo is None else png_url(to_picture(anchors.photo[0])),
        photo_name=_photo_name(traversal),
        accuracy=_accuracy(live),
    )


def _names(traversal: Traversal, count: int) -> list[str]:
    """What pictures of the gallery are called."""
    names = [f"prior draw {i}" for i in range(1, count + 1)]
    if traversal.anchors.photo is not None:
        names[0] = PAIR[1]
    elif traversal.anchor == CENTRE:
        names[0] = CENTRE
    return names


def _photo_name(traversal: Traversal) -> str:
    return traversal.anchor.removeprefix("the codes of ")


def _latent(name: str, block: Block) -> dict[str, Any]:
    """A latent's prior, and what its slider covers (``span``)."""
    low, high = block.range
    if block.kind == "normal":
        low, high = block.mean - FAR * block.std, block.mean + FAR * block.std
    return {"span": [low, high], **block.to_json(), "name": name}


def _sheet(images: Pixels) -> str:
    """(A, T, H, W, C) images as a data URL of one PNG: A downwards, T from left to right."""
    sheet = np.concatenate([np.concatenate(list(row), axis=1) for row in images], axis=0)
    return png_url(to_picture(np.ascontiguousarray(sheet)))


def _accuracy(live: Live | None) -> str:
    if live is None:
        return "All pictures are the model's own."
    levels = 255 * live.difference
    return (
        f"The page draws with the generator's own weights ({live.width}). Before it was written, its "
        f"pictures were compared with the model's: they differ by at most {levels:.2f} of 255 levels."
    )
