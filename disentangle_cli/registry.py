"""Registries that find their entries by file name, and those that installed packages bring.

An entry ``my-thing`` of the registry of package ``disentangle_cli.things`` is the one object
decorated with ``@register("my-thing")`` in the file ``things/my_thing.py``. Names are known from the
directory listing alone, so ``--help`` can print them without importing torch, and a new file is
all it takes to add an entry.

Another package brings an entry by an entry point of the group ``disentangle_cli.things``, whose name is the
entry's and whose value is the module that registers it. That module is imported when it is asked for.
"""

import importlib
import pkgutil
import sys
from collections.abc import Callable, Iterator
from functools import lru_cache
from importlib.metadata import EntryPoint, entry_points
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Generic, TypeVar, cast

from disentangle_cli.errors import UsageError
from disentangle_cli.lines import one_line
from disentangle_cli.nearest import choose_one
from disentangle_cli.output import warn

T = TypeVar("T")
E = TypeVar("E")


class Registry(Generic[T]):
    """Named objects of one kind, imported on first use."""

    def __init__(self, package: str, kind: str, separator: str = "-") -> None:
        """``kind`` is what error messages call an entry, e.g. ``"model"``.

        ``separator`` is what stands in names where file names have ``_``.
        """
        self._package = package
        self._kind = kind
        self._separator = separator
        self._entries: dict[str, T] = {}

    def register(self, name: str) -> Callable[[E], E]:
        """Decorator: enter the decorated object under ``name`` (a file of dcr must be named after it).

        What another package registers under the name of such a file is left out, with a warning.
        """

        def enter(entry: E) -> E:
            package, _, module = str(cast(Any, entry).__module__).rpartition(".")
            if package == self._package:
                if module.replace("_", self._separator) != name:
                    raise ValueError(
                        f"{self._kind} {name!r} must live in a file of that name, not {module}.py"
                    )
            elif name in self._files():
                warn(f"{self._kind} {name} stays dcr's own; that of {package or module} is left out")
                return entry
            self._entries[name] = cast(Any, entry)
            return entry

        return enter

    def names(self) -> list[str]:
        """All names in alphabetical order, without importing any entry."""
        return sorted({*self._files(), *plugins(self._package), *self._entries})

    def from_packages(self) -> list[str]:
        """The names that other packages bring."""
        return sorted(plugins(self._package))

    def get(self, name: str) -> T:
        """The entry called ``name``.

        Raises:
            UsageError: there is none, and the message lists the names there are; or the package that brings
                it is broken.
        """
        if name in self._entries:
            return self._entries[name]
        plugin = plugins(self._package).get(name)
        if name in self._files():
            if plugin:
                warn(f"{self._kind} {name} stays dcr's own; that of package {_owner(plugin)} is left out")
            importlib.import_module(f"{self._package}.{name.replace(self._separator, '_')}")
        elif plugin:
            self._load(plugin)
        else:
            raise UsageError(f"unknown {self._kind} {name!r}; {choose_one(name, self.names())}")
        return self._entries[name]

    def working(self) -> Iterator[tuple[str, T]]:
        """All entries with their names, in alphabetical order; of one that does not load is warned."""
        for name in self.names():
            try:
                entry = self.get(name)
            except UsageError as error:
                warn(str(error))
            else:
                yield name, entry

    def _files(self) -> list[str]:
        root = Path(__file__).parent.joinpath(*self._package.split(".")[1:])
        found = [m.name for m in pkgutil.iter_modules([str(root)]) if not m.ispkg]
        return [name.replace("_", self._separator) for name in found if not name.startswith("_")]

    def _load(self, plugin: EntryPoint) -> None:
        where = f"{self._kind} {plugin.name!r} of package {_owner(plugin)}"
        try:
            importlib.import_module(plugin.module)
        except Exception as error:  # whatever somebody else's module raises
            reason = one_line(error) or type(error).__name__
            raise UsageError(f"{where} cannot be loaded ({type(error).__name__}: {reason})") from error
        if plugin.name not in self._entries:
            raise UsageError(f"{where}: its module {plugin.module} registers no {self._kind} of that name")


def plugins(package: str) -> dict[str, EntryPoint]:
    """What installed packages bring to the registry of ``package``, by name; nothing is imported."""
    return _plugins(package, tuple(sys.path))


def plugin_folder(package: str, name: str) -> Path | None:
    """The folder of the module that brings entry ``name`` to ``package``; None if no package brings it."""
    plugin = plugins(package).get(name)
    try:
        spec = find_spec(plugin.module) if plugin else None
    except Exception:  # its parent package cannot be imported; asking for the entry says why
        return None
    return Path(spec.origin).parent if spec and spec.origin else None


@lru_cache
def _plugins(package: str, path: tuple[str, ...]) -> dict[str, EntryPoint]:
    return {plugin.name: plugin for plugin in entry_points(group=package)}


def _owner(plugin: EntryPoint) -> str:
    return plugin.dist.name if plugin.dist else plugin.module
