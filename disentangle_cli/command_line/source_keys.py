"""The names of settings, read from the source of the package without importing it.

Whoever completes ``--set`` in a shell must not wait for torch. Tests compare what is found here with what the
models and metrics say themselves.
"""

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

PACKAGE = Path(__file__).parents[1]


class Found(NamedTuple):
    """A definition, and the module that it stands in."""

    module: str
    node: ast.stmt


def training_keys(model: str) -> list[str]:
    """The dotted settings of a model of dcr's own; none of another name."""
    module = f"disentangle_cli.models.{model.replace('-', '_')}"
    return [key for found in _configs(module) for key in _keys(found)]


def selection_keys() -> list[str]:
    """The settings of selection methods."""
    return _keys_of("disentangle_cli.selection.settings", "Settings")


def scoring_keys(metrics: list[str]) -> list[str]:
    """The settings of metrics, and the counts of ``data``."""
    found = [f"data.{key}" for key in _keys_of("disentangle_cli.scoring.plan", "Counts")]
    return found + [f"{metric}.{key}" for metric in metrics for key in metric_keys(metric)]


def metric_keys(metric: str) -> list[str]:
    """The settings of a metric of dcr's own, those of the derived arrays that it asks for included."""
    return list(dict.fromkeys(_function_keys(f"disentangle_cli.metrics.{metric}", metric)))


def _function_keys(module: str, name: str) -> Iterator[str]:
    for node in _body(module):
        if isinstance(node, ast.FunctionDef) and node.name == name:
            for argument in node.args.args:
                yield from _function_keys(f"disentangle_cli.measurement.derived.{argument.arg}", argument.arg)
            yield from (argument.arg for argument in node.args.kwonlyargs)


def _configs(module: str) -> Iterator[Found]:
    """The class that ``Config`` names in the class that a module registers."""
    for node in _body(module):
        if isinstance(node, ast.ClassDef) and "register(" in "".join(map(ast.unparse, node.decorator_list)):
            for inner in node.body:
                if (
                    isinstance(inner, ast.AnnAssign)
                    and ast.unparse(inner.target) == "Config"
                    and isinstance(inner.value, ast.Name)
                    and (found := _find(module, inner.value.id))
                ):
                    yield found


def _keys_of(module: str, name: str) -> list[str]:
    found = _find(module, name)
    return _keys(found) if found else []


def _keys(found: Found) -> list[str]:
    """The dotted names of the fields of a pydantic model, in order, groups written out."""
    keys: dict[str, list[str]] = {}
    for module, node in reversed(_line(found)):
        for field in node.body:
            if isinstance(field, ast.AnnAssign) and not ast.unparse(field.annotation).startswith("ClassVar"):
                name = ast.unparse(field.target)
                groups = [_keys(group) for group in _groups(module, field.annotation)]
                keys[name] = [f"{name}.{key}" for key in groups[0]] if groups else [name]
    return [key for listed in keys.values() for key in listed]


def _groups(module: str, annotation: ast.expr) -> Iterator[Found]:
    """The pydantic models that an annotation names, by whatever other names."""
    for node in ast.walk(annotation):
        if isinstance(node, ast.Name) and (found := _find(module, node.id)):
            if isinstance(found.node, ast.Assign):
                yield from _groups(found.module, found.node.value)
            elif _line(found)[-1].node.name == "Strict":
                yield found


class _Class(NamedTuple):
    module: str
    node: ast.ClassDef


def _line(found: Found) -> list[_Class]:
    """A class and the first of its bases, and so on, up to the last that stands in the package."""
    line: list[_Class] = []
    at: Found | None = found
    while at is not None and isinstance(at.node, ast.ClassDef):
        line.append(_Class(at.module, at.node))
        bases = [base.value if isinstance(base, ast.Subscript) else base for base in at.node.bases]
        at = _find(at.module, ast.unparse(bases[0])) if bases else None
    return line


def _find(module: str, name: str) -> Found | None:
    """What ``name`` is in a module of the package: a class or another name for something."""
    for node in _body(module):
        if isinstance(node, ast.ClassDef) and node.name == name:
            return Found(module, node)
        if isinstance(node, ast.Assign) and name in map(ast.unparse, node.targets):
            return Found(module, node)
        if isinstance(node, ast.ImportFrom) and node.module and name in [one.name for one in node.names]:
            return _find(node.module, name)
    return None


@cache
def _body(module: str) -> list[ast.stmt]:
    """The statements of a module of the package; of another, or one that is not there, none."""
    package, *parts = module.split(".")
    path = PACKAGE.joinpath(*parts).with_suffix(".py")
    if package != "disentangle_cli" or not path.is_file():
        return []
    return ast.parse(path.read_text()).body
