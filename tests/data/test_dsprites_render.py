import hashlib
from pathlib import Path

import numpy as np
import pytest

from disentangle_cli.arraytypes import Bytes
from disentangle_cli.data.dsprites_render import CENTRES, OUTLINES, RADIUS, SCALES, render_pose

SQUARE, ELLIPSE, HEART = range(3)


def frame(shape: int, scale: int, orientation: int, x: int, y: int) -> Bytes:
    return np.unpackbits(render_pose(shape, scale, orientation)[x * 32 + y]).reshape(64, 64)


def test_real_frames_identical(test_data: Path) -> None:
    with np.load(test_data / "real_dsprites_frames.npz") as file:
        packed, factors = file["imgs"], file["factors"]
    assert len(packed) == 320
    rendered = np.stack([render_pose(*row[:3])[row[3] * 32 + row[4]] for row in factors.tolist()])
    assert np.unpackbits(rendered ^ packed).sum() == 0


def test_hash_of_sampled_poses() -> None:
    digest = hashlib.sha256()
    for index in np.random.default_rng(0).permutation(3 * 6 * 40)[:24]:
        shape, scale, orientation = (int(i) for i in np.unravel_index(index, (3, 6, 40)))
        digest.update(render_pose(shape, scale, orientation)[::51].tobytes())
    assert digest.hexdigest() == "d1192aa0ed24602f42b5f3e186de9e6866fb4cd6aa85147f1a80045256ac2b3c"


@pytest.mark.parametrize("shape", [SQUARE, ELLIPSE, HEART])
@pytest.mark.parametrize("scale", range(6))
def test_full_turn_repeats(shape: int, scale: int) -> None:
    assert np.array_equal(render_pose(shape, scale, 0), render_pose(shape, scale, 39))


@pytest.mark.parametrize("scale", range(6))
def test_square_is_filled_by_centres(scale: int) -> None:
    """At orientation 0 a square is two intervals: left edge in, right out; upper edge out, lower in."""
    half = RADIUS * SCALES[scale]
    centres = np.arange(64) + 0.5
    packed = render_pose(SQUARE, scale, 0)
    for x, y in [(0, 0), (7, 30), (31, 31), (16, 3)]:
        left, right = np.rint((CENTRES[x] + np.array([-half, half])) * 256) / 256
        top, bottom = np.rint((CENTRES[y] + np.array([-half, half])) * 256) / 256
        columns = (centres >= left) & (centres < right)
        rows = (centres > top) & (centres <= bottom)
        expected = rows[:, None] & columns[None, :]
        assert np.array_equal(np.unpackbits(packed[x * 32 + y]).reshape(64, 64), expected)


@pytest.mark.parametrize("shape", [SQUARE, ELLIPSE, HEART])
def test_inside_agrees_with_winding_numbers(shape: int) -> None:
    """A second rule: away from the outline, a pixel is on iff the outline winds round its centre."""
    x, y = 11, 20
    angle = np.linspace(0, 2 * np.pi, 40)[5]
    points = RADIUS * SCALES[4] * OUTLINES[shape]
    outline = (
        CENTRES[x] + points[:, 0] * np.cos(angle) + points[:, 1] * np.sin(angle)
        + 1j * (CENTRES[y] - points[:, 0] * np.sin(angle) + points[:, 1] * np.cos(angle))
    )  # fmt: skip
    grid = np.arange(64) + 0.5
    pixels = grid[None, :] + 1j * grid[:, None]
    rays = outline - pixels[..., None]
    winding = np.angle(np.roll(rays, -1, axis=-1) / rays).sum(-1) / (2 * np.pi)
    inside = np.abs(np.round(winding)) == 1
    edges = np.roll(outline, -1) - outline
    along = np.clip(np.real(-rays * np.conj(edges)) / np.abs(edges) ** 2, 0, 1)
    distance = np.abs(rays + along * edges).min(-1)
    clear = distance > 1 / 128
    assert clear.mean() > 0.99
    assert np.array_equal(frame(shape, 4, 5, x, y)[clear], inside[clear])


def test_positions_move_right_and_down() -> None:
    rows, columns = np.indices((64, 64)) + 0.5
    images = [frame(ELLIPSE, 2, 0, x, y) for x, y in [(0, 0), (31, 0), (0, 31)]]
    mean_x = [float((columns * image).sum() / image.sum()) for image in images]
    mean_y = [float((rows * image).sum() / image.sum()) for image in images]
    assert mean_x == pytest.approx([16, 48, 16], abs=0.2)
    assert mean_y == pytest.approx([16, 16, 48], abs=0.2)


def test_turns_counter_clockwise() -> None:
    """A little past 0 the right end of the wide ellipse is higher (smaller y) than its left end."""
    image = frame(ELLIPSE, 5, 3, 16, 16)
    rows, columns = np.nonzero(image)
    assert rows[columns == columns.max()].mean() < rows[columns == columns.min()].mean()


def test_heart_stands_on_its_tip() -> None:
    widths = frame(HEART, 5, 0, 16, 16).sum(axis=1)
    rows = np.flatnonzero(widths)
    assert widths[rows[-1]] <= 4 < widths[rows[0] + 2]


@pytest.mark.parametrize("shape", [SQUARE, ELLIPSE, HEART])
def test_larger_scale_covers_more_and_nothing_is_cut(shape: int) -> None:
    lit = [int(np.unpackbits(render_pose(shape, scale, 7)).sum()) for scale in range(6)]
    assert lit == sorted(set(lit))
    corners = np.unpackbits(render_pose(shape, 5, 7)).reshape(1024, 64, 64)
    border = np.ones((64, 64), bool)
    border[1:-1, 1:-1] = False
    assert corners[:, border].sum() == 0
