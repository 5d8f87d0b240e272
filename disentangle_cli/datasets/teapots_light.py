"""3D Teapots in every rotation and light: 200,000 blue teapots, lit from any side."""

from disentangle_cli.data import teapots
from disentangle_cli.data.dataset import DATASETS
from disentangle_cli.data.sampled import SampledDataset


@DATASETS.register("teapots-light")
class TeapotsLight(SampledDataset):
    """The variant of Lin et al. (2020) with complete rotation and uniform light, of Newell's teapot.

    As in ``teapots-rotation``; ``light_azimuth`` 0 to 2 pi, ``light_elevation`` 0 (above) to pi.
    """

    name = "teapots-light"
    fingerprint = "sha256:6ea5aae068fd7dbbcb4fc286859df1e9320348bf06a98a3a68ea14e4d7e12564"
    image_shape = teapots.SHAPE
    scene = teapots.LIGHTS
    count = teapots.COUNT
    seed = teapots.SEED
