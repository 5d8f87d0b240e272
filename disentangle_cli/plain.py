"""Plain nested data of unknown origin: JSON and YAML files, bounded before anything walks through them."""

import json
from pathlib import Path
from typing import Any

import yaml

from disentangle_cli.errors import UsageError
from disentangle_cli.reading import explained, read_whole
from disentangle_cli.yaml12 import parse_yaml

MAX_TEXT = 1 << 20
"""Bytes of a JSON file; real ones have a few thousand."""
MAX_YAML = 1 << 18
"""Bytes of a YAML file, of which a second of computing reads some 100,000."""
MAX_DEPTH = 32
MAX_WEIGHT = 4_000_000
_LARGEST = 2**64


def read_json(path: str | Path, limit: int = MAX_TEXT, streams: bool = False) -> dict[str, Any]:
    """A JSON object, in a file of at most ``limit`` bytes; with ``streams`` also from stdin and the like.

    Raises:
        UsageError: missing, too large (written out, too), malformed, no object, or a key is there twice.
    """
    with explained(path, "not a JSON file"):
        found = json.loads(_text(path, limit, streams), object_pairs_hook=_once)
    if not isinstance(found, dict) or not is_bounded(found, 4 * limit):
        raise UsageError(f"{path}: expected a JSON object of moderate size")
    return found


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object of JSON, which loses no value to a later one of the same key."""
    found: dict[str, Any] = {}
    for key, value in pairs:
        if key in found:
            raise ValueError(f"{key[:100]!r} is given twice in one object")
        found[key] = value
    return found


def read_yaml(path: Path) -> dict[str, Any]:
    """A YAML mapping of plain types.

    Raises:
        UsageError: missing, too large (its aliases written out, too), malformed, or no mapping.
    """
    with explained(path, "not a YAML file of plain values"):
        try:
            found = parse_yaml(_text(path, MAX_YAML))
        except yaml.MarkedYAMLError as error:
            where = f"line {error.problem_mark.line + 1}: " if error.problem_mark else ""
            raise ValueError(f"{where}{error.problem}") from None
    if not isinstance(found, dict) or not is_bounded(found):
        raise UsageError(f"{path}: expected a YAML mapping of moderate size")
    return found


def _text(path: str | Path, limit: int, streams: bool = False) -> str:
    return read_whole(path, "cannot be read", limit, streams).decode()


def is_bounded(value: Any, most: int = MAX_WEIGHT) -> bool:
    """Whether dicts and lists are small once written out: a part that is shared counts each time.

    A few hundred bytes of YAML aliases or pickle references can stand for more than any memory holds. Numbers
    beyond 64 bits count as unbounded, too.
    """
    return _weigh(value, most, 0) >= 0


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
