"""UDR Spearman: codes of two models are related as far as they put the images in the same order."""

import numpy as np

from disentangle_cli.arraytypes import Doubles
from disentangle_cli.measurement.matrix import standardised
from disentangle_cli.selection.selection import METHODS, Selection, Task
from disentangle_cli.selection.udr import udr


@METHODS.register("udr-spearman")
def udr_spearman(task: Task) -> Selection:
    """Rank a pool by UDR with rank correlations; see :func:`disentangle_cli.selection.udr.udr`."""
    return udr(task, "udr-spearman", standard_ranks, correlations)


def standard_ranks(codes: Doubles) -> Doubles:
    """(N, a) codes -> their ranks (equal values share the mean rank), standardised."""
    from scipy.stats import rankdata

    return standardised(rankdata(codes, axis=0))


def correlations(first: Doubles, second: Doubles) -> Doubles:
    """(N, a) and (N, b) standardised ranks -> (a, b) absolute Spearman correlations."""
    return np.abs(first.T @ second) / len(first)
