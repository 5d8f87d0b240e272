"""The digest that documents carry of themselves."""

import struct
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
import torch

from disentangle_cli.errors import UsageError
from disentangle_cli.serialization import read_tensors, unseal, write_sealed
from disentangle_cli.serialization.sealing import digest
from tests.serialization.archives import rewrite

DOCUMENT: dict[str, Any] = {
    "name": "é",
    "flags": [True, False, None],
    "n": -3,
    "x": 0.5,
    "pair": (1, 2),
    "w": torch.tensor([[1.0, 2.0]]),
}


def test_it_is_what_the_page_says() -> None:
    found = sha256(
        b"m6:s4:names2:\xc3\xa9s5:flagsl3:tfns1:ni-3;s1:xd" + struct.pack(">d", 0.5)
        + b"s4:pairl2:i1;i2;s1:wl2:s7:float32l2:i1;i2;" + struct.pack("<2f", 1, 2)
    )  # fmt: skip
    assert digest(DOCUMENT) == found.hexdigest()


@pytest.mark.parametrize(
    "change",
    [
        {"name": "e"}, {"flags": [True, False, 0]}, {"flags": [True, False]}, {"n": 3}, {"n": "-3"},
        {"x": -0.0},
        {"w": torch.tensor([[1.0, 2.5]])}, {"w": torch.tensor([[1.0], [2.0]])}, {"w": torch.tensor([[1, 2]])},
        {"w": torch.tensor([[1.0, 2.0]], dtype=torch.float64)}, {"more": None},
    ],
)  # fmt: skip
def test_any_change_is_another(change: dict[str, Any]) -> None:
    assert digest(DOCUMENT | change) != digest(DOCUMENT)


def test_the_layout_in_memory_does_not_count() -> None:
    whole = torch.arange(12.0).reshape(3, 4)
    assert digest({"w": whole.t()}) == digest({"w": whole.t().contiguous()}) != digest({"w": whole})
    assert digest(whole.bfloat16()) != digest(whole.half())


def test_what_is_no_plain_type_is_not_written(tmp_path: Path) -> None:
    for value in (
        {1, 2},
        b"x",
        Path(),
        torch.zeros(1).numpy()[0].item,
        torch.zeros(1, dtype=torch.float64).numpy()[0],
    ):
        with pytest.raises(TypeError):
            write_sealed(tmp_path / "a.pt", {"x": value})
    assert not list(tmp_path.iterdir())


def test_a_sealed_document_is_verified(tmp_path: Path) -> None:
    path = tmp_path / "a.pt"
    write_sealed(path, DOCUMENT)
    found = read_tensors(path, "thing")
    assert unseal(path, found) is True
    assert found.keys() == DOCUMENT.keys()
    assert unseal(path, found) is False  # no digest, no claim


def test_a_forged_checksum_does_not_help(tmp_path: Path) -> None:
    """Every record fits its CRC-32, but the content is another."""
    path = tmp_path / "a.pt"
    write_sealed(path, DOCUMENT)
    rewrite(path, lambda name, data: bytes(len(data)) if name == "data/0" else data)
    with pytest.raises(UsageError, match=r"a\.pt: damaged, or changed by hand"):
        unseal(path, read_tensors(path, "thing"))


@pytest.mark.parametrize("stored", ["", "0" * 64, 3, None, torch.zeros(3), ["x"]])
def test_another_digest_is_refused(tmp_path: Path, stored: Any) -> None:
    with pytest.raises(UsageError, match="damaged"):
        unseal(tmp_path, DOCUMENT | {"digest": stored})
