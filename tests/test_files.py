"""Writes: what they replace and follow, and what is left when they fail."""

import errno
import os
import signal
import socket
import stat
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from disentangle_cli.data.opening import open_dataset
from disentangle_cli.errors import RunError, UsageError
from disentangle_cli.files import INCOMPLETE, atomic, atomic_folder, remove, write_atomic

SAVE = """
import resource, signal, sys
import torch
from disentangle_cli.data.opening import open_dataset
from disentangle_cli.errors import RunError
from disentangle_cli.files import atomic

signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))  # what a full disk does, for this process
try:
    with atomic(sys.argv[1]) as temporary, temporary.open("wb") as file:
        torch.save({"w": torch.zeros(1_000_000)}, file)
except RunError as error:
    print(error)
"""


@pytest.mark.skipif(not hasattr(signal, "SIGXFSZ"), reason="no limit of file sizes")
def test_no_room_for_an_archive_of_torch(tmp_path: Path) -> None:
    target = tmp_path / "a.pt"
    target.write_text("earlier")
    command = [sys.executable, "-c", SAVE, str(target)]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=120)
    assert done.stdout == f"cannot write {target}: File too large\n"
    assert target.read_text() == "earlier"
    assert list(tmp_path.iterdir()) == [target]


def read_through(path: Path) -> tuple[threading.Thread, list[bytes]]:
    """A reader of a FIFO, and what it will have read."""
    found: list[bytes] = []
    thread = threading.Thread(target=lambda: found.append(path.read_bytes()))
    thread.start()
    return thread, found


def test_a_fifo_is_written_to_and_stays(tmp_path: Path) -> None:
    fifo = tmp_path / "a.html"
    os.mkfifo(fifo)
    link = tmp_path / "link.html"
    link.symlink_to(fifo)
    for name in (fifo, link):
        thread, found = read_through(fifo)
        write_atomic(name, "whole")
        thread.join(10)
        assert found == [b"whole"]
    assert stat.S_ISFIFO(fifo.stat().st_mode)
    assert sorted(tmp_path.iterdir()) == [fifo, link]


def test_a_device_is_written_to_and_stays(tmp_path: Path) -> None:
    """Never a real one: a node of our own where that is allowed, else a link to /dev/null."""
    node = tmp_path / "null"
    try:
        os.mknod(node, stat.S_IFCHR | 0o666, os.makedev(1, 3))
    except (OSError, AttributeError):
        node.symlink_to(os.devnull)
    write_atomic(node, "gone")
    assert stat.S_ISCHR(node.stat().st_mode)
    assert node.read_bytes() == b""
    assert list(tmp_path.iterdir()) == [node]


@pytest.mark.skipif(not hasattr(os, "mknod") or os.geteuid() != 0, reason="makes a node")
def test_a_disk_is_refused(tmp_path: Path) -> None:
    try:
        os.mknod(tmp_path / "disk", stat.S_IFBLK | 0o600, os.makedev(259, 999_999))  # there is none behind it
    except OSError:
        pytest.skip("no node can be made")
    with pytest.raises(RunError, match="it is a disk"):
        write_atomic(tmp_path / "disk", "x")


def test_a_socket_is_refused(tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as one:
        one.bind(str(tmp_path / "s"))
        with pytest.raises(RunError, match="cannot write"):
            write_atomic(tmp_path / "s", "x")
        assert stat.S_ISSOCK((tmp_path / "s").stat().st_mode)


def test_where_stdout_goes_is_written_to(tmp_path: Path) -> None:
    """Under whatever name, at the place that has been reached, and what is printed later comes behind."""
    code = (
        "import sys; from disentangle_cli.files import write_atomic\n"
        "print('before'); write_atomic(sys.argv[1], 'page '); print('after')"
    )
    for name in ("/dev/stdout", "out.txt"):
        with (tmp_path / "out.txt").open("w") as out:
            subprocess.run([sys.executable, "-c", code, name], stdout=out, check=True, cwd=tmp_path)
        assert (tmp_path / "out.txt").read_text() == "before\npage after\n"
    piped = subprocess.run([sys.executable, "-c", code, "/dev/stdout"], capture_output=True, check=True)
    assert piped.stdout == b"before\npage after\n"


def test_symbolic_links_are_followed(tmp_path: Path) -> None:
    (tmp_path / "store").mkdir()
    link, target = tmp_path / "a.txt", tmp_path / "store" / "b.txt"
    link.symlink_to(Path("store") / "b.txt")
    for text in ("made", "replaced"):
        write_atomic(link, text)
        assert link.is_symlink()
        assert target.read_text() == text
    (tmp_path / "loop").symlink_to("loop")
    with pytest.raises(RunError, match="symbolic links"):
        write_atomic(tmp_path / "loop", "x")
    assert (tmp_path / "loop").is_symlink()


def test_modes_are_kept(tmp_path: Path) -> None:
    target = tmp_path / "a"
    write_atomic(target, "x")
    mask = os.umask(0)
    os.umask(mask)
    assert stat.S_IMODE(target.stat().st_mode) == 0o666 & ~mask
    for mode in (0o600, 0o664, 0o755):
        target.chmod(mode)
        write_atomic(target, str(mode))
        assert stat.S_IMODE(target.stat().st_mode) == mode
    assert target.read_text() == str(0o755)


def test_what_is_write_protected_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a").write_text("earlier")
    monkeypatch.setattr(os, "access", lambda path, mode: False)  # root may write everything
    with pytest.raises(RunError, match="write-protected"):
        write_atomic(tmp_path / "a", "x")
    assert (tmp_path / "a").read_text() == "earlier"


def test_a_name_of_full_length(tmp_path: Path) -> None:
    write_atomic(tmp_path / ("a" * 255), "x")
    write_atomic(tmp_path / ("b" * 251 + ".txt"), "x")


def write_half(path: Path, error: Exception) -> None:
    with atomic(path) as temporary:
        temporary.write_text("half")
        raise error


def fill(folder: Path, names: str, text: str, error: Exception | None = None) -> None:
    with atomic_folder(folder) as temporary:
        for name in names:
            (temporary / name).write_text(text)
        if error:
            raise error


def test_removing_spares_links_and_what_is_no_file(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    os.mkfifo(tmp_path / "fifo")
    for name, target in (("a", "file"), ("b", "fifo"), ("c", "gone"), ("d", "d")):
        (tmp_path / name).symlink_to(target)
    for name in ("a", "b", "c", "d", "fifo", "nothing"):
        remove(tmp_path / name)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a", "b", "c", "d", "fifo"]


def test_a_failed_write_leaves_what_was_there(tmp_path: Path) -> None:
    write_atomic(tmp_path / "a", "earlier")
    for error, told in ((OSError(28, "No space left"), RunError), (ValueError("x"), ValueError)):
        with pytest.raises(told):
            write_half(tmp_path / "a", error)
    assert [path.read_text() for path in tmp_path.iterdir()] == ["earlier"]


def test_of_two_writers_the_last_is_there_whole(tmp_path: Path) -> None:
    with atomic(tmp_path / "a") as first:
        first.write_text("first")
        with atomic(tmp_path / "a") as second:
            second.write_text("second")
        assert first.exists()  # the other has swept the folder
        assert (tmp_path / "a").read_text() == "second"
    assert [path.read_text() for path in tmp_path.iterdir()] == ["first"]


def test_a_new_folder_appears_whole(tmp_path: Path) -> None:
    target = tmp_path / "new" / "pictures"
    with atomic_folder(target) as folder:
        (folder / "0").write_text("a")
        assert not target.exists()
    assert [path.name for path in target.iterdir()] == ["0"]
    with pytest.raises(KeyError):
        fill(tmp_path / "other", "0", "a", KeyError())
    assert [path.name for path in tmp_path.iterdir()] == ["new"]


def test_files_move_into_a_folder_that_says_so_meanwhile(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("0", "mine"):
        (tmp_path / name).write_text("earlier")
    replace, seen = Path.replace, []

    def watched(self: Path, target: Path) -> Path:
        seen.append((tmp_path / INCOMPLETE).exists())
        if len(seen) == 4:
            raise OSError(5, "Input/output error")
        return replace(self, target)

    monkeypatch.setattr(Path, "replace", watched)
    with atomic_folder(tmp_path) as folder:
        for name in "01":
            (folder / name).write_text("new")
        assert (tmp_path / "0").read_text() == "earlier"
    assert seen == [True, True]
    assert {path.name: path.read_text() for path in tmp_path.iterdir()} == {
        "0": "new", "1": "new", "mine": "earlier"
    }  # fmt: skip
    with pytest.raises(RunError, match="Input/output"):
        fill(tmp_path, "01", "newer")
    assert (tmp_path / INCOMPLETE).exists()
    fill(tmp_path, "0", "newest")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["0", "1", "mine"]


def test_files_in_a_folder_are_replaced_as_any_other(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    for name in "ab":
        (tmp_path / "in" / name).write_text("earlier")
    (tmp_path / "in" / "a").chmod(0o600)
    (tmp_path / "elsewhere").write_text("earlier")
    (tmp_path / "in" / "c").symlink_to(tmp_path / "elsewhere")
    os.mkfifo(tmp_path / "in" / "d")
    thread, found = read_through(tmp_path / "in" / "d")
    fill(tmp_path / "in", "abcd", "new")
    thread.join(10)
    assert found == [b"new"]
    assert [(tmp_path / "in" / name).read_text() for name in "abc"] == ["new"] * 3
    assert stat.S_IMODE((tmp_path / "in" / "a").stat().st_mode) == 0o600
    assert (tmp_path / "in" / "c").is_symlink()
    assert sorted(path.name for path in (tmp_path / "in").iterdir()) == ["a", "b", "c", "d"]


def test_the_folder_reader_asks_for_the_mark(tmp_path: Path) -> None:
    (tmp_path / INCOMPLETE).touch()
    with pytest.raises(UsageError, match="did not end"):
        open_dataset(str(tmp_path))


@pytest.mark.parametrize("number", [errno.EINVAL, errno.EACCES])
def test_folders_that_cannot_be_synced_are_no_failure(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    def fsync(held: int) -> None:
        if stat.S_ISDIR(os.fstat(held).st_mode):
            raise OSError(number, os.strerror(number))

    monkeypatch.setattr(os, "fsync", fsync)
    write_atomic(tmp_path / "new" / "a", "x")
    assert (tmp_path / "new" / "a").read_text() == "x"


def test_a_disk_that_fails_is_a_failure(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fsync(held: int) -> None:
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    monkeypatch.setattr(os, "fsync", fsync)
    with pytest.raises(RunError, match="Input/output error"):
        write_atomic(tmp_path / "a", "x")
    assert not list(tmp_path.iterdir())


def test_all_that_is_new_is_synced_from_the_top(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    synced: list[int] = []
    monkeypatch.setattr(os, "fsync", lambda held: synced.append(os.fstat(held).st_ino))
    write_atomic(tmp_path / "a" / "b" / "c", "x")
    wanted = [tmp_path / "a" / "b" / "c", tmp_path / "a" / "b", tmp_path / "a", tmp_path]
    assert {path.stat().st_ino for path in wanted} == set(synced)
    assert synced[-2:] == [path.stat().st_ino for path in wanted[:2]]
