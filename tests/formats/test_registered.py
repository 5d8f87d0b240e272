"""What every format must keep; a new one is tested by being there."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from disentangle_cli.data.formats import FORMATS
from disentangle_cli.data.given import Given
from disentangle_cli.datasets import open_dataset
from disentangle_cli.errors import UsageError

GENERAL = ("folder", "hdf5", "npy", "npz", "tensors", "zip")


@pytest.fixture
def strangers(tmp_path: Path) -> list[Path]:
    """Files and folders that are no published set: empty, of texts, numbers, pictures."""
    found = [tmp_path / name for name in ("empty", "text.txt", "codes.npz", "one.png", "nothing", "pictures")]
    found[0].write_bytes(b"")
    found[1].write_text("hello")
    np.savez(found[2], codes=np.zeros((3, 2)))
    for folder in found[4:]:
        folder.mkdir()
    Image.new("L", (8, 8)).save(found[3])
    Image.new("L", (8, 8)).save(found[5] / "a.png")
    return found


@pytest.mark.parametrize("name", FORMATS.names())
def test_a_stranger_is_not_taken_for_a_published_set(name: str, strangers: list[Path]) -> None:
    for path in strangers:
        match = FORMATS.get(name)(Given(path))
        assert match is None or (match.general and name in GENERAL)
        assert match is None or match.kind


def test_what_nobody_knows_is_refused_in_one_line(strangers: list[Path]) -> None:
    for path in strangers[:5]:
        with pytest.raises(UsageError, match=str(path)) as error:
            open_dataset(str(path))
        assert "\n" not in str(error.value)
