"""Disentanglement metrics: one file each, pure functions of arrays, found by :data:`METRICS`.

``evaluate(["mig", "sap"], Arrays(codes=..., factors=...))`` scores any representation.
"""

from disentangle_cli.metrics._arrays import Arrays
from disentangle_cli.metrics._base import METRICS, PAPER, PROTOCOLS, Metric, Result
from disentangle_cli.metrics._evaluate import Evaluation, evaluate
from disentangle_cli.metrics._settings import read_settings

__all__ = [
    "METRICS",
    "PAPER",
    "PROTOCOLS",
    "Arrays",
    "Evaluation",
    "Metric",
    "Result",
    "evaluate",
    "read_settings",
]
