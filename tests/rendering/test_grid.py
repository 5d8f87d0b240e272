import math

import numpy as np
import pytest

from disentangle_cli.models import LoadedModel
from disentangle_cli.rendering.grid import draw_grid, draw_samples
from disentangle_cli.traversal import Traversal, traverse


@pytest.mark.parametrize("upscale", [1, 4])
def test_the_grid_shows_every_image_whole_and_in_order(shades: Traversal, upscale: int) -> None:
    pixels = np.asarray(draw_grid(shades, upscale, "a title"))
    places = []
    for row in shades.rows:
        for image in row.images[0]:
            level = int(image[0, 0, 0])
            ys, xs = np.nonzero((pixels == level).all(-1))
            inside = (ys.min(), xs.min())
            block = pixels[inside[0] : inside[0] + 8 * upscale, inside[1] : inside[1] + 8 * upscale]
            assert block.shape == (8 * upscale, 8 * upscale, 3)
            assert (block == level).all()
            places.append(inside)
    tops, lefts = [p[0] for p in places], [p[1] for p in places]
    assert tops[0] == tops[1] == tops[2] < tops[3]
    assert lefts[0] < lefts[1] < lefts[2]
    assert lefts[:3] == lefts[3:]


def test_no_label_touches_the_edge(gan: LoadedModel) -> None:
    for names, steps in ((["c1", "c4", "z2"], 7), (["z1"], 2)):
        pixels = np.asarray(draw_grid(traverse(gan, names, steps=steps, anchor="sample"), 1, "name " * 40))
        edge = np.concatenate([pixels[:4].reshape(-1, 3), pixels[-4:].reshape(-1, 3)])
        assert (edge == 255).all()
        assert (pixels[:, :4] == 255).all()
        assert (pixels[:, -4:] == 255).all()


@pytest.mark.parametrize(("count", "columns", "rows"), [(1, 1, 1), (5, 3, 2), (9, 3, 3), (10, 4, 3)])
def test_sample_grids_are_nearly_square(count: int, columns: int, rows: int) -> None:
    images = np.full((count, 8, 6, 1), 77, np.uint8)
    picture = draw_samples(images)
    pixels = np.asarray(picture)
    assert picture.mode == "L"
    assert (pixels == 77).sum() == count * 48
    assert math.isclose(picture.width, columns * 9 + 3)
    assert math.isclose(picture.height, rows * 11 + 3)
