"""Choosing the best model of a pool without labels; see :func:`select`."""

from disentangle_cli.selection._api import select
from disentangle_cli.selection._base import METHODS, Ranked, Selection
from disentangle_cli.selection._settings import Settings

__all__ = ["METHODS", "Ranked", "Selection", "Settings", "select"]
