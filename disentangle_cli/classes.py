"""Which classes of a factor there are: those that occur, whatever a file or a data set declares."""

import numpy as np

from disentangle_cli.arraytypes import Ints


def occurring(column: Ints) -> tuple[Ints, Ints]:
    """The class ids that occur in ``column (n,)``, ascending (C,), and the place of each row among them (n,).

    Everything that counts, draws or learns classes goes by this, so that it makes no difference where ids
    begin, which are missing, and how many were declared.
    """
    ids, places = np.unique(column, return_inverse=True)
    return ids.astype(np.int64), places.reshape(-1).astype(np.int64)
