"""What holds for the result of any metric."""

import json
import math
from typing import Any

import numpy as np

from disentangle_cli.measurement.evaluate import required_arrays
from disentangle_cli.metrics import METRICS, PROTOCOLS

ABOUT = {"score", "reason", "note", "variant", "settings", "samples", "protocol", "seed"}
NAMED = {"left_out", "active_codes", "best_factor", "regressor"}
DIMENSIONS = {"number": 0, "codes": 1, "factors": 1}
"""Of a part by its declared shape; two where an ``x`` stands in it. Lists may be dictionaries."""


def check(name: str, result: dict[str, Any]) -> None:
    """A finite score within bounds or null with a reason; parts as declared; every number in it finite."""
    low, high = METRICS.get(name).bounds
    declared = METRICS.get(name).parts
    assert result.keys() - ABOUT - NAMED <= declared.keys()
    for part, shape in declared.items():
        assert f"``{part}``" in (METRICS.get(name).__doc__ or ""), part
        if shape != "list" and result.get(part) not in (None, []):
            assert np.ndim(result[part]) == (2 if " x " in shape else DIMENSIONS[shape]), part
    if result["score"] is None:
        assert result["reason"]
    else:
        assert low - 1e-9 <= result["score"] <= high + 1e-9
        assert math.isfinite(result["score"])
        assert METRICS.get(name).by_protocol or declared.keys() <= result.keys()
    json.dumps(result, allow_nan=False)


def reads(name: str) -> set[str]:
    return set().union(*(required_arrays(name, protocol) for protocol in PROTOCOLS))
