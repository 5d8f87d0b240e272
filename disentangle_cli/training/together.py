"""One or many runs of one configuration, trained together."""

from collections.abc import Sequence

from disentangle_cli.training.outcome import Outcome, outcome_of
from disentangle_cli.training.spec import Run
from disentangle_cli.training.stack import train_stack


def train_together(runs: Sequence[Run], stop: list[str], *, wait: bool = False) -> list[Outcome]:
    """Train runs that differ only in seed and output; the outcome of each.

    ``stop`` is the list that fills when a signal comes; with ``wait`` another process that works on the same
    output is waited for.
    """
    return [outcome_of(runs[0], stop, wait=wait)] if len(runs) == 1 else train_stack(runs, stop)
