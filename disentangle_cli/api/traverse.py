"""``dcr.traverse``: what each latent does."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from disentangle_cli import rendering, traversal
from disentangle_cli.api.arguments import model_of
from disentangle_cli.documents import document
from disentangle_cli.modelling.model import AnyModel
from disentangle_cli.rendering.drawing import png
from disentangle_cli.rendering.grid import draw_grid

SMOOTH_STEPS = 21
"""For what moves, unless told otherwise."""


@dataclass(frozen=True, repr=False)
class Traversal(traversal.Traversal):
    """Images of a traversal, and what they are of: ``model``, a path or ``model``."""

    model: str
    title: str

    def save(self, path: str | Path, *, upscale: int | None = None) -> Path:
        """Write a grid (.png), an animation (.gif, .webp, .mp4) or a page (.html) by the name's suffix.

        Raises:
            UsageError: another suffix, or what writes it is not installed.
        """
        return rendering.save_traversal(self, path, upscale=upscale, title=self.title)

    def to_json(self) -> dict[str, Any]:
        """The ``dcr.traverse/1`` document, without paths."""
        rows = [{"latent": row.name, "values": row.values} for row in self.rows]
        return document("traverse", model=self.model, seed=self.seed, anchor=self.anchor, rows=rows)

    def __repr__(self) -> str:
        return f"Traversal({self.model}: {', '.join(row.name for row in self.rows)}; {self.anchor})"

    def _repr_png_(self) -> bytes:
        scale = rendering.default_upscale(self.image_shape, rendering.MIN_SIDE[".png"])
        return png(draw_grid(self, scale, self.title))


def traverse(
    model: AnyModel | str | Path,
    latents: Sequence[str] | None = None,
    *,
    steps: int | None = None,
    anchor: str | Path = "prior",
    seed: int = 0,
    device: str = "auto",
) -> Traversal:
    """Move one latent at a time over its prior's range, as ``dcr traverse`` does.

    Args:
        model: a model or the path of a checkpoint.
        latents: by name; None: all codes.
        steps: values that a latent takes; None: 9.
        anchor: where the others are held: ``prior``, ``mean``, ``sample`` or a picture's path.
        seed: of the anchor's draw.
        device: where a model named by its path runs.

    Raises:
        UsageError: an unknown latent or anchor, a latent named twice, no picture, fewer than 2 steps.
    """
    loaded = model_of(model, device)
    count = traversal.STEPS if steps is None else steps
    found = traversal.traverse(loaded, latents, steps=count, anchor=anchor, seed=seed)
    name = loaded.path or "model"
    return Traversal(**vars(found), model=name, title=f"{loaded.name}: {name}")
