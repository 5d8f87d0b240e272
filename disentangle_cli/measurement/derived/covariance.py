"""Covariance of the codes that vary."""

from dataclasses import dataclass

import numpy as np

from disentangle_cli.arraytypes import Doubles
from disentangle_cli.measurement.metric import Undefined, derived


@dataclass(frozen=True, eq=False)
class Covariance:
    """``matrix`` (K', K'), ddof 1, of the codes numbered ``active`` (K'); constant codes are left out."""

    matrix: Doubles
    active: list[int]


@derived
def covariance(learning_codes: Doubles) -> Covariance:
    """Covariance matrix of all codes that are not constant.

    Raises:
        Undefined: fewer than two rows, or fewer than two codes that vary.
    """
    active = np.flatnonzero(np.ptp(learning_codes, axis=0) > 0)
    if len(learning_codes) < 2 or len(active) < 2:
        raise Undefined("a correlation needs at least two rows and two codes that vary")
    return Covariance(np.cov(learning_codes[:, active], rowvar=False), active.tolist())
