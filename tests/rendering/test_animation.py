from pathlib import Path

import numpy as np
from PIL import Image

from disentangle_cli.models import LoadedModel
from disentangle_cli.rendering import save_traversal
from disentangle_cli.rendering.animation import draw_frame
from disentangle_cli.traversal import Traversal, traverse


def test_animation_goes_there_and_back(gan: LoadedModel, tmp_path: Path) -> None:
    found = traverse(gan, steps=6)
    path = save_traversal(found, tmp_path / "t.gif")
    with Image.open(path) as gif:
        assert gif.info["loop"] == 0
        assert gif.n_frames == 10  # type: ignore[attr-defined]
        frames = []
        for index in range(10):
            gif.seek(index)
            frames.append(np.asarray(gif.convert("RGB")))
    assert all(np.array_equal(frames[i], frames[-i]) for i in range(1, 10))
    assert not np.array_equal(frames[0], frames[5])


def test_frames_show_the_step(shades: Traversal) -> None:
    first, last = (np.asarray(draw_frame(shades, progress)) for progress in (0.0, 1.0))
    assert ((first == 10).all(-1).sum(), (first == 40).all(-1).sum()) == (64, 64)
    assert ((last == 30).all(-1).sum(), (last == 60).all(-1).sum()) == (64, 64)
