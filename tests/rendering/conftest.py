import numpy as np
import pytest

from disentangle_cli.latents import Block
from disentangle_cli.models import LoadedModel, load_model
from disentangle_cli.traversal import CENTRE, Anchors, Row, Traversal
from tests.conftest import GAN_LATENTS, WriteModel

GRID = Block("grid", "grid", 1, True, values=(0.0, 1.0, 2.0))


@pytest.fixture
def gan(write_model: WriteModel) -> LoadedModel:
    return load_model(write_model(blocks=(*GAN_LATENTS, GRID)))


@pytest.fixture
def shades(gan: LoadedModel) -> Traversal:
    """Two latents of three values each; every image is flat with a grey level of its own."""
    levels = np.arange(10, 70, 10, dtype=np.uint8).reshape(2, 1, 3)
    images = np.broadcast_to(levels[..., None, None, None], (2, 1, 3, 8, 8, 1))
    rows = [Row(name, [-1.0, 0.0, 1.0], pixels) for name, pixels in zip(("c1", "c2"), images, strict=True)]
    anchors = Anchors(gan.latents.centre()[None], CENTRE)
    return Traversal(rows, CENTRE, (1, 8, 8), gan, anchors, seed=0)
