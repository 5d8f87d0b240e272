"""``.npy`` files and files of ``torch.save`` are read as npz files are."""

import os
import subprocess
import sys
from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from disentangle_cli.data import npy_file, table, tensor_file
from disentangle_cli.datasets import Dataset, open_dataset
from disentangle_cli.errors import UsageError

RNG = np.random.default_rng(0)
GREY = RNG.integers(0, 256, (12, 8, 10), np.uint8)
COLOUR = RNG.integers(0, 256, (12, 8, 10, 3), np.uint8)
FACTORS = np.stack([np.arange(12) % 3, np.arange(12) // 3], axis=1)


def everything(dataset: Dataset) -> np.ndarray:
    return dataset.images(np.arange(len(dataset)))


def write_npy(path: Path, array: np.ndarray) -> None:
    with path.open("wb") as file:  # by name it would add an ending
        np.save(file, array)


def write_tensor(path: Path, array: np.ndarray) -> None:
    torch.save(torch.from_numpy(np.ascontiguousarray(array)), path)


def write_old(path: Path, array: np.ndarray) -> None:
    tensor = torch.from_numpy(np.ascontiguousarray(array))
    torch.save(tensor, path, _use_new_zipfile_serialization=False)


WRITERS = [write_npy, write_tensor, write_old]
Write = Callable[[Path, np.ndarray], None]


@pytest.mark.parametrize("write", WRITERS)
@pytest.mark.parametrize("name", ["x.dat"])
@pytest.mark.parametrize(
    "images",
    [GREY, COLOUR, COLOUR.transpose(0, 3, 1, 2), GREY[:, None], GREY > 99, GREY / 255,
     (GREY / 255).astype("f4"), GREY.astype(np.int64), GREY.astype(np.float64)],
)  # fmt: skip
def test_the_same_as_an_npz_file(tmp_path: Path, write: Write, name: str, images: np.ndarray) -> None:
    """Whatever the file is called: its content tells."""
    write(tmp_path / name, images)
    np.savez(tmp_path / "same.npz", imgs=images)
    mine, other = open_dataset(str(tmp_path / name)), open_dataset(str(tmp_path / "same.npz"))
    assert mine.kind in ("npy file", "file of torch tensors")
    assert mine.fingerprint == other.fingerprint
    assert (mine.factors, mine.ignored, mine.image_shape) == ((), (), other.image_shape)


@given(order=st.sampled_from("CF"), dtype=st.sampled_from(["u1", ">u2", "<i8", ">f4", "<f8", "f2"]))
def test_orders_and_types_of_npy(tmp_path_factory: pytest.TempPathFactory, order: Any, dtype: str) -> None:
    path = tmp_path_factory.getbasetemp() / f"{order}-{dtype.strip('<>')}.npy"
    images = (GREY / 255 if "f" in dtype else GREY).astype(dtype, order=order)
    np.save(path, images)
    wrong = np.abs(everything(open_dataset(str(path)))[:, 0].astype(int) - GREY)
    assert wrong.max() <= (dtype == "f2")


def test_npy_files_are_read_in_pieces(
    tmp_path: Path, empty_cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    np.save(tmp_path / "x.npy", GREY)
    whole = open_dataset(str(tmp_path / "x.npy"))
    monkeypatch.setattr(npy_file, "BLOCK", 100)
    monkeypatch.setattr(table, "IN_MEMORY", 0)
    mapped = open_dataset(str(tmp_path / "x.npy"))
    assert (mapped.in_cache, mapped.fingerprint) == (True, whole.fingerprint)


@pytest.mark.parametrize("form", [dict, OrderedDict])
def test_dictionaries_of_tensors(tmp_path: Path, form: type[dict[str, Any]]) -> None:
    content = {
        "images": torch.tensor(COLOUR), "factors": torch.tensor(FACTORS), "epoch": 3,
        "factor_values": torch.tensor(FACTORS * 0.5), "factor_names": ["size", "kind"],
        "extra": torch.ones(2),
    }  # fmt: skip
    torch.save(form(content), tmp_path / "x.pt")
    found = open_dataset(str(tmp_path / "x.pt"))
    assert [(f.name, f.size, f.values[-1]) for f in found.factors] == [("size", 3, 1.0), ("kind", 4, 1.5)]
    assert np.array_equal(found.classes(np.arange(12)), FACTORS)
    assert np.array_equal(everything(found), COLOUR.transpose(0, 3, 1, 2))
    assert found.ignored == ("extra",)


@pytest.mark.parametrize("form", [tuple, list])
def test_pairs_of_images_and_class_ids(tmp_path: Path, form: Callable[[Any], Any]) -> None:
    classes = torch.arange(12) % 4
    torch.save(form([torch.tensor(GREY), classes]), tmp_path / "x.pt")
    found = open_dataset(str(tmp_path / "x.pt"))
    assert [(f.name, f.size, f.continuous) for f in found.factors] == [("class", 4, False)]
    assert found.classes(np.arange(12))[:, 0].tolist() == classes.tolist()
    torch.save(form([torch.tensor(GREY), torch.rand(12)]), tmp_path / "x.pt")
    assert open_dataset(str(tmp_path / "x.pt")).ignored == ("part1",)


def test_bfloat16_and_views(tmp_path: Path) -> None:
    torch.save(torch.tensor(GREY / 255).bfloat16(), tmp_path / "x.pt")
    wrong = np.abs(everything(open_dataset(str(tmp_path / "x.pt")))[:, 0].astype(int) - GREY)
    assert wrong.max() <= 1
    torch.save(torch.tensor(COLOUR).permute(0, 3, 1, 2)[::2], tmp_path / "x.pt")
    assert np.array_equal(everything(open_dataset(str(tmp_path / "x.pt"))), COLOUR.transpose(0, 3, 1, 2)[::2])


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-40])


def flip(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 255
    path.write_bytes(data)


@pytest.mark.parametrize(("write", "harm"), [(write_npy, cut), (write_tensor, cut), (write_tensor, flip)])
def test_damaged_files(tmp_path: Path, write: Write, harm: Callable[[Path], None]) -> None:
    write(tmp_path / "x.dat", GREY)
    harm(tmp_path / "x.dat")
    with pytest.raises(UsageError, match=r"x\.dat: ") as caught:
        open_dataset(str(tmp_path / "x.dat"))
    assert "\n" not in str(caught.value)


class Evil:
    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> Any:
        return os.mkdir, (str(self.path),)


def test_nothing_in_them_runs(tmp_path: Path) -> None:
    made = tmp_path / "made"
    np.save(tmp_path / "x.npy", np.array([Evil(made)], object), allow_pickle=True)
    torch.save({"imgs": torch.tensor(GREY), "evil": Evil(made)}, tmp_path / "x.pt")
    for name, reason in (("x.npy", "pickled objects"), ("x.pt", "carries Python objects")):
        with pytest.raises(UsageError, match=reason):
            open_dataset(str(tmp_path / name))
    assert not made.exists()


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (torch.zeros(1).expand(10**6, 64, 64), "claims more numbers than it holds"),
        (torch.rand(5), "has the shape"),
        (torch.rand(3, 8, 8, dtype=torch.complex64), "carries Python objects"),
        ({"weights": torch.rand(3)}, "no array imgs; it has: weights"), ({}, "no array imgs"),
        (3, "no array imgs"), ([], "no array imgs"), (torch.rand(0, 8, 8), "holds no image"),
        (torch.full((2, 8, 8), torch.nan), "not finite"),
    ],
)  # fmt: skip
def test_tensors_that_are_no_images(tmp_path: Path, content: Any, reason: str) -> None:
    torch.save(content, tmp_path / "x.pt")
    with pytest.raises(UsageError, match=reason) as caught:
        open_dataset(str(tmp_path / "x.pt"))
    assert "\n" not in str(caught.value)


def mended(path: Path) -> Dataset:
    """What the line of the error message makes of a file."""
    with pytest.raises(UsageError, match="mend it with: ") as caught:
        open_dataset(str(path))
    line = str(caught.value).partition("mend it with: ")[2]
    subprocess.run([sys.executable, "-c", line], check=True, timeout=60)
    (made,) = path.parent.glob("*-mended.*")
    return open_dataset(str(made))


@pytest.mark.parametrize("kind", ["npy", "tensor", "pair", "dict"])
def test_the_line_that_mends(tmp_path: Path, kind: str) -> None:
    images, ids = torch.tensor(GREY / 127.5 - 1), torch.arange(12) % 3
    if kind == "npy":
        np.save(tmp_path / "x.npy", images.numpy())
    else:
        whole = {"imgs": images, "factors": ids[:, None], "factor_names": ["class"]}
        torch.save({"tensor": images, "pair": (images, ids), "dict": whole}[kind], tmp_path / "x.pt")
    (path,) = tmp_path.iterdir()
    found = mended(path)
    assert np.abs(everything(found)[:, 0].astype(int) - GREY).max() <= 1
    assert [f.name for f in found.factors] == (["class"] if kind in ("pair", "dict") else [])


def test_memory_is_asked_for_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_tensor(tmp_path / "x.pt", GREY)
    monkeypatch.setattr(tensor_file, "TIMES", 2**60)
    with pytest.raises(UsageError, match=r"x\.pt: to read its tensors would take .* save them as arrays"):
        open_dataset(str(tmp_path / "x.pt"))
