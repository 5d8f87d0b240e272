"""The types of arrays, by what they hold; shapes are in docstrings."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.floating[Any]]
"""Real numbers of any precision."""

Doubles = NDArray[np.float64]
"""Real numbers of double precision."""

Ints = NDArray[np.int64]
"""Whole numbers: class ids, counts, row numbers."""

Bools = NDArray[np.bool_]

Bytes = NDArray[np.uint8]
"""Levels of images, 0 to 255."""
