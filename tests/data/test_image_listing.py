"""Which files of a folder are images."""

import os
import socket
from pathlib import Path

import pytest
from PIL import Image

from disentangle_cli.data.image_listing import list_folder
from disentangle_cli.datasets import open_dataset
from disentangle_cli.errors import UsageError

pytestmark = pytest.mark.usefixtures("speaking")


def put(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("L", (8, 8), 200).save(path, format="JPEG")
    return path


def names(folder: Path) -> list[str]:
    return list(list_folder(folder).names)


def test_all_names_of_a_format(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    known = ["a.jfif", "b.JPE", "c.jif", "d.jfi", "e.jpeg"]
    for name in known:
        put(tmp_path / name)
    assert names(tmp_path) == known
    assert len(open_dataset(str(tmp_path), size=8)) == 5
    assert capsys.readouterr().err == f"{tmp_path}: 5 pictures of 8x8, in grey\n"


def test_images_of_other_kinds_are_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    put(tmp_path / "a.jpg")
    for name in ("b.heic", "c.HEIC", "d.svg", "notes.txt", "factors.csv"):
        (tmp_path / name).touch()
    assert names(tmp_path) == ["a.jpg"]
    warned = capsys.readouterr().err.splitlines()
    assert [line.partition("left out ")[2] for line in warned] == [
        "2 .heic files, which are not read",
        "1 .svg files, which are not read",
    ]


def test_linked_folders_are_followed_once(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder, other = tmp_path / "photos", tmp_path / "other"
    put(folder / "sub" / "a.jpg")
    put(other / "b.jpg")
    (folder / "linked").symlink_to(other)
    (other / "up").symlink_to(folder)
    (folder / "again").symlink_to(folder / "sub")
    (folder / "c.jpg").symlink_to(other / "b.jpg")
    assert names(folder) == ["c.jpg", "linked/b.jpg", "sub/a.jpg"]
    told = capsys.readouterr().err
    assert "follows 2 links to folders, such as again" in told
    assert "left out 2 links to folders that are there already" in told


def test_special_files_are_not_opened(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    put(tmp_path / "a.jpg")
    os.mkfifo(tmp_path / "b.jpg")
    (tmp_path / "c.jpg").symlink_to("/dev/zero")
    with socket.socket(socket.AF_UNIX) as bound:
        bound.bind(os.path.relpath(tmp_path / "d.jpg"))
        assert names(tmp_path) == ["a.jpg"]
    assert "left out 3 pipes, sockets or devices" in capsys.readouterr().err


def test_a_folder_of_a_file_that_is_a_data_set(tmp_path: Path) -> None:
    """As disentanglement_lib keeps dSprites: the file is named, not one picture of it missed."""
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "dsprites.npz").write_bytes(b"")
    with pytest.raises(UsageError, match=rf"give the file itself: {tmp_path}/a/dsprites\.npz"):
        names(tmp_path)
