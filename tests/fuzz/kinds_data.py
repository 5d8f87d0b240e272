"""Codes, labels and images, held against what NumPy, Pillow, pyarrow and csv read."""

import csv
import io
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow
import pyarrow.parquet
import torch
from PIL import Image

from disentangle_cli.data.factors_csv import read_columns
from disentangle_cli.data.opening import open_dataset
from disentangle_cli.errors import UsageError
from disentangle_cli.measurement.families import SMALLEST
from disentangle_cli.scoring.codes_file import read_codes
from tests.fuzz.kinds import KINDS, Kind, dcr
from tests.fuzz.mutate import BYTES, TEXT, ZIP

RNG = np.random.default_rng(0)
CODES = RNG.normal(size=(60, 3)).round(3)
FACTORS = np.stack([np.arange(60) % 4, np.arange(60) // 4 % 5], axis=1)
SIDE = 16


def same_numbers(mine: Any, theirs: Any) -> bool:
    """Equal, those aside that metrics take for zero."""
    mine, theirs = np.asarray(mine, float), np.asarray(theirs, float)
    return mine.shape == theirs.shape and bool(np.all((mine == theirs) | (np.abs(theirs) < SMALLEST)))


def same_classes(mine: Any, theirs: Any) -> None:
    """Equal up to the numbers that classes bear."""
    mine, theirs = np.asarray(mine), np.asarray(theirs)
    assert mine.shape == theirs.shape
    for k in range(mine.shape[1]):
        ids = [np.unique(column[:, k], return_inverse=True)[1].reshape(-1) for column in (mine, theirs)]
        pairs = len(set(zip(*(map(int, column) for column in ids), strict=True)))
        assert pairs == len(set(map(int, ids[0]))) == len(set(map(int, ids[1]))), f"classes of factor {k}"


def make_codes_npz() -> None:
    np.savez("plain.npz", codes=CODES, factors=FACTORS, factor_names=np.array(["a", "b"]))
    np.savez_compressed("small.npz", codes=CODES.astype(np.float32), factors=FACTORS.astype(np.uint8))


def score(path: Path) -> None:
    dcr("score", path, "--metrics", "mig", "--format", "json")


def check_npz(path: Path) -> None:
    arrays = read_codes(path)
    with np.load(path, allow_pickle=False) as found:
        assert same_numbers(arrays.codes, found["codes"]), "codes"
        same_classes(arrays.factors, found["factors"])


KINDS["codes npz"] = Kind(make_codes_npz, {"plain.npz": ZIP, "small.npz": ZIP}, score, check_npz)


def make_tables() -> None:
    for path, names, columns in (
        ("a.csv", ["c1", "c2", "c3"], CODES),
        ("a.factors.csv", ["x", "y"], FACTORS),
    ):
        with Path(path).open("w", newline="") as file:
            csv.writer(file).writerows([names, *columns.tolist()])
        table = pyarrow.table({name: columns[:, k] for k, name in enumerate(names)})
        if path == "a.factors.csv":
            table = table.append_column("z", pyarrow.array(["red", "blue"] * 30).dictionary_encode())
        pyarrow.parquet.write_table(table, path.replace(".csv", ".parquet"))


def check_tables(path: str, columns: dict[str, list[Any]], labels: dict[str, list[Any]]) -> None:
    arrays = read_codes(path)
    codes = np.stack([np.array([float(cell) for cell in cells]) for cells in columns.values()], axis=1)
    assert same_numbers(arrays.codes, codes), "codes"
    assert list(arrays.factor_names or ()) == list(labels), "names"
    same_classes(arrays.factors, np.stack([classes(cells) for cells in labels.values()], axis=1))


def classes(cells: list[Any]) -> Any:
    """Class ids of a column: numbers are the same if their values are, texts if their letters are."""
    try:
        return np.unique([float(cell) for cell in cells], return_inverse=True)[1].reshape(-1)
    except ValueError:
        return np.unique([str(cell) for cell in cells], return_inverse=True)[1].reshape(-1)


def csv_columns(path: str) -> dict[str, list[Any]]:
    rows = [row for row in csv.reader(io.StringIO(Path(path).read_text("utf-8-sig"), newline="")) if row]
    return {name.strip(): [row[k].strip() for row in rows[1:]] for k, name in enumerate(rows[0])}


def parquet_columns(path: str) -> dict[str, list[Any]]:
    found: dict[str, list[Any]] = pyarrow.parquet.read_table(path).to_pydict()
    return {name: cells for name, cells in found.items() if not name.startswith("__index_level_")}


KINDS["codes csv"] = Kind(
    make_tables,
    {"a.csv": TEXT, "a.factors.csv": TEXT},
    lambda _: score(Path("a.csv")),
    lambda _: check_tables("a.csv", csv_columns("a.csv"), csv_columns("a.factors.csv")),
)
KINDS["codes parquet"] = Kind(
    make_tables,
    {"a.parquet": BYTES, "a.factors.parquet": BYTES},
    lambda _: score(Path("a.parquet")),
    lambda _: check_tables("a.parquet", parquet_columns("a.parquet"), parquet_columns("a.factors.parquet")),
)


def make_images() -> None:
    images = RNG.integers(0, 2, (12, 8, 8)).astype(np.uint8)
    named = {"factor_names": np.array(["a", "b"]), "factor_values": FACTORS[:12] / 2}
    np.savez_compressed("bits.npz", imgs=images, factors=FACTORS[:12], **named)
    np.savez("floats.npz", images=RNG.random((12, 8, 8, 3)).astype(np.float32), factors=FACTORS[:12])
    np.save("i.npy", np.array([3, 1, 4, 1, 5], np.int64))


def check_images(path: Path) -> None:
    dataset = open_dataset(str(path))
    rows = np.arange(len(dataset))
    with np.load(path, allow_pickle=False) as found:
        images = found["imgs" if "imgs" in found else "images"]
        if images.ndim == 3:
            images = images[..., None]
        if dataset.is_binary:
            images = (images != 0) * 255.0
        elif images.dtype.kind == "f":
            images = np.round(np.clip(images, 0, 1) * 255)
        assert np.array_equal(dataset.images(rows), images.transpose(0, 3, 1, 2).astype(float)), "images"
        if "factors" in found:
            same_classes(dataset.classes(rows), found["factors"])
        if "factor_values" in found and dataset.factors:
            assert np.array_equal(dataset.values(rows), found["factor_values"].astype(float)), "values"


KINDS["images npz"] = Kind(
    make_images, {"bits.npz": ZIP, "floats.npz": ZIP}, lambda path: dcr("data", "check", path), check_images
)


def make_other_arrays() -> None:
    images = RNG.integers(0, 256, (12, 8, 8), np.uint8)
    np.save("x.npy", images)
    np.save("fortran.npy", np.asfortranarray(images / 255))
    tensors = {"imgs": torch.from_numpy(images), "factors": torch.from_numpy(FACTORS[:12])}
    torch.save(tensors, "x.pt")
    torch.save((tensors["imgs"], tensors["factors"][:, 0]), "old.pt", _use_new_zipfile_serialization=False)


def check_other_arrays(path: Path) -> None:
    dataset = open_dataset(str(path))
    found = np.load(path) if path.suffix == ".npy" else torch.load(path, weights_only=True)
    images = np.asarray(
        found["imgs"] if isinstance(found, dict) else found[0] if path.suffix == ".pt" else found
    )
    top = 255 if images.dtype.kind == "f" and images.max() <= 1 else 1
    images = np.round(images.astype(float) * top).reshape(dataset.images(np.arange(len(dataset))).shape)
    if dataset.is_binary:
        images = (images != 0) * 255.0
    assert np.array_equal(dataset.images(np.arange(len(dataset))), images), "images"


OTHER_ARRAYS = {"x.npy": BYTES, "fortran.npy": BYTES, "x.pt": ZIP, "old.pt": BYTES}
KINDS["images npy and tensors"] = Kind(
    make_other_arrays, OTHER_ARRAYS, lambda path: dcr("data", "check", path), check_other_arrays
)


def check_indices(_: Path) -> None:
    with np.load("out.npz") as found:
        assert np.array_equal(found["indices"], np.load("i.npy", allow_pickle=False)), "indices"


KINDS["indices npy"] = Kind(
    make_images,
    {"i.npy": BYTES},
    lambda _: dcr("data", "render", "bits.npz", "--indices", "i.npy", "--out", "out.npz"),
    check_indices,
)


PICTURES: dict[str, tuple[str, dict[str, Any]]] = {
    "rgb.png": ("RGB", {}), "grey.png": ("L", {}), "wide.png": ("I;16", {}), "palette.png": ("P", {}),
    "alpha.png": ("RGBA", {}), "rgb.jpg": ("RGB", {}), "rgb.bmp": ("RGB", {}), "palette.gif": ("P", {}),
    "rgb.webp": ("RGB", {"lossless": True}), "rgb.tif": ("RGB", {}), "wide.tif": ("I;16", {}),
    "packed.tif": ("RGB", {"compression": "tiff_lzw"}), "bits.tif": ("1", {"compression": "group4"}),
    "rgb.ppm": ("RGB", {}), "grey.pgm": ("L", {}),
}  # fmt: skip


def make_pictures() -> None:
    ramp = np.add.outer(np.arange(SIDE), np.arange(SIDE) * 2) * 5 % 256
    rgb = np.stack([ramp, ramp.T, ramp[::-1]], axis=-1).astype(np.uint8)
    for name, (mode, options) in PICTURES.items():
        folder = Path(name.replace(".", "-"))
        folder.mkdir(exist_ok=True)
        if mode == "I;16":
            picture = Image.fromarray((ramp * 257).astype(np.uint16))
        else:
            picture = Image.fromarray(rgb).convert(mode)
        picture.save(folder / name, **options)


def check_picture(path: Path) -> None:
    mine = open_dataset(str(path.parent), size=SIDE).images(np.array([0]))[0].transpose(1, 2, 0)
    with Image.open(path) as found:
        plain = found.mode in ("L", "RGB") and "transparency" not in found.info and not found.getexif()
        if not plain or found.size != (SIDE, SIDE):
            return  # scaled, turned or mixed: held against numbers in tests/data
        assert np.array_equal(
            mine, np.asarray(found.convert("L" if mine.shape[2] == 1 else "RGB")).reshape(mine.shape)
        ), "pixels"


KINDS["picture"] = Kind(
    make_pictures,
    {f"{name.replace('.', '-')}/{name}": BYTES for name in PICTURES},
    lambda path: dcr("data", "check", path.parent),
    check_picture,
)


def make_labelled() -> None:
    Path("set").mkdir()
    for k in range(6):
        Image.new("L", (8, 8), k * 40).save(f"set/{k}.png")
    rows = [["file", "shape", "size"], *([f"{k}.png", ["box", "disc"][k % 2], k / 2] for k in range(6))]
    with Path("set/factors.csv").open("w", newline="") as file:
        csv.writer(file).writerows(rows)


def check_labels(_: Path) -> None:
    columns = csv_columns("set/factors.csv")
    order = np.argsort([int(Path(name).stem) for name in columns.pop("file")])
    dataset = open_dataset("set")
    assert [factor.name for factor in dataset.factors] == list(columns), "names"
    theirs = np.stack([classes(cells) for cells in columns.values()], axis=1)[order]
    same_classes(dataset.classes(np.arange(6)), theirs)
    try:
        read_columns(Path("set/factors.csv"))
    except UsageError as error:
        raise AssertionError("taken and refused") from error


KINDS["labels csv"] = Kind(
    make_labelled, {"set/factors.csv": TEXT}, lambda _: dcr("data", "check", "set"), check_labels
)


def make_archives() -> None:
    for name, compression in (("stored.zip", zipfile.ZIP_STORED), ("deflated.zip", zipfile.ZIP_DEFLATED)):
        with zipfile.ZipFile(name, "w", compression) as archive:
            for k in range(6):
                buffer = io.BytesIO()
                Image.new("L", (8, 8), k * 40).save(buffer, "PNG" if k % 2 else "BMP")
                archive.writestr(f"set/{'ab'[k // 3]}/{k}.{'png' if k % 2 else 'bmp'}", buffer.getvalue())
            archive.writestr("set/notes.txt", "hello")


def check_archive(path: Path) -> None:
    dataset = open_dataset(str(path), size=8)
    with zipfile.ZipFile(path) as archive:
        assert archive.testzip() is None, "damaged"
        names = sorted(name for name in archive.namelist() if name.endswith((".png", ".bmp")))
        for row, name in enumerate(names):
            with Image.open(archive.open(name)) as found:
                if found.mode == "L" and found.size == (8, 8) and dataset.image_shape[0] == 1:
                    assert np.array_equal(dataset.images(np.array([row]))[0, 0], np.asarray(found)), "pixels"


KINDS["pictures zip"] = Kind(
    make_archives,
    {"stored.zip": ZIP, "deflated.zip": ZIP},
    lambda path: dcr("data", "check", path, "--size", "8"),
    check_archive,
)
