"""3D Teapots: 200,000 teapots of all colours, turned about their axis, seen from the side or above."""

from disentangle_cli.data import teapots
from disentangle_cli.data.dataset import DATASETS
from disentangle_cli.data.sampled import SampledDataset


@DATASETS.register("teapots")
class Teapots(SampledDataset):
    """Newell's teapot where Lin et al. (2020) have a morphable one; latents, camera and light are theirs.

    All uniform: ``azimuth`` 0 to 2 pi, ``elevation`` of the camera 0 to pi/2; ``red``, ``green`` and
    ``blue`` 0 to 1.
    """

    name = "teapots"
    fingerprint = "sha256:5ce7b784dcc32151dfaa943f771eaab82d12f63fe4feb131b3576ccb43039283"
    image_shape = teapots.SHAPE
    scene = teapots.COLOURS
    count = teapots.COUNT
    seed = teapots.SEED
