import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from disentangle_cli.data import image_files, table
from disentangle_cli.datasets import open_dataset
from disentangle_cli.errors import UsageError

ORIENTATION = 0x0112
RNG = np.random.default_rng(0)
NOISE = RNG.integers(0, 256, (16, 16), np.uint8)
QUADRANTS = np.kron(np.array([[10, 90], [170, 250]], np.uint8), np.ones((8, 8), np.uint8))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "photos").mkdir()
    return tmp_path / "photos"


def read(folder: Path, size: int = 16, **options: Any) -> np.ndarray:
    dataset = open_dataset(str(folder), size=size, **options)
    return dataset.images(np.arange(len(dataset)))


def test_order_names_and_what_is_left_out(folder: Path) -> None:
    for name, value in [
        ("b.png", 20),
        ("a.PNG", 10),
        ("sub/c.bmp", 30),
        (".hidden.png", 1),
        (".dir/x.png", 2),
    ]:
        (folder / name).parent.mkdir(exist_ok=True)
        Image.new("L", (16, 16), value).save(folder / name)
    (folder / "notes.txt").write_text("not an image")
    dataset = open_dataset(str(folder), size=16)
    assert dataset.name == "photos"
    assert dataset.factors == ()
    assert dataset.image_shape == (1, 16, 16)
    assert read(folder)[:, 0, 0, 0].tolist() == [10, 20, 30]


def test_default_size_is_64(folder: Path) -> None:
    Image.new("RGB", (100, 80), "red").save(folder / "a.jpg")
    assert open_dataset(str(folder)).image_shape == (3, 64, 64)


def test_same_size_is_not_resampled(folder: Path) -> None:
    Image.fromarray(NOISE).save(folder / "a.png")
    Image.fromarray(np.pad(NOISE, ((0, 0), (4, 4)))).save(folder / "b.png")
    images = read(folder)
    assert np.array_equal(images[0, 0], NOISE)
    assert np.array_equal(images[1, 0], NOISE)


def test_centre_crop_and_resize(folder: Path) -> None:
    """A wide picture: grey margins are cropped away, the centre's quadrants stay in their places."""
    wide = np.pad(np.kron(QUADRANTS, np.ones((4, 4), np.uint8)), ((0, 0), (40, 40)), constant_values=128)
    Image.fromarray(wide).save(folder / "a.png")
    image = read(folder)[0, 0]
    assert image[[3, 3, 12, 12], [3, 12, 3, 12]].tolist() == [10, 90, 170, 250]
    assert image[[0, 0, -1, -1], [0, -1, 0, -1]].tolist() == [10, 90, 170, 250]


def test_enlarging(folder: Path) -> None:
    Image.fromarray(QUADRANTS[4:12, 4:12]).save(folder / "a.png")
    assert read(folder)[0, 0][[2, 2, 13, 13], [2, 13, 2, 13]].tolist() == pytest.approx(
        [10, 90, 170, 250], abs=5
    )


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("suffix", ["png", "tiff", "jpg"])
def test_orientation_tag(folder: Path, orientation: int, suffix: str) -> None:
    """Stored as a camera with that orientation stores it, the picture comes out upright."""
    undo = {
        1: lambda a: a,
        2: lambda a: a[:, ::-1],
        3: lambda a: a[::-1, ::-1],
        4: lambda a: a[::-1],
        5: lambda a: a.T,
        6: lambda a: np.rot90(a),
        7: lambda a: a[::-1, ::-1].T,
        8: lambda a: np.rot90(a, -1),
    }
    image = Image.fromarray(np.ascontiguousarray(undo[orientation](QUADRANTS)))
    exif = image.getexif()
    exif[ORIENTATION] = orientation
    image.save(folder / f"a.{suffix}", exif=exif)
    assert np.abs(read(folder)[0, 0].astype(int) - QUADRANTS).max() <= 3


def test_sixteen_bit_grey(folder: Path) -> None:
    values = (NOISE.astype(np.uint16) * 257)[:, ::-1]
    image = Image.fromarray(np.ascontiguousarray(values))
    assert image.mode == "I;16"
    exif = image.getexif()
    exif[ORIENTATION] = 2
    image.save(folder / "a.png", exif=exif)
    Image.fromarray(NOISE.astype(np.float32) / 255).save(folder / "b.tiff")
    images = read(folder)
    assert np.array_equal(images[0, 0], NOISE)
    assert np.array_equal(images[1, 0], NOISE)


def test_float_grey_out_of_range(folder: Path) -> None:
    Image.fromarray(NOISE.astype(np.float32)).save(folder / "a.tiff")
    with pytest.raises(UsageError, match=r"a\.tiff: cannot be read .*outside 0 to 1"):
        read(folder)


def test_transparency_is_laid_on_white(folder: Path) -> None:
    clear = np.zeros((16, 16, 4), np.uint8)
    clear[..., 0] = 200
    clear[:, 8:, 3] = 255
    clear[:8, 8:, 3] = 51
    Image.fromarray(clear).save(folder / "a.png")
    Image.fromarray(np.dstack([NOISE * 0, NOISE * 0])).save(folder / "b.png")  # LA
    palette = Image.new("P", (16, 16), 0)
    palette.putpalette([0, 0, 0, 255, 0, 0])
    palette.save(folder / "c.gif", transparency=0)
    images = read(folder)
    assert images[0, :, 12, 4].tolist() == [255, 255, 255]
    assert images[0, :, 12, 12].tolist() == [200, 0, 0]
    assert images[0, :, 2, 12].tolist() == pytest.approx([244, 204, 204], abs=1)
    assert set(images[1].ravel()) == {255}
    assert set(images[2].ravel()) == {255}


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA", "CMYK", "YCbCr"])
def test_grey_pictures_of_any_mode(folder: Path, mode: str) -> None:
    suffix = "tiff" if mode in ("CMYK", "YCbCr") else "png"
    Image.new("L", (16, 16), 255).convert(mode).save(folder / f"a.{suffix}")
    images = read(folder)
    assert images.shape == (1, 1, 16, 16)
    assert images.min() >= 254


def test_colour_if_any_is(folder: Path) -> None:
    Image.fromarray(NOISE).save(folder / "a.png")
    Image.fromarray(np.dstack([NOISE] * 3)).save(folder / "b.png")
    assert open_dataset(str(folder)).image_shape == (1, 64, 64)
    Image.new("RGB", (16, 16), (255, 0, 0)).save(folder / "c.png")
    images = read(folder)
    assert images.shape == (3, 3, 16, 16)
    assert np.array_equal(images[0], np.stack([NOISE] * 3))
    assert images[2, :, 0, 0].tolist() == [255, 0, 0]
    assert read(folder, channels=1)[2, 0, 0, 0] == 76  # 0.299 * 255
    Image.fromarray(NOISE).save(folder / "c.png")
    assert read(folder, channels=3).shape == (3, 3, 16, 16)


@pytest.mark.parametrize(
    "content",
    [
        b"", b"not an image", b"\x89PNG\r\n\x1a\n", "truncated.png", "truncated.jpg",
        # Pillow would have another program (Ghostscript) draw this
        b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 64 64\n%%EndComments\n0 0 64 64 rectfill\n%%EOF\n",
    ],
)  # fmt: skip
def test_unreadable_file_is_named(folder: Path, content: bytes | str) -> None:
    Image.fromarray(NOISE).save(folder / "a.png")
    if isinstance(content, str):
        Image.fromarray(np.dstack([np.kron(NOISE, NOISE)] * 3)).save(folder / content)
        content = (folder / content).read_bytes()
        content = content[: len(content) // 2]
        (folder / "truncated.png").unlink(missing_ok=True)
        (folder / "truncated.jpg").unlink(missing_ok=True)
    (folder / "bad.png").write_bytes(content)
    with pytest.raises(UsageError, match=r"bad\.png: cannot be read as an image") as caught:
        read(folder)
    assert "\n" not in str(caught.value)


def test_too_large_image_is_named(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    Image.fromarray(NOISE).save(folder / "big.png")
    monkeypatch.setattr(image_files, "MAX_PIXELS", 255)
    with pytest.raises(UsageError, match=r"big\.png: 16x16 pixels are too many"):
        read(folder)
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 100)
    with pytest.raises(UsageError, match=r"big\.png: too many pixels"):
        read(folder)


def test_empty_folder(folder: Path) -> None:
    with pytest.raises(UsageError, match="photos: no images in this folder"):
        read(folder)
    (folder / "dangling.png").symlink_to("nowhere")
    with pytest.raises(UsageError, match=r"dangling\.png: cannot be read"):
        read(folder)


@pytest.mark.parametrize("options", [{"size": 2}, {"size": 5000}, {"channels": 2}])
def test_impossible_options(folder: Path, options: dict[str, int]) -> None:
    Image.fromarray(NOISE).save(folder / "a.png")
    with pytest.raises(UsageError):
        open_dataset(str(folder), **options)


def test_large_folders_are_mapped(empty_cache: Path, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for index in range(20):
        Image.fromarray(np.roll(NOISE, index)).save(folder / f"{index:02}.png")
    in_memory = open_dataset(str(folder), size=16)
    monkeypatch.setattr(table, "IN_MEMORY", 100)
    monkeypatch.setattr("disentangle_cli.data.decoding.PART", 7)
    mapped = open_dataset(str(folder), size=16)
    assert (in_memory.in_cache, mapped.in_cache) == (None, True)
    assert mapped.fingerprint == in_memory.fingerprint
    decoded = []
    monkeypatch.setattr("disentangle_cli.data.decoding.decode_seen", lambda *a: decoded.append(a))
    assert open_dataset(str(folder), size=16).fingerprint == mapped.fingerprint
    assert decoded == []  # from the cache
    monkeypatch.undo()
    monkeypatch.setattr(table, "IN_MEMORY", 100)
    monkeypatch.setenv("DCR_CACHE", str(empty_cache))
    shutil.copy(folder / "01.png", folder / "00.png")
    changed = open_dataset(str(folder), size=16)
    assert changed.fingerprint != mapped.fingerprint
    assert np.array_equal(changed.images(np.array([0]))[0, 0], np.roll(NOISE, 1))
