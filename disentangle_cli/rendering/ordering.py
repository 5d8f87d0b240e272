"""The order in which a matrix of similarities is drawn: what is alike stands together."""

import numpy as np

from disentangle_cli.arraytypes import Doubles

LEAVES_UP_TO = 150
"""Items whose leaves are turned so that neighbours are alike, which costs their number to the third power."""


def cluster_order(similarity: Doubles) -> list[int]:
    """The leaves of a hierarchical clustering with average linkage of n items.

    Args:
        similarity: (n, n), higher is more alike; made symmetric first. An unknown one (NaN) counts as the
            lowest that is known; the diagonal is not read.
    """
    from scipy.cluster.hierarchy import leaves_list, linkage

    n = len(similarity)
    if n < 3:
        return list(range(n))
    known = similarity[np.isfinite(similarity) & ~np.eye(n, dtype=bool)]
    low, high = (known.min(), known.max()) if known.size else (0.0, 1.0)
    filled = np.where(np.isfinite(similarity), similarity, low)
    distances = (high - (filled + filled.T) / 2)[np.triu_indices(n, 1)]
    tree = linkage(np.maximum(distances, 0.0), "average", optimal_ordering=n <= LEAVES_UP_TO)
    order: list[int] = leaves_list(tree).tolist()
    return order
