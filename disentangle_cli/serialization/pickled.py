"""The pickle of a state dict, without the ``pickle`` module.

All instructions are listed before the first is carried out, and only those that plain values and tensors
need are known here; nothing is imported, called or looked up by name. Tensors refer to storages, which the
caller provides from bytes that it has checked.
"""

import struct
from collections.abc import Callable, Iterator
from enum import Enum
from typing import Any, TypeVar

import torch
from torch import Tensor

MAX_BYTES = 16 * 2**20
MAX_INSTRUCTIONS = 200_000
"""A tensor takes about 25. With these limits no pickle takes more than 100 MB or a few seconds."""
MAX_TENSORS = 10_000
MAX_KEY = 10**6
MAX_DEPTH = 64
MAX_WEIGHT = 2**18
"""Characters and values, written out, without the numbers of tensors."""
_DAMAGE = (ArithmeticError, LookupError, RuntimeError, TypeError, UnicodeError, struct.error)


class CodeFound(ValueError):
    """The pickle names something that is no part of a tensor: what it says is the name."""


class Name(Enum):
    """The functions that a pickle of tensors mentions, none of which is called."""

    DICT = "collections OrderedDict"
    TENSOR = "torch._utils _rebuild_tensor_v2"
    PARAMETER = "torch._utils _rebuild_parameter"


DTYPES = {
    "torch FloatStorage": torch.float32,
    "torch DoubleStorage": torch.float64,
    "torch HalfStorage": torch.float16,
    "torch BFloat16Storage": torch.bfloat16,
    "torch LongStorage": torch.int64,
    "torch IntStorage": torch.int32,
    "torch ShortStorage": torch.int16,
    "torch CharStorage": torch.int8,
    "torch ByteStorage": torch.uint8,
    "torch BoolStorage": torch.bool,
}
NAMES: dict[str, Name | torch.dtype] = {name.value: name for name in Name} | DTYPES

T = TypeVar("T")
Claim = Callable[[str, torch.dtype, int], Tensor]
"""Gives the storage called so: (numbers,) of that type. Raises ValueError where the file has no such."""

_FIXED = {
    b"K": "<B", b"M": "<H", b"J": "<i", b"G": ">d", b"h": "<B", b"j": "<I", b"q": "<B", b"r": "<I",
    b"\x80": "<B",
}  # fmt: skip
_BARE = b"N\x88\x89})](tu\x85\x86\x87aesbRQ."
_TEXT, _LONG, _GLOBAL = b"X", b"\x8a", b"c"

Instruction = tuple[bytes, Any, int]
"""The opcode, its argument, and where the next begins."""


def instructions(data: bytes, start: int = 0) -> Iterator[Instruction]:
    """The instructions from ``start`` to the first STOP.

    Raises:
        ValueError: there are more than a state dict needs, or others.
    """
    place = start
    for _ in range(MAX_INSTRUCTIONS):
        code = data[place : place + 1]
        place += 1
        argument: Any = None
        if code in _FIXED:
            (argument,) = struct.unpack_from(_FIXED[code], data, place)
            place += struct.calcsize(_FIXED[code])
        elif code == _TEXT:
            begin = place + 4
            place = begin + int.from_bytes(data[place:begin], "little")
            argument = _cut(data, begin, place).decode("utf-8", "surrogatepass")
        elif code == _LONG:
            begin = place + 1
            place = begin + data[place]
            argument = int.from_bytes(_cut(data, begin, place), "little", signed=True)
        elif code == _GLOBAL:
            lines = data[place : place + 200].split(b"\n", 2)
            argument = b" ".join(lines[:2]).decode("utf-8", "replace")
            place += len(lines[0]) + len(lines[1]) + 2
            if argument not in NAMES:
                raise CodeFound(".".join(argument.split())[:80])
        elif not code:
            raise ValueError("its pickle is truncated")
        elif code not in _BARE:
            raise ValueError("its pickle has an instruction that no state dict needs")
        yield code, argument, place
        if code == b".":
            return
    raise ValueError("its pickle has more instructions than any state dict")


def end_of(data: bytes, start: int = 0) -> int:
    """Where the pickle that begins at ``start`` ends, once all of its instructions were found to be known.

    Raises:
        ValueError: as :func:`instructions` does, or it ends too early.
    """
    try:
        for _, _, place in instructions(data, start):
            end = place
    except _DAMAGE:
        raise ValueError("its pickle is damaged") from None
    return end


def build(data: bytes, claim: Claim, budget: int, start: int = 0) -> Any:
    """The value of the pickle that begins at ``start``: plain types and tensors.

    Call :func:`end_of` first. ``budget`` bounds the bytes of all tensors together, weights as float32 at
    least: views of one storage may overlap.

    Raises:
        ValueError: it is damaged, or holds anything else.
    """
    machine = _Machine(claim, budget)
    try:
        for code, argument, _ in instructions(data, start):
            machine.step(code, argument)
        if len(machine.stack) != 1 or machine.marked:
            raise TypeError
        found = machine.stack[0]
        weight, _ = _weigh(found, 0, {})
    except _DAMAGE:
        raise ValueError("its pickle is damaged") from None
    if weight > budget + MAX_WEIGHT:
        raise ValueError("it stands for far more than it holds")
    return found


class _Machine:
    """A stack, what is below its marks, and a memo."""

    def __init__(self, claim: Claim, budget: int) -> None:
        self.stack: list[Any] = []
        self.marked: list[list[Any]] = []
        self._memo: dict[int, Any] = {}
        self._claim = claim
        self._budget = budget
        self._tensors = 0

    def step(self, code: bytes, argument: Any) -> None:
        stack = self.stack
        match code:
            case b"q" | b"r":
                self._memo[argument] = stack[-1]
            case b"h" | b"j":
                stack.append(self._memo[argument])
            case b"K" | b"M" | b"J" | b"G" | b"X" | b"\x8a":
                stack.append(argument)
            case b"c":
                stack.append(NAMES[argument])
            case b"N":
                stack.append(None)
            case b"\x88" | b"\x89":
                stack.append(code == b"\x88")
            case b"}":
                stack.append({})
            case b"]":
                stack.append([])
            case b")":
                stack.append(())
            case b"\x85" | b"\x86" | b"\x87":
                count = code[0] - 0x84
                if len(stack) < count:
                    raise IndexError
                stack[-count:] = [tuple(stack[-count:])]
            case b"(":
                self.marked.append(stack)
                self.stack = []
            case b"t":
                self._since_mark().append(tuple(stack))
            case b"a":
                value = stack.pop()
                _a(list, stack[-1]).append(value)
            case b"e":
                _a(list, self._since_mark()[-1]).extend(stack)
            case b"s":
                value, key = stack.pop(), stack.pop()
                _put(stack[-1], [key, value])
            case b"u":
                _put(self._since_mark()[-1], stack)
            case b"b":  # the attributes of a state dict: versions of its layers
                _a(dict, stack.pop())
                _a(dict, stack[-1])
            case b"R":
                arguments = stack.pop()
                stack[-1] = self._made(stack[-1], arguments)
            case b"Q":
                stack[-1] = self._storage(*stack[-1])
            case _:  # the protocol's number at the start, and the end
                if argument not in (None, 2):
                    raise TypeError

    def _since_mark(self) -> list[Any]:
        """Leave the innermost mark: the stack below it."""
        self.stack = self.marked.pop()
        return self.stack

    def _made(self, name: Any, arguments: Any) -> Any:
        match name, arguments:
            case Name.DICT, ():
                return {}
            case Name.PARAMETER, (Tensor() as tensor, bool(), {}):
                return tensor
            case Name.TENSOR, (_Storage() as storage, int(), tuple(), tuple(), bool(), {}):
                return self._tensor(storage.numbers, *arguments[1:4])
        raise TypeError

    def _storage(
        self, kind: str, dtype: torch.dtype, key: str, place: str, count: int, view: None = None
    ) -> "_Storage":
        texts = type(key) is str and type(place) is str
        if kind != "storage" or type(dtype) is not torch.dtype or not texts or view is not None:
            raise TypeError
        if type(count) is not int or count < 0:
            raise TypeError
        return _Storage(self._claim(key, dtype, count))

    def _tensor(
        self, numbers: Tensor, offset: int, shape: tuple[int, ...], strides: tuple[int, ...]
    ) -> Tensor:
        sizes = (offset, *shape, *strides)
        if len(shape) != len(strides) or any(type(n) is not int or n < 0 for n in sizes):
            raise TypeError
        count, last = 1, offset
        for side, stride in zip(shape, strides, strict=True):
            count *= side
            last += (side - 1) * stride
        self._tensors += 1
        width = numbers.element_size()  # of weights at half precision as well: they are used as float32
        self._budget -= count * (max(width, 4) if numbers.is_floating_point() else width)
        if count > len(numbers) or (count and last >= len(numbers)) or self._budget < 0:
            raise ValueError("a tensor claims more numbers than it holds")
        if self._tensors > MAX_TENSORS or len(shape) > 16:
            raise ValueError("it has more tensors than any state dict, or of more axes")
        if not count:  # its strides mean nothing
            return numbers.new_empty(shape)
        return numbers.as_strided(shape, strides, offset)


class _Storage:
    """A storage on the stack, which is no value of its own."""

    def __init__(self, numbers: Tensor) -> None:
        self.numbers = numbers


def _a(kind: type[T], value: Any) -> T:
    """``value``, which must be a ``kind``."""
    if type(value) is not kind:
        raise TypeError
    return value


def _put(target: Any, pairs: list[Any]) -> None:
    held = _a(dict, target)
    if len(pairs) % 2:
        raise TypeError
    for key, value in zip(pairs[::2], pairs[1::2], strict=True):
        # other keys may collide, which makes dicts slow
        if type(key) is not str and not (type(key) is int and 0 <= key <= MAX_KEY):
            raise TypeError
        if key in held:
            raise ValueError(f"its pickle gives {str(key)[:60]!r} twice")
        held[key] = value


def _cut(data: bytes, begin: int, end: int) -> bytes:
    if end > len(data):
        raise ValueError("its pickle is truncated")
    return data[begin:end]


def _weigh(value: Any, depth: int, known: dict[int, tuple[int, int]]) -> tuple[int, int]:
    """The weight of ``value`` written out, and how deep it is: what is shared counts each time.

    A few hundred bytes of references can stand for more than any memory holds, or for a list in itself.
    """
    if value is None or type(value) in (bool, int, float):
        return 1, 0
    if type(value) is str:
        return 1 + len(value), 0
    if type(value) is Tensor:
        return 1 + value.nbytes, 0
    if type(value) not in (dict, list, tuple):  # a name or a storage: something that only stands for a value
        raise TypeError
    found = known.get(id(value))
    if found is None:
        if depth > MAX_DEPTH:
            raise ValueError("it is nested too deep")
        known[id(value)] = (1, MAX_DEPTH)  # in itself it is too deep
        parts = [*value, *value.values()] if type(value) is dict else value
        weights = [_weigh(part, depth + 1, known) for part in parts]
        found = 1 + sum(w for w, _ in weights), 1 + max((h for _, h in weights), default=0)
        known[id(value)] = found
    if depth + found[1] > MAX_DEPTH:
        raise ValueError("it is nested too deep")
    return found
