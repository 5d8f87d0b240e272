import base64
import io

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from disentangle_cli.rendering.ordering import cluster_order
from disentangle_cli.rendering.strips import draw_strips
from disentangle_cli.traversal import Row, Traversal


def noise(codes: int, side: int, channels: int = 3) -> list[Row]:
    images = np.random.default_rng(0).integers(0, 256, (codes, 1, 3, side, side, channels), dtype=np.uint8)
    return [Row(f"c{k + 1}", [-1.0, 0.0, 1.0], images[k]) for k in range(codes)]


@settings(max_examples=10, deadline=None)
@given(st.integers(1, 30), st.sampled_from([4, 16, 70]), st.integers(0, 60_000))
def test_strips_keep_to_their_room(codes: int, side: int, room: int) -> None:
    strips = draw_strips(noise(codes, side), room, 64)
    if strips is not None:
        assert sum(len(strip.picture) for strip in strips.rows) <= room
        assert len(strips.rows) + strips.hidden == codes
    else:
        assert room < 3_000  # the smallest strip always fits


def test_images_stand_side_by_side(shades: Traversal) -> None:
    strips = draw_strips(shades.rows, 10_000, 64)
    assert strips is not None
    assert [(s.code, s.low, s.high, s.steps) for s in strips.rows] == [
        ("c1", "-1", "1", 3),
        ("c2", "-1", "1", 3),
    ]
    content = base64.b64decode(strips.rows[1].picture.partition(",")[2])
    with Image.open(io.BytesIO(content)) as picture:
        assert picture.size == (24, 8)
        assert np.asarray(picture)[0, ::8, 0].tolist() == [40, 50, 60]


def test_of_many_codes_those_that_change_are_kept() -> None:
    still = [
        Row(row.name, row.values, np.repeat(row.images[:, :1], 3, axis=1)) if k % 2 else row
        for k, row in enumerate(noise(40, 64))
    ]
    strips = draw_strips(still, 80_000, 64)
    assert strips is not None
    assert strips.hidden
    assert {int(strip.code[1:]) % 2 for strip in strips.rows} == {1}


def test_large_images_are_made_smaller() -> None:
    strips = draw_strips(noise(1, 200), 500_000, 96)
    assert strips is not None
    assert strips.side == 96


@settings(deadline=None)
@given(st.permutations(range(9)))
def test_what_is_alike_stands_together(order: list[int]) -> None:
    groups = np.array(order) // 3
    similarity = (groups[:, None] == groups[None]).astype(float)
    placed = groups[cluster_order(similarity)].tolist()
    assert placed in [[a] * 3 + [b] * 3 + [c] * 3 for a in range(3) for b in range(3) for c in range(3)]


@pytest.mark.parametrize("n", [0, 1, 2, 5])
def test_unknown_similarities_have_an_order_too(n: int) -> None:
    assert sorted(cluster_order(np.full((n, n), np.nan))) == list(range(n))
