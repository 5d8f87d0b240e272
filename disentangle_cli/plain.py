"""Plain nested data from strangers: bounded before anything walks through it."""

from typing import Any

MAX_DEPTH = 32
MAX_WEIGHT = 4_000_000
_LARGEST = 2**64


def is_bounded(value: Any) -> bool:
    """Whether dicts and lists are small once written out: a part that is shared counts each time.

    A few hundred bytes of YAML aliases or pickle references can stand for more than any memory holds. Numbers
    beyond 64 bits count as unbounded, too.
    """
    return _weigh(value, MAX_WEIGHT, 0) >= 0


def _weigh(value: Any, left: int, depth: int) -> int:
    """``left`` without the weight of ``value``: its characters and values; negative where it is too much."""
    if depth > MAX_DEPTH:
        return -1
    if isinstance(value, str | bytes):
        return left - len(value) - 1
    if isinstance(value, int):
        return left - 1 if -_LARGEST < value < _LARGEST else -1
    left -= 1
    parts: list[Any] = []
    if isinstance(value, dict):
        parts = [*value.keys(), *value.values()]
    elif isinstance(value, list | tuple | set | frozenset):
        parts = list(value)
    for part in parts:
        if left < 0:
            break
        left = _weigh(part, left, depth + 1)
    return left
