"""Sizes of the one family: whole stages down to a small map, and what 64x64 has."""

import pytest

from disentangle_cli.networks.stages import SIDES, features, inward, smallest


@pytest.mark.parametrize("size", SIDES)
def test_stages_halve_the_image_to_the_smallest_map(size: int) -> None:
    assert smallest(size) * 2 ** len(inward(size)) == size
    assert smallest(size) in (3, 4, 7)
    assert features(size) == inward(size)[-1] * smallest(size) ** 2


@pytest.mark.parametrize(("size", "less"), [(64, 32), (128, 64), (256, 128), (96, 48)])
def test_a_size_has_the_stages_of_half_the_size_and_one_more(size: int, less: int) -> None:
    assert (inward(size)[1:], smallest(size)) == (inward(less), smallest(less))


def test_what_64x64_has() -> None:
    assert (inward(64), smallest(64), features(64)) == ([32, 32, 64, 64], 4, 1024)
