"""Data sets: one file each, found by :data:`DATASETS`; what they are made of is in ``data``."""

from disentangle_cli.data.dataset import DATASETS, Dataset
from disentangle_cli.data.opening import absolute, check_known, open_dataset, published_name

__all__ = ["DATASETS", "Dataset", "absolute", "check_known", "open_dataset", "published_name"]
