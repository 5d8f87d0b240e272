"""Network architectures: one file each, found by :data:`ARCHITECTURES`."""

from disentangle_cli.networks.architecture import ARCHITECTURES, Architecture

__all__ = ["ARCHITECTURES", "Architecture"]
