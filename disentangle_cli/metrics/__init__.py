"""Disentanglement metrics: one file each, pure functions of arrays, found by :data:`METRICS`.

``evaluate(["mig", "sap"], Arrays(codes=..., factors=...))`` scores any representation.
"""

from disentangle_cli.measurement.arrays import Arrays
from disentangle_cli.measurement.evaluate import Evaluation, evaluate
from disentangle_cli.measurement.metric import METRICS, Metric, Result
from disentangle_cli.measurement.protocols import PAPER, PROTOCOLS

__all__ = [
    "METRICS",
    "PAPER",
    "PROTOCOLS",
    "Arrays",
    "Evaluation",
    "Metric",
    "Result",
    "evaluate",
]
