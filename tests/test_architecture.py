"""The package is laid out as docs/architecture.md says: one way down, no circles, private means private."""

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGE = "disentangle_cli"
PAGE = (ROOT / "docs" / "architecture.md").read_text()
ROOMS = re.findall(r"^\| `(\w+)` \|", PAGE.split("## How things travel")[0], re.MULTILINE)
ENTRIES = re.findall(r"^\| `(\w+)` \| \*entries:\*", PAGE, re.MULTILINE)
HOUSE = sorted((ROOT / PACKAGE).rglob("*.py"))
OTHERS = [
    path for folder in ("tests", "benchmarks", "examples") for path in sorted((ROOT / folder).rglob("*.py"))
]
HEAVY = ("torch", "numpy", "scipy", "sklearn", "matplotlib", "jinja2")


def module_of(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


MODULES = {module_of(path) for path in HOUSE}


def imported(path: Path) -> Iterator[tuple[str, list[str]]]:
    """Every import of a file, wherever it stands: the module, and the names taken from it."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield alias.name, []
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module, [alias.name for alias in node.names]


def targets(path: Path) -> Iterator[str]:
    """The modules of the package that a file imports."""
    for module, names in imported(path):
        if module.split(".")[0] != PACKAGE:
            continue
        inner = [f"{module}.{name}" for name in names if f"{module}.{name}" in MODULES]
        yield from inner
        if module in MODULES and len(inner) < max(len(names), 1):
            yield module


def room_of(module: str) -> str | None:
    """The room of a module; None for the package itself and for ``__main__``."""
    parts = module.split(".")
    return None if len(parts) == 1 or parts[1] == "__main__" else parts[1]


def test_the_page_names_every_room() -> None:
    there = {path.stem for path in (ROOT / PACKAGE).glob("[a-z]*.py")}
    there |= {path.parent.name for path in (ROOT / PACKAGE).glob("*/__init__.py")}
    assert sorted(ROOMS) == sorted(there)


@pytest.mark.parametrize("room", ROOMS)
def test_imports_point_down(room: str) -> None:
    below = ROOMS[ROOMS.index(room) :]
    wrong = [
        f"{module_of(path)} imports {target}"
        for path in HOUSE
        if room_of(module_of(path)) == room
        for target in targets(path)
        if (its := room_of(target)) is not None and its not in below
    ]
    assert not wrong


def test_files_import_each_other_in_no_circle() -> None:
    graph = {module_of(path): set(targets(path)) - {PACKAGE} for path in HOUSE if path.stem != "__main__"}
    for name in list(
        graph
    ):  # a folder's own __init__ re-exports: who imports a file there does not import it
        graph[name] = {target for target in graph[name] if target != name}
    done: set[str] = set()

    def visit(module: str, path: list[str]) -> None:
        assert module not in path, " -> ".join([*path[path.index(module) :], module])
        if module not in done:
            for target in sorted(graph.get(module, ())):
                visit(target, [*path, module])
            done.add(module)

    for module in sorted(graph):
        visit(module, [])


@pytest.mark.parametrize("path", [*HOUSE, *OTHERS], ids=lambda path: str(path.relative_to(ROOT)))
def test_private_means_private(path: Path) -> None:
    """A name with ``_`` in front is used inside its own folder, or with names: inside its own file, only."""
    here = module_of(path) if path.stem == "__init__" else module_of(path).rpartition(".")[0]
    for module, names in imported(path):
        if module.split(".")[0] != PACKAGE:
            continue
        for name in names or [""]:
            whole = f"{module}.{name}" if f"{module}.{name}" in MODULES else module
            private = [part for part in whole.split(".") if part.startswith("_")]
            assert not private or whole.rpartition(".")[0] == here, f"{whole} is private to its folder"
            if whole == module:
                assert not re.match(r"_[a-z]", name), f"{name} is private to {module}"


@pytest.mark.parametrize("folder", [name for name in ENTRIES if name != "commands"])
def test_entry_folders_hold_entries_only(folder: str) -> None:
    files = [path for path in (ROOT / PACKAGE / folder).rglob("*.py") if path.stem != "__init__"]
    assert files
    for path in files:
        assert not path.stem.startswith("_")
        tree = ast.parse(path.read_text())
        decorators = [
            ast.unparse(decorator)
            for node in tree.body
            if isinstance(node, ast.ClassDef | ast.FunctionDef)
            for decorator in node.decorator_list
        ]
        assert sum("register(" in text or text.startswith("metric(") for text in decorators) == 1, path


def test_only_the_command_line_knows_typer_and_rich() -> None:
    for path in HOUSE:
        if room_of(module_of(path)) not in ("commands", "command_line"):
            assert not {module.split(".")[0] for module, _ in imported(path)} & {"typer", "rich", "click"}, (
                path
            )


@pytest.mark.parametrize("start", ["import disentangle_cli", "from disentangle_cli import commands"])
def test_starting_up_imports_nothing_heavy(start: str) -> None:
    code = f"{start}\nimport sys\nprint(*sorted(set({HEAVY!r}) & sys.modules.keys()))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert done.stdout.strip() == ""


def test_nothing_is_unpickled() -> None:
    """What torch, numpy and pickle build from files may run code; processes of a run trust each other."""
    for path in HOUSE:
        if room_of(module_of(path)) == "tasks":
            continue
        for node in ast.walk(ast.parse(path.read_text())):
            called = ast.unparse(node.func) if isinstance(node, ast.Call) else ""
            assert called not in ("torch.load", "pickle.load", "pickle.loads", "pickle.Unpickler"), path
            if called == "np.load":
                assert "allow_pickle=False" in ast.unparse(node), path
