"""Drawing: traversals as labelled grids (PNG), animations (GIF, WebP, MP4) and pages; grids of samples."""

from pathlib import Path

from disentangle_cli.bounds import check_memory
from disentangle_cli.errors import UsageError
from disentangle_cli.files import write_atomic
from disentangle_cli.images import save_picture
from disentangle_cli.traversal import Traversal

# pixels an image is drawn at when nothing else is asked for
MIN_SIDE = {".png": 64, ".gif": 64, ".webp": 64, ".mp4": 64, ".html": 192}


def check_suffix(path: str | Path) -> str:
    """The suffix of a traversal's file.

    Raises:
        UsageError: it is none that a traversal can be written to, or what writes it is not installed.
    """
    suffix = Path(path).suffix.lower()
    if suffix not in MIN_SIDE:
        raise UsageError(
            f"{path}: a traversal is written to one of {', '.join(MIN_SIDE)}, by the name's suffix"
        )
    if suffix == ".mp4":
        from disentangle_cli.rendering.video import check_video

        check_video()
    return suffix


def save_traversal(
    traversal: Traversal, path: str | Path, *, upscale: int | None = None, title: str = ""
) -> Path:
    """Write a traversal as a grid (.png), an animation (.gif, .webp, .mp4) or a page (.html), atomically.

    ``upscale`` is the side of the square that each pixel becomes; by default it is chosen so that an image
    is at least 64 pixels high, 192 on a page.

    Raises:
        UsageError: another suffix, or images that have neither 1 nor 3 channels.
    """
    suffix = check_suffix(path)
    scale = upscale or default_upscale(traversal.image_shape, MIN_SIDE[suffix])
    drawn = sum(row.images.nbytes for row in traversal.rows) * scale**2
    check_memory("the picture", 4 * drawn, "take a smaller --upscale or fewer --steps")
    if suffix == ".png":
        from disentangle_cli.rendering.grid import draw_grid

        return save_picture(draw_grid(traversal, scale, title), path)
    if suffix == ".html":
        from disentangle_cli.rendering.page import draw_page

        return write_atomic(path, draw_page(traversal, scale, title))
    from disentangle_cli.rendering.animation import save_animation

    return save_animation(traversal, path, scale, title)


def default_upscale(image_shape: tuple[int, int, int], side: int) -> int:
    """The smallest whole factor that makes an image (C, H, W) at least ``side`` pixels high."""
    return max(1, -(-side // image_shape[1]))
