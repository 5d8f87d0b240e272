"""A traversal as one HTML page with sliders: no other file, no network, no library."""

import json
from importlib import resources
from string import Template

import numpy as np

from disentangle_cli import __version__
from disentangle_cli.images import to_picture
from disentangle_cli.lines import escaped
from disentangle_cli.rendering.drawing import number, png_url
from disentangle_cli.rendering.palette import DARK_PAGE, LIGHT_PAGE, page_variables
from disentangle_cli.traversal import Row, Traversal


def draw_page(traversal: Traversal, upscale: int = 1, title: str = "") -> str:
    """The page's text. Each latent has a slider; its images lie side by side in one embedded PNG."""
    _, height, width = traversal.image_shape
    data = {
        "width": width * upscale,
        "height": height * upscale,
        "anchors": traversal.num_anchors,
        "rows": [
            {"name": row.name, "labels": [number(v) for v in row.values], "sprite": _sprite(row)}
            for row in traversal.rows
        ],
    }
    # "</" would end the script element early
    text = json.dumps(data).replace("</", "<\\/")
    template = Template(resources.files(__package__).joinpath("page.html").read_text(encoding="utf-8"))
    return template.substitute(
        light=page_variables(LIGHT_PAGE),
        dark=page_variables(DARK_PAGE),
        title=escaped(title or "Traversal"),
        anchor=escaped(traversal.anchor),
        version=escaped(__version__),
        data=text,
    )


def _sprite(row: Row) -> str:
    """(A, T, H, W, C) images as a data URL of one PNG: anchors downwards, values from left to right."""
    sheet = np.concatenate([np.concatenate(list(images), axis=1) for images in row.images], axis=0)
    return png_url(to_picture(np.ascontiguousarray(sheet)))
