"""How much of a data set is in memory while it is encoded."""

import math

import pytest

from disentangle_cli.modelling.encoding import BATCH, BYTES, images_at_once
from disentangle_cli.modelling.loaded import CHUNK


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("size", [8, 28, 64, 96, 128, 256, 2048])
def test_whole_chunks_that_fit(size: int, channels: int) -> None:
    count = images_at_once((channels, size, size))
    assert count % CHUNK == 0
    assert CHUNK <= count <= BATCH
    assert count == CHUNK or count * 4 * math.prod((channels, size, size)) <= BYTES
    assert size > 64 or count == BATCH
