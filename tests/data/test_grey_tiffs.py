"""Grey of more than 8 bits, white or black at zero."""

import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from disentangle_cli.data.image_files import decode
from disentangle_cli.datasets import open_dataset
from disentangle_cli.errors import UsageError

RAMP = np.tile(np.arange(0, 256, 16, dtype=np.uint8), (16, 1))  # 0 to 240


def tag(number: int, value: int) -> bytes:
    return struct.pack("<HHIHH", number, 3, 1, value, 0)


def write(path: Path, values: np.ndarray[Any, Any], **tags: tuple[int, int, int]) -> Path:
    """A TIFF whose ``tags`` (number, what Pillow writes, what it should be) are changed."""
    Image.fromarray(values).save(path, format="TIFF")
    content = path.read_bytes()
    for number, old, new in tags.values():
        assert content.count(tag(number, old)) == 1
        content = content.replace(tag(number, old), tag(number, new))
    path.write_bytes(content)
    return path


WHITE_IS_ZERO = (262, 1, 0)
WIDE = RAMP.astype(np.uint16) * 257


@pytest.mark.parametrize(
    ("values", "tags"),
    [
        (RAMP, {}),
        (255 - RAMP, {"photometric": WHITE_IS_ZERO}),
        (WIDE, {}),
        (65535 - WIDE, {"photometric": WHITE_IS_ZERO}),
        (WIDE.astype(np.int32), {}),
        (RAMP.astype(np.int32), {}),
        (RAMP.astype(np.float32) / 255, {}),
        (1 - RAMP.astype(np.float32) / 255, {"photometric": WHITE_IS_ZERO}),
    ],
)
def test_one_ramp_stored_in_many_ways(
    tmp_path: Path, values: np.ndarray[Any, Any], tags: dict[str, tuple[int, int, int]]
) -> None:
    assert np.array_equal(decode(write(tmp_path / "a.tif", values, **tags), 16, 1)[0], RAMP)


def test_twelve_bits_that_the_file_tells(tmp_path: Path) -> None:
    twelve = RAMP[0].astype(np.int64) * 4095 // 255
    first, second = twelve[::2], twelve[1::2]
    rows = (
        np.stack([first >> 4, (first & 15) << 4 | second >> 8, second & 255], 1).astype(np.uint8).tobytes()
        * 16
    )
    Image.fromarray(np.zeros((16, 24), np.uint8)).save(tmp_path / "a.tif")
    content = (tmp_path / "a.tif").read_bytes()[: -len(rows)] + rows
    width = struct.pack("<HHI", 256, 4, 1)
    for old, new in ((tag(258, 8), tag(258, 12)), (width + b"\x18", width + b"\x10")):
        assert content.count(old) == 1
        content = content.replace(old, new)
    (tmp_path / "a.tif").write_bytes(content)
    assert np.abs(decode(tmp_path / "a.tif", 16, 1)[0].astype(int) - RAMP).max() <= 1


def test_whole_numbers_of_32_bits_have_one_scale_in_a_folder(tmp_path: Path) -> None:
    write(tmp_path / "a.tif", RAMP.astype(np.int32))
    write(tmp_path / "b.tif", WIDE.astype(np.int32))
    images = open_dataset(str(tmp_path), size=16).images(np.arange(2))
    assert images[0].max() == 1
    assert np.array_equal(images[1, 0], RAMP)
    write(tmp_path / "c.tif", np.full((16, 16), -1, np.int32))
    with pytest.raises(UsageError, match=r"c\.tif: .*outside 0 to 65535"):
        open_dataset(str(tmp_path), size=16)


@pytest.mark.usefixtures("speaking")
def test_dark_folders_are_noted(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write(tmp_path / "a.tif", RAMP.astype(np.uint16) * 16)  # 12 bits in 16
    open_dataset(str(tmp_path), size=16)
    assert "no pixel is brighter than 15 of 255" in capsys.readouterr().err
    write(tmp_path / "b.tif", RAMP)
    open_dataset(str(tmp_path), size=16)
    assert "brighter" not in capsys.readouterr().err
