"""Which classes of a factor there are: those that occur, whatever a file or a data set declares."""

import numpy as np

from disentangle_cli.arraytypes import Doubles, Ints

FEW = 10
"""So many classes are never too many."""


def occurring(column: Ints) -> tuple[Ints, Ints]:
    """The class ids that occur in ``column (n,)``, ascending (C,), and the place of each row among them (n,).

    Everything that counts, draws or learns classes goes by this, so that it makes no difference where ids
    begin, which are missing, and how many were declared.
    """
    ids, places = np.unique(column, return_inverse=True)
    return ids.astype(np.int64), places.reshape(-1).astype(np.int64)


def too_fine(classes: int, rows: int) -> bool:
    """Whether ``rows`` images are too few to tell so many classes by: less than two a class on the average.

    Real numbers that were measured are mostly all different: each is a class of its own then, and whatever
    counts or learns classes says nothing about the codes.
    """
    return classes > max(rows // 2, FEW)


def binned(values: Doubles, bins: int) -> Ints:
    """The number, 0 to ``bins - 1``, of the equal-width bin that each of ``values (n,)`` lies in.

    Bins divide the range of the values; values that differ by rounding errors only lie in one.
    """
    values = np.asarray(values, np.float64)
    if np.ptp(values) <= 2 * bins * np.spacing(np.abs(values).max()):
        return np.zeros(len(values), np.int64)
    left_edges = np.histogram_bin_edges(values, bins)[:-1]
    return (np.searchsorted(left_edges, values, side="right") - 1).astype(np.int64)
