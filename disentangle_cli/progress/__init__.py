"""How far long work is. It is counted here and shown by a display, plain lines unless another is put up.

Who puts one up knows how it shows: the command line one for terminals, a worker one that tells its parent.
"""

from disentangle_cli.progress.bar import SILENT, Display, Mirror, Progress, Seen, display, show_on
from disentangle_cli.progress.pace import Pace, Phase, duration
from disentangle_cli.progress.plain import Lines

__all__ = [
    "SILENT",
    "Display",
    "Lines",
    "Mirror",
    "Pace",
    "Phase",
    "Progress",
    "Seen",
    "display",
    "duration",
    "show_on",
]
