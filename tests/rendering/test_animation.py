from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from typer.testing import Result

from disentangle_cli.models import LoadedModel
from disentangle_cli.rendering import save_traversal
from disentangle_cli.rendering.animation import draw_frame
from disentangle_cli.rendering.grid import draw_grid
from disentangle_cli.traversal import Traversal, traverse


@pytest.mark.parametrize("suffix", [".gif", ".webp"])
def test_animation_goes_there_and_back(gan: LoadedModel, tmp_path: Path, suffix: str) -> None:
    found = traverse(gan, steps=6)
    path = save_traversal(found, tmp_path / f"t{suffix}")
    with Image.open(path) as gif:
        assert gif.info["loop"] == 0
        assert gif.n_frames == 10  # type: ignore[attr-defined]
        frames = []
        for index in range(10):
            gif.seek(index)
            frames.append(np.asarray(gif.convert("RGB")))
    assert all(np.array_equal(frames[i], frames[-i]) for i in range(1, 10))
    assert not np.array_equal(frames[0], frames[5])
    if suffix == ".webp":  # all colours are kept
        drawn = [np.asarray(draw_frame(found, step / 5, 8)) for step in range(6)]
        assert all(map(np.array_equal, frames, drawn))


def test_a_film_goes_there_and_back_thrice(gan: LoadedModel, tmp_path: Path) -> None:
    av = pytest.importorskip("av", reason="PyAV is absent: pip install '.[video]'")
    found = traverse(gan, ["c1", "c2", "c3"], steps=4)
    path = save_traversal(found, tmp_path / "t.MP4", upscale=5)  # of odd size
    with av.open(str(path)) as film:
        stream = film.streams.video[0]
        assert stream.codec_context.name == "h264"
        assert stream.average_rate == Fraction(100, 9)
        frames = [frame.to_ndarray(format="rgb24").astype(int) for frame in film.decode(stream)]
    order = [0] * 4 + [1, 2] + [3] * 4 + [2, 1]
    assert len(frames) == 3 * len(order)
    drawn = [np.asarray(draw_frame(found, step / 3, 5)).astype(int) for step in range(4)]
    height, width = drawn[0].shape[:2]
    for frame, step in zip(frames, order * 3, strict=True):
        assert frame.shape == (height + height % 2, width + width % 2, 3)
        off = [np.abs(frame[:height, :width] - one).mean() for one in drawn]
        assert int(np.argmin(off)) == step
        assert off[step] < 6


def test_a_film_without_what_writes_it(
    cli: Callable[..., Result], gan: LoadedModel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("disentangle_cli.extras.is_installed", lambda *modules: False)
    done = cli("traverse", gan.path, "--out", tmp_path / "t.mp4")
    assert (done.exit_code, done.stdout) == (2, "")
    assert done.stderr == 'error: an MP4 file needs PyAV: pip install "disentangle-cli[video]"\n'
    assert not (tmp_path / "t.mp4").exists()


def test_a_photograph_comes_first(gan: LoadedModel, tmp_path: Path) -> None:
    Image.new("L", (8, 8), 201).save(tmp_path / "photo.png")
    found = traverse(gan, steps=3, anchor=tmp_path / "photo.png")
    assert found.anchors.photo is not None
    made = gan.generate(found.anchors.latents)[0, 0].numpy() * 255
    assert np.abs(found.anchors.photo[1, ..., 0] - made).max() <= 0.501
    for drawn in (draw_frame(found, 0.5, 2), draw_grid(found, 2)):
        pixels = np.asarray(drawn)
        ys, xs = np.nonzero((pixels == 201).all(-1))
        top, left = ys.min(), xs.min()
        assert (pixels[top : top + 16, left : left + 16] == 201).all()
        wanted = found.anchors.photo[1].repeat(2, 0).repeat(2, 1).repeat(3, 2)
        beside = [
            np.array_equal(pixels[top : top + 16, x : x + 16], wanted)
            for x in range(left + 16, pixels.shape[1] - 16)
        ]
        assert sum(beside) == 1


def test_frames_show_the_step(shades: Traversal) -> None:
    first, last = (np.asarray(draw_frame(shades, progress)) for progress in (0.0, 1.0))
    assert ((first == 10).all(-1).sum(), (first == 40).all(-1).sum()) == (64, 64)
    assert ((last == 30).all(-1).sum(), (last == 60).all(-1).sum()) == (64, 64)
