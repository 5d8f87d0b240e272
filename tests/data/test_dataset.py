"""What every data set can do by what it is made of: :mod:`disentangle_cli.data.dataset`."""

from pathlib import Path

import numpy as np
import pytest
import torch

from disentangle_cli.arraytypes import Bytes, Ints
from disentangle_cli.data.export import export
from disentangle_cli.data.grid import GridDataset
from disentangle_cli.data.opening import open_dataset
from tests.scoring.test_run import Bars


class Stripes(Bars):
    """As few as needed: no stored pixels; black and white."""

    def images(self, indices: Ints) -> Bytes:
        return np.where(super().images(indices) > 50, 255, 0).astype(np.uint8)


def test_tensors() -> None:
    rows = np.array([7, 0, 7])
    found = Bars().tensors(rows)
    assert (found.dtype, found.shape) == (torch.float32, (3, 1, 4, 4))
    assert torch.equal(found, torch.from_numpy(Bars().images(rows)).float() / 255)


def test_blocks() -> None:
    assert [block.tolist() for block in Bars().blocks(50)] == [[*range(50)], [*range(50, 60)]]


@pytest.mark.parametrize(("dataset", "binary"), [(Stripes(), True), (Bars(), False)])
def test_black_and_white(dataset: GridDataset, binary: bool, tmp_path: Path) -> None:
    assert dataset.pixels is None
    assert dataset.is_binary is binary
    export(dataset, np.arange(60), tmp_path / "all.npz")
    again = open_dataset(str(tmp_path / "all.npz"))
    assert again.is_binary is binary
    assert np.array_equal(again.images(np.arange(60)), dataset.images(np.arange(60)))
