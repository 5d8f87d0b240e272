"""Choosing the best model of a pool without labels."""

from disentangle_cli.selection.selection import METHODS, Ranked, Selection
from disentangle_cli.selection.settings import Settings

__all__ = ["METHODS", "Ranked", "Selection", "Settings"]
