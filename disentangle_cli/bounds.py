"""How much is too much, and why: what would take more time or memory than there is, is refused beforehand."""

import math
import os
from collections.abc import Callable
from dataclasses import dataclass

from disentangle_cli.errors import UsageError
from disentangle_cli.numerals import read_number


@dataclass(frozen=True)
class AtMost:
    """The largest value of an option or a setting, and what a larger one would take."""

    most: int
    reason: str

    def __str__(self) -> str:
        return f"at most {self.most:,} ({self.reason})"


SEED = AtMost(2**32 - 1, "numpy's older generators take 32 bits")
ITERATIONS = AtMost(10**9, "at a millisecond each they take 11 days")
BATCH = AtMost(2**20, "a million images of 64x64 take 16 GB as numbers, and many times that in a network")
DIMENSIONS = AtMost(
    10_000, "every code has its own row of images in a traversal and its own groups in a selection"
)
RUNS = AtMost(10_000, "each is a training of its own")
SIDE = AtMost(1024, "a batch of 64 larger colour images takes 800 MB, and many times that in a network")
WIDTH = AtMost(20_000, "between two such layers there are 400 million weights, 1.6 GB")
DEPTH = AtMost(100, "each adds a layer of weights")
STEPS = AtMost(1_000, "an iteration takes that many times as long")
FRAMES = AtMost(1_000, "each is an image of every latent, drawn beside the others")
UPSCALE = AtMost(64, "a picture grows with the square of it")
JOBS = AtMost(1_024, "each is a process that takes some 300 MB")
REPEATS = AtMost(10_000, "each draws and scores anew, which takes seconds to minutes")
RESAMPLES = AtMost(100_000, "each scores anew, which takes seconds")
GROUPS = AtMost(10**6, "each is generated and encoded by every pair of models")
IMAGES = AtMost(10**8, "at 64x64 they take 410 GB, and hours to make")
REPLICATES = AtMost(10**6, "each ranks the pool anew")
COUNT = AtMost(10**6, "the time and the memory of a metric grow with it")
SAMPLES = AtMost(10**8, "at 64x64 they take 410 GB, and hours to encode")


def whole_number(least: int, bound: AtMost | None = None) -> Callable[[str | int], int]:
    """What reads the text of an option: a whole number from ``least``, within ``bound``.

    The function raises ValueError for any other text.
    """

    def read(text: str | int) -> int:
        number = read_number(text) if isinstance(text, str) else text
        if type(number) is not int or number < least:
            raise ValueError(f"{text!r} is no whole number from {least}")
        if bound is not None and number > bound.most:
            raise ValueError(f"{text} is too much: {bound}")
        return number

    return read


def check_memory(what: str, nbytes: float, advice: str) -> None:
    """Refuse ``what`` if it takes more than the memory of this machine; ``advice`` is what to do instead.

    Raises:
        UsageError: it does; says how much it would take.
    """
    there = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    if nbytes > there:
        raise UsageError(
            f"{what} would take {size_in_words(nbytes)} of memory, "
            f"this machine has {size_in_words(there)}; {advice}"
        )


def size_in_words(nbytes: float) -> str:
    """``360 MB``; powers of 1000, from kB on."""
    units = ("kB", "MB", "GB", "TB")
    power = min(int(math.log10(max(nbytes, 1000)) // 3), len(units))
    return f"{nbytes / 1000**power:,.0f} {units[power - 1]}"
