"""The 64x64 InfoGAN networks with the stochastic layer of IB-GAN (Jeon et al., AAAI 2021)."""

from disentangle_cli.architectures.ib_gan import IbGanNetworks
from disentangle_cli.networks.architecture import ARCHITECTURES


@ARCHITECTURES.register("ib-gan-64")
class IbGan64(IbGanNetworks):
    """Those of ``ib-gan`` for 64x64, under the name that checkpoints have for them."""

    sizes = (64,)
