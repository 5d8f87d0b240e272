"""Nested mappings, and the dotted keys of the values in them."""

from collections.abc import Iterator, Mapping
from typing import Any


def flat(settings: Mapping[str, Any], above: str = "") -> Iterator[tuple[str, Any]]:
    """The values of nested settings with their dotted keys."""
    for key, value in settings.items():
        if isinstance(value, Mapping) and value:
            yield from flat(value, f"{above}{key}.")
        else:
            yield f"{above}{key}", value


def merge(base: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    """``base`` with the values of ``over``, nested mappings merged; neither is changed."""
    merged = dict(base)
    for key, value in over.items():
        old = merged.get(key)
        merged[key] = merge(old, value) if isinstance(old, dict) and isinstance(value, dict) else value
    return merged


def nest(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Dotted keys as nested dicts: ``{"a.b": 1, "a": {"c.d": 2}}`` -> ``{"a": {"b": 1, "c": {"d": 2}}}``."""
    nested: dict[str, Any] = {}
    for key, value in settings.items():
        part: Any = nest(value) if isinstance(value, Mapping) else value
        for name in reversed(str(key).split(".")):
            part = {name: part}
        nested = merge(nested, part)
    return nested
