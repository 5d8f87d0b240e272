"""Files from before PyTorch 1.6, of torch's own writer and forged."""

import io
import pickle
import struct
from pathlib import Path
from typing import Any

import pytest
import torch

from disentangle_cli.errors import UsageError
from disentangle_cli.serialization import read_tensors
from disentangle_cli.serialization.legacy import MAGIC
from disentangle_cli.serialization.pickled import end_of


@pytest.fixture
def whole() -> bytes:
    buffer = io.BytesIO()
    shared = torch.arange(6.0)
    values = {"w": shared.reshape(2, 3), "part": shared[2:4], "n": torch.arange(3), "none": torch.zeros(0)}
    torch.save(values, buffer, _use_new_zipfile_serialization=False)
    return buffer.getvalue()


def read(path: Path, data: bytes) -> Any:
    path.write_bytes(data)
    return read_tensors(path, "thing", old_format=True)


def test_what_torch_wrote_is_read(tmp_path: Path, whole: bytes) -> None:
    found = read(tmp_path / "a.pt", whole)
    assert torch.equal(found["w"], torch.arange(6.0).reshape(2, 3))
    assert torch.equal(found["part"], torch.tensor([2.0, 3.0]))
    assert torch.equal(found["n"], torch.arange(3))
    assert found["none"].shape == (0,)
    assert found["w"].untyped_storage().data_ptr() == found["part"].untyped_storage().data_ptr()


def test_it_is_asked_for(tmp_path: Path, whole: bytes) -> None:
    (tmp_path / "a.pt").write_bytes(whole)
    with pytest.raises(UsageError, match=r"no archive of torch\.save"):
        read_tensors(tmp_path / "a.pt", "thing")


def test_files_of_another_length_are_refused(tmp_path: Path, whole: bytes) -> None:
    for data in (whole + b"x", whole[:-1], whole[: len(whole) // 2], whole[:30], whole[:-8], whole + whole):
        with pytest.raises(UsageError, match="not a thing, or damaged"):
            read(tmp_path / "a.pt", data)


def test_a_count_that_is_not_the_pickle_s_is_refused(tmp_path: Path, whole: bytes) -> None:
    place = 0
    for _ in range(5):
        place = end_of(whole, place)
    (count,) = struct.unpack_from("<q", whole, place)
    for other in {count + 1, 0, -1, 2**40} - {count}:  # the first storage may be the empty one
        forged = whole[:place] + struct.pack("<q", other) + whole[place + 8 :]
        with pytest.raises(UsageError, match="other sizes than the file has"):
            read(tmp_path / "a.pt", forged)


def test_other_storages_than_those_named_are_refused(tmp_path: Path) -> None:
    head = [1001, {"little_endian": True}, {"n": 1}]
    for keys in (["0"], "0", {}, None, [1]):
        data = MAGIC + b"".join(pickle.dumps(part, 2) for part in [*head, keys])
        with pytest.raises(UsageError, match="other sizes than the file has"):
            read(tmp_path / "a.pt", data)
    for wrong in ([1000, *head[1:]], [1001, {"little_endian": False}, {}], [1001, [], {}]):
        data = MAGIC + b"".join(pickle.dumps(part, 2) for part in [*wrong, []])
        with pytest.raises(UsageError, match="another version or byte order"):
            read(tmp_path / "a.pt", data)


def test_a_forged_file_cannot_ask_for_memory(tmp_path: Path, whole: bytes) -> None:
    """The pickle says a billion numbers of a storage of three."""
    place = whole.index(b"K\3Nt")
    forged = whole[:place] + struct.pack("<ci", b"J", 10**9) + whole[place + 2 :]
    with pytest.raises(UsageError, match="claim more than the file holds"):
        read(tmp_path / "a.pt", forged)
