"""Groups that end when their vote for the FactorVAE score is settled."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from disentangle_cli.arraytypes import Doubles, Floats, Ints
from disentangle_cli.measurement.arrays import arrays_of
from disentangle_cli.measurement.evaluate import required_arrays
from disentangle_cli.measurement.families import Family
from disentangle_cli.measurement.settings import protocol_settings
from disentangle_cli.measurement.settling import looks, settled
from disentangle_cli.metrics.factor_vae import voting_scale
from disentangle_cli.output import warn
from disentangle_cli.scoring.codes import CodeCache

METRIC = "factor_vae"
GROUPED = (Family.GROUPS, Family.EVAL_GROUPS)
Scale = Callable[[Floats], Doubles]
"""From reference codes (R, K) to what votes are relative to, (K,); 0: such a code does not vote."""


def early_scale(names: list[str], protocol: str, settings: Mapping[str, Mapping[str, Any]]) -> Scale | None:
    """How groups can end early when the metrics ``names`` are computed; None, with a warning: they cannot."""
    if METRIC not in names:
        warn(f"--early-votes: {METRIC} is not among the metrics, so nothing ends early")
        return None
    grouped = {array.name for family in GROUPED for array in arrays_of(family)}
    others = [name for name in names if name != METRIC and grouped & set(required_arrays(name, protocol))]
    if others:
        warn(f"--early-votes: {', '.join(others)} needs whole groups, so none ends early; leave it out")
        return None
    chosen = protocol_settings(METRIC, protocol, True) | dict(settings.get(METRIC, {}))

    def scale(reference_codes: Floats) -> Doubles:
        found, active = voting_scale(reference_codes, chosen["threshold"])
        return np.where(active, found, 0.0)

    return scale


def codes_until_settled(
    cache: CodeCache, groups: Ints, rng: np.random.Generator, scale: Doubles
) -> tuple[Floats, Ints]:
    """Encode groups (M, L) of images until their votes are settled.

    Returns codes (M, L, K), 0 where nothing was encoded, and how many images of each group were, (M,). What a
    group has is what it would have as a whole, posterior noise included.
    """
    size = groups.shape[1]
    noise = rng.standard_normal((*groups.shape, len(scale)), np.float32)
    codes = np.zeros(noise.shape, np.float32)
    sizes = np.full(len(groups), size, np.int64)
    open_, seen = np.arange(len(groups)), 0
    for stop in looks(size):
        rows = groups[open_, seen:stop]
        cache.fill(rows)
        codes[open_, seen:stop] = cache.noisy(rows, noise[open_, seen:stop])
        over = settled(codes[open_, :stop].astype(np.float64), size, scale, np.zeros_like(scale))
        sizes[open_[over]] = stop
        open_, seen = open_[~over], stop
    return codes, sizes
