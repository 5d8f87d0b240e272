"""The zip archive: one way to read it, and no bit of it that nothing checks."""

import struct
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from disentangle_cli.checkpoint import load_checkpoint
from disentangle_cli.errors import UsageError
from disentangle_cli.serialization import read_tensors
from disentangle_cli.serialization.pickled import DTYPES
from tests.conftest import WriteModel
from tests.serialization.archives import flips, members_of, write_archive

END = 98  # bytes: the end of a zip64 archive, its locator, the end of an old one


@pytest.fixture
def saved(tmp_path: Path) -> Path:
    path = tmp_path / "a.pt"
    torch.save({"w": torch.arange(6.0).reshape(2, 3), "none": torch.zeros(0), "n": 3}, path)
    return path


def refused(path: Path, data: bytes, match: str = r"\(") -> None:
    path.write_bytes(data)
    with pytest.raises(UsageError, match=match) as raised:
        read_tensors(path, "thing")
    assert str(raised.value).startswith(f"{path}: not a thing, or damaged")


def test_what_torch_saves_is_read(saved: Path) -> None:
    found = read_tensors(saved, "thing")
    assert torch.equal(found["w"], torch.arange(6.0).reshape(2, 3))
    assert found["none"].shape == (0,)
    assert found["n"] == 3


@pytest.mark.parametrize("dtype", sorted(DTYPES.values(), key=str), ids=str)
def test_a_file_may_be_all_tensor(tmp_path: Path, dtype: torch.dtype) -> None:
    """As an ONNX graph is, which stands in a checkpoint as bytes."""
    one = torch.ones(100_000, dtype=dtype)
    torch.save({"w": one}, tmp_path / "a.pt")
    assert torch.equal(read_tensors(tmp_path / "a.pt", "thing")["w"], one)


def test_every_flipped_bit_is_refused(saved: Path) -> None:
    whole = saved.read_bytes()
    for bit, changed in flips(whole, step=37, start=3):
        saved.write_bytes(changed)
        with pytest.raises(UsageError):
            pytest.fail(f"bit {bit} changes nothing: {read_tensors(saved, 'thing')}")


@pytest.mark.slow
def test_every_flipped_bit_of_a_checkpoint_is_refused(write_model: WriteModel) -> None:
    path = write_model(side=4)
    whole = path.read_bytes()
    assert load_checkpoint(path).verified
    for bit, changed in flips(whole):
        path.write_bytes(changed)
        with pytest.raises(UsageError):
            pytest.fail(f"bit {bit} changes nothing: {load_checkpoint(path)}")


def test_other_bytes_around_it_are_refused(saved: Path) -> None:
    whole = saved.read_bytes()
    for changed in (whole + b"x", whole + bytes(30), b"x" + whole, whole[:-1], whole[4:], whole + whole):
        refused(saved, changed)


def test_a_comment_is_refused(saved: Path) -> None:
    whole = saved.read_bytes()
    refused(saved, whole[:-2] + struct.pack("<H", 3) + b"abc", "does not end as")


def entry(whole: bytes, name: bytes) -> int:
    """Where the directory's entry of ``name`` begins."""
    place = whole.index(b"PK\1\2")
    while not whole[place + 46 :].partition(b"/")[2].startswith(name):
        place = whole.index(b"PK\1\2", place + 4)
    return place


def overlapping(whole: bytes) -> bytes:
    """The entry of ``data/0`` points to ``version``'s bytes."""
    one, other = entry(whole, b"data/0"), entry(whole, b"version")
    return whole[: one + 42] + whole[other + 42 : other + 46] + whole[one + 46 :]


def doubled(whole: bytes) -> bytes:
    """The last entry of the directory stands in it twice."""
    last, end = whole.rindex(b"PK\1\2"), len(whole) - END
    fields = list(struct.unpack("<4sQ2H2I4Q4sIQI4s4H2IH", whole[end:]))
    for count in (6, 7, 16, 17):
        fields[count] += 1
    for size in (8, 12, 18):
        fields[size] += end - last
    return whole[:end] + whole[last:end] + struct.pack("<4sQ2H2I4Q4sIQI4s4H2IH", *fields)


def directory_bit(whole: bytes) -> bytes:
    """Its attributes call a member a folder: readers that heed that give it no data."""
    place = entry(whole, b"data/0") + 38
    return whole[:place] + b"\x10" + whole[place + 1 :]


def disagreeing(whole: bytes) -> bytes:
    """The header before the data has another name than the directory."""
    return whole.replace(b"data/0FB", b"data/1FB", 1)


@pytest.mark.parametrize("forge", [overlapping, doubled, directory_bit, disagreeing])
def test_archives_that_two_readers_see_differently_are_refused(
    saved: Path, forge: Callable[[bytes], bytes]
) -> None:
    whole = saved.read_bytes()
    assert forge(whole) != whole
    refused(saved, forge(whole))


def test_members_that_no_file_of_tensors_has_are_refused(saved: Path) -> None:
    members = members_of(saved)
    for name in ("constants.pkl", "code/a.py", "data/0/x", "data/-1", "../up"):
        write_archive(saved, [*members.items(), (name, b"1")])
        refused(saved, saved.read_bytes(), "no file of tensors has")
    write_archive(saved, [*members.items(), ("data/77", b"12345678")])
    refused(saved, saved.read_bytes(), "other records than its tensors")
    write_archive(saved, [(name, data) for name, data in members.items() if name != "data.pkl"])
    refused(saved, saved.read_bytes(), r"it has no data\.pkl")
    write_archive(saved, [*(members | {"byteorder": b"big"}).items()])
    refused(saved, saved.read_bytes(), "byte order")
    write_archive(saved, [*(members | {".format_version": bytes(10_000)}).items()])
    refused(saved, saved.read_bytes(), "larger than it should be")


@pytest.mark.parametrize("compression", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_archives_of_other_programs_are_refused(saved: Path, compression: int) -> None:
    members = members_of(saved)
    with zipfile.ZipFile(saved, "w", compression) as archive:
        for name, data in members.items():
            archive.writestr(f"a/{name}", data)
    refused(saved, saved.read_bytes())
