"""HDF5 files are read as npz files are, and nothing in them leads out of them."""

import sys
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from disentangle_cli.data import hdf5_reader
from disentangle_cli.datasets import Dataset, open_dataset
from disentangle_cli.errors import UsageError

RNG = np.random.default_rng(0)
GREY = RNG.integers(0, 256, (12, 8, 10), np.uint8)
COLOUR = RNG.integers(0, 256, (12, 8, 10, 3), np.uint8)
FACTORS = np.stack([np.arange(12) % 3, np.arange(12) // 3], axis=1)


def everything(dataset: Dataset) -> np.ndarray:
    return dataset.images(np.arange(len(dataset)))


def test_the_same_as_an_npz_file(tmp_path: Path) -> None:
    arrays: dict[str, Any] = {"imgs": COLOUR, "factors": FACTORS, "factor_values": FACTORS * 0.5}
    names = ["size", "kind"]
    np.savez(tmp_path / "a.npz", factor_names=names, **arrays)
    with h5py.File(tmp_path / "a.h5", "w") as file:
        for name, array in arrays.items():
            file.create_dataset(name, data=array, compression="gzip", shuffle=True, fletcher32=True)
        file["factor_names"] = names  # texts of variable length
        file["notes"] = "hello"
    mine, other = open_dataset(str(tmp_path / "a.h5")), open_dataset(str(tmp_path / "a.npz"))
    assert mine.kind == "HDF5 file"
    assert mine.ignored == ("notes",)
    assert mine.factors == other.factors
    assert mine.fingerprint == other.fingerprint
    assert mine.label_digest == other.label_digest
    assert np.array_equal(everything(mine), COLOUR.transpose(0, 3, 1, 2))


@pytest.mark.parametrize("chunks", [None, (5, 8, 1), (1, 4, 10), (12, 1, 1)])
@pytest.mark.parametrize("dtype", ["u1", ">u2", "<f8", ">f4"])
def test_chunks_and_types(
    tmp_path: Path, chunks: tuple[int, ...] | None, dtype: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hdf5_reader, "BLOCK", 100)
    images = GREY.astype(dtype) / (255 if "f" in dtype else 1)
    with h5py.File(tmp_path / "a.hdf5", "w") as file:
        file.create_dataset("images", data=images.astype(dtype), chunks=chunks)
    assert np.array_equal(everything(open_dataset(str(tmp_path / "a.hdf5")))[:, 0], GREY)


def test_the_line_that_mends(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file["images"] = GREY / 127.5 - 1
        file["factors"] = FACTORS
        file["factor_names"] = ["size", "kind"]
    with pytest.raises(UsageError, match="values from -1 to 1") as error:
        open_dataset(str(tmp_path / "a.h5"))
    line = str(error.value)
    exec(line[line.index("import numpy") :], {})
    dataset = open_dataset(str(tmp_path / "a-mended.npz"))
    assert np.array_equal(everything(dataset)[:, 0], GREY)
    assert [factor.name for factor in dataset.factors] == ["size", "kind"]


def test_rows_of_no_fixed_length(tmp_path: Path) -> None:
    """Two lines mend them: the first makes one array of them, the second images of its rows."""
    square = GREY[:, :8, :8]
    with h5py.File(tmp_path / "a.h5", "w") as file:
        rows = file.create_dataset("imgs", (12,), h5py.vlen_dtype(np.uint8))
        for row, image in enumerate(square):
            rows[row] = image.reshape(-1)
    for path in (tmp_path / "a.h5", tmp_path / "a-mended.npz"):
        with pytest.raises(UsageError, match="mend it with: ") as error:
            open_dataset(str(path))
        exec(str(error.value).partition("mend it with: ")[2], {})
    assert np.array_equal(everything(open_dataset(str(tmp_path / "a-mended-mended.npz")))[:, 0], square)


def test_groups_that_hold_each_other(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file["group/images"] = GREY
        file["group/again"] = file
    with pytest.raises(UsageError, match=r"a\.h5: more than 1,000 arrays and groups"):
        open_dataset(str(tmp_path / "a.h5"))


def external_link(file: h5py.File, other: Path) -> None:
    file["imgs"] = h5py.ExternalLink(str(other), "/imgs")


def soft_link(file: h5py.File, other: Path) -> None:
    file["imgs"] = h5py.SoftLink("/nowhere")


def virtual(file: h5py.File, other: Path) -> None:
    layout = h5py.VirtualLayout((12, 8, 10), "u1")
    layout[:] = h5py.VirtualSource(other, "imgs", (12, 8, 10))
    file.create_virtual_dataset("imgs", layout)


def external_bytes(file: h5py.File, other: Path) -> None:
    file.create_dataset("imgs", (12, 8, 10), "u1", external=[(str(other), 0, 960)])


def objects(file: h5py.File, other: Path) -> None:
    file.create_dataset("imgs", (12,), h5py.vlen_dtype(np.uint8))


def records(file: h5py.File, other: Path) -> None:
    file["imgs"] = np.zeros((12, 8, 10), [("r", "u1"), ("g", "u1")])


def references(file: h5py.File, other: Path) -> None:
    file.create_dataset("imgs", (12, 8, 10), h5py.ref_dtype)


def other_filter(file: h5py.File, other: Path) -> None:
    file.create_dataset("imgs", data=GREY, scaleoffset=0)


def nothing(file: h5py.File, other: Path) -> None:
    file["imgs"] = h5py.Empty("u1")


def bomb(file: h5py.File, other: Path) -> None:
    file.create_dataset("imgs", (10**6, 64, 64), "u1", chunks=(16, 64, 64), compression="gzip")


def bomb_chunk(file: h5py.File, other: Path) -> None:
    file.create_dataset("imgs", (12, 8, 10), "u1", chunks=(10**6, 64, 64), maxshape=(None, None, None))


@pytest.mark.parametrize(
    ("make", "reason"),
    [
        (external_link, "no array imgs; it has: none"),
        (soft_link, "no array imgs; it has: none"),
        (virtual, "array imgs lies in other files"),
        (external_bytes, "array imgs lies in other files"),
        (objects, "array imgs holds objects of no fixed size"),
        (records, "array imgs holds .*, not numbers"),
        (references, "array imgs holds objects of no fixed size"),
        (other_filter, "array imgs is compressed in a way"),
        (nothing, "array imgs is empty"),
        (bomb, "array imgs grows to"),
        (bomb_chunk, "a chunk of array imgs grows to"),
    ],
)
def test_hostile_files(tmp_path: Path, make: Any, reason: str) -> None:
    with h5py.File(tmp_path / "other.h5", "w") as file:
        file["imgs"] = GREY
    with h5py.File(tmp_path / "a.h5", "w") as file:
        make(file, tmp_path / "other.h5")
    with pytest.raises(UsageError, match=rf"a\.h5: {reason}") as error:
        open_dataset(str(tmp_path / "a.h5"))
    assert "\n" not in str(error.value)


def test_long_texts(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file["imgs"] = GREY
        file["factors"] = FACTORS
        file["factor_names"] = ["a", "b" * 20_000]
    with pytest.raises(UsageError, match="holds a text of 20,000 characters"):
        open_dataset(str(tmp_path / "a.h5"))


@pytest.mark.parametrize("length", [8, 100, 1000, 2500])
def test_truncated(tmp_path: Path, length: int) -> None:
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file["imgs"] = GREY
    data = (tmp_path / "a.h5").read_bytes()
    (tmp_path / "a.h5").write_bytes(data[:length])
    with pytest.raises(UsageError, match=r"a\.h5: "):
        open_dataset(str(tmp_path / "a.h5"))


def test_without_h5py(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file["imgs"] = GREY
    monkeypatch.setitem(sys.modules, "h5py", None)
    with pytest.raises(UsageError, match=r"a\.h5: HDF5 .* pip install 'disentangle-cli\[hdf5\]'"):
        open_dataset(str(tmp_path / "a.h5"))
