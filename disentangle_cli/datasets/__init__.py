"""Data sets: one file each, found by :data:`DATASETS`; see :func:`open_dataset`."""

from disentangle_cli.data.dataset import DATASETS, Dataset, absolute, open_dataset

__all__ = ["DATASETS", "Dataset", "absolute", "open_dataset"]
