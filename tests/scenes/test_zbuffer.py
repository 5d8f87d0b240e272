import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from disentangle_cli.scenes.zbuffer import SAMPLES, SHADES, Projected, rasterised

SIDE = 8
ONE = np.zeros(1, bool)


def drawn(corners: np.ndarray, triangles: np.ndarray, shades: np.ndarray, near: np.ndarray) -> np.ndarray:
    """``corners (V, 2)`` in 1/256 pixel -> ``(8, SIDE, SIDE)``."""
    x, y, shades, near = (np.asarray(v, np.float32)[None] for v in (*np.transpose(corners), shades, near))
    sides = np.ones(len(triangles), bool)
    return rasterised(Projected(x, y, near, shades), np.asarray(triangles), sides, SIDE).reshape(
        -1, SIDE, SIDE
    )


def turns_of(corners: np.ndarray) -> np.ndarray:
    """On which side of each edge each sample is, exactly: ``(3, 8, SIDE, SIDE)``; 0 on its line."""
    columns = np.array([15, 5, 9, 1, 13, 7, 3, 11]) * 16
    k, row, column = np.meshgrid(range(SAMPLES), range(SIDE), range(SIDE), indexing="ij")
    x, y = column * 256 + columns[k], row * 256 + 16 + 32 * k
    turns = []
    for (ax, ay), (bx, by) in zip(corners, np.roll(corners, -1, axis=0), strict=True):
        turns.append((bx - ax) * (y - ay) - (by - ay) * (x - ax))
    return np.array(turns)


points = st.tuples(st.integers(0, SIDE * 256), st.integers(0, SIDE * 256))


@given(st.tuples(points, points, points))
@settings(max_examples=150, deadline=None)
@example(((16, 0), (16, 625), (20, 0)))
def test_a_triangle_covers_the_samples_inside_it(corners: tuple[tuple[int, int], ...]) -> None:
    (ax, ay), (bx, by), (cx, cy) = corners
    if abs((bx - ax) * (cy - ay) - (by - ay) * (cx - ax)) < 2000:
        return  # slivers: float32 decides
    found = drawn(np.array(corners), [[0, 1, 2]], [700] * 3, [100] * 3)
    turns = turns_of(np.array(corners, np.int64))
    inside = np.all(turns > 0, axis=0) | np.all(turns < 0, axis=0)
    undecided = np.any(np.abs(turns) <= 2, axis=0)  # on an edge, or nearer than float32 can tell
    assert not ((found > 0) != inside)[~undecided].any()
    assert set(np.unique(found)) <= {0, 699, 700}


@given(st.lists(points, min_size=5, max_size=5, unique=True))
@settings(max_examples=150, deadline=None)
def test_neighbours_leave_no_gap_and_hit_nothing_twice(inner: list[tuple[int, int]]) -> None:
    """The square cut into triangles about a point: each sample is in one of them."""
    end = SIDE * 256
    corners = np.array([(0, 0), (end, 0), (end, end), (0, end), inner[0]])
    total = np.zeros((SAMPLES, SIDE, SIDE), int)
    for k in range(4):
        total += drawn(corners, [[k, (k + 1) % 4, 4]], [5] * 5, [1] * 5) > 0
    assert (total == 1).all()


def test_what_is_nearer_hides_what_is_behind() -> None:
    corners = np.array([(0, 0), (2048, 0), (0, 2048)] * 2)
    for first, second in ((100, 200), (200, 100)):
        found = drawn(corners, [[0, 1, 2], [3, 4, 5]], [7] * 3 + [9] * 3, [first] * 3 + [second] * 3)
        assert set(np.unique(found)) == {0, 9 if second > first else 7}


def test_shades_run_straight_from_corner_to_corner() -> None:
    corners = np.array([(0, 0), (2048, 0), (0, 2048)])
    found = drawn(corners, [[0, 1, 2]], [0, SHADES, 0], [5] * 3)
    row = found[0, 0].astype(float)
    assert np.allclose(np.diff(row[:7]), SHADES / SIDE, atol=2)


def test_only_the_front_is_drawn() -> None:
    corners = np.array([(0, 0), (2048, 0), (0, 2048)], np.float32)
    x, y = corners.T[:, None]
    points = Projected(x, y, np.full_like(x, 5), np.full_like(x, 5))
    assert not rasterised(points, np.array([[0, 1, 2]]), ONE, SIDE).any()  # clockwise as seen
    assert rasterised(points, np.array([[0, 2, 1]]), ONE, SIDE).any()


@pytest.mark.parametrize("count", [1, 3])
def test_pictures_are_apart(count: int) -> None:
    x = np.tile(np.array([0, 2048, 0], np.float32), (count, 1))
    y = np.tile(np.array([0, 0, 2048], np.float32), (count, 1))
    shades = np.arange(1, count + 1, dtype=np.float32)[:, None] * 10 * np.ones(3, np.float32)
    points = Projected(x, y, np.full_like(x, 5), shades)
    found = rasterised(points, np.array([[0, 2, 1]]), ONE, SIDE).reshape(SAMPLES, count, -1)
    for k in range(count):
        assert set(np.unique(found[:, k])) == {0, 10 * (k + 1)}
