"""JSON documents: what every one begins with, and values in plain JSON types."""

import importlib.metadata
import json
import math
import platform
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from disentangle_cli.lines import json_escaped

VERSIONED = ("torch", "numpy", "scikit-learn")


def versions() -> dict[str, str]:
    """Versions of dcr, Python and the packages numbers depend on, without importing them."""
    from disentangle_cli import __version__

    found = {"dcr": __version__, "python": platform.python_version()}
    for package in VERSIONED:
        try:
            found[package] = importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:
            found[package] = "unknown"
    return found


def document(command: str, **fields: Any) -> dict[str, Any]:
    """The JSON document of a command: schema and versions first, then ``fields``."""
    return {"schema": f"dcr.{command}/1", "versions": versions(), **fields}


def jsonable(x: Any) -> Any:
    """``x`` in plain JSON types: numpy and torch values unpacked, non-finite numbers ``None``."""
    if x is None or isinstance(x, bool | str):
        return str(x) if isinstance(x, str) else x
    if isinstance(x, int):
        return int(x)
    if isinstance(x, float):
        return float(x) if math.isfinite(x) else None
    if isinstance(x, Mapping):
        return {str(key): jsonable(value) for key, value in x.items()}
    if isinstance(x, list | tuple | set | frozenset):
        return [jsonable(value) for value in x]
    if isinstance(x, Path):
        return str(x)
    if hasattr(x, "tolist"):  # numpy scalars and arrays, torch tensors
        return jsonable(x.tolist())
    raise TypeError(f"no JSON form for {type(x).__name__}")


def to_json(doc: Any) -> str:
    """``doc`` as indented JSON text that any parser reads (no NaN or Infinity)."""
    return json_escaped(json.dumps(jsonable(doc), indent=2, ensure_ascii=False, allow_nan=False))
