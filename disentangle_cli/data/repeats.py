"""Few images that are drawn often: numbers look surer than they are."""

from disentangle_cli.data.dataset import Dataset
from disentangle_cli.output import warn

OFTEN = 10
"""Times that an image may come on the average without a warning."""


def warn_of_repeats(dataset: Dataset, rows: int, setting: str) -> None:
    """Warn where each image comes ten times or more among so many rows; ``setting`` says how many."""
    times = rows / len(dataset)
    if times >= OFTEN:
        warn(
            f"{dataset.name}: {rows:,} rows are drawn from {len(dataset):,} images, each of them some "
            f"{times:.0f} times: numbers look surer than so few images make them "
            f"(--set {setting}=N draws fewer)"
        )
