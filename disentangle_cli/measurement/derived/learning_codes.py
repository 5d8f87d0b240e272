"""Codes alone, for metrics that need no labels."""

import numpy as np

from disentangle_cli.arraytypes import Doubles, Floats, Ints
from disentangle_cli.measurement.derived.parts import Rows
from disentangle_cli.measurement.metric import Undefined, derived


@derived
def learning_codes(codes: Floats, train_rows: Ints | None = None, *, rows: Rows = "all") -> Doubles:
    """Codes (n, K) float64 of every row, or with ``rows="split"`` of the rows to learn from.

    Raises:
        Undefined: a split is asked for without rows.
    """
    if rows == "split":
        if train_rows is None:
            raise Undefined("needs train_rows, or at least three rows to split")
        codes = codes[train_rows]
    return np.ascontiguousarray(codes, np.float64)
