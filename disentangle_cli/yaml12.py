"""YAML by the rules of version 1.2: plain values of its core schema, in base ten, each key of a mapping once.

PyYAML goes by version 1.1, to which ``010`` is eight, ``1:30`` ninety, ``yes`` true and ``1e-3`` a text.
"""

import math
import re
from collections import Counter
from typing import Any

import yaml

from disentangle_cli.numerals import DECIMAL, read_number

_TAG = "tag:yaml.org,2002:"
_SPECIAL = re.compile(r"([-+]?)\.(?:(inf|Inf|INF)|nan|NaN|NAN)")


class DuplicateKeyError(ValueError):
    """A mapping has a key twice."""


class _Loader(yaml.SafeLoader):
    yaml_implicit_resolvers: dict[str, list[Any]] = {}  # noqa: RUF012 - so PyYAML declares it

    def construct_number(self, node: yaml.ScalarNode) -> int | float:
        if special := _SPECIAL.fullmatch(node.value):
            return float(special[1] + "inf") if special[2] else math.nan
        if (number := read_number(node.value)) is None:
            raise ValueError(f"{node.value!r} is no number")
        return number

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        names = [key.value for key, _ in node.value if isinstance(key, yaml.ScalarNode) and key.value != "<<"]
        if twice := sorted(name for name, count in Counter(names).items() if count > 1):
            line = node.start_mark.line + 1
            raise DuplicateKeyError(f"{twice[0]!r} is given twice in the mapping that begins in line {line}")
        return super().construct_mapping(node, deep)


class _Dumper(yaml.SafeDumper):
    """Quotes texts that either version reads as something else."""


def _resolve(kind: type[yaml.SafeLoader] | type[yaml.SafeDumper], tag: str, form: str, first: str) -> None:
    kind.add_implicit_resolver(
        _TAG + tag, re.compile(f"({form})$"), [*first, *([""] if tag == "null" else [])]
    )


for _tag, _form, _first in (
    ("null", "~|null|Null|NULL|", "~nN"),
    ("bool", "true|True|TRUE|false|False|FALSE", "tTfF"),
    ("float", f"{DECIMAL.pattern}|{_SPECIAL.pattern}", "-+.0123456789"),
    ("merge", "<<", "<"),
):
    _resolve(_Loader, _tag, _form, _first)
_resolve(_Dumper, "float", DECIMAL.pattern, "-+.0123456789")
for _tag in ("int", "float"):
    _Loader.add_constructor(_TAG + _tag, _Loader.construct_number)


def parse_yaml(text: str) -> Any:
    """The value that a YAML text stands for; not bounded in size.

    Raises:
        yaml.YAMLError, ValueError, RecursionError: malformed; a DuplicateKeyError is a ValueError.
    """
    try:
        return yaml.load(text, _Loader)
    except (KeyError, AttributeError, TypeError, OverflowError) as error:  # of tags: "!!bool maybe"
        raise ValueError("a value is not what its tag says") from error


def to_yaml(settings: dict[str, Any]) -> str:
    """Settings as YAML text in their own order, which reads back as the same."""
    return yaml.dump(settings, Dumper=_Dumper, sort_keys=False)
