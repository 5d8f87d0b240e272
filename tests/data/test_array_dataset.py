import os
import pickle
import struct
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from disentangle_cli.data import table
from disentangle_cli.datasets import Dataset, absolute, open_dataset
from disentangle_cli.datasets.dsprites import DSprites
from disentangle_cli.errors import UsageError

GREY = np.random.default_rng(0).integers(0, 256, (12, 8, 10), np.uint8)
COLOUR = np.random.default_rng(1).integers(0, 256, (12, 8, 10, 3), np.uint8)


@pytest.fixture
def opened(tmp_path: Path) -> Callable[..., Dataset]:
    def write(**arrays: Any) -> Dataset:
        np.savez_compressed(tmp_path / "mine.npz", **arrays)
        return open_dataset(str(tmp_path / "mine.npz"))

    return write


def everything(dataset: Dataset) -> np.ndarray:
    return dataset.images(np.arange(len(dataset)))


@pytest.mark.parametrize("dtype", [np.uint8, np.int64, np.uint16, ">i4"])
def test_grey_values_are_kept(opened: Callable[..., Dataset], dtype: Any) -> None:
    dataset = opened(imgs=GREY.astype(dtype))
    assert dataset.name == "mine"
    assert dataset.image_shape == (1, 8, 10)
    assert dataset.factors == ()
    assert np.array_equal(everything(dataset)[:, 0], GREY)
    assert dataset.classes(np.arange(3)).shape == (3, 0)


def test_colour_and_fortran_order(opened: Callable[..., Dataset]) -> None:
    expected = COLOUR.transpose(0, 3, 1, 2)
    assert np.array_equal(everything(opened(imgs=COLOUR)), expected)
    assert np.array_equal(everything(opened(images=np.asfortranarray(COLOUR))), expected)


@pytest.mark.parametrize("dtype", [bool, np.uint8, np.float32, np.int32])
def test_zeros_and_ones_are_black_and_white(opened: Callable[..., Dataset], dtype: Any) -> None:
    bits = (GREY[:, :7, :9] > 127).astype(dtype)  # 63 pixels: not a whole number of bytes
    dataset = opened(imgs=bits)
    assert np.array_equal(everything(dataset)[:, 0], bits.astype(np.uint8) * 255)


def test_floats_are_rounded_to_256_levels(opened: Callable[..., Dataset]) -> None:
    assert np.array_equal(everything(opened(imgs=GREY / 255))[:, 0], GREY)
    near = np.array([0.0, 1 + 1e-7, 0.5, -1e-7] * 4).reshape(1, 4, 4)
    assert everything(opened(imgs=near))[0, 0, 0].tolist() == [0, 255, 128, 0]


@pytest.mark.parametrize(
    ("imgs", "reason"),
    [
        (GREY / 100, "floats must be from 0 to 1"),
        (GREY.astype(np.int16) - 1, "whole numbers must be from 0 to 255"),
        (GREY.astype(np.uint16) * 257, "whole numbers must be from 0 to 255"),
        (np.where(GREY > 250, np.nan, 0.5), "not finite"),
        (GREY.astype(complex), "not numbers"),
        (GREY[0], r"shape \(8, 10\)"),
        (np.zeros((3, 8, 8, 4), np.uint8), "C 1 or 3"),
        (np.zeros((0, 8, 8), np.uint8), "holds no image"),
        (np.zeros((3, 2, 8), np.uint8), "sides must be"),
        (np.full((2, 8, 8), "x"), "must hold numbers"),
    ],
)
def test_unusable_images(opened: Callable[..., Dataset], imgs: Any, reason: str) -> None:
    with pytest.raises(UsageError, match=rf"mine\.npz: .*{reason}"):
        opened(imgs=imgs)


def test_labels(opened: Callable[..., Dataset]) -> None:
    factors = np.stack([np.arange(12) % 3, np.arange(12) // 6], axis=1)
    dataset = opened(
        imgs=GREY,
        factors=factors,
        factor_names=["size", "kind"],
        factor_values=factors * [0.5, 2.0],
        factor_sizes=[4, 2],
    )
    size, kind = dataset.factors
    assert (size.name, size.size, size.values, size.continuous) == ("size", 3, (0, 0.5, 1), True)
    assert (kind.name, kind.size, kind.values, kind.continuous) == ("kind", 2, (0, 2), False)
    rows = np.array([11, 0])
    assert dataset.classes(rows).tolist() == [[2, 1], [0, 0]]
    assert dataset.values(rows).tolist() == [[1, 2], [0, 0]]
    wanted = np.random.default_rng(0).integers(0, 3, 600)
    drawn = dataset.draw_fixed(np.random.default_rng(1), 0, wanted)
    assert np.array_equal(factors[drawn, 0], wanted)
    assert np.bincount(drawn, minlength=12).min() > 20  # all four images of each class come up
    with pytest.raises(UsageError, match="no size of class 3"):
        dataset.draw_fixed(np.random.default_rng(1), 0, np.array([3]))


def test_classes_are_those_that_occur(opened: Callable[..., Dataset]) -> None:
    ids = np.stack([np.array([1, 5, 9])[np.arange(12) % 3], np.full(12, 2)], axis=1)
    dataset = opened(imgs=GREY, factors=ids, factor_sizes=[99, 3], factor_values=ids * 0.5)
    assert [(f.size, f.values) for f in dataset.factors] == [(3, (0.5, 2.5, 4.5)), (1, (1.0,))]
    assert np.array_equal(dataset.classes(np.arange(12))[:, 0], np.arange(12) % 3)
    assert not dataset.classes(np.arange(12))[:, 1].any()
    assert np.array_equal(dataset.values(np.arange(12)), ids * 0.5)


def test_default_names_and_values(opened: Callable[..., Dataset]) -> None:
    dataset = opened(imgs=GREY, factors=np.arange(12)[:, None] % 2)
    (factor,) = dataset.factors
    assert (factor.name, factor.size, factor.values, factor.continuous) == ("factor1", 2, (0, 1), False)


@pytest.mark.parametrize(
    ("labels", "reason"),
    [
        ({"factors": np.zeros((11, 2), int)}, r"must be \(12, F\)"),
        ({"factors": np.zeros(12, int)}, r"must be \(12, F\)"),
        ({"factors": np.full((12, 1), -1)}, "class ids"),
        ({"factors": np.full((12, 1), 0.5)}, "class ids"),
        ({"factors": np.full((12, 1), np.nan)}, "class ids"),
        ({"factors": np.full((12, 1), 2**62)}, "class ids"),
        ({"factors": np.full((12, 1), "a")}, "must hold numbers"),
        ({"factors": np.zeros((12, 2), int), "factor_names": ["a"]}, "one a factor"),
        ({"factors": np.zeros((12, 2), int), "factor_names": ["a", "a"]}, "occur twice"),
        ({"factors": np.zeros((12, 1), int), "factor_values": np.zeros((12, 2))}, r"must be \(12, 1\)"),
        ({"factors": np.zeros((12, 1), int), "factor_values": np.full((12, 1), np.inf)}, "not finite"),
        ({"factors": np.ones((12, 1), int), "factor_sizes": [1]}, "smaller than the class ids"),
    ],
)
def test_unusable_labels(opened: Callable[..., Dataset], labels: dict[str, Any], reason: str) -> None:
    with pytest.raises(UsageError, match=rf"mine\.npz: .*{reason}"):
        opened(imgs=GREY, **labels)


def test_original_layout(with_dsprites: Path, opened: Callable[..., Dataset]) -> None:
    """A file with the arrays of the original: bits, six classes of which colour has one, six values."""
    source = DSprites()
    rows = source.draw(np.random.default_rng(0), 50)
    classes = np.insert(source.classes(rows), 0, 0, axis=1)
    dataset = opened(
        imgs=source.images(rows)[:, 0] // 255,
        latents_values=np.insert(source.values(rows), 0, 1, axis=1),
        latents_classes=classes,
        metadata=np.array({"title": "dSprites"}, dtype=object),
    )
    assert [f.name for f in dataset.factors] == [f.name for f in source.factors]
    assert dataset.factors[0] == source.factors[0]
    assert np.array_equal(dataset.factors[2].values, np.unique(source.values(rows)[:, 2]))
    assert np.array_equal(dataset.values(np.arange(50)), source.values(rows))
    assert np.array_equal(everything(dataset), source.images(rows))


def test_full_grid_draws_as_a_grid(opened: Callable[..., Dataset]) -> None:
    grid = np.stack(np.unravel_index(np.arange(12), (3, 4)), axis=1)
    wanted = np.array([0, 2, 1, 1])
    draws = [
        opened(imgs=GREY[order], factors=grid[order]).draw_fixed(np.random.default_rng(7), 0, wanted)
        for order in (np.arange(12), np.arange(12)[::-1])
    ]
    expected = np.random.default_rng(7).integers(0, (3, 4), (4, 2))
    assert np.array_equal(draws[0], wanted * 4 + expected[:, 1])
    assert np.array_equal(grid[::-1][draws[1], 0], wanted)


class Hostile:
    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Any, ...]:
        return os.mkdir, (str(self.path),)


def test_pickles_are_never_executed(tmp_path: Path, opened: Callable[..., Dataset]) -> None:
    trap = tmp_path / "executed"
    hostile = np.array([Hostile(trap)], dtype=object)
    dataset = opened(
        imgs=GREY, metadata=hostile
    )  # the original's metadata is pickled: carried along, unopened
    assert len(dataset) == 12
    with pytest.raises(UsageError, match=r"imgs holds pickled objects, which dcr never loads"):
        opened(imgs=hostile)
    for name in ("factors", "factor_names", "factor_values"):
        with pytest.raises(UsageError, match=rf"{name} holds pickled objects"):
            opened(**{"imgs": GREY, "factors": np.zeros((12, 1), int), name: hostile})
    assert not trap.exists()
    pickle.loads(pickle.dumps(Hostile(trap)))
    assert trap.exists()  # it would have worked


def member(shape: str, data: bytes = b"") -> bytes:
    header = f"{{'descr': '|u1', 'fortran_order': False, 'shape': {shape}}}".encode()
    header = header.ljust(117) + b"\n"
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header + data


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (member("(1000000000, 4096, 4096)"), "damaged or forged"),
        (member("(4, 8, 8)", bytes(255)), "damaged or forged"),
        (member("(4, 8, 8)", bytes(257)), "damaged or forged"),
        (member("(4, 8, -8)"), "damaged or forged"),
        (member("__import__('os').mkdir('x')"), "cannot be read"),
        (b"\x93NUMPY\x09\x00", "in a format that dcr does not read"),
        (b"junk", "cannot be read"),
    ],
)
def test_forged_headers(tmp_path: Path, content: bytes, reason: str) -> None:
    with zipfile.ZipFile(tmp_path / "forged.npz", "w") as archive:
        archive.writestr("imgs.npy", content)
    with pytest.raises(UsageError, match=rf"forged\.npz: array imgs .*{reason}"):
        open_dataset(str(tmp_path / "forged.npz"))


def test_labels_are_refused_before_they_are_widened(
    opened: Callable[..., Dataset], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("disentangle_cli.data.labels.MAX_NUMBERS", 23)
    with pytest.raises(UsageError, match=r"mine\.npz: factors holds more than 23 numbers"):
        opened(imgs=GREY, factors=np.zeros((12, 2), np.uint8))


def test_bomb_is_refused_by_its_size(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("disentangle_cli.data.npz_reader.TOTAL_LIMIT", 2**20)
    np.savez_compressed(tmp_path / "bomb.npz", imgs=np.zeros((300, 64, 64), np.uint8))
    with pytest.raises(UsageError, match=r"bomb\.npz: array imgs .*the limit"):
        open_dataset(str(tmp_path / "bomb.npz"))


@pytest.mark.parametrize("harm", ["truncate", "flip"])
def test_damaged_files(tmp_path: Path, harm: str) -> None:
    path = tmp_path / "bad.npz"
    np.savez_compressed(path, imgs=GREY)
    data = bytearray(path.read_bytes())
    if harm == "truncate":
        del data[len(data) // 2 :]
    else:
        data[len(data) // 2] ^= 0xFF
    path.write_bytes(data)
    with pytest.raises(UsageError, match=r"bad\.npz: "):
        open_dataset(str(path))


def test_not_an_npz_file(tmp_path: Path) -> None:
    (tmp_path / "a.npz").write_text("hello")
    with pytest.raises(UsageError, match=r"a\.npz: not an npz file"):
        open_dataset(str(tmp_path / "a.npz"))
    np.savez(tmp_path / "b.npz", other=GREY)
    with pytest.raises(UsageError, match=r"b\.npz: no array imgs; it has: other"):
        open_dataset(str(tmp_path / "b.npz"))


@pytest.mark.parametrize("spec", ["~nobody-of-that-name/a.npz", "a" * 5000, "a\0b"])
def test_paths_that_cannot_be(spec: str) -> None:
    with pytest.raises(UsageError, match="data set "):
        open_dataset(spec)


def test_other_processes_find_what_was_meant(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "dsprites").mkdir()
    assert absolute("dsprites") == "dsprites"  # the registered one, not the folder
    assert absolute("./dsprites") == str(tmp_path / "dsprites")
    (tmp_path / "mine.npz").touch()
    assert absolute("mine.npz") == str(tmp_path / "mine.npz")
    assert absolute("a mere label") == "a mere label"


def test_other_sizes_are_refused(opened: Callable[..., Dataset], tmp_path: Path) -> None:
    opened(imgs=GREY)
    with pytest.raises(UsageError, match="8x10, not 32x32"):
        open_dataset(str(tmp_path / "mine.npz"), size=32)


def test_large_files_are_mapped(
    empty_cache: Path, opened: Callable[..., Dataset], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    in_memory = opened(imgs=COLOUR)
    monkeypatch.setattr(table, "IN_MEMORY", 100)
    monkeypatch.setattr("disentangle_cli.data.npz_reader.BLOCK", 1000)
    mapped = opened(imgs=COLOUR)
    assert (in_memory.in_cache, mapped.in_cache) == (None, True)
    assert mapped.fingerprint == in_memory.fingerprint
    assert np.array_equal(everything(mapped), everything(in_memory))
    kept = list((empty_cache / "datasets").glob("mine-*.pixels"))
    assert len(kept) == 1
    changed = opened(imgs=255 - COLOUR)
    os.utime(tmp_path / "mine.npz", ns=(1, 1))
    assert np.array_equal(everything(open_dataset(str(tmp_path / "mine.npz"))), everything(changed))
    assert list((empty_cache / "datasets").glob("mine-*.pixels")) == kept
