"""CelebA as its authors pack it: aligned photographs in a folder or an archive, and a table of attributes."""

import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from disentangle_cli import output
from disentangle_cli.datasets import Dataset, open_dataset
from disentangle_cli.errors import UsageError

RNG = np.random.default_rng(0)
COUNT = 6
PHOTOGRAPHS = RNG.integers(0, 256, (COUNT, 218, 178, 3), np.uint8)
NAMES = [f"{number + 1:06}.png" for number in range(COUNT)]
ATTRIBUTES = ["5_o_Clock_Shadow", "Bald", "Smiling"]
VALUES = np.array([[1, -1, 1], [-1, -1, 1], [1, -1, -1], [1, -1, 1], [-1, -1, -1], [-1, -1, 1]])
FOLDER = "img_align_celeba"


def write_pictures(folder: Path) -> Path:
    folder.mkdir(parents=True)
    for name, pixels in zip(NAMES, PHOTOGRAPHS, strict=True):
        Image.fromarray(pixels).save(folder / name)
    return folder


def write_table(path: Path, rows: int = COUNT) -> Path:
    """As the authors write it: names end in .jpg whatever the images are, numbers are padded."""
    path.parent.mkdir(parents=True, exist_ok=True)
    comma = path.suffix == ".csv"
    head = [] if comma else [str(rows + 1)]
    names = ",".join(["image_id", *ATTRIBUTES]) if comma else " ".join(ATTRIBUTES) + " "
    lines = [
        ("," if comma else " ").join([name.replace(".png", ".jpg"), *(f"{value:2}" for value in values)])
        for name, values in zip(NAMES[:rows], VALUES, strict=False)
    ]
    more = ["999999.jpg -1 -1 -1".replace(" ", "," if comma else " ")]  # a row of an image that is not here
    path.write_text("\n".join([*head, names, *lines, *more, ""]))
    return path


def archive(folder: Path, path: Path) -> Path:
    with zipfile.ZipFile(path, "w") as file:
        for name in NAMES:
            file.write(folder / name, f"{FOLDER}/{name}")
    return path


def check(dataset: Dataset, size: int) -> None:
    rows = np.arange(COUNT)
    crops = PHOTOGRAPHS[:, 45:173, 25:153].astype(int)
    step = 128 // size
    if step > 1:  # the inner four of each square of step x step pixels
        inner = crops.reshape(COUNT, size, step, size, step, 3)[:, :, step // 2 - 1 : step // 2 + 1]
        inner = inner[:, :, :, :, step // 2 - 1 : step // 2 + 1]
        crops = (inner.sum(axis=(2, 4)) + 2) // 4
    assert np.array_equal(dataset.images(rows), crops.transpose(0, 3, 1, 2))
    assert [factor.name for factor in dataset.factors] == ATTRIBUTES
    assert [(factor.size, factor.continuous) for factor in dataset.factors] == [
        (2, False), (1, False), (2, False)
    ]  # fmt: skip
    assert np.array_equal(dataset.values(rows), VALUES)
    assert np.array_equal(dataset.classes(rows)[:, 0], (VALUES[:, 0] + 1) // 2)


@pytest.mark.parametrize("size", [32, 64, 128])
def test_the_folder(tmp_path: Path, size: int) -> None:
    folder = write_pictures(tmp_path / FOLDER)
    write_table(tmp_path / "list_attr_celeba.txt")
    dataset = open_dataset(str(folder), size=size)
    assert (dataset.name, dataset.kind) == (FOLDER, "CelebA (folder of images)")
    check(dataset, size)


def test_sixty_four_pixels_by_default(tmp_path: Path) -> None:
    folder = write_pictures(tmp_path / FOLDER)
    write_table(tmp_path / "list_attr_celeba.txt")
    check(open_dataset(str(folder)), 64)


@pytest.mark.parametrize(
    ("pictures", "table", "given"),
    [
        ("celeba/img_align_celeba", "celeba/list_attr_celeba.txt", "celeba"),  # torchvision
        ("CelebA/Img/img_align_celeba", "CelebA/Anno/list_attr_celeba.txt", "CelebA"),  # the authors
        ("CelebA/Img/img_align_celeba", "CelebA/Anno/list_attr_celeba.txt", "CelebA/Img/img_align_celeba"),
        ("a/img_align_celeba/img_align_celeba", "a/list_attr_celeba.csv", "a/img_align_celeba"),  # Kaggle
        ("img_align_celeba", "img_align_celeba/list_attr_celeba.txt", "img_align_celeba"),
    ],
)
def test_where_people_have_it(tmp_path: Path, pictures: str, table: str, given: str) -> None:
    write_pictures(tmp_path / pictures)
    write_table(tmp_path / table)
    check(open_dataset(str(tmp_path / given)), 64)


def test_the_archive(tmp_path: Path) -> None:
    path = archive(write_pictures(tmp_path / "unpacked"), tmp_path / "img_align_celeba.zip")
    write_table(tmp_path / "list_attr_celeba.txt")
    dataset = open_dataset(str(path), size=32)
    assert (dataset.name, dataset.kind) == (FOLDER, "CelebA (zip of images)")
    check(dataset, 32)


def test_without_a_table(tmp_path: Path) -> None:
    dataset = open_dataset(str(write_pictures(tmp_path / FOLDER)))
    assert dataset.factors == ()


def test_grey(tmp_path: Path) -> None:
    dataset = open_dataset(str(write_pictures(tmp_path / FOLDER)), size=128, channels=1)
    grey = np.asarray(Image.fromarray(PHOTOGRAPHS[0]).convert("L"))[45:173, 25:153]
    assert np.array_equal(dataset.images(np.array([0]))[0, 0], grey)


def test_a_picture_of_another_size(tmp_path: Path) -> None:
    folder = write_pictures(tmp_path / FOLDER)
    Image.new("RGB", (178, 178)).save(folder / NAMES[2])
    with pytest.raises(UsageError, match=r"000003\.png: .*178x178 pixels; those of img_align_celeba"):
        open_dataset(str(folder))
    with output.kept_warnings():
        assert len(open_dataset(str(folder), skip_broken=True)) == COUNT - 1


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda text: text.replace("000002", "000009"), r"has no row for 000002\.png \(and 0 others\)"),
        (lambda text: text.replace("000002.jpg -1", "000002.jpg 2"), "line 4 must have 3 attributes, each"),
        (lambda text: text.replace("000002.jpg -1", "000002.jpg"), "line 4 must have 3 attributes, each"),
        (lambda text: text.replace("Bald", "Smiling"), "must name 1 to 1,000 different attributes"),
        (lambda text: "", "must name 1 to 1,000 different attributes"),
        (lambda text: text.replace("Bald", "B\0ald\xff"), "cannot be read as the attributes of CelebA"),
    ],
)  # fmt: skip
def test_tables_that_cannot_be_used(tmp_path: Path, change: Any, reason: str) -> None:
    folder = write_pictures(tmp_path / FOLDER)
    table = write_table(tmp_path / "list_attr_celeba.txt")
    table.write_bytes(change(table.read_text()).encode("latin-1"))
    with pytest.raises(UsageError, match=rf"list_attr_celeba\.txt: .*{reason}"):
        open_dataset(str(folder))
