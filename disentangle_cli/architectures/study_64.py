"""The 64x64 convolutional networks of the large-scale study of Locatello et al. (ICML 2019, appendix)."""

from disentangle_cli.architectures.study import StudyNetworks
from disentangle_cli.networks.architecture import ARCHITECTURES


@ARCHITECTURES.register("study-64")
class Study64(StudyNetworks):
    """Those of ``study`` for the size of the study, under the name that checkpoints have for them."""

    sizes = (64,)
