"""Registries that find their entries by file name.

An entry ``my-thing`` of the registry of package ``disentangle_cli.things`` is the one object
decorated with ``@register("my-thing")`` in the file ``things/my_thing.py``. Names are known from the
directory listing alone, so ``--help`` can print them without importing torch, and a new file is
all it takes to add an entry. Files whose name starts with ``_`` hold shared helpers.
"""

import importlib
import pkgutil
from collections.abc import Callable
from pathlib import Path
from typing import Any, Generic, TypeVar, cast

from disentangle_cli.errors import UsageError

T = TypeVar("T")
E = TypeVar("E")


class Registry(Generic[T]):
    """Named objects of one kind, one per file of a package, imported on first use."""

    def __init__(self, package: str, kind: str, separator: str = "-") -> None:
        """``kind`` is what error messages call an entry, e.g. ``"model"``.

        ``separator`` is what stands in names where file names have ``_``.
        """
        self._package = package
        self._kind = kind
        self._separator = separator
        self._entries: dict[str, T] = {}

    def register(self, name: str) -> Callable[[E], E]:
        """Decorator: enter the decorated object under ``name`` (its file must be named after it)."""

        def enter(entry: E) -> E:
            module = getattr(entry, "__module__", "").rpartition(".")[2]
            if module.replace("_", self._separator) != name:
                raise ValueError(f"{self._kind} {name!r} must live in a file of that name, not {module}.py")
            self._entries[name] = cast(Any, entry)
            return entry

        return enter

    def names(self) -> list[str]:
        """All names in alphabetical order, without importing any entry."""
        root = Path(__file__).parent.joinpath(*self._package.split(".")[1:])
        modules = pkgutil.iter_modules([str(root)])
        return sorted(
            m.name.replace("_", self._separator)
            for m in modules
            if not m.ispkg and not m.name.startswith("_")
        )

    def get(self, name: str) -> T:
        """The entry called ``name``.

        Raises:
            UsageError: there is none; the message lists the names there are.
        """
        if name not in self._entries:
            if name not in self.names():
                raise UsageError(f"unknown {self._kind} {name!r}; choose one of: {', '.join(self.names())}")
            importlib.import_module(f"{self._package}.{name.replace(self._separator, '_')}")
        return self._entries[name]
