"""Network architectures: one file each, found by :data:`ARCHITECTURES`."""

from disentangle_cli.models.networks._base import ARCHITECTURES, Architecture

__all__ = ["ARCHITECTURES", "Architecture"]
