"""Arrays of any layout and range are read rightly, or refused with a line that mends them: it is run here."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from disentangle_cli import output
from disentangle_cli.commands import app
from disentangle_cli.datasets import Dataset, open_dataset
from disentangle_cli.errors import UsageError

RNG = np.random.default_rng(0)
GREY = RNG.integers(0, 256, (12, 8, 10), np.uint8)
COLOUR = RNG.integers(0, 256, (12, 8, 10, 3), np.uint8)
FIRST = COLOUR.transpose(0, 3, 1, 2)
FACTORS = np.arange(12)[:, None] % 3


def write(folder: Path, imgs: Any, key: str = "imgs", count: int = 12) -> Path:
    np.savez(folder / "mine.npz", **{key: imgs, "factors": FACTORS[:count]})
    return folder / "mine.npz"


def everything(dataset: Dataset) -> np.ndarray:
    return dataset.images(np.arange(len(dataset)))


@pytest.mark.parametrize(
    "imgs",
    [
        FIRST,
        np.asfortranarray(FIRST),
        np.asfortranarray(COLOUR),
        COLOUR.astype(">u2"),
        COLOUR.astype(np.float32),
        COLOUR.astype(">f8"),
        (FIRST / 255).astype(np.float32),
        (COLOUR / 255).astype(">f4"),
        COLOUR.astype(np.int64)[:, ::-1, ::-1][:, ::-1, ::-1],
    ],
    ids=["first", "first F", "F", ">u2", "0..255 f4", "0..255 >f8", "first 0..1", "0..1 >f4", "strided"],
)
def test_whatever_can_be_read_in_one_way_only_is_read(tmp_path: Path, imgs: Any) -> None:
    dataset = open_dataset(str(write(tmp_path, imgs)))
    assert dataset.image_shape == (3, 8, 10)
    assert np.array_equal(everything(dataset), FIRST)


def test_one_channel_first(tmp_path: Path) -> None:
    assert np.array_equal(everything(open_dataset(str(write(tmp_path, GREY[:, None])))), GREY[:, None])


def as_objects(images: Any) -> Any:
    found = np.empty(len(images), object)
    found[:] = list(images)
    return found


@pytest.mark.parametrize(
    ("imgs", "expected"),
    [
        (COLOUR / 127.5 - 1, FIRST),
        ((FIRST / 127.5 - 1).astype(np.float32), FIRST),
        (COLOUR * 0.999, np.round(FIRST * 0.999)),
        (COLOUR.astype(np.uint16) * 257, FIRST),
        (GREY.astype(np.int32) * 16, np.round(GREY * 16.0 / 4095 * 255)[:, None]),
        ((COLOUR.astype(np.int16) - 128).astype(np.int8), FIRST),
        (GREY / 127.5 * 3 - 1, GREY[:, None]),
        (as_objects(COLOUR), FIRST),
        (COLOUR.astype(object), FIRST),
        (np.concatenate([COLOUR, COLOUR[..., :1]], axis=3), FIRST),
        (np.concatenate([FIRST, FIRST[:, :1]], axis=1), FIRST),
        (np.moveaxis(COLOUR, 0, -1), FIRST),
        (np.moveaxis(FIRST, 0, -1), FIRST),
        (GREY[:, :8, :8].reshape(12, 64), GREY[:, None, :8, :8]),
        (GREY[:, None, :, :, None], GREY[:, None]),
        (COLOUR[0, :, :, 0], COLOUR[:1, :, :, :1].transpose(0, 3, 1, 2)),
        (COLOUR[0], FIRST[:1]),
        (np.where(GREY > 250, np.nan, GREY / 255), np.where(GREY > 250, 0, GREY)[:, None]),
    ],
    ids=[
        "-1..1", "-1..1 first", "0..255 floats", "16 bits", "12 bits", "int8", "-1..5", "objects",
        "all objects", "alpha last", "alpha first", "images last", "images last, channels first", "flat",
        "five axes", "one grey", "one", "nan",
    ],
)  # fmt: skip
@pytest.mark.parametrize("key", ["imgs", "images"])
def test_the_line_that_mends(tmp_path: Path, imgs: Any, expected: Any, key: str) -> None:
    path = write(tmp_path, imgs, key, len(expected))
    with pytest.raises(UsageError, match=r"mine\.npz: ") as error:
        open_dataset(str(path))
    line = str(error.value)
    assert "\n" not in line
    exec(line[line.index("import numpy") :], {})
    dataset = open_dataset(str(tmp_path / "mine-mended.npz"))
    assert np.array_equal(everything(dataset), expected)
    assert np.array_equal(dataset.classes(np.arange(len(dataset)))[:, 0], FACTORS[: len(dataset), 0])


@pytest.mark.parametrize("shape", [(2, 8, 8, 2), (2, 5, 7, 8), (2, 2, 5, 7, 8), (3,), ()])
def test_shapes_that_say_nothing(tmp_path: Path, shape: tuple[int, ...]) -> None:
    np.savez(tmp_path / "mine.npz", imgs=np.zeros(shape))
    with pytest.raises(UsageError, match=r"it must be \(N, H, W\)[^;]*$"):
        open_dataset(str(tmp_path / "mine.npz"))


RANGES: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "0..255": lambda x: x,
    "0..1": lambda x: x / 255,
    "-1..1": lambda x: x / 127.5 - 1,
    "16 bits": lambda x: x.astype(np.int32) * 257,
    "signed": lambda x: x.astype(np.int16) - 128,
    "standardised": lambda x: (x - 100.0) / 50,
}
AXES: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "channels last": lambda x: x,
    "channels first": lambda x: np.moveaxis(x, 3, 1),
    "images last": lambda x: np.moveaxis(x, 0, 3),
    "alpha": lambda x: np.concatenate([x, x[..., :1]], axis=3),
    "grey": lambda x: x[..., 0],
    "grey, one channel": lambda x: x[..., :1],
    "flat": lambda x: x[..., 0].reshape(len(x), -1),
    "objects": lambda x: as_objects(list(x)),
}
STORED: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "as it is": lambda x: x,
    "Fortran order": np.asfortranarray,
    "big-endian": lambda x: x if x.dtype == object else x.astype(x.dtype.newbyteorder(">")),
    "single precision": lambda x: x.astype(np.float32) if x.dtype == np.float64 else x,
}


@settings(deadline=None, max_examples=60)
@given(st.sampled_from([*RANGES]), st.sampled_from([*AXES]), st.sampled_from([*STORED]))
def test_whatever_is_wrong_the_lines_mend_it(
    tmp_path_factory: pytest.TempPathFactory, values: str, axes: str, stored: str
) -> None:
    """Each line of a refusal mends one thing; after three at most every array is read as it is meant."""
    folder = tmp_path_factory.mktemp("mend")
    images = np.random.default_rng(1).integers(0, 256, (5, 6, 6, 3), np.uint8)
    images[0, 0, 0], images[0, 0, 1] = 0, 255  # whatever range is stretched, it is this one
    path = write(folder, STORED[stored](AXES[axes](RANGES[values](images))), count=5)
    for _ in range(4):
        try:
            found = open_dataset(str(path))
            break
        except UsageError as error:
            exec(str(error).partition("mend it with: ")[2], {})
            path = path.with_name(f"{path.stem}-mended.npz")
    grey = axes in ("grey", "grey, one channel", "flat")
    expected = images[..., :1] if grey else images
    assert np.abs(everything(found).astype(int) - np.moveaxis(expected, 3, 1)).max() <= 1
    assert [factor.size for factor in found.factors] == [3]


def test_large_arrays_in_fortran_order(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write(tmp_path, np.asfortranarray(COLOUR))
    monkeypatch.setattr("disentangle_cli.data.npz_reader.WHOLE_LIMIT", COLOUR.nbytes - 1)
    with pytest.raises(UsageError, match=r"array imgs, in Fortran order, of .* mend it with: ") as error:
        open_dataset(str(path))
    line = str(error.value)
    exec(line[line.index("import numpy") :], {})
    dataset = open_dataset(str(tmp_path / "mine-mended.npz"))
    assert np.array_equal(everything(dataset), FIRST)
    assert dataset.factors


def test_the_line_is_shown_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also for a file with all that labels can have, in a folder of a long name."""
    folder = tmp_path / ("a long name " * 8)
    folder.mkdir()
    monkeypatch.chdir(folder)
    named = {"factor_names": ["a"], "factor_sizes": [3], "factor_values": FACTORS, "is_continuous": [True]}
    np.savez("mine.npz", imgs=COLOUR / 127.5 - 1, factors=FACTORS, **named)
    code = CliRunner().invoke(app, ["data", "check", str(folder / "mine.npz")])
    assert code.exit_code == 2
    line = code.stderr.strip()
    assert "[...]" not in line
    exec(line[line.index("import numpy") :], {})
    dataset = open_dataset("mine-mended.npz")
    assert np.array_equal(everything(dataset), FIRST)
    assert [factor.name for factor in dataset.factors] == ["a"]


@pytest.mark.parametrize(
    "images",
    [COLOUR, FIRST, GREY[:, :8, :8], GREY[..., None]],
    ids=["colour", "channels first", "grey", "one channel"],
)
@pytest.mark.parametrize("suffix", ["npz", "npy"])
def test_a_grid_of_images(tmp_path: Path, images: np.ndarray, suffix: str) -> None:
    grid = images.reshape(2, 3, 2, *images.shape[1:])
    path = tmp_path / f"mine.{suffix}"
    if suffix == "npz":
        np.savez(path, imgs=grid)
    else:
        np.save(path, grid)
    with pytest.raises(UsageError, match="mend it with: ") as error:
        open_dataset(str(path))
    exec(str(error.value).partition("mend it with: ")[2], {})
    found = open_dataset(str(tmp_path / "mine-mended.npz"))
    assert [factor.size for factor in found.factors] == [2, 3, 2]
    assert np.array_equal(
        found.classes(np.arange(12)), np.stack(np.unravel_index(np.arange(12), (2, 3, 2)), 1)
    )
    np.savez(tmp_path / "flat.npz", imgs=images)
    assert found.fingerprint == open_dataset(str(tmp_path / "flat.npz")).fingerprint


def test_images_along_the_last_axis_may_be_meant(tmp_path: Path) -> None:
    np.savez(tmp_path / "mine.npz", imgs=np.moveaxis(GREY[:, :8, :8], 0, -1))
    with output.kept_warnings() as warnings:
        assert len(open_dataset(str(tmp_path / "mine.npz"))) == 8
    (line,) = warnings
    exec(line[line.index("import numpy") :], {})
    assert np.array_equal(everything(open_dataset(str(tmp_path / "mine-mended.npz"))), GREY[:, None, :8, :8])


def test_dark_arrays_are_warned_about(tmp_path: Path) -> None:
    with output.kept_warnings() as warnings:
        open_dataset(str(write(tmp_path, GREY // 16)))
    assert re.search(r"mine\.npz: no pixel is brighter than 15 of 255", warnings[0])
