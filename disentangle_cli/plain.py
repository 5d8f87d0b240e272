"""Plain nested data of unknown origin: JSON and YAML files, bounded before anything walks through them."""

import json
from pathlib import Path
from typing import Any

import yaml

from disentangle_cli.errors import UsageError

MAX_TEXT = 1 << 20
"""Bytes of a JSON or YAML file; real ones have a few thousand."""
MAX_DEPTH = 32
MAX_WEIGHT = 4_000_000
_LARGEST = 2**64


def read_json(path: Path) -> dict[str, Any]:
    """A JSON object.

    Raises:
        UsageError: missing, too large (written out, too), malformed, or no object.
    """
    try:
        found = json.loads(_text(path))
    except (ValueError, RecursionError):
        raise UsageError(f"{path}: not a JSON file") from None
    if not isinstance(found, dict) or not is_bounded(found):
        raise UsageError(f"{path}: expected a JSON object of moderate size")
    return found


def read_yaml(path: Path) -> dict[str, Any]:
    """A YAML mapping of plain types.

    Raises:
        UsageError: missing, too large (its aliases written out, too), malformed, or no mapping.
    """
    try:
        found = yaml.safe_load(_text(path))
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        mark = error.problem_mark if isinstance(error, yaml.MarkedYAMLError) else None
        where = f" (line {mark.line + 1})" if mark else ""
        raise UsageError(f"{path}: not a YAML file of plain values{where}") from None
    if not isinstance(found, dict) or not is_bounded(found):
        raise UsageError(f"{path}: expected a YAML mapping of moderate size")
    return found


def read_bytes(path: Path, limit: int, problem: str) -> bytes:
    """The content of a file of at most ``limit`` bytes.

    Raises:
        UsageError: it cannot be read, or is larger; ``problem`` is what to say then.
    """
    try:
        with path.open("rb") as file:
            data = file.read(limit + 1)
    except OSError as error:
        raise UsageError(f"{path}: {error.strerror or 'cannot be read'}") from None
    if len(data) > limit:
        raise UsageError(f"{path}: {problem}")
    return data


def _text(path: Path) -> str:
    try:
        return read_bytes(path, MAX_TEXT, "too large for such a file (more than 1 MiB)").decode()
    except UnicodeDecodeError:
        raise UsageError(f"{path}: not a text file") from None


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
