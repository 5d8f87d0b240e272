"""Scoring models and codes against ground truth: draw, encode once, evaluate, compare."""

from disentangle_cli.scoring._quick import factor_vae_quick
from disentangle_cli.scoring.baseline import check_baseline, read_baseline
from disentangle_cli.scoring.codes_file import read_codes
from disentangle_cli.scoring.gates import check_gates, parse_gates
from disentangle_cli.scoring.many import score_paths
from disentangle_cli.scoring.run import Options, resolve_metrics, score_one

__all__ = [
    "Options",
    "check_baseline",
    "check_gates",
    "factor_vae_quick",
    "parse_gates",
    "read_baseline",
    "read_codes",
    "resolve_metrics",
    "score_one",
    "score_paths",
]
