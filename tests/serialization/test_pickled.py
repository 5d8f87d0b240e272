"""Pickles: what they may say, what it may cost, and that nothing is built before all is known."""

import contextlib
import pickle
import pickletools
import struct
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from disentangle_cli.errors import UsageError
from disentangle_cli.serialization import pickled, read_tensors
from disentangle_cli.serialization.pickled import CodeFound, build, end_of
from tests.serialization.archives import pickle_of, rewrite, text

STORAGE = torch.arange(10.0)
TENSOR, FLOATS = b"ctorch._utils\n_rebuild_tensor_v2\n", b"ctorch\nFloatStorage\n"


def claim(key: str, dtype: torch.dtype, count: int) -> torch.Tensor:
    assert (key, dtype, count) == ("0", torch.float32, 10)
    return STORAGE


def read(data: bytes, budget: int = 1_000) -> Any:
    assert end_of(data) == len(data)
    return build(data, claim, budget)


def tensor(offset: bytes = b"K\0", shape: bytes = b"K\2K\3\x86", strides: bytes = b"K\3K\1\x86") -> bytes:
    persistent = b"(" + text("storage") + FLOATS + text("0") + text("cpu") + b"K\x0atQ"
    return TENSOR + b"(" + persistent + offset + shape + strides + b"\x89}tR"


plain = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**200), 2**200) | st.floats() | st.text(max_size=300),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.tuples(inner, inner)
        | st.dictionaries(st.text(max_size=5) | st.integers(0, 1000), inner, max_size=4)
    ),
    max_leaves=20,
)


@given(plain)
@settings(max_examples=60, deadline=None)
def test_plain_values_are_what_pickle_makes_of_them(value: Any) -> None:
    data = pickle.dumps(value, 2)
    assert pickle.dumps(read(data), 2) == data


@given(st.binary(max_size=40), st.integers(0, 10**6))
@settings(max_examples=300, deadline=None)
def test_any_bytes_give_a_value_or_a_reason(noise: bytes, place: int) -> None:
    buffer = pickle.dumps({"a": [1, 2.5, "x"], "b": (None, True)}, 2) + pickle_of(tensor())
    place %= len(buffer)
    data = buffer[:place] + noise + buffer[place + len(noise) :]
    with contextlib.suppress(ValueError):  # nothing else is raised
        build(data[: end_of(data)], claim, 1_000)


def test_a_tensor_is_a_view_of_its_storage() -> None:
    found = read(pickle_of(tensor(b"K\1")))
    assert torch.equal(found, STORAGE[1:7].reshape(2, 3))
    assert found.untyped_storage().data_ptr() == STORAGE.untyped_storage().data_ptr()


@pytest.mark.parametrize(
    "view",
    [
        {"offset": b"K\5"},
        {"shape": b"K\x02K\x06\x86"},
        {"strides": b"K\x09K\1\x86"},
        {"strides": b"J\xff\xff\xff\xffK\1\x86"},
        {"shape": b"K\3\x85"},
        {"shape": b"J\xff\xff\xff\xffK\1\x86"},
        {"shape": b"\x8a\x09" + (2**65).to_bytes(9, "little") + b"\x85", "strides": b"K\0\x85"},
        {"shape": b"K\1\x85", "strides": b"K\0\x85", "offset": b"\x8a\x09" + (2**65).to_bytes(9, "little")},
        {"shape": b"\x88\x85", "strides": b"K\1\x85"},
    ],
)
def test_views_outside_of_their_storage_are_refused(view: dict[str, bytes]) -> None:
    with pytest.raises(ValueError, match=r"its pickle is damaged|claims more numbers"):
        read(pickle_of(tensor(**view)))


def test_many_views_of_one_storage_are_bounded() -> None:
    many = pickle_of(b"](" + tensor() * 20 + b"e")
    assert len(read(many, budget=20 * 24)) == 20
    with pytest.raises(ValueError, match="claims more"):
        read(many, budget=20 * 24 - 1)


@pytest.mark.parametrize(
    "name",
    [
        "__builtin__ bytearray", "builtins bytearray", "_codecs encode", "os system", "builtins eval",
        "torch.storage _load_from_bytes", "torch _utils._rebuild_tensor_v2", "collections defaultdict",
        "torch._utils _rebuild_tensor_v3", "numpy.core.multiarray _reconstruct",
    ],
)  # fmt: skip
def test_other_names_are_refused_before_anything_is_built(name: str) -> None:
    late = b"c" + name.replace(" ", "\n").encode() + b"\n"
    with pytest.raises(CodeFound, match=name.replace(" ", ".").replace("(", "")):
        end_of(pickle_of(b"](K\1e" + late))


ALLOWED = {
    "PROTO", "STOP", "MARK", "NONE", "NEWTRUE", "NEWFALSE", "BININT", "BININT1", "BININT2", "LONG1",
    "BINFLOAT", "BINUNICODE", "EMPTY_DICT", "EMPTY_LIST", "EMPTY_TUPLE", "TUPLE", "TUPLE1", "TUPLE2",
    "TUPLE3", "APPEND", "APPENDS", "SETITEM", "SETITEMS", "BUILD", "GLOBAL", "REDUCE", "BINPERSID", "BINGET",
    "LONG_BINGET", "BINPUT", "LONG_BINPUT",
}  # fmt: skip


def test_only_the_instructions_of_a_state_dict_are_known() -> None:
    for opcode in pickletools.opcodes:
        data = b"\x80\x02" + opcode.code.encode("latin-1") + b"\0\n" * 8 + b"."
        try:
            end_of(data)
            refused = False
        except ValueError as error:
            first = next(code for code, _, _ in pickled.instructions(data))
            assert first == b"\x80"
            refused = "that no state dict needs" in str(error) and opcode.name not in ALLOWED
        assert refused or opcode.name in ALLOWED, opcode.name


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"\x80\x04N.", "damaged"),
        (b"\x80\x02", "truncated"),
        (b"\x80\x02.", "damaged"),
        (pickle_of(b"NN"), "damaged"),
        (pickle_of(b"(N"), "damaged"),
        (pickle_of(b"h\5"), "damaged"),
        (pickle_of(b"NNs"), "damaged"),
        (pickle_of(b"}]Ns"), "damaged"),
        (pickle_of(b"}NNs"), "damaged"),
        (pickle_of(b"}J\xff\xff\xff\xffNs"), "damaged"),
        (pickle_of(b"}(" + text("a") + b"u"), "damaged"),
        (pickle_of(b"}(" + text("a") + b"N" + text("a") + b"Nu"), "'a' twice"),
        (pickle_of(b"ccollections\nOrderedDict\n"), "damaged"),
        (pickle_of(FLOATS + b"\x85"), "damaged"),
        (pickle_of(b"ccollections\nOrderedDict\n]\x85R"), "damaged"),
        (pickle_of(b"ccollections\nOrderedDict\nNR"), "damaged"),
        (pickle_of(b"]q\0h\0a"), "nested too deep"),
        (pickle_of(b"]" * 100 + b"a" * 99), "nested too deep"),
        (pickle_of(b"X\xff\xff\xff\xffabc"), "truncated"),
        (pickle_of(b"\x8a\xffabc"), "truncated"),
        (pickle_of(b"N" * pickled.MAX_INSTRUCTIONS), "more instructions"),
    ],
)
def test_what_is_no_pickle_of_tensors_is_refused(data: bytes, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        build(data[: end_of(data)], claim, 1_000)


MOST = pickled.MAX_INSTRUCTIONS - 10
COSTLY: dict[str, Callable[[], bytes]] = {
    "lists": lambda: b"](" + b"]" * MOST + b"e",
    "dicts": lambda: b"](" + b"".join(b"}r" + struct.pack("<I", i) for i in range(MOST // 2)) + b"e",
    "entries": lambda: b"}(" + b"".join(b"X\5\0\0\0%05dN" % i for i in range(MOST // 2)) + b"u",
    "wide characters": lambda: text("\U0001f600" * 4_000_000),
}


@pytest.mark.slow
@pytest.mark.parametrize("make", COSTLY.values(), ids=COSTLY)
def test_the_costliest_pickles_are_bounded(make: Callable[[], bytes]) -> None:
    data = pickle_of(make())
    tracemalloc.start()
    try:
        read(data, budget=3 * len(data) + 10**6)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 100e6 + 4 * len(data)


def test_a_state_dict_with_attributes_and_parameters(tmp_path: Path) -> None:
    net = torch.nn.Sequential(torch.nn.Linear(2, 3), torch.nn.BatchNorm1d(3))
    state = net.state_dict()
    assert state._metadata
    torch.save({"net": state, "parameters": dict(net.named_parameters())}, tmp_path / "a.pt")
    found = read_tensors(tmp_path / "a.pt", "thing")
    assert list(found["net"]) == list(state)
    for part in (found["net"], found["parameters"]):
        for name, value in part.items():
            assert type(value) is torch.Tensor
            assert torch.equal(value, state[name])


@pytest.mark.parametrize(
    "dtype",
    [torch.float64, torch.float16, torch.bfloat16, torch.int64, torch.int32, torch.int16, torch.int8,
     torch.uint8, torch.bool],
)  # fmt: skip
@pytest.mark.parametrize("old", [False, True])
def test_every_type_of_number(tmp_path: Path, dtype: torch.dtype, old: bool) -> None:
    whole = torch.tensor([[0, 1, 2], [3, 4, 5]]).to(dtype)
    values = {"t": whole.t(), "part": whole[1, 1:], "scalar": whole[1, 1]}
    torch.save(values, tmp_path / "a.pt", _use_new_zipfile_serialization=not old)
    found = read_tensors(tmp_path / "a.pt", "thing", old_format=True)
    for name, value in values.items():
        assert found[name].dtype is dtype
        assert found[name].stride() == value.stride()
        assert torch.equal(found[name], value)


def test_a_truth_value_of_two_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.pt"
    torch.save({"a": torch.tensor([True, False])}, path)
    rewrite(path, lambda name, data: b"\2\0" if name == "data/0" else data)
    with pytest.raises(UsageError, match="neither 0 nor 1"):
        read_tensors(path, "thing")
