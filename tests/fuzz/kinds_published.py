"""Files of published data sets, held against what h5py, SciPy and NumPy read."""

from pathlib import Path
from typing import Any

import h5py
import numpy as np
import scipy.io

from disentangle_cli.data.opening import open_dataset
from tests.fuzz.kinds import KINDS, Kind, dcr
from tests.fuzz.kinds_data import RNG, classes, same_classes
from tests.fuzz.mutate import BYTES, TEXT

COUNT = 12


def check(path: Path) -> None:
    dcr("data", "check", path)


def opened(path: Path) -> tuple[np.ndarray, np.ndarray]:
    dataset = open_dataset(str(path), size=None if path.is_file() else 8)
    rows = np.arange(len(dataset))
    return dataset.images(rows), dataset.values(rows)


def make_hdf5() -> None:
    images = RNG.integers(0, 256, (COUNT, 8, 8, 3)).astype(np.uint8)
    labels = np.stack(np.unravel_index(np.arange(COUNT), (1, 1, 2, 1, 2, 3)), axis=1) / [1, 1, 10, 1, 1, 1]
    labels[:, 3] = 0.75
    for name, options in {"plain.h5": {}, "packed.h5": {"compression": "gzip", "chunks": True}}.items():
        with h5py.File(name, "w") as file:
            file.create_dataset("images", data=images, **options)
            file.create_dataset("labels", data=labels, **options)


def check_hdf5(path: Path) -> None:
    images, values = opened(path)
    with h5py.File(path) as file:
        theirs = file["images" if "images" in file else "imgs"][()]
        if images.shape[1] == 3:
            theirs = theirs.transpose(0, 3, 1, 2)
        assert np.array_equal(images, theirs.reshape(images.shape)), "images"
        if values.shape[1]:
            assert np.array_equal(values, file["labels"][()]), "labels"


KINDS["images hdf5"] = Kind(make_hdf5, {"plain.h5": BYTES, "packed.h5": BYTES}, check, check_hdf5)


def make_cars() -> None:
    Path("cars").mkdir()
    for number in range(2):
        im = RNG.integers(0, 256, (8, 8, 3, 3, 2)).astype(np.uint8)
        scipy.io.savemat(f"cars/car_{number}.mat", {"im": im}, do_compression=bool(number))


def check_cars(_: Path) -> None:
    images, _ = opened(Path("cars"))
    files = sorted(Path("cars").glob("*.mat"))
    theirs = [scipy.io.loadmat(path)["im"].transpose(4, 3, 2, 0, 1).reshape(-1, 3, 8, 8) for path in files]
    assert np.array_equal(images, np.concatenate(theirs)), "images"


CARS = {"cars/car_0.mat": BYTES, "cars/car_1.mat": BYTES}
KINDS["cars matlab"] = Kind(make_cars, CARS, lambda _: check(Path("cars")), check_cars)


def write_matrix(path: str, array: Any) -> None:
    magic = {"uint8": 0x1E3D4C55, "int32": 0x1E3D4C54}[array.dtype.name]
    lengths = [*array.shape, *[1] * (3 - array.ndim)]
    Path(path).write_bytes(np.array([magic, array.ndim, *lengths], "<i4").tobytes() + array.tobytes())


def make_norb() -> None:
    Path("norb").mkdir()
    write_matrix("norb/smallnorb-training-dat.mat", RNG.integers(0, 256, (COUNT, 2, 8, 8)).astype(np.uint8))
    write_matrix("norb/smallnorb-training-cat.mat", (np.arange(COUNT) % 3).astype(np.int32))
    write_matrix("norb/smallnorb-training-info.mat", np.arange(COUNT * 4).reshape(COUNT, 4).astype(np.int32))


def check_norb(_: Path) -> None:
    images, values = opened(Path("norb"))
    dat, cat, info = (
        np.fromfile(f"norb/smallnorb-training-{part}.mat", kind, offset=offset)
        for part, kind, offset in (("dat", "u1", 24), ("cat", "<i4", 20), ("info", "<i4", 20))
    )
    assert np.array_equal(images[:, 0], dat.reshape(COUNT, 2, 8, 8)[:, 0]), "images"
    assert np.array_equal(values, np.column_stack([cat, info.reshape(COUNT, 4)[:, 1:]])), "values"


NORB = {f"norb/smallnorb-training-{part}.mat": BYTES for part in ("dat", "cat", "info")}
KINDS["norb matrices"] = Kind(make_norb, NORB, lambda _: check(Path("norb")), check_norb)


def make_celeba() -> None:
    from PIL import Image

    Path("img_align_celeba").mkdir()
    for number in range(4):
        Image.new("RGB", (178, 218), (number * 60, 9, 9)).save(f"img_align_celeba/{number:06}.jpg")
    rows = [f"{number:06}.jpg {number % 2 * 2 - 1:2} {number // 2 * 2 - 1:2}" for number in range(4)]
    Path("list_attr_celeba.txt").write_text("\n".join(["4", "Bald Smiling ", *rows, ""]))


def check_celeba(_: Path) -> None:
    _, values = opened(Path("img_align_celeba"))
    text = Path("list_attr_celeba.txt").read_text("utf-8-sig").replace(",", " ")
    lines = [line.split() for line in text.split("\n") if line.strip()]
    theirs = {Path(line[0]).stem: line[1:] for line in lines}
    columns = zip(*(theirs[f"{number:06}"] for number in range(4)), strict=True)
    same_classes(values, np.stack([classes(list(column)) for column in columns], axis=1))


KINDS["attributes of CelebA"] = Kind(
    make_celeba, {"list_attr_celeba.txt": TEXT}, lambda _: check(Path("img_align_celeba")), check_celeba
)
