"""The reference of the Python interface: every public name, and the classes of what they return.

A hook of mkdocs (``mkdocs.yml``); mkdocstrings fills in what docstrings and types say.
"""

import importlib
import inspect
import re
from typing import Any

from mkdocs.structure.files import File, Files

import disentangle_cli as dcr
from disentangle_cli.models import AnyModel, Model

BEGINNING = """\
# Python reference

`import disentangle_cli as dcr` offers these names; [From Python](python.md) tells how they go together.
"""
ALSO = (AnyModel, Model)
"""What functions take besides, and what `load` gives."""


def on_files(files: Files, config: Any) -> Files:
    """Add the page."""
    files.append(File.generated(config, "reference.md", content=page()))
    return files


def on_page_content(html: str, page: Any, **_: Any) -> str:
    """Docstrings name each other in the manner of Sphinx; here a name is enough."""
    if page.file.src_uri != "reference.md":
        return html
    return re.sub(r":(?:func|class|meth|mod|attr):(?=<code>)", "", html)


def page() -> str:
    """The text of the page: a section for each public name, the classes of its module below it."""
    parts, told = [BEGINNING], set()
    for name in sorted(set(dcr.__all__) - {"__version__"}):
        public = inspect.unwrap(getattr(dcr, name))
        parts.append(directive(f"{public.__module__}.{public.__name__}", name, level=2))
        module = importlib.import_module(public.__module__)
        for kind in results(module) if ".api." in public.__module__ else []:
            if kind not in told:
                told.add(kind)
                parts.append(directive(f"{kind.__module__}.{kind.__name__}", kind.__name__))
    parts.append("## Models\n")
    parts += [directive(f"{kind.__module__}.{kind.__name__}", kind.__name__) for kind in ALSO]
    parts += ["## Errors\n", "::: disentangle_cli.errors\n    options: { show_root_heading: false }\n"]
    return "\n".join(parts)


def results(module: Any) -> list[type]:
    """The public classes that a module defines, in their order."""
    return [
        kind
        for name, kind in vars(module).items()
        if inspect.isclass(kind) and kind.__module__ == module.__name__ and not name.startswith("_")
    ]


def directive(path: str, heading: str, *, level: int = 3) -> str:
    """What mkdocstrings replaces by the documentation of an object."""
    return (
        f"::: {path}\n    options: {{ heading: {heading}, toc_label: {heading}, heading_level: {level} }}\n"
    )
