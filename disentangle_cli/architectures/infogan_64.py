"""The 64x64 networks of InfoGAN-CR (dSprites, CdSprites and 3D Teapots; Lin et al. 2020)."""

from disentangle_cli.architectures.infogan import InfoGanNetworks
from disentangle_cli.networks.architecture import ARCHITECTURES


@ARCHITECTURES.register("infogan-64")
class InfoGan64(InfoGanNetworks):
    """Those of ``infogan`` for the size of the paper, under the name that checkpoints have for them."""

    sizes = (64,)
