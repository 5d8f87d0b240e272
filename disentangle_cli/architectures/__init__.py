"""Network architectures: one file each, found by :data:`ARCHITECTURES`."""

from disentangle_cli.networks.architecture import ARCHITECTURES, Architecture, make_architecture

__all__ = ["ARCHITECTURES", "Architecture", "make_architecture"]
