"""SmallNORB and Cars3D: small folders in the same layout."""

import struct
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import scipy.io
from PIL import Image

from disentangle_cli.datasets import open_dataset
from disentangle_cli.errors import UsageError

RNG = np.random.default_rng(0)
STEMS = {
    "training": "smallnorb-5x46789x9x18x6x2x96x96-training",
    "testing": "smallnorb-5x01235x9x18x6x2x96x96-testing",
}


def write_matrix(path: Path, array: np.ndarray) -> None:
    magic = {"uint8": 0x1E3D4C55, "int32": 0x1E3D4C54}[array.dtype.name]
    lengths = [*array.shape, *[1] * (3 - array.ndim)]
    path.write_bytes(struct.pack(f"<{2 + len(lengths)}i", magic, array.ndim, *lengths) + array.tobytes())


def write_norb(folder: Path, parts: tuple[str, ...] = ("training", "testing")) -> dict[str, np.ndarray]:
    """Two toys of each category in each part, at two elevations and three azimuths, shuffled."""
    folder.mkdir()
    found: dict[str, np.ndarray] = {}
    for part in parts:
        grid = np.stack(np.unravel_index(np.arange(60), (5, 2, 2, 3)), axis=1)[RNG.permutation(60)]
        info = np.column_stack([grid[:, 1], grid[:, 2], grid[:, 3] * 2, grid[:, 0] % 2]).astype(np.int32)
        images = RNG.integers(0, 256, (60, 2, 96, 96), np.uint8)
        write_matrix(folder / f"{STEMS[part]}-dat.mat", images)
        write_matrix(folder / f"{STEMS[part]}-cat.mat", grid[:, 0].astype(np.int32))
        write_matrix(folder / f"{STEMS[part]}-info.mat", info)
        found[part] = images[:, 0]
        found[f"{part} values"] = np.column_stack([grid[:, 0], info[:, 1:]])
    return found


def resized(images: np.ndarray, side: int) -> np.ndarray:
    return np.stack(
        [np.asarray(Image.fromarray(i).resize((side, side), Image.Resampling.LANCZOS)) for i in images]
    )


def test_smallnorb(tmp_path: Path) -> None:
    written = write_norb(tmp_path / "small_norb")
    dataset = open_dataset(str(tmp_path / "small_norb"))
    rows = np.arange(len(dataset))
    assert (dataset.name, dataset.kind) == ("small_norb", "SmallNORB (folder of matrices)")
    assert [(factor.name, factor.size) for factor in dataset.factors] == [
        ("category", 5), ("elevation", 2), ("azimuth", 3), ("lighting", 2)
    ]  # fmt: skip
    assert dataset.factors[2].values == (0, 2, 4)
    values = np.concatenate([written["training values"], written["testing values"]])
    assert np.array_equal(dataset.values(rows), values)
    assert np.array_equal(dataset.classes(rows), values // [1, 1, 2, 1])
    expected = np.concatenate([written["training"], written["testing"]])
    assert np.array_equal(dataset.images(rows)[:, 0], resized(expected, 64))
    whole = open_dataset(str(tmp_path / "small_norb"), size=96)
    assert np.array_equal(whole.images(rows)[:, 0], expected)


def test_a_part_of_smallnorb(tmp_path: Path) -> None:
    written = write_norb(tmp_path / "norb", ("training",))
    dataset = open_dataset(str(tmp_path / "norb"), size=96)
    assert np.array_equal(dataset.images(np.arange(60))[:, 0], written["training"])


def test_smallnorb_that_cannot_be_used(tmp_path: Path) -> None:
    write_norb(tmp_path / "norb", ("training",))
    stem = tmp_path / "norb" / STEMS["training"]
    with pytest.raises(UsageError, match=r"dat\.mat: one matrix of NORB; give the folder"):
        open_dataset(f"{stem}-dat.mat")
    info = Path(f"{stem}-info.mat")
    kept = info.read_bytes()
    for content, reason in (
        (kept[:-1], r"it says \(60, 4\) and has 959 bytes"),
        (kept + b"x", "and has 961 bytes"),
        (kept[:8] + b"\xff\xff\xff\x7f" + kept[12:], "not a binary matrix of NORB"),
        (kept[:8] + b"\xff\xff\xff\xff" + kept[12:], "not a binary matrix of NORB"),
        (kept[:4] + b"\xff\xff\xff\x7f" + kept[8:], "not a binary matrix of NORB"),
        (b"", "not a binary matrix of NORB"),
    ):
        info.write_bytes(content)
        with pytest.raises(UsageError, match=rf"-info\.mat: .*{reason}"):
            open_dataset(str(tmp_path / "norb"))
    write_matrix(info, np.zeros((60, 3), np.int32))
    with pytest.raises(UsageError, match=r"-info\.mat: has the shape \(60, 3\); it must be \(60, 4\)"):
        open_dataset(str(tmp_path / "norb"))
    info.unlink()
    with pytest.raises(UsageError, match=r"-info\.mat: cannot be read \(No such file"):
        open_dataset(str(tmp_path / "norb"))
    (tmp_path / "packed").mkdir()
    (tmp_path / "packed" / f"{STEMS['training']}-dat.mat.gz").write_bytes(b"")
    with pytest.raises(UsageError, match=r"packed: unpack the files of SmallNORB first: gunzip"):
        open_dataset(str(tmp_path / "packed"))


def write_cars(folder: Path, cars: int = 3, **options: Any) -> np.ndarray:
    """Cars (cars, elevations, azimuths, 128, 128, 3)."""
    folder.mkdir()
    images = RNG.integers(0, 256, (cars, 2, 3, 128, 128, 3), np.uint8)
    for number, own in enumerate(images):
        stored = own.transpose(2, 3, 4, 1, 0)  # (H, W, 3, azimuths, elevations)
        scipy.io.savemat(folder / f"car_{number:03}_mesh.mat", {"other": 1.0, "im": stored}, **options)
    return images


@pytest.mark.parametrize("compressed", [False, True])
def test_cars3d(tmp_path: Path, compressed: bool) -> None:
    images = write_cars(tmp_path / "cars", do_compression=compressed)
    dataset = open_dataset(str(tmp_path / "cars"))
    assert (dataset.name, dataset.kind) == ("cars", "Cars3D (folder of MATLAB files)")
    assert [(factor.name, factor.size) for factor in dataset.factors] == [
        ("elevation", 2), ("azimuth", 3), ("object_type", 3)
    ]  # fmt: skip
    for row in range(len(dataset)):
        elevation, azimuth, car = dataset.classes(np.array([row]))[0]
        wanted = resized(images[car, elevation, azimuth][None], 64)[0]
        assert np.array_equal(dataset.images(np.array([row]))[0].transpose(1, 2, 0), wanted)
    whole = open_dataset(str(tmp_path / "cars"), size=128)
    assert np.array_equal(whole.images(np.array([0]))[0], images[0, 0, 0].transpose(2, 0, 1))


def forged(content: bytes) -> bytes:
    """A MATLAB file of one element, compressed."""
    packed = zlib.compress(content)
    return b"MATLAB 5.0 MAT-file".ljust(124) + b"\x00\x01IM" + struct.pack("<2i", 15, len(packed)) + packed


def matrix(shape: tuple[int, ...], kind: int = 9, nbytes: int = 0) -> bytes:
    """The head of an array ``im`` of such a shape and class, and no numbers."""
    lengths = struct.pack(f"<{len(shape)}i", *shape).ljust(-(-len(shape) * 4 // 8) * 8, b"\0")
    body = struct.pack("<4i", 6, 8, kind, 0) + struct.pack("<2i", 5, 4 * len(shape)) + lengths
    body += struct.pack("<2i", 1, 2) + b"im".ljust(8, b"\0") + struct.pack("<2I", 2, nbytes)
    return struct.pack("<2I", 14, len(body) + nbytes) + body


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"junk", "not a MATLAB file, or a damaged one"),
        (b"", "not a MATLAB file, or a damaged one"),
        (b"MATLAB 7.3 MAT-file".ljust(124) + b"\x00\x02IM", r"is of MATLAB 7\.3; save it"),
        (forged(matrix((128, 128, 3, 24, 4), 9, 2**32 - 200)), "not a MATLAB file, or a damaged one"),
        (forged(matrix((128, 128, 3, 24, 4), 9, 128 * 128 * 288)), "not a MATLAB file, or a damaged one"),
        (forged(matrix((128, 128, 3, 2400, 400))), "has the shape"),
        (forged(matrix((128, 128, 3, 40, 100))), "array im grows to"),
        (forged(matrix((128, 128, 3, -24, 4))), "has the shape|damaged"),
        (forged(matrix((128, 128, 3, 24, 4), 1)), "im holds cell, not numbers"),
        (forged(matrix((128, 128, 3, 24, 4), 9, 120 * 2**20) + bytes(120 * 2**20)), "it grows to"),
        (forged(b"") + bytes(8 * 1001), "holds more than 1,000 arrays"),
        (forged(matrix((128, 128))), r"im has the shape \(128, 128\); the files of Cars3D"),
    ],
)
def test_forged_cars(tmp_path: Path, content: bytes, reason: str) -> None:
    (tmp_path / "cars").mkdir()
    (tmp_path / "cars" / "car.mat").write_bytes(content)
    with pytest.raises(UsageError, match=rf"car\.mat: .*({reason})"):
        open_dataset(str(tmp_path / "cars"))


def test_cars_that_differ(tmp_path: Path) -> None:
    write_cars(tmp_path / "cars", 2)
    scipy.io.savemat(tmp_path / "cars" / "car_001_mesh.mat", {"im": np.zeros((128, 128, 3, 3, 1), np.uint8)})
    with pytest.raises(UsageError, match=r"car_001_mesh\.mat: im is uint8 of the shape .*that of car_000"):
        open_dataset(str(tmp_path / "cars"))
    with pytest.raises(UsageError, match=r"car_001_mesh\.mat: a MATLAB file; of Cars3D give the folder"):
        open_dataset(str(tmp_path / "cars" / "car_001_mesh.mat"))


def test_a_folder_of_pictures_may_hold_other_files(tmp_path: Path) -> None:
    Image.new("L", (8, 8), 200).save(tmp_path / "a.png")
    (tmp_path / "notes.mat").write_bytes(b"")
    assert open_dataset(str(tmp_path), size=8).kind == "image folder"
