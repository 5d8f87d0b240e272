"""Models written for other programs: the contract of a format, what is exported, the check of what was."""

from disentangle_cli.exporting.target import EXPORTS, Opened, Target

__all__ = ["EXPORTS", "Opened", "Target"]
