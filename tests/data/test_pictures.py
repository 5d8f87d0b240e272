"""Folders and zip archives of pictures: classes, archives, broken files, workers, what is said."""

import shutil
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from disentangle_cli.data import decoding, folder, table
from disentangle_cli.data.class_folders import class_labels, class_names
from disentangle_cli.data.dataset import Dataset
from disentangle_cli.datasets import open_dataset
from disentangle_cli.errors import UsageError

RNG = np.random.default_rng(0)
NAMES = ["cats/a.png", "cats/deep/b.jpg", "dogs/a.png", "dogs/c.bmp", "eels/x.gif"]


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    for name in NAMES:
        put(tmp_path / "photos" / name)
    return tmp_path / "photos"


def put(path: Path, width: int = 20, height: int = 16) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(RNG.integers(100, 256, (height, width), np.uint8)).save(path)
    return path


def pack(root: Path, archive: Path, top: str = "", compression: int = zipfile.ZIP_STORED) -> Path:
    with zipfile.ZipFile(archive, "w", compression) as made:
        for path in sorted(root.rglob("*"), reverse=True):
            if path.is_file():
                made.write(path, top + path.relative_to(root).as_posix())
    return archive


def everything(dataset: Dataset) -> tuple[object, ...]:
    rows = np.arange(len(dataset))
    return (
        dataset.fingerprint, dataset.file_names, dataset.factors, dataset.classes(rows).tolist(),
        dataset.values(rows).tolist(), dataset.report, dataset.ignored,
    )  # fmt: skip


def test_class_folders_are_a_factor(photos: Path) -> None:
    dataset = open_dataset(str(photos), size=16)
    (factor,) = dataset.factors
    assert (factor.name, factor.size, factor.continuous) == ("class", 3, False)
    assert dataset.file_names == tuple(NAMES)
    assert dataset.classes(np.arange(5)).tolist() == [[0], [0], [1], [1], [2]]
    assert dataset.report is not None
    assert dataset.report["classes"] == ["cats", "dogs", "eels"]
    plain = open_dataset(str(photos), size=16, class_folders=False)
    assert (plain.factors, plain.fingerprint) == ((), dataset.fingerprint)


@pytest.mark.parametrize("others", [["top.png"], ["cats/only.png"]])
def test_no_classes_unless_every_picture_is_in_one_of_several(tmp_path: Path, others: list[str]) -> None:
    names = [*others, "cats/a.png"]
    for name in names:
        put(tmp_path / name)
    dataset = open_dataset(str(tmp_path), size=16)
    assert dataset.factors == ()
    assert "put a factors.csv beside the pictures" in dataset.unlabelled


def test_a_table_of_labels_wins(photos: Path) -> None:
    rows = [f"{name},{k * 0.5},{k % 2}" for k, name in enumerate(NAMES)]
    (photos / "factors.csv").write_text("\n".join(["file,age,sex", *rows]))
    dataset = open_dataset(str(photos), size=16)
    assert [factor.name for factor in dataset.factors] == ["age", "sex"]
    assert dataset.values(np.arange(5))[:, 0].tolist() == [0, 0.5, 1, 1.5, 2]


@given(st.lists(st.text("ab/.", min_size=1, max_size=6), min_size=1, max_size=8))
def test_classes_are_those_of_torchvision(names: list[str]) -> None:
    """Sorted names of the top folders, numbered from 0."""
    classes = class_names(names)
    if classes:
        labels = class_labels(names, classes)
        assert list(classes) == sorted(set(classes))
        assert [classes[k] for k in labels.classes[:, 0]] == [name.split("/")[0] for name in names]
    else:
        assert len({name.split("/")[0] for name in names}) == 1 or any("/" not in name for name in names)


@pytest.mark.parametrize("top", ["", "photos/"])
@pytest.mark.parametrize("compression", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
@pytest.mark.parametrize("labelled", [False, True])
def test_an_archive_is_the_folder_that_was_packed(
    photos: Path, top: str, compression: int, labelled: bool
) -> None:
    (photos / "notes.txt").write_text("hello")
    (photos / ".hidden.png").write_text("no picture")
    if labelled:
        rows = [f"{name},{k}" for k, name in enumerate(NAMES)]
        (photos / "factors.csv").write_text("\n".join(["file,age", *rows]))
    archive = pack(photos, photos.parent / "archive.zip", top, compression)
    with zipfile.ZipFile(archive, "a") as made:
        made.writestr(f"__MACOSX/{top}cats/._a.png", "resource fork")
    found = open_dataset(str(archive), size=16)
    assert everything(found) == everything(open_dataset(str(photos), size=16))
    assert (found.name, found.kind, found.ignored) == ("archive", "zip of images", ("notes.txt",))


def encrypted(archive: Path) -> None:
    data = bytearray(archive.read_bytes())
    for magic, place in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        start = data.index(magic)
        data[start + place] |= 1
    archive.write_bytes(data)


def damaged(archive: Path) -> None:
    data = bytearray(archive.read_bytes())
    data[60] ^= 255
    archive.write_bytes(data)


def bomb(archive: Path) -> None:
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as made:
        made.writestr("a.png", bytes(120 * 2**20))


def lzma(archive: Path) -> None:
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_LZMA) as made:
        made.writestr("a.png", b"x" * 99)


def twice(archive: Path) -> None:
    with zipfile.ZipFile(archive, "a") as made, pytest.warns(UserWarning, match="Duplicate"):
        made.writestr("a.png", b"x")


def cut(archive: Path) -> None:
    archive.write_bytes(archive.read_bytes()[:-30])


@pytest.mark.parametrize(
    ("harm", "reason"),
    [
        (encrypted, "archive.zip/a.png: is encrypted"), (damaged, "archive.zip/a.png: cannot be read"),
        (bomb, "grows to 120 MiB"), (lzma, "packed in a way"), (twice, "two files of one name"),
        (cut, "archive.zip: not a zip file, or a damaged one"),
    ],
)  # fmt: skip
def test_archives_that_cannot_be_read(tmp_path: Path, harm: Callable[[Path], None], reason: str) -> None:
    put(tmp_path / "in" / "a.png", 64, 64)
    archive = pack(tmp_path / "in", tmp_path / "archive.zip")
    harm(archive)
    with pytest.raises(UsageError, match=reason) as caught:
        open_dataset(str(archive), size=16)
    assert "\n" not in str(caught.value)


def test_backslashes_of_windows(tmp_path: Path) -> None:
    put(tmp_path / "a.png")
    with zipfile.ZipFile(tmp_path / "x.zip", "w") as made:
        for name in ("set/cats/1.png", "set/dogs/1.png"):
            info = zipfile.ZipInfo(name)
            info.filename = name.replace("/", "\\")  # as the constructor would not have it
            made.writestr(info, (tmp_path / "a.png").read_bytes())
    dataset = open_dataset(str(tmp_path / "x.zip"), size=16)
    assert dataset.file_names == ("cats/1.png", "dogs/1.png")
    assert [factor.size for factor in dataset.factors] == [2]


def test_an_archive_that_changes_is_read_again(photos: Path) -> None:
    archive = pack(photos, photos.parent / "archive.zip")
    first = open_dataset(str(archive), size=16)
    put(photos / "cats" / "a.png")
    pack(photos, archive)
    assert open_dataset(str(archive), size=16).fingerprint != first.fingerprint


@pytest.fixture(params=["memory", "cache", "workers"])
def way(request: pytest.FixtureRequest, empty_cache: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """How a folder is read: here and held in memory, here and kept, by workers and kept."""
    if request.param != "memory":
        monkeypatch.setattr(table, "IN_MEMORY", 0)
        monkeypatch.setattr(folder, "cores", lambda: 2 if request.param == "workers" else 1)
        monkeypatch.setattr(decoding, "PART", 2)
        monkeypatch.setattr(decoding, "FIRST", 1)
    return str(request.param)


def test_all_ways_read_the_same(way: str, photos: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = [everything(open_dataset(str(photos), size=16)) for _ in range(2)]  # made, then from the cache
    with monkeypatch.context() as patch:
        patch.setattr(table, "IN_MEMORY", 2**26)
        assert found == [everything(open_dataset(str(photos), size=16))] * 2


def test_broken_files_are_named_or_left_out(way: str, photos: Path) -> None:
    """The rest is read as if they were not there, with their labels; a class that has no picture is gone."""
    shutil.copytree(photos, sound := photos.parent / "sound")
    shutil.rmtree(sound / "dogs")
    (photos / "dogs" / "a.png").write_bytes(b"no picture")
    with Image.open(photos / "dogs" / "c.bmp") as whole:
        whole.resize((99, 99)).save(photos / "dogs" / "c.bmp")
    (photos / "dogs" / "c.bmp").write_bytes((photos / "dogs" / "c.bmp").read_bytes()[:200])
    with pytest.raises(UsageError, match=r"dogs/a\.png: cannot be read as an image \(.*--skip-broken$"):
        open_dataset(str(photos), size=16)
    for _ in range(2):
        found = open_dataset(str(photos), size=16, skip_broken=True)
        wanted = open_dataset(str(sound), size=16)
        assert (found.fingerprint, found.file_names) == (wanted.fingerprint, wanted.file_names)
        assert found.classes(np.arange(3)).tolist() == [[0], [0], [1]]
        assert (found.factors[0].size, found.factors[0].values) == (2, (0.0, 2.0))
        assert found.report is not None
        assert [skipped["file"] for skipped in found.report["skipped"]] == ["dogs/a.png", "dogs/c.bmp"]


def test_nothing_but_broken_files(way: str, tmp_path: Path) -> None:
    for name in ("a.png", "b.png", "c.png"):
        (tmp_path / name).write_bytes(b"no picture")
    with pytest.raises(UsageError, match=r"no image can be read; the first: .*a\.png"):
        open_dataset(str(tmp_path), size=16, skip_broken=True)


def test_what_was_done_is_told(way: str, tmp_path: Path) -> None:
    for k in range(3):
        put(tmp_path / f"wide{k}.png", 40, 32)
    put(tmp_path / "right.png", 16, 16)
    (tmp_path / "broken.png").write_bytes(b"")
    frames = [Image.new("L", (20, 20), value) for value in (200, 100)]
    for name in ("moving.gif", "pages.tiff", "moving.webp", "moving.png"):
        frames[0].save(tmp_path / name, save_all=True, append_images=frames[1:])
    report = open_dataset(str(tmp_path), size=16, skip_broken=True).report
    assert report is not None
    assert [(s["width"], s["height"], s["pictures"]) for s in report["sizes"]] == [
        (20, 20, 4), (40, 32, 3), (16, 16, 1),
    ]  # fmt: skip
    assert (report["pictures"], report["cropped"], report["resized"]) == (8, 3, 7)
    assert report["shorter_side"] == [16, 32]
    assert report["several"] == ["moving.gif", "moving.png", "moving.webp", "pages.tiff"]
    assert [skipped["file"] for skipped in report["skipped"]] == ["broken.png"]


def test_the_first_of_several_is_read(tmp_path: Path) -> None:
    frames = [Image.new("L", (16, 16), value) for value in (200, 100)]
    for name in ("a.gif", "b.tiff", "c.png"):
        frames[0].save(tmp_path / name, save_all=True, append_images=frames[1:])
    dataset = open_dataset(str(tmp_path), size=16)
    assert dataset.images(np.arange(3))[:, 0, 0, 0].tolist() == [200, 200, 200]


@pytest.mark.usefixtures("speaking")
def test_words(photos: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (photos / "dogs" / "a.png").write_bytes(b"")
    frames = [Image.new("L", (20, 20), value) for value in (200, 100)]
    frames[0].save(photos / "cats" / "m.gif", save_all=True, append_images=frames[1:])
    open_dataset(str(photos), size=16, skip_broken=True)
    told = [line.removeprefix(f"{photos}: ") for line in capsys.readouterr().err.splitlines()]
    assert told == [
        "5 pictures of 20x16 and 20x20, in grey; 4 cropped to a square, 1 resized to 16x16, 1 others skipped",
        "its 3 folders are the classes of a factor: cats, dogs, eels (--no-class-folders: they are none)",
        f"warning: {photos}: 1 of them hold several pictures (frames or pages), of which the first is read: "
        "cats/m.gif",
        f"warning: {photos}: 1 files cannot be read and are left out: dogs/a.png",
    ]


def test_a_killed_build_is_made_again(
    empty_cache: Path, photos: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What a killed process leaves is swept, and the next one makes the images."""
    monkeypatch.setattr(table, "IN_MEMORY", 0)
    kept = empty_cache / "datasets"
    whole = open_dataset(str(photos), size=16)
    (file,) = kept.glob("*.pixels")
    (kept / ".dcr-0123456789ab.pixels").write_bytes(file.read_bytes()[:5000])
    file.unlink()
    assert everything(open_dataset(str(photos), size=16)) == everything(whole)
    assert [path.name for path in kept.iterdir() if path.suffix == ".pixels"] == [file.name]


def test_kept_notes_are_checked(empty_cache: Path, photos: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(table, "IN_MEMORY", 0)
    whole = open_dataset(str(photos), size=16)
    (file,) = (empty_cache / "datasets").glob("*.pixels")
    sound = file.read_bytes()
    file.write_bytes(sound[:-1] + b" ")
    assert everything(open_dataset(str(photos), size=16)) == everything(whole)
    assert file.read_bytes() == sound
