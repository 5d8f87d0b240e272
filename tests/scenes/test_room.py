import numpy as np
import pytest

from disentangle_cli.scenes.room import SHAPES, SIDE, WHOLE, weights

CASES = [(shape, scale, turn) for shape in range(4) for scale in (0.75, 1.25) for turn in (-0.5, 0.0, 0.5)]


@pytest.mark.parametrize(("shape", "scale", "turn"), CASES)
def test_every_pixel_shows_something(shape: int, scale: float, turn: float) -> None:
    found = weights(shape, scale, turn)
    brightness = found.floor + found.wall + found.object + found.sky
    assert brightness.min() > 0.15 * WHOLE
    assert brightness.max() < 1.25 * WHOLE
    assert (found.sky[0] == WHOLE).all()  # above is sky, below is floor
    assert (found.floor[-1] > 0).all()
    assert not found.wall[[0, -1]].any()


@pytest.mark.parametrize("shape", range(4))
def test_objects_grow_with_their_scale_and_are_never_cut_off(shape: int) -> None:
    areas = []
    for scale in (0.75, 1.0, 1.25):
        there = weights(shape, scale, 0.3).object > 0
        assert not there[[0, -1]].any()
        assert not there[:, [0, -1]].any()
        areas.append(there.sum())
    assert areas[0] * 2 < areas[1] * 1.3 < areas[2] * 1.1


def test_the_room_turns_about_the_object() -> None:
    """A round object stays as it is; the walls' corner goes from one side to the other."""
    left, right = (weights(SHAPES.index("sphere"), 1, turn) for turn in (-0.5, 0.5))
    assert np.array_equal(left.object, right.object)
    row = slice(SIDE // 4 + 4, SIDE // 4 + 6)
    darkest = [int(np.argmin(found.wall[row].sum(axis=0))) for found in (left, right)]
    assert (min(darkest) < SIDE / 3) != (max(darkest) < 2 * SIDE / 3)
    assert np.array_equal(left.wall[:30], right.wall[:30, ::-1])
    cubes = [weights(SHAPES.index("cube"), 1, turn).object for turn in (-0.5, 0.5)]
    assert not np.array_equal(*cubes)


def test_the_shadow_lies_to_the_right() -> None:
    lit, plain = (weights(SHAPES.index("capsule"), scale, 0.0).floor for scale in (1.25, 1e-6))
    dark = np.argwhere(lit * 2 < plain)
    beside = dark[weights(SHAPES.index("capsule"), 1.25, 0.0).object[tuple(dark.T)] == 0]
    assert beside[:, 1].mean() > SIDE / 2 + 4
