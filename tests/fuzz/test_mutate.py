"""Damage comes from the seed alone, always changes something, and reaches what is inside archives."""

import io
import random
import zipfile

import pytest

from tests.fuzz.mutate import BYTES, HOSTILE, PICKLE, TEXT, ZIP, Mutator, archive, mutated

pytestmark = pytest.mark.filterwarnings("ignore:Duplicate name")


def sample() -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as made:
        made.writestr("a/data.pkl", b"\x80\x02}X\x01\x00\x00\x00aK\x01s.")
        made.writestr("a/data/0", bytes(range(64)))
    return buffer.getvalue()


@pytest.mark.parametrize("mutators", [BYTES, TEXT, PICKLE, ZIP], ids=["bytes", "text", "pickle", "zip"])
@pytest.mark.parametrize("data", [b"", b"a", b"name,other\n1,2\n3,4\n", sample()], ids=len)
def test_damage_is_repeatable_and_never_none(mutators: tuple[Mutator, ...], data: bytes) -> None:
    found = [[mutated(random.Random(seed), data, mutators) for seed in range(150)] for _ in range(2)]
    assert found[0] == found[1]
    assert data not in found[0]
    assert len(set(found[0])) > 50


def test_archives_are_made_anew_with_right_check_sums() -> None:
    contents = set()
    for seed in range(200):
        with zipfile.ZipFile(io.BytesIO(archive(random.Random(seed), sample()))) as found:
            assert found.testzip() is None
            contents |= {found.read(info) for info in found.infolist()}
    assert any(bad in content for bad in HOSTILE[:4] for content in contents)
