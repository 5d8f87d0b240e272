"""Data sets: one file each, found by :data:`DATASETS`; see :func:`open_dataset`."""

from disentangle_cli.datasets._base import DATASETS, Dataset, open_dataset

__all__ = ["DATASETS", "Dataset", "open_dataset"]
