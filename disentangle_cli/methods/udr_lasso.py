"""UDR Lasso: the codes of one model predict each code of the other by a sparse linear regression."""

import numpy as np
from numpy.typing import NDArray

from disentangle_cli.selection.lasso import lasso
from disentangle_cli.selection.selection import METHODS, Selection, Task
from disentangle_cli.selection.udr import udr

ALPHA = 0.1
"""Weight of the L1 penalty, as in disentanglement_lib."""


@METHODS.register("udr-lasso")
def udr_lasso(task: Task) -> Selection:
    """Rank a pool by UDR with Lasso coefficients; see :func:`disentangle_cli.selection.udr.udr`."""
    return udr(task, "udr-lasso", lambda codes: codes, coefficients)


def coefficients(predictors: NDArray[np.float64], targets: NDArray[np.float64]) -> NDArray[np.float64]:
    """(N, a) and (N, b) standardised codes -> (a, b) absolute coefficients of a Lasso for each target."""
    return np.abs(lasso(predictors, targets, ALPHA))
