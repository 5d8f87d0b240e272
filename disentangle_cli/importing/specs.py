"""Small texts that describe latents, ranges and shapes."""

from dataclasses import replace
from typing import Any

from disentangle_cli.errors import UsageError
from disentangle_cli.importing.source import naming
from disentangle_cli.latents import Block, Latents
from disentangle_cli.numerals import read_number, read_numbers

GRAMMAR = (
    "normal:DIM[:MEAN:STD] or uniform:DIM[:LOW:HIGH], joined by commas; :noise after a block without codes"
)


def parse_latents(text: str) -> Latents:
    """Read ``normal:10``, ``uniform:5:-1:1`` or ``uniform:5,normal:5:noise``.

    Raises:
        UsageError: not of that form, or no block of codes.
    """
    with naming(f"latents {text!r}"):
        return Latents([_block(part.strip(), i) for i, part in enumerate(text.split(","), start=1)])


def parse_range(text: str) -> tuple[float, float]:
    """Read ``0:1`` or ``-1:1``: the values that stand for black and white.

    Raises:
        UsageError: not two finite numbers, the lower one first.
    """
    numbers = read_numbers(text, ":")
    if numbers is None or len(numbers) != 2:
        raise UsageError(f"--input-range {text!r}: expected LOW:HIGH, e.g. 0:1 or -1:1")
    if not numbers[0] < numbers[1]:
        raise UsageError(
            f"--input-range {text!r}: LOW, which stands for black, must be below HIGH, for white"
        )
    return numbers[0], numbers[1]


def parse_image(value: Any) -> tuple[int, int, int]:
    """Read ``"1x64x64"`` or ``[1, 64, 64]``: channels, height, width.

    Raises:
        UsageError: not of that form, or the sizes are out of range.
    """
    parts = value.split("x") if isinstance(value, str) else value
    try:
        channels, height, width = (_whole(part) for part in parts)
    except (TypeError, ValueError):
        raise UsageError(f"image {value!r}: expected CHANNELSxHEIGHTxWIDTH, e.g. 1x64x64") from None
    if not 1 <= channels <= 4 or not 1 <= height <= 4096 or height != width:
        raise UsageError(f"image {value!r}: images are square, with 1 to 4 channels")
    return channels, height, width


def _whole(part: Any) -> int:
    number = read_number(part) if isinstance(part, str) else part
    if type(number) is not int:
        raise ValueError(f"{part!r} is no whole number")
    return number


def _block(text: str, number: int) -> Block:
    kind, *rest = text.split(":")
    code = not rest or rest[-1] != "noise"
    dim, *more = (rest if code else rest[:-1]) or [""]
    parameters = read_numbers(":".join(more), ":") if more else []
    known = kind in ("normal", "uniform") and parameters is not None and len(parameters) in (0, 2)
    if not known or type(count := read_number(dim)) is not int:
        raise UsageError(f"expected {GRAMMAR}")
    label = "codes" if code else "noise"
    block = Block(label if number == 1 else f"{label} {number}", kind, count, code)
    if not parameters:
        return block
    first, second = parameters
    if kind == "normal":
        return replace(block, mean=first, std=second)
    return replace(block, low=first, high=second)
