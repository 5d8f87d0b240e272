"""3D Teapots in every rotation: 200,000 blue teapots, lit from above."""

from disentangle_cli.data import teapots
from disentangle_cli.data.dataset import DATASETS
from disentangle_cli.data.sampled import SampledDataset


@DATASETS.register("teapots-rotation")
class TeapotsRotation(SampledDataset):
    """The variant of Lin et al. (2020) with complete rotation and light from above, of Newell's teapot.

    ``gamma`` 0 to 2 pi; ``beta``, 0 to pi, and ``alpha``, 0 to 2 pi: a direction, all equally likely.
    """

    name = "teapots-rotation"
    fingerprint = "sha256:d8f5198efbfa0bab762cc092a43962be9c45c66e26ed9c235b86f01d88df4e65"
    image_shape = teapots.SHAPE
    scene = teapots.ROTATIONS
    count = teapots.COUNT
    seed = teapots.SEED
